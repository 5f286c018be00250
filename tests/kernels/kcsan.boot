# SPDX-License-Identifier: GPL-2.0-only
#
# As in kasan.boot. The kernel is compiled with calls at its barriers alone:
# without these KCSAN would not see that a lock was dropped and take accesses
# before it as still to come. A watchpoint at one access in some 300, as only
# those of the module count.
KERNEL_MAKE=CFLAGS_KCSAN=-D__KCSAN_INSTRUMENT_BARRIERS__
APPEND=panic_on_warn=1 watchdog_thresh=60 kcsan.skip_watch=300
SLOWNESS=3
