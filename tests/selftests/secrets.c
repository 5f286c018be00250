// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one pod held never reaches another, by whatever way its pages left the
 * one and came to the other, nor comes back to its own guest once that gave it
 * up. Nobody but the module clears pages for that: run with init_on_alloc=0.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>

#include "../ept/vm.h"
#include "pod_test.h"

#define RW	(PROT_READ | PROT_WRITE)
#define SIZE	(32 * MiB)
#define PAGES	(SIZE / PAGE)

/* What each of the other pods gets; together they could have it all. */
#define OTHER	(8 * MiB)

/* Of all others, until one of them is given what held a secret. */
#define ROUNDS	8
/* How often all of that is done: the host may have those pages first. */
#define TRIES	4

/* Page frames that the test knows, up to 64 GiB. */
#define FRAMES	(1UL << 24)

/* A pipe's pages. */
#define PIPED	256

/**
 * struct owner - the pod that has a secret
 * @pod: the pod; its mem is a mapping of blocks
 * @small: a mapping of single pages
 * @vm: a machine on it, if a vCPU fills it
 * @pipe: holds pages of it
 */
struct owner {
	struct pod pod;
	u8 *small;
	struct vm vm;
	int pipe[2];
};

/* Frames that held a secret; shared with children. */
static u8 *secret;

static u64 frame_of(u64 word)
{
	u64 frame = word & ((1ULL << 55) - 1);

	return word >> 63 && frame < FRAMES ? frame : 0;
}

/* Count the pages of @mem whose frames held a secret; or remember them. */
static unsigned int look_at_frames(const u8 *mem, u64 size, bool remember)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	unsigned int i, nr = 0;
	u64 word[PAGES], frame;

	pod_must(pread(fd, word, size / PAGE * 8, (uintptr_t)mem / PAGE * 8) ==
		 size / PAGE * 8 ? 0 : -EIO, "pagemap");
	close(fd);
	for (i = 0; i < size / PAGE; i++) {
		frame = frame_of(word[i]);
		if (remember && frame)
			secret[frame] = 1;
		nr += frame && secret[frame];
	}
	return nr;
}

static void forget_frames(void)
{
	madvise(secret, FRAMES, MADV_REMOVE);
}

/* Ways to fill a pod. Each remembers where its secret is. */
static const char *by_blocks(struct owner *o)
{
	fill(o->pod.mem, SIZE, 0x5ec);
	look_at_frames(o->pod.mem, SIZE, true);
	return NULL;
}

static const char *by_pages(struct owner *o)
{
	fill(o->small, SIZE, 0x5ec);
	look_at_frames(o->small, SIZE, true);
	return NULL;
}

static const char *by_write(struct owner *o)
{
	u8 *text = malloc(SIZE);
	ssize_t n;

	fill(text, SIZE, 0x5ec);
	n = pwrite(o->pod.fd, text, SIZE, 0);
	free(text);
	if (n != SIZE)
		return "write() to the pod was short";
	nonzero(o->pod.mem, PAGE);
	return by_blocks(o);
}

static const char *by_vcpu(struct owner *o)
{
	const char *bad = vm_begin(&o->vm, false);

	if (bad)
		return bad;
	if (vm_set_memory(&o->vm, o->pod.mem, SIZE) ||
	    vm_fill(&o->vm, 0, 8, SIZE / 8))
		return "the vCPU cannot write";
	if (nonzero(o->pod.mem, PAGE) == -1)
		return "the vCPU wrote nothing";
	look_at_frames(o->pod.mem, SIZE, true);
	vm_end(&o->vm);
	return NULL;
}

/* Ways for the memory to leave. */
static const char *let_go(struct owner *o, u64 target)
{
	if (pod_set_target(&o->pod, target, NULL))
		return "the target cannot be lowered";
	return POD_WAIT(POD_GET(&o->pod, owned) <= target) ? NULL :
							     "it does not shrink";
}

static const char *is_closed(struct owner *o)
{
	unsigned int id = o->pod.id;

	munmap(o->small, SIZE);
	munmap(o->pod.mem, SIZE);
	close(o->pod.fd);
	o->pod.fd = -1;
	return pod_gone(id);
}

static const char *is_discarded(struct owner *o)
{
	return pod_punch(&o->pod, 0, SIZE) ? "no discard" : let_go(o, REGION);
}

