# SPDX-License-Identifier: GPL-2.0-only
#
# For the kernel's command line; what L1 needs more than with the stock kernel;
# and by how much free memory may differ, as freed objects wait in quarantine.
APPEND=panic_on_warn=1 page_owner=on watchdog_thresh=60
MEMORY_PERCENT=150
FREE_SLACK=134217728
