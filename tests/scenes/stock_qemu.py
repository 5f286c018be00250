# SPDX-License-Identifier: GPL-2.0-only
"""Debian's own QEMU runs a guest on a pod file that podctl hands to it."""

import artifacts
from errors import check
from pod import MIB, mib
from steps import SIZE

TIMEOUT = 90
_PODCTL = f"{artifacts.TOP}/tools/podctl/podctl"


def run(bed):
    l1 = bed.boot(stock_qemu=True, programs=[(_PODCTL, "bin/podctl")])
    backend = ("-object memory-backend-file,id=m0,size=512M,mem-path={path},share=on,align=2M"
               " -machine memory-backend=m0")
    guest = bed.start(backend, launcher="podctl run --size 512M --target 320M --label stock --"
                                        " qemu-stock")
    memtotal = guest.wait_up()
    check(memtotal > 0.85 * SIZE, f"the guest sees only {mib(memtotal)}")
    pod = guest.pod()
    check(l1.sh(f"cat {pod.path}/label") == "stock", "the label is lost")
    bed.log(l1.sh("podctl list"))
    guest.sh("memfile fill /tmp/data 120 1 && memfile check /tmp/data 120 1 && rm /tmp/data")
    high = pod.read("populated")
    guest.qmp.call("balloon", value=160 * MIB)
    guest.wait_balloon(160 * MIB)
    # To such a QEMU a page given up is a hole like any other, which may be
    # touched without notice: it goes to the reserve and no further.
    numbers = pod.wait(lambda now: now["populated"] <= high - 80 * MIB, 20, "page given back")
    bed.log(f"populated went from {mib(high)} to {mib(numbers['populated'])}")
    check(numbers["owned"] == 320 * MIB, f"the pod owns {mib(numbers['owned'])}")
    l1.sh(f"podctl target {pod.number} 384M")
    pod.wait(lambda now: now["owned"] == 384 * MIB, 20, "page taken from L1")
    guest.sh("memfile fill /tmp/data 32 1 && memfile check /tmp/data 32 1")
