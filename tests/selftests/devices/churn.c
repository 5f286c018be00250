// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages come, go and are pinned for reading in random order: a device sees
 * what the guest sees in every page that held something when it was pinned.
 *
 * SEED= repeats a run.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "container.h"
#include "longterm.h"
#include "pod_test.h"
#include "testdev.h"

#define SIZE	(32 * MiB)
#define TARGET	(20 * MiB)
#define IOVA	(1UL << 32)
#define NR	64
#define ROUNDS	4000
#define WORDS	(PAGE / sizeof(u64))

/**
 * struct page - what must be true of one page
 * @value: all words of it are that
 * @pinned: the device holds it
 * @stale: it may hold a page of zeroes instead, as it was zero when pinned
 */
struct page {
	u64 value;
	bool pinned;
	bool stale;
};

FIXTURE(churn) {
	struct pod pod;
	struct container c;
	bool no_device;
	long long pinned;
	struct page pages[NR];
	u64 next_value;
};

FIXTURE_VARIANT(churn) {
	enum container_kind kind;
};

FIXTURE_VARIANT_ADD(churn, type1) { .kind = TYPE1 };
FIXTURE_VARIANT_ADD(churn, iommufd) { .kind = IOMMUFD };

FIXTURE_SETUP(churn)
{
	int ret = mdev_begin();

	self->pinned = pages_pinned();
	if (!ret)
		ret = container_begin(&self->c, variant->kind, MDEV_SYSFS);
	self->no_device = ret == -ENODEV;
	if (self->no_device)
		SKIP(return, "no mediated device, or no such container");
	ASSERT_EQ(0, ret);
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, TARGET));
	ASSERT_EQ(0, container_map(&self->c, IOVA, self->pod.mem, SIZE,
				   PROT_READ));
}

FIXTURE_TEARDOWN(churn)
{
	if (!self->no_device) {
		container_end(&self->c);
		EXPECT_EQ(self->pinned, pages_pinned());
		ASSERT_GOOD(pod_finish(&self->pod));
	}
	mdev_end();
}

/* Eight pages in each of eight regions, which are twice as many. */
static u64 offset_of(unsigned int nr)
{
	return nr / 8 * 2 * REGION + nr % 8 * 37 * PAGE;
}

static int device_do(FIXTURE_DATA(churn) *self, enum pod_mdev_command command,
		     unsigned int nr, u64 value)
{
	mdev_write(&self->c, POD_MDEV_VALUE, value);
	return mdev_do(&self->c, command, IOVA + offset_of(nr), PAGE);
}

/* There may be no memory for it; then it stays as it is. */
static void write_page(FIXTURE_DATA(churn) *self, unsigned int nr)
{
	u64 *mem = (u64 *)(self->pod.mem + offset_of(nr));

	if (try_write(mem, self->pages[nr].value))
		return;
	self->pages[nr].value = ++self->next_value;
	for (int i = 0; i < WORDS; i++)
		mem[i] = self->next_value;
}

/* Of a region or of a page. */
static int give_up(FIXTURE_DATA(churn) *self, unsigned int nr, bool all,
		   int (*how)(const struct pod *, u64, u64))
{
	u64 start = offset_of(nr), length = PAGE;

	if (all) {
		start = start / REGION * REGION;
		length = REGION;
	}
	for (nr = 0; nr < NR; nr++)
		if (offset_of(nr) >= start && offset_of(nr) < start + length)
			self->pages[nr].value = 0;
	return how(&self->pod, start, length);
}

static int pin_or_unpin(FIXTURE_DATA(churn) *self, unsigned int nr)
{
	struct page *page = &self->pages[nr];
	int ret = device_do(self, page->pinned ? POD_MDEV_UNPIN :
			    POD_MDEV_PIN_READ, nr, 0);

	page->pinned = !page->pinned;
	page->stale = page->value == 0;
	return ret;
}

static int move_target(FIXTURE_DATA(churn) *self)
{
	u64 target = (8 + 2 * (random() % 12)) * MiB;
	int ret = pod_set_target(&self->pod, target, NULL);

	return ret == -ENOMEM ? 0 : ret;
}

/* 0 if all that looks at page @nr sees the same. */
static int look(FIXTURE_DATA(churn) *self, unsigned int nr)
{
	const u64 *mem = (u64 *)(self->pod.mem + offset_of(nr));
	struct page *page = &self->pages[nr];

	for (int i = 0; i < WORDS; i++)
		if (mem[i] != page->value)
			return -EBADMSG;
	if (!page->pinned)
		return 0;
	if (!device_do(self, POD_MDEV_DMA_READ, nr, page->value)) {
		page->stale &= page->value == 0;
		return 0;
	}
	return page->stale ? device_do(self, POD_MDEV_DMA_READ, nr, 0) : -EIO;
}

static int step(FIXTURE_DATA(churn) *self, unsigned int nr)
{
	switch (random() % 16) {
	case 0:
		return give_up(self, nr, true, pod_punch);
	case 1:
		return give_up(self, nr, true, pod_inflate);
	case 2:
		return give_up(self, nr, false, pod_inflate);
	case 3:
		return give_up(self, nr, false, pod_punch);
	case 4:
		return pod_sweep(&self->pod, 0, 0, 0, NULL);
	case 5:
		return pod_sweep(&self->pod, 0, 0, KVM_POD_SWEEP_DEMOTE, NULL);
	case 6:
		return move_target(self);
	case 7 ... 9:
		return pin_or_unpin(self, nr);
	case 10 ... 12:
		return look(self, nr);
	}
	write_page(self, nr);
	return 0;
}

static unsigned int seed(void)
{
	const char *text = getenv("SEED");
	unsigned int value = text ? strtoul(text, NULL, 0) : time(NULL);

	printf("# SEED=%u\n", value);
	return value;
}

TEST_F_TIMEOUT(churn, device_and_guest_agree, 120)
{
	unsigned int round, nr;

	srandom(seed());
	for (round = 0; round < ROUNDS; round++) {
		nr = random() % NR;
		ASSERT_EQ(0, step(self, nr)) {
			TH_LOG("page %u in round %u", nr, round);
		}
		if (round % 100)
			continue;
		for (nr = 0; nr < NR; nr++)
			ASSERT_EQ(0, look(self, nr));
	}
}

TEST_HARNESS_MAIN
