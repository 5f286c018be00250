# SPDX-License-Identifier: GPL-2.0-only
"""Reading all of a guest's memory from outside populates nothing and splits nothing."""

from errors import check
from steps import SIZE, boot_ballooned

TIMEOUT = 90


def run(bed):
    bed.boot()
    guest, pod = boot_ballooned(bed)
    guest.qmp.call("stop")
    before = pod.numbers()
    guest.qmp.call("pmemsave", val=0, size=SIZE, filename="/dev/null", timeout=60)
    after = pod.numbers()
    check(after["populated"] == before["populated"],
          f"populated went from {before['populated']} to {after['populated']}")
    check(after["zero_mapped"] > before["zero_mapped"], "no hole was read")
    bed.log(pod.audit())
    guest.qmp.call("cont")
    guest.sh("memfile fill /tmp/data 32 1 && memfile check /tmp/data 32 1")
