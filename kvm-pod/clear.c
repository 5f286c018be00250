// SPDX-License-Identifier: GPL-2.0-only
/*
 * Clearing pages, and telling whether they are clear.
 */
#include "clear.h"

#include <linux/highmem.h>
#include <linux/sched.h>

#include "core/zero.h"

/*
 * Non-temporal stores: what is cleared for the reserve is touched much later,
 * and would only push others out of the caches.
 */
static void clear_page_cold(void *p)
{
	u64 *w = p;
	u64 *end = p + PAGE_SIZE;

	for (; w < end; w += 8)
		asm volatile("movnti %1, 0(%0)\n\t"
			     "movnti %1, 8(%0)\n\t"
			     "movnti %1, 16(%0)\n\t"
			     "movnti %1, 24(%0)\n\t"
			     "movnti %1, 32(%0)\n\t"
			     "movnti %1, 40(%0)\n\t"
			     "movnti %1, 48(%0)\n\t"
			     "movnti %1, 56(%0)\n\t"
			     : : "r" (w), "r" (0UL) : "memory");
}

void pod_clear_cold(struct folio *folio)
{
	unsigned int i;

	for (i = 0; i < folio_nr_pages(folio); i++) {
		clear_page_cold(page_address(folio_page(folio, i)));
		cond_resched();
	}
	/* Orders the weak stores before the page is given to anybody. */
	asm volatile("sfence" : : : "memory");
}

void pod_clear_hot(struct folio *folio)
{
	pod_clear_pages(folio, 0, folio_nr_pages(folio));
}

void pod_clear_pages(struct folio *folio, unsigned int first, unsigned int nr)
{
	unsigned int i;

	for (i = first; i < first + nr; i++) {
		clear_highpage(folio_page(folio, i));
		cond_resched();
	}
}

bool pod_page_is_zero(struct folio *folio, unsigned int i)
{
	return pod_is_zero(page_address(folio_page(folio, i)), PAGE_SIZE);
}
