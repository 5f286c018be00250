// SPDX-License-Identifier: GPL-2.0-only
#include "console.h"

#include "io.h"

#define COM1		0x3f8
#define LINE_STATUS	(COM1 + 5)
#define CAN_SEND	0x20

static void put(char c)
{
	while (!(inb(LINE_STATUS) & CAN_SEND))
		cpu_relax();
	outb(COM1, c);
}

void say(const char *text)
{
	for (; *text; text++)
		put(*text);
}

static void say_in_base(uint64_t value, unsigned int base)
{
	char digits[24];
	int pos = sizeof(digits) - 1;

	digits[pos] = '\0';
	do {
		digits[--pos] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	say(digits + pos);
}

static void say_name(const char *name)
{
	put(' ');
	say(name);
	put('=');
}

void say_number(const char *name, uint64_t value)
{
	say_name(name);
	say_in_base(value, 10);
}

void say_hex(const char *name, uint64_t value)
{
	say_name(name);
	say("0x");
	say_in_base(value, 16);
}
