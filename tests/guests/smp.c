// SPDX-License-Identifier: GPL-2.0-only
#include "smp.h"

#include <stdatomic.h>

#include "guest.h"
#include "io.h"

#define FW_CFG_SELECT	0x510
#define FW_CFG_DATA	0x511
#define FW_CFG_NB_CPUS	0x05

/* The local APIC's interrupt command register: to all but self. */
#define APIC_ICR	0xfee00300UL
#define ICR_INIT	0xc4500
#define ICR_STARTUP	0xc4600

static uint32_t count;

uint32_t smp_count(void)
{
	if (!count) {
		outw(FW_CFG_SELECT, FW_CFG_NB_CPUS);
		count = inb(FW_CFG_DATA);
		count |= inb(FW_CFG_DATA) << 8;
		if (count > MAX_CPUS)
			count = MAX_CPUS;
	}
	return count;
}

static void send(uint32_t command)
{
	__atomic_store_n((uint32_t *)APIC_ICR, command, __ATOMIC_RELEASE);
}

void smp_start(void)
{
	char *to = (char *)TRAMPOLINE;

	for (const char *from = trampoline; from < trampoline_end; from++)
		*to++ = *from;
	send(ICR_INIT);
	send(ICR_STARTUP | TRAMPOLINE >> 12);
}

void smp_barrier(void)
{
	static atomic_uint arrived, turn;
	unsigned int now = atomic_load(&turn);

	if (atomic_fetch_add(&arrived, 1) + 1 == count) {
		atomic_store(&arrived, 0);
		atomic_fetch_add(&turn, 1);
		return;
	}
	while (atomic_load(&turn) == now)
		cpu_relax();
}
