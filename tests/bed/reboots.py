# SPDX-License-Identifier: GPL-2.0-only
"""Reboot a guest in one QEMU, for the short scene and the soak."""

from steps import SIZE, TARGET, boot_ballooned, expect_boot


def reboot_times(bed, times):
    bed.boot()
    guest, pod = boot_ballooned(bed)
    for turn in range(1, times + 1):
        guest.sh("memfile fill /tmp/data 24 3")
        guest.post("reboot -f")
        expect_boot(bed, guest, pod, SIZE, TARGET)
        guest.sh("[ ! -e /tmp/data ]")
        bed.log(f"reboot {turn}: {bed.audit(guest)}")
