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
    guest.qmp.call("balloon", value=160 * MIB)
    guest.wait_balloon(160 * MIB)
    numbers = pod.wait(lambda now: now["populated"] <= 170 * MIB, 20, "page given back")
    check(numbers["owned"] <= 320 * MIB, f"the pod owns {mib(numbers['owned'])}")
    l1.sh(f"podctl target {pod.number} 192M")
    pod.wait(lambda now: now["owned"] <= 192 * MIB, 20, "page returned to L1")
    guest.sh("memfile fill /tmp/data 32 1 && memfile check /tmp/data 32 1")
