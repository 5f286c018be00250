# SPDX-License-Identifier: GPL-2.0-only
"""A guest kernel that does not clear what it allocates balloons as well."""

from pod import MIB
from steps import boot_ballooned, move_balloon

TIMEOUT = 90


def run(bed):
    # Debian's default is 1, as in the other scenes.
    bed.boot()
    guest, pod = boot_ballooned(bed, append="init_on_alloc=0")
    move_balloon(bed, guest, pod, 256 * MIB)
    move_balloon(bed, guest, pod, 144 * MIB)