static const char *is_ballooned(struct owner *o)
{
	return pod_inflate(&o->pod, 0, SIZE) ? "no balloon" :
					       let_go(o, REGION);
}

/* All but one page of each region, one by one: the blocks are taken apart. */
static const char *is_demoted(struct owner *o)
{
	u64 at, end;

	for (at = 0; at < SIZE; at += REGION)
		for (end = at + REGION - PAGE; end > at; end -= PAGE)
			if (pod_inflate(&o->pod, end - PAGE, PAGE))
				return "no balloon";
	return let_go(o, REGION);
}

/* Blocks that are not clear become single pages: by way of the host. */
static const char *is_exchanged(struct owner *o)
{
	u64 at;

	if (pod_punch(&o->pod, 0, SIZE))
		return "no discard";
	for (at = 0; at < SIZE; at += 2 * PAGE) {
		if (try_write(o->small + at, 1))
			return "no single page";
		if (nonzero(o->small + at + 8, 2 * PAGE - 8) != -1)
			return "the pod sees what it discarded";
	}
	return NULL;
}

/* What was beyond the target goes first. */
static const char *is_repaid(struct owner *o)
{
	if (!POD_GET(&o->pod, overdraft))
		return "nothing is overdrawn";
	if (pod_punch(&o->pod, 0, SIZE))
		return "no discard";
	return POD_WAIT(!POD_GET(&o->pod, overdraft)) ? NULL :
							"it is not paid back";
}

/* The pod is gone, and some of its pages are in a pipe still. */
static const char *is_piped(struct owner *o)
{
	struct iovec iov = { o->pod.mem, PIPED * PAGE };

	if (pipe(o->pipe) ||
	    fcntl(o->pipe[1], F_SETPIPE_SZ, iov.iov_len) < iov.iov_len ||
	    vmsplice(o->pipe[1], &iov, 1, 0) != iov.iov_len)
		return "no pipe";
	forget_frames();
	look_at_frames(o->pod.mem, PIPED * PAGE, true);
	return is_closed(o);
}

static int victim(int ready)
{
	struct owner o = { };

	if (pod_begin(&o.pod, SIZE, SIZE) || by_blocks(&o) ||
	    write(ready, "x", 1) != 1)
		return 1;
	for (;;)
		pause();
}

