/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cells of the tables that "list" and "top" print. A value that cannot be read
 * is shown as '-'. A negative width is to the left, as in printf().
 */
#ifndef PODCTL_TABLE_H
#define PODCTL_TABLE_H

#include <stdbool.h>
#include <stdint.h>

/* The pod's name. */
void table_pod(uint32_t id);

/* A value of sysfs as it is. */
void table_text(uint32_t id, const char *name, int width);

/* 0 or another number, as "no" or "yes". */
void table_yes_no(uint32_t id, const char *name, int width);

/* A number of bytes, for people unless @bytes. */
void table_size(uint32_t id, const char *name, int width, bool bytes);

#endif /* PODCTL_TABLE_H */
