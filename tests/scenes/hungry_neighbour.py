# SPDX-License-Identifier: GPL-2.0-only
"""A neighbour takes all the memory that L1 has: it is killed, and a guest within its target is not.

Then the guest's own QEMU is the one that the OOM killer has to take: its pod
goes with it, whole.
"""

import artifacts
from errors import check
from l2 import pod_backend
from pod import MIB

TIMEOUT = 120
_TARGET = 256 * MIB
# What L1 says of it, and is to say.
_L1_SAYS = r"Out of memory|out_of_memory|Call Trace:|invoked oom-killer"


def run(bed):
    l1 = bed.boot(memory="1G", programs=[(artifacts.guest_program("hog"), "bin/hog")])
    guest = bed.start(pod_backend("512M", f"{_TARGET // MIB}M"))
    guest.wait_up()
    pod = guest.pod()
    guest.sh("memfile fill /tmp/data 96 1")
    owned = pod.read("owned")
    l1.allowed = _L1_SAYS

    kills = hunger(bed, l1)
    check(kills == 1, f"the OOM killer ran {kills} times")
    check(guest.running(), "the guest was killed instead of the neighbour")
    guest.sh("memfile check /tmp/data 96 1 && memfile fill /tmp/more 16 2"
             " && memfile check /tmp/more 16 2")
    check(pod.read("owned") == owned == _TARGET, "the pod has not kept what it had")
    bed.log(bed.audit(guest))

    l1.sh(f"echo 1000 >/proc/{guest.pid}/oom_score_adj")
    kills = hunger(bed, l1, score=0)
    check(kills >= 1 and not guest.running(), "the guest's QEMU was not killed")
    l1.sh("killall hog; true", status=None)
    l1.sh("while [ -d /sys/class/kvm-pod/pod0 ]; do usleep 100000; done", timeout=30)
    # The OOM killer ran, and was to.
    check(l1.read_number("/sys/class/kvm-pod/total_owned") == 0, "something is owned still")
    bed.guests.remove(guest)
    bed.mark()


def hunger(bed, l1, score=1000):
    """Let a process take all; how many the OOM killer took until there was peace."""
    before = _kills(l1)
    bed.log(l1.sh("grep -E 'MemFree|MemAvailable' /proc/meminfo | tr '\\n' ' '"))
    l1.sh(f"(echo {score} >/proc/self/oom_score_adj; exec hog 2048 600) >/dev/null 2>&1 &"
          " for i in $(seq 600); do"
          f" [ $(awk '$1 == \"oom_kill\" {{ print $2 }}' /proc/vmstat) -gt {before} ] && break;"
          " sleep 0.1; done; sleep 1", timeout=90)
    return _kills(l1) - before


def _kills(l1):
    return int(l1.watch("awk '$1 == \"oom_kill\" { print $2 }' /proc/vmstat"))
