/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What KVM says about second-level paging: which kind is in use, how often a
 * guest left for lack of an entry, how many 2 MiB entries there are.
 *
 * Counts are sums over all machines of the host: one runs at a time.
 */
#ifndef POD_EPT_EXITS_H
#define POD_EPT_EXITS_H

/* "EPT", "NPT", or "shadow" when the hardware walks one level only. */
const char *exits_paging(void);

/*
 * Begin to count kvm_exit by reason, in the kernel's own histogram. NULL, or
 * why it cannot be done.
 */
const char *exits_begin(void);

/*
 * Exits for a missing second-level entry so far: EPT violations or nested page
 * faults. With shadow paging, where there can be none, EPT violations again.
 */
long long exits_violations(void);

/* Second-level (or shadow) entries of 2 MiB now. */
long long exits_pages_2m(void);

#endif /* POD_EPT_EXITS_H */
