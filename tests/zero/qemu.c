// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU's own buffer_is_zero(), compiled against the source and the build tree
 * that qemu-patches/build.sh keeps. That build leaves AVX2 out, others do not.
 */
#include "qemu/osdep.h"

#define CONFIG_AVX2_OPT

#include "util/bufferiszero.c"
#include "util/cpuinfo-i386.c"

bool qemu_is_zero(const void *p, size_t len);

bool qemu_is_zero(const void *p, size_t len)
{
	return buffer_is_zero(p, len);
}
