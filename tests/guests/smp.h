/* SPDX-License-Identifier: GPL-2.0-only */
/* The other CPUs. */
#ifndef POD_GUESTS_SMP_H
#define POD_GUESTS_SMP_H

#include <stdint.h>

/* What QEMU says, at most MAX_CPUS. */
uint32_t smp_count(void);

/* The first CPU starts the others; they come to guest_main(). */
void smp_start(void);

/* Wait for all smp_count() CPUs. */
void smp_barrier(void);

#endif /* POD_GUESTS_SMP_H */
