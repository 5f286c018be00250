# SPDX-License-Identifier: GPL-2.0-only
"""Reboot a guest in one QEMU, for the short scene and the soak."""

from errors import check
from steps import SIZE, TARGET, boot_ballooned, expect_boot


def reboot_times(bed, times):
    bed.boot()
    guest, pod = boot_ballooned(bed)
    for turn in range(1, times + 1):
        guest.sh("memfile fill /tmp/data 24 3")
        guest.post("reboot -f")
        expect_boot(bed, guest, pod, SIZE, TARGET)
        check(guest.sh("ls /tmp") == "", "the guest did not really reboot")
        bed.log(f"reboot {turn}: {bed.audit(guest)}")
