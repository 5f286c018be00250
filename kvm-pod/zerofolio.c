// SPDX-License-Identifier: GPL-2.0-only
/*
 * Zero folios. Mapped read-only, by PMD or by PTE.
 *
 * Each pod has its own single pages: a pin counts for 1024 references of such
 * a page, so that who pins much could use up what other pods need. A 2 MiB
 * folio counts a pin of a page once, as it does a mapping, and is shared.
 */
#include "zerofolio.h"

#include <linux/pagemap.h>

#include "alloc.h"

#define POD_ZERO_HUGE_NR	4

static struct folio *zero_huge[POD_ZERO_HUGE_NR];

struct folio *pod_zero_huge(struct pod *pod, unsigned long region)
{
	return zero_huge[(pod->id + region) % POD_ZERO_HUGE_NR];
}

struct folio *pod_zero_small(struct pod *pod, unsigned long region)
{
	return pod->zero_small[region % POD_ZERO_SMALL_NR];
}

/* Pages of guests never have anything in ->private. */
bool pod_zero_is(const struct folio *folio)
{
	return folio->private == zero_huge;
}

static void zero_wait(struct folio *folio)
{
	if (!folio)
		return;
	folio_lock(folio);
	folio_unlock(folio);
}

void pod_zero_recall(struct pod *pod, unsigned long first, unsigned long nr)
{
	unsigned long region = pod_region(first);

	zero_wait(pod_zero_huge(pod, region));
	zero_wait(pod_zero_small(pod, region));
	pod_unmap(pod, first, nr);
}

static struct folio *zero_alloc(unsigned int order, gfp_t account)
{
	struct folio *folio;

	folio = folio_alloc(GFP_HIGHUSER | __GFP_ZERO | __GFP_NOWARN |
			    __GFP_RETRY_MAYFAIL | account, order);
	if (folio) {
		folio->private = zero_huge;
		folio->index = 0;
	}
	return folio;
}

static void zero_free(struct folio **folios, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!folios[i])
			continue;
		folios[i]->private = NULL;
		pod_free_folio(folios[i]);
		folios[i] = NULL;
	}
}

int pod_zero_alloc(struct pod *pod)
{
	unsigned int i;

	for (i = 0; i < POD_ZERO_SMALL_NR; i++) {
		pod->zero_small[i] = zero_alloc(0, __GFP_ACCOUNT);
		if (!pod->zero_small[i])
			return -ENOMEM;
	}
	return 0;
}

void pod_zero_free(struct pod *pod)
{
	zero_free(pod->zero_small, POD_ZERO_SMALL_NR);
}

/* Without them readers of holes get page tables: slower, not wrong. */
void pod_zero_init(void)
{
	unsigned int i;

	for (i = 0; i < POD_ZERO_HUGE_NR && pod_huge; i++) {
		zero_huge[i] = zero_alloc(POD_REGION_ORDER, 0);
		if (!zero_huge[i])
			pr_notice("kvm-pod: no 2 MiB block for a zero folio\n");
	}
}

void pod_zero_exit(void)
{
	zero_free(zero_huge, POD_ZERO_HUGE_NR);
}
