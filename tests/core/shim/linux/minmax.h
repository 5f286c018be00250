/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#define min_t(type, a, b) ({						\
	type __a = (a), __b = (b);					\
	__a < __b ? __a : __b;						\
})
#define max_t(type, a, b) ({						\
	type __a = (a), __b = (b);					\
	__a > __b ? __a : __b;						\
})

/* As strict as the kernel's: both sides must have one type. */
#define __same_type(a, b) \
	__builtin_types_compatible_p(__typeof__(a), __typeof__(b))
#define min(a, b) ({							\
	_Static_assert(__same_type(a, b), "min() of two types");	\
	min_t(__typeof__(a), a, b);					\
})
#define max(a, b) ({							\
	_Static_assert(__same_type(a, b), "max() of two types");	\
	max_t(__typeof__(a), a, b);					\
})

#endif
