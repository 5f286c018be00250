// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include "test.h"

struct model_page *model_page(struct model *m, unsigned long index)
{
	return &m->region[pod_region(index)].page[index % POD_REGION_PAGES];
}

bool model_all(const struct model_region *r, enum pod_page state)
{
	unsigned int i;

	for (i = 0; i < POD_REGION_PAGES; i++)
		if (r->page[i].state != state)
			return false;
	return true;
}

unsigned int model_nr_marked(const struct model_region *r)
{
	unsigned int i, nr = 0;

	for (i = 0; i < POD_REGION_PAGES; i++)
		nr += r->page[i].marked;
	return nr;
}

unsigned int model_nr_given_marks(const struct model_region *r)
{
	unsigned int i, nr = 0;

	for (i = 0; i < POD_REGION_PAGES; i++)
		nr += r->page[i].marked_given;
	return nr;
}

bool model_has_marks(const struct model_region *r)
{
	return model_nr_marked(r) != 0;
}

static void count_page(const struct model_region *r,
		       const struct model_page *p, struct pod_delta *total)
{
	if (p->state == POD_PAGE_GIVEN)
		total->gauge[POD_GAUGE_GIVEN]++;
	if (p->state != POD_PAGE_RAM)
		return;
	total->gauge[POD_GAUGE_POPULATED]++;
	if (p->parked || r->parked)
		total->gauge[POD_GAUGE_PARKED]++;
	if (p->marked)
		total->gauge[POD_GAUGE_GIVEN_HUGE]++;
}

void model_count(const struct model *m, struct pod_delta *total)
{
	unsigned int r, i;

	for (r = 0; r < MODEL_REGIONS; r++)
		for (i = 0; i < POD_REGION_PAGES; i++)
			count_page(&m->region[r], &m->region[r].page[i], total);
}

static void compare_slot(const struct model_region *r,
			 const struct model_page *p, struct pod_slot slot)
{
	CHECK(slot.region == r->kind);
	CHECK(slot.page == p->state);
	CHECK(slot.frozen == r->frozen);
	if (p->state == POD_PAGE_RAM) {
		CHECK(slot.handle == (r->kind == POD_HUGE ? r->handle :
							    p->handle));
		if (r->kind == POD_SMALL)
			CHECK(slot.parked == p->parked);
	} else {
		CHECK(slot.zero == (r->kind == POD_HOLE ? r->zero : p->zero));
	}
}

static void compare_marks(const struct model_region *r,
			  const struct pod_marks *marks)
{
	unsigned int i;

	CHECK(!marks == !model_has_marks(r));
	if (!marks)
		return;
	CHECK(marks->handle == r->handle);
	CHECK(marks->parked == r->parked);
	CHECK(marks->nr_marked == model_nr_marked(r));
	CHECK(marks->nr_given == model_nr_given_marks(r));
	for (i = 0; i < POD_REGION_PAGES; i++) {
		CHECK(test_bit(i, marks->marked) == r->page[i].marked);
		CHECK(test_bit(i, marks->given) == r->page[i].marked_given);
	}
}

static void compare_region(struct model *m, struct pod_pmt *pmt,
			   unsigned long nr, struct pod_delta *recount)
{
	unsigned long first = pod_region_first(nr), i;
	struct model_region *r = &m->region[nr];
	spinlock_t *lock = pod_pmt_lockptr(pmt, nr);
	const char *error;

	spin_lock(lock);
	for (i = first; i < first + POD_REGION_PAGES; i++)
		compare_slot(r, model_page(m, i), pod_pmt_lookup(pmt, i));
	compare_marks(r, pod_pmt_marks(pmt, nr));
	CHECK(pod_pmt_is_hole(pmt, nr) ==
	      (r->kind == POD_HOLE && model_all(r, POD_PAGE_POD)));
	error = pod_pmt_recount(pmt, nr, recount);
	spin_unlock(lock);
	if (error)
		test_note("region %lu: %s", nr, error);
	CHECK(!error);
}

static void compare_ledger(const struct model *m, struct pod_ledger *ledger,
			   const struct pod_delta *count)
{
	struct pod_ledger_view v;
	const char *error;

	pod_ledger_read(ledger, &v);
	error = pod_ledger_check(&v);
	if (error)
		test_note("ledger: %s", error);
	CHECK(!error);
	CHECK(v.owned == m->owned && v.target == m->target);
	CHECK(v.to_shrink == m->to_shrink);
	CHECK(v.overdraft == m->overdraft);
	CHECK(v.populated == (u64)count->gauge[POD_GAUGE_POPULATED]);
	CHECK(v.given == (u64)count->gauge[POD_GAUGE_GIVEN]);
	CHECK(v.given_huge == (u64)count->gauge[POD_GAUGE_GIVEN_HUGE]);
	CHECK(v.parked == (u64)count->gauge[POD_GAUGE_PARKED]);
}

void model_compare(struct model *m, struct pod_pmt *pmt)
{
	struct pod_delta count = {}, recount = {};
	unsigned long r;
	int g;

	model_count(m, &count);
	for (r = 0; r < MODEL_REGIONS; r++)
		compare_region(m, pmt, r, &recount);
	for (g = 0; g < POD_GAUGE_NR; g++)
		CHECK(recount.gauge[g] == count.gauge[g]);
	compare_ledger(m, pmt->ledger, &count);
}
