# SPDX-License-Identifier: GPL-2.0-only
"""Memory that L1 may want to take away again is not used for pods, and goes while they are there.

A pod's pages cannot be moved, so none may be in ZONE_MOVABLE. Memory that holds a
pod's pages is not taken offline, and the refusal comes at once.
"""

import artifacts
from errors import check
from pod import MIB

TIMEOUT = 60
_PODCTL = f"{artifacts.TOP}/tools/podctl/podctl"
_DIMM = 512 * MIB
_BLOCKS = "/sys/devices/system/memory"
_QEMU = ["-m", "1G,slots=2,maxmem=4G", "-object", f"memory-backend-ram,id=d0,size={_DIMM}",
         "-device", "pc-dimm,id=dimm0,memdev=d0"]


def run(bed):
    l1 = bed.boot(memory="1G", qemu_args=_QEMU, append="memhp_default_state=online_movable",
                  programs=[(_PODCTL, "bin/podctl")])
    movable = l1.sh(f"cd {_BLOCKS}; grep -l -x Movable memory*/valid_zones | cut -d/ -f1; true")
    blocks = movable.split()
    if not blocks:
        bed.skip("L1's kernel has no memory that can be removed: "
                 + l1.sh(f"grep . {_BLOCKS}/memory*/valid_zones | tail -3"))
    before = movable_free(l1)
    bed.log(f"{len(blocks)} blocks are movable, {before // MIB} MiB of them free")
    check(before > _DIMM * 3 // 4, "the new memory is in use already")

    # First what the other zones have, and then far more.
    target = (l1.meminfo("MemFree") - before - 256 * MIB) // MIB & ~1
    l1.sh(f"podctl create -s {4 * _DIMM} -t {target}M >/tmp/made 2>&1 &"
          " for i in $(seq 300); do grep -q pod0 /tmp/made && exit; sleep 0.1; done;"
          " cat /tmp/made; exit 1")
    answer = l1.sh(f"podctl target pod0 {target + 512}M 2>&1; echo status $?")
    bed.log(answer)
    check("status 0" not in answer, "the pod got memory from where there is none for it")
    used = before - movable_free(l1)
    check(used < 32 * MIB, f"{used // MIB} MiB of movable memory are used")

    for block in blocks:
        took = l1.sh(f"cd {_BLOCKS}/{block}; timeout 20 sh -c 'echo offline >state'; cat state")
        check("offline" in took, f"{block} does not go offline: {took}")
    check(l1.meminfo("MemTotal") < 1024 * MIB, "the memory is there still")
    l1.sh("kill $(pidof podctl)")
    # What was taken offline is not to come back.
    bed.expect_all_back(slack=_DIMM + 4 * MIB)
    bed.mark()


def movable_free(l1):
    """Free bytes of ZONE_MOVABLE."""
    pages = l1.sh("awk '/zone/ { zone = $4 } zone == \"Movable\" && $1 == \"pages\" { n += $3 }"
                  " zone == \"Movable\" && $1 == \"count:\" { n += $2 } END { print n + 0 }'"
                  " /proc/zoneinfo")
    return 4096 * int(pages)
