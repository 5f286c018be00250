/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef POD_GUESTS_IO_H
#define POD_GUESTS_IO_H

#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t value)
{
	asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void cpu_relax(void)
{
	asm volatile("pause" : : : "memory");
}

static inline _Noreturn void park(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

#endif /* POD_GUESTS_IO_H */
