# SPDX-License-Identifier: GPL-2.0-only
#
# As in kasan.boot.
KERNEL_MAKE=CFLAGS_KASAN=
MODULE_MAKE=KCOV_INSTRUMENT=y
APPEND=panic_on_warn=1 page_owner=on watchdog_thresh=60
MEMORY_PERCENT=150
SLOWNESS=5
FREE_SLACK=134217728
