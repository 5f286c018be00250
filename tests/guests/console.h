/* SPDX-License-Identifier: GPL-2.0-only */
/* The first serial port. One CPU at a time may talk. */
#ifndef POD_GUESTS_CONSOLE_H
#define POD_GUESTS_CONSOLE_H

#include <stdint.h>

void say(const char *text);
/* " name=value", in decimal; say_hex() in hexadecimal. */
void say_number(const char *name, uint64_t value);
void say_hex(const char *name, uint64_t value);

#endif /* POD_GUESTS_CONSOLE_H */
