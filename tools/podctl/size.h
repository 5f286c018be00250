/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sizes as people write and read them.
 */
#ifndef PODCTL_SIZE_H
#define PODCTL_SIZE_H

#include <stdbool.h>
#include <stdint.h>

#define SIZE_TEXT_LEN 24	/* fits every size_format() */

/*
 * Reads "4096", "256M" or "4g": a whole number of bytes, or of KiB, MiB, GiB
 * or TiB. Returns false if @text is anything else or exceeds 64 bits.
 */
bool size_parse(const char *text, uint64_t *bytes);

/*
 * Writes @bytes in the largest unit that leaves at least 1, with at most one
 * decimal: "248M", "1.5G". Returns @text.
 */
const char *size_format(uint64_t bytes, char text[SIZE_TEXT_LEN]);

#endif /* PODCTL_SIZE_H */