/* Another pod than the owner's, which has nothing to hide. */
static const char *is_killed(struct owner *o)
{
	long long before = pod_class_attr("pods");
	int ready[2];
	pid_t child;
	ssize_t n;
	char c;

	if (pipe(ready))
		return "no pipe";
	child = fork();
	if (!child)
		_exit(victim(ready[1]));
	close(ready[1]);
	n = read(ready[0], &c, 1);
	close(ready[0]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (n != 1)
		return "the victim has no pod";
	return POD_WAIT(pod_class_attr("pods") == before) ? NULL :
							     "its pod stays";
}

static const char *by_nobody(struct owner *o)
{
	return NULL;
}

FIXTURE(secrets) {
	struct owner owner;
};

FIXTURE_VARIANT(secrets) {
	const char *(*fill)(struct owner *o);
	const char *(*leave)(struct owner *o);
	bool grows;
	bool few;
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(secrets, blocks_closed) {
	by_blocks, is_closed,
};
FIXTURE_VARIANT_ADD(secrets, pages_closed) {
	by_pages, is_closed,
};
FIXTURE_VARIANT_ADD(secrets, written_closed) {
	by_write, is_closed,
};
FIXTURE_VARIANT_ADD(secrets, vcpu_closed) {
	by_vcpu, is_closed,
};
FIXTURE_VARIANT_ADD(secrets, pinnable_closed) {
	by_blocks, is_closed, .flags = KVM_POD_F_PINNABLE,
};
FIXTURE_VARIANT_ADD(secrets, blocks_discarded) {
	by_blocks, is_discarded,
};
FIXTURE_VARIANT_ADD(secrets, pages_discarded) {
	by_pages, is_discarded,
};
FIXTURE_VARIANT_ADD(secrets, blocks_ballooned) {
	by_blocks, is_ballooned,
};
FIXTURE_VARIANT_ADD(secrets, pages_ballooned) {
	by_pages, is_ballooned,
};
FIXTURE_VARIANT_ADD(secrets, blocks_demoted) {
	by_blocks, is_demoted,
};
FIXTURE_VARIANT_ADD(secrets, blocks_exchanged) {
	by_blocks, is_exchanged, .few = true,
};
FIXTURE_VARIANT_ADD(secrets, overdraft_repaid) {
	by_blocks, is_repaid, .grows = true,
};
FIXTURE_VARIANT_ADD(secrets, killed) {
	by_nobody, is_killed,
};
FIXTURE_VARIANT_ADD(secrets, blocks_piped) {
	by_blocks, is_piped, .few = true,
};

FIXTURE_SETUP(secrets)
{
	struct kvm_pod_create args = pod_create_args(SIZE, SIZE);
	struct owner *o = &self->owner;
	void *reserved;

	secret = mmap(NULL, FRAMES, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, secret);
	o->pipe[0] = -1;
	args.flags = variant->flags;
	if (variant->grows) {
		args.policy = KVM_POD_POLICY_GROW;
		args.target = 4 * MiB;
	}
	ASSERT_GOOD(pod_begin_with(&o->pod, &args));
	o->small = map_unaligned(o->pod.fd, SIZE, RW, &reserved);
	ASSERT_NE(NULL, o->small);
}

FIXTURE_TEARDOWN(secrets)
{
	munmap(self->owner.small, SIZE);
	if (self->owner.pod.fd >= 0)
		ASSERT_GOOD(pod_finish(&self->owner.pod));
	munmap(secret, FRAMES);
}

/**
 * struct taker - another pod, and how it gets its pages
 * @name: for people
 * @target: at first
 * @stride: a touch in each of these takes it all
 * @flags: KVM_POD_F_*
 * @raise: to its size, before the touches
 * @grow: beyond its target
 * @pages: by single pages
 * @write: by write() instead of touches
 * @vcpu: by a vCPU
 */
struct taker {
	const char *name;
	u64 target;
	u64 stride;
	unsigned int flags;
	bool raise;
	bool grow;
	bool pages;
	bool write;
	bool vcpu;
};

static const struct taker takers[] = {
	{ "blocks", OTHER, REGION },
	{ "single pages", OTHER, PAGE, .pages = true },
	{ "write()", OTHER, REGION, .write = true },
	{ "a raised target", REGION, REGION, .raise = true },
	{ "an overdraft", REGION, REGION, .grow = true },
	{ "pinnable", OTHER, REGION, KVM_POD_F_PINNABLE },
	{ "a vCPU", OTHER, PAGE, .vcpu = true },
};

static int touch_by_vcpu(const u8 *mem, u64 stride)
{
	struct vm vm;
	int ret = -EIO;

	if (vm_begin(&vm, false))
		return ret;
	if (!vm_set_memory(&vm, (void *)mem, OTHER))
		ret = vm_fill(&vm, 0, stride, OTHER / stride);
	vm_end(&vm);
	return ret;
}

static int touch_all(const struct taker *t, const struct pod *pod, u8 *mem)
{
	u64 at, one = 1;

	if (t->vcpu)
		return touch_by_vcpu(mem, t->stride);
	for (at = 0; at < OTHER; at += t->stride) {
		if (t->write && pwrite(pod->fd, &one, 8, at) != 8)
			return -errno;
		if (!t->write && try_write(mem + at, one))
			return -ENOMEM;
	}
	return 0;
}

/* Nothing there but the touches? Where it is not so, or -1. */
static long unclean(const struct taker *t, u8 *mem)
{
	u64 at;

	for (at = 0; at < OTHER; at += t->stride)
		*(u64 *)(mem + at) = 0;
	return nonzero(mem, OTHER);
}

/* Without pod_begin(), which is for one pod at a time. */
static void make(struct __test_metadata *_metadata, const struct taker *t,
		 struct pod *pod)
{
	struct kvm_pod_create args = pod_create_args(OTHER, t->target);
	void *reserved;

	args.flags = t->flags;
	if (t->grow)
		args.policy = KVM_POD_POLICY_GROW;
	pod->size = OTHER;
	pod->fd = pod_create(&args);
	pod->id = args.out_id;
	ASSERT_LE(0, pod->fd);
	pod->mem = t->pages ? map_unaligned(pod->fd, OTHER, RW, &reserved) :
			      map_aligned(pod->fd, 0, OTHER, RW);
	ASSERT_NE(NULL, pod->mem);
}

static unsigned int take(struct __test_metadata *_metadata,
			 const struct taker *t, struct pod *pod)
{
	unsigned int nr;

	EXPECT_EQ(-1, nonzero(pod->mem, OTHER));
	if (t->raise)
		EXPECT_EQ(0, pod_set_target(pod, OTHER, NULL));
	EXPECT_EQ(0, touch_all(t, pod, pod->mem));
	nr = look_at_frames(pod->mem, OTHER, false);
	EXPECT_EQ(-1, unclean(t, pod->mem)) {
		TH_LOG("seen by %s", t->name);
	}
	EXPECT_EQ(NULL, pod_healthy(pod));
	return nr;
}

static void end_all(struct pod *pods, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		munmap(pods[i].mem, OTHER);
		close(pods[i].fd);
	}
}

/*
 * All at the same time, so that each takes others of the pages that left. The
 * host may have a few others first: go on, up to @rounds, until some are met.
 */
static unsigned int take_all(struct __test_metadata *_metadata,
			     unsigned int rounds)
{
	struct pod pods[ROUNDS * ARRAY_SIZE(takers)];
	long long before = pod_class_attr("pods");
	unsigned int i, met = 0, nr = 0;

	while (rounds-- && !met) {
		for (i = 0; i < ARRAY_SIZE(takers); i++, nr++) {
			make(_metadata, &takers[i], &pods[nr]);
			met += take(_metadata, &takers[i], &pods[nr]);
		}
	}
	end_all(pods, nr);
	EXPECT_TRUE(POD_WAIT(pod_class_attr("pods") == before));
	return met;
}

TEST_F_TIMEOUT(secrets, never_reach_another_pod, 60)
{
	struct owner *o = &self->owner;
	unsigned int nr, left = TRIES;

	ASSERT_GOOD(variant->fill(o));
	ASSERT_GOOD(variant->leave(o));
	if (o->pipe[0] >= 0) {
		EXPECT_EQ(0, take_all(_metadata, 1));
		close(o->pipe[0]);
		close(o->pipe[1]);
	}
	do {
		nr = take_all(_metadata, variant->few ? 1 : ROUNDS);
	} while (!nr && !variant->few && --left);
	TH_LOG("%u pages that held a secret are others' now", nr);
	/* Of the whole pod some must be met again; few may be hard to meet. */
	if (!variant->few)
		EXPECT_LT(0, nr);
}

FIXTURE(own) {
	struct owner owner;
};

FIXTURE_VARIANT(own) {
	bool small;
	bool balloon;
	u64 step;
};

FIXTURE_VARIANT_ADD(own, discarded_blocks) { false, false, REGION };
FIXTURE_VARIANT_ADD(own, discarded_in_blocks) { false, false, PAGE };
FIXTURE_VARIANT_ADD(own, discarded_pages) { true, false, REGION };
FIXTURE_VARIANT_ADD(own, ballooned_blocks) { false, true, REGION };
FIXTURE_VARIANT_ADD(own, ballooned_in_blocks) { false, true, PAGE };
FIXTURE_VARIANT_ADD(own, ballooned_pages) { true, true, PAGE };

FIXTURE_SETUP(own)
{
	void *reserved;

	ASSERT_GOOD(pod_begin(&self->owner.pod, SIZE, SIZE));
	self->owner.small = map_unaligned(self->owner.pod.fd, SIZE, RW,
					  &reserved);
	ASSERT_NE(NULL, self->owner.small);
}

FIXTURE_TEARDOWN(own)
{
	munmap(self->owner.small, SIZE);
	ASSERT_GOOD(pod_finish(&self->owner.pod));
}

/* What a guest gave up it has promised not to see again: its next program. */
TEST_F_TIMEOUT(own, never_come_back, 60)
{
	struct pod *pod = &self->owner.pod;
	u8 *mem = variant->small ? self->owner.small : pod->mem;
	u64 at;

	fill(mem, SIZE, 0x5ec);
	for (at = 0; at < SIZE; at += variant->step)
		ASSERT_EQ(0, variant->balloon ?
			     pod_inflate(pod, at, variant->step) :
			     pod_punch(pod, at, variant->step));
	for (at = 0; at < SIZE; at += PAGE)
		ASSERT_EQ(0, try_write(mem + at, 1));
	for (at = 0; at < SIZE; at += PAGE)
		mem[at] = 0;
	EXPECT_EQ(-1, nonzero(mem, SIZE));
}

TEST_HARNESS_MAIN
