# SPDX-License-Identifier: GPL-2.0-only
#
# For the kernel's command line, as in kasan.boot: nothing.
APPEND=
