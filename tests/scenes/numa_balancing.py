# SPDX-License-Identifier: GPL-2.0-only
"""Automatic NUMA balancing leaves a pod alone: what cannot migrate is not unmapped over and over.

L1 has two nodes. A guest reads its memory for a while, on anonymous memory first:
that shows that the balancing is at work, and what it costs.
"""

from errors import check
from l1 import enough
from l2 import anonymous_backend, pod_backend
from pod import MIB

TIMEOUT = 240
_MEMORY = "1792M"
_NODE = f"{int(enough(_MEMORY)[:-1]) // 2}M"
_QEMU = ["-smp", "sockets=2,cores=1,threads=1",
         "-object", f"memory-backend-ram,id=n0,size={_NODE}",
         "-object", f"memory-backend-ram,id=n1,size={_NODE}",
         "-numa", "node,memdev=n0,cpus=0", "-numa", "node,memdev=n1,cpus=1"]
_KNOBS = "/sys/kernel/debug/sched/numa_balancing"
_COUNTS = ("numa_pte_updates", "numa_huge_pte_updates", "numa_hint_faults")
# Until the control shows something, at most; and what that is.
_ROUNDS = 300
_BLOCKS = 64


def run(bed):
    l1 = bed.boot(cpus=2, memory=_MEMORY, qemu_args=_QEMU)
    if l1.sh("cat /proc/sys/kernel/numa_balancing 2>/dev/null || echo 0") == "0":
        bed.skip("L1's kernel does not balance")
    if l1.sh(f"test -d {_KNOBS} || echo none"):
        bed.skip("L1's kernel cannot be told how often to balance (CONFIG_SCHED_DEBUG)")
    # Scan all of a process every tenth of a second that it runs.
    l1.sh(f"cd {_KNOBS} && echo 0 >scan_delay_ms && echo 100 >scan_period_min_ms"
          " && echo 100 >scan_period_max_ms && echo 1024 >scan_size_mb")
    anonymous, rounds = watch(bed, anonymous_backend("256M"), _ROUNDS, _BLOCKS)
    bed.log(f"anonymous memory, {rounds} rounds: {anonymous}")
    check(anonymous["numa_huge_pte_updates"] >= _BLOCKS, "the balancing did nothing to compare with")
    pod, _ = watch(bed, pod_backend("256M", "256M"), rounds)
    bed.log(f"pod: {pod}")
    # QEMU itself has a few; the pod has 128, for each time that it is scanned.
    check(pod["numa_huge_pte_updates"] < 32, "mappings of 2 MiB are unmapped over and over")
    check(pod["pf_fixed"] < 200, f"the guest had {pod['pf_fixed']} violations in memory it had")
    check(pod["2m"] >= 0, "2 MiB mappings of the guest went")
    where(bed)


def watch(bed, backend, rounds, blocks=None):
    """What changes while a guest writes and reads memory, and the kernel scans it.

    Until so many blocks were unmapped, if given. Returns the rounds, too.
    The kernel leaves off scanning what it has not seen used for some scans: its part is
    counted from the first use on, that of KVM after it.
    """
    guest = bed.start(backend)
    guest.wait_up()
    before = balancing(bed.l1)
    guest.sh("memfile fill /tmp/data 96 1; memfile check /tmp/data 96 1")
    before |= mappings(bed.l1, guest)
    done = 0
    while done < rounds and (not blocks or unmapped(bed.l1, before) < blocks):
        guest.sh("memfile check /tmp/data 96 1")
        done += 1
    after = balancing(bed.l1) | mappings(bed.l1, guest)
    guest.quit()
    return {name: after[name] - before[name] for name in after}, done


def unmapped(l1, before):
    name = "numa_huge_pte_updates"
    return balancing(l1)[name] - before[name]


def balancing(l1):
    text = l1.watch(f"grep -E '^({'|'.join(_COUNTS)}) ' /proc/vmstat")
    return {name: int(value) for name, value in map(str.split, text.splitlines())}


def mappings(l1, guest):
    return {"pf_fixed": int(l1.watch(f"cat /sys/kernel/debug/kvm/{guest.pid}-*/pf_fixed")),
            "2m": guest.sptes()["2m"]}


def where(bed):
    """host-nodes says which node a pod's memory comes from, and nothing else is taken."""
    for node in (0, 1):
        before = bed.settled_free(node), bed.settled_free(1 - node)
        guest = bed.start(pod_backend("256M", "256M", f",host-nodes={node}"), append="")
        taken = before[0] - bed.settled_free(node), before[1] - bed.settled_free(1 - node)
        bed.log(f"host-nodes={node}: {taken[0] // MIB} MiB of it, {taken[1] // MIB} of the other")
        # The rest is QEMU's own, and the page cache's.
        check(taken[0] > 192 * MIB > 64 * MIB > taken[1], "the pod is elsewhere")
        guest.quit()
