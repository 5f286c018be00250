/* SPDX-License-Identifier: GPL-2.0-only */
/* What guest.S and its monitor agree on. */
#ifndef POD_EPT_GUEST_H
#define POD_EPT_GUEST_H

/* A write to it says that a loop is through. */
#define GUEST_PORT	0x10

#ifndef __ASSEMBLER__
extern const char guest_code[], guest_code_end[];
extern const char guest_fill[], guest_match[], guest_zero[], guest_stream[];
#endif

#endif /* POD_EPT_GUEST_H */
