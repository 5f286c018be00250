# SPDX-License-Identifier: GPL-2.0-only
"""Three of four vCPUs run out of memory at once, ten times, and no byte is harmed."""

from errors import check
from exhaustion import cont, status
from l2 import pod_backend
from pod import MIB, mib

TIMEOUT = 180
ROUNDS = 10
STEP = 8 * MIB
KEPT_MIB, FILE_MIB = 16, 96
WRITERS = (1, 2, 3)


def run(bed):
    bed.boot()
    # Without it a vCPU waits itself, with it KVM lets a worker wait and the
    # guest's scheduler look for something else to do.
    for asyncpf in ("off", "on"):
        bed.log(f"kvm-asyncpf={asyncpf}")
        guest = bed.start(pod_backend("768M", "160M"), devices="", cpus=4,
                          cpu=f"host,kvm-asyncpf={asyncpf}")
        exhaust_again_and_again(bed, guest)
        guest.quit()
        bed.expect_all_back()


def exhaust_again_and_again(bed, guest):
    pod = guest.pod()
    sampler = bed.sample(pod)
    guest.wait_up()
    guest.sh(f"memfile fill /tmp/kept {KEPT_MIB} 9;"
             f" taskset 1 memfile watch /tmp/kept {KEPT_MIB} 9 /tmp/enough >/tmp/kept.log &")
    start, since = guest.qmp.position(), sampler.position()
    guest.post("".join(f"taskset {1 << cpu} memfile fill /tmp/f{cpu} {FILE_MIB} {cpu} &"
                       for cpu in WRITERS) + "wait")
    for turn in range(1, ROUNDS + 1):
        stops = wait_all_exhausted(guest, sampler, start, since)
        target = pod.read("target")
        bed.log(f"{turn}: stopped {stops} times at {mib(target)} until all waited")
        set_target(guest, target + STEP)
        since = sampler.position()
        start = cont(guest)
    set_target(guest, 512 * MIB)
    expect_unharmed(bed, guest)
    bed.log(bed.audit(guest))


def set_target(guest, target):
    guest.qmp.call("qom-set", path="/objects/m0", property="target", value=target)


def wait_all_exhausted(guest, sampler, start, since):
    """QEMU stops the guest for the first; continued it stops for the others, too."""
    for stops in range(1, 10):
        guest.qmp.wait_event("STOP", start)
        check(status(guest) == "pod-exhausted", "it stopped for another reason")
        if sampler.highest("waiting", since) >= len(WRITERS):
            return stops
        since = sampler.position()
        start = cont(guest)
    check(False, "they were never exhausted at once")


def expect_unharmed(bed, guest):
    if status(guest) == "pod-exhausted":
        guest.qmp.call("cont")
    for cpu in WRITERS:
        guest.sh(f"memfile check /tmp/f{cpu} {FILE_MIB} {cpu}")
    rounds = guest.sh("touch /tmp/enough; sleep 1; grep rounds /tmp/kept.log")
    guest.sh("grep '^0 of' /tmp/kept.log")
    bed.log(f"unharmed; the fourth looked at its memory all the time, {rounds}")
