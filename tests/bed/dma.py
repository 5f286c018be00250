# SPDX-License-Identifier: GPL-2.0-only
"""Devices that do DMA into a pinnable pod, while everybody tries to move its memory."""

import time

import artifacts
import devices
from devices import EDU, NIC, NIC_MAC, expect_error, vfio
from errors import check
from limits import SCALE
from pod import MIB, brief

# What expect_frozen() needs in L1.
PROGRAMS = [(f"{artifacts.TOP}/tools/podctl/podctl", "bin/podctl"),
            ("/usr/bin/fallocate", "bin/fallocate-of-linux")]
SIZE = 192 * MIB
BACKEND = f"-object pod-memory,id=m0,size={SIZE // MIB}M,pinnable=on -machine memory-backend=m0"
_BALLOON = " -device virtio-balloon-pci,free-page-reporting=on"
# The most of both; what the sink's buffer holds of packets, at least.
_BLOCKS, _PACKETS, _BUFFERED = 10000, 100000, 3000
# What has to come while memory cannot be moved, and how long that may take.
_SOME_BLOCKS, _SOME_PACKETS, _SOME_TIME = 3, 50, 30
# What may not change, whoever asks for what.
_FROZEN = ("target", "owned", "populated", "reserve", "outstanding", "given", "to_shrink",
           "overdraft", "parked", "retired", "discarded", "sweep_scanned", "demoted")
# What L1's root may try. FILE is the pod file, POD its sysfs directory.
_ATTEMPTS = (
    f"echo {SIZE // 2} >POD/target",
    "podctl target NUMBER 96M",
    "podctl sweep NUMBER",
    "podctl sweep --demote NUMBER",
    "fallocate-of-linux -p -o 32M -l 2M FILE",
    "fallocate-of-linux -p -o 4096 -l 4096 FILE",
)
_EBUSY = "Device or resource busy"


def start(bed, objects="", extra=""):
    """A guest with both devices, each with extra, on a pinnable pod, up, and its pod."""
    assigned = f"{vfio(EDU, 'd0')}{extra}{vfio(NIC, 'd1')}{extra}"
    guest = bed.start(BACKEND + objects, devices=assigned + _BALLOON)
    pod = guest.pod()
    bed.sample(pod)
    numbers = pod.numbers()
    bed.log(brief(numbers))
    check(numbers["pinnable"] == 1, "the pod is an ordinary one")
    for name in ("target", "owned", "populated"):
        check(numbers[name] == SIZE, f"{name} is {numbers[name]}, not the size")
    guest.wait_up()
    return guest, pod


def work(bed, guest, seed):
    """Both devices do DMA until finish_work()."""
    guest.sh("grep -q eth0 /proc/net/dev || modprobe e1000e; ip link set eth0 up;"
             " ip addr add 10.0.0.2/24 dev eth0 2>/dev/null;"
             " rm -f /tmp/end /tmp/sink.log /tmp/edu.log /tmp/edu.status;"
             " (udp sink 9 16 /tmp/end >/tmp/sink.log 2>&1; echo $? >>/tmp/sink.log) &"
             " while [ $(cat /sys/class/net/eth0/carrier) = 0 ]; do usleep 100000; done")
    guest.sh(f"({devices.edu(_BLOCKS, seed, '/tmp/end')} >/tmp/edu.log 2>&1;"
             " echo $? >/tmp/edu.status) &")
    bed.l1.sh("rm -f /tmp/stop /tmp/sent; ip link set eth0 up;"
              " ip addr add 10.0.0.1/24 dev eth0 2>/dev/null;"
              f" arp -s 10.0.0.2 {NIC_MAC}; udp send 10.0.0.2 9 {_PACKETS} 4000 /tmp/stop >/tmp/sent &")


def finish_work(bed, guest):
    """End both, and check every block and packet."""
    sent = end_sending(bed)
    came = guest.sh("touch /tmp/end; while [ $(wc -l </tmp/sink.log) -lt 2 ]; do usleep 100000;"
                    " done; cat /tmp/sink.log")
    check(came.endswith("\n0"), f"the network card: {came}")
    copied = guest.sh("while [ ! -s /tmp/edu.status ]; do usleep 100000; done;"
                      " tail -n 1 /tmp/edu.log; cat /tmp/edu.status")
    check(copied.endswith("\n0"), f"the edu device: {copied}")
    bed.log(f"{copied.splitlines()[0]}; {came.splitlines()[0]} of {sent} packets")
    check(int(came.split()[0]) > min(sent, _BUFFERED) // 2, "most packets were lost")


def end_sending(bed):
    """How many packets were sent."""
    return int(bed.l1.sh("touch /tmp/stop; while [ ! -s /tmp/sent ]; do usleep 100000; done;"
                         " cat /tmp/sent").split()[0])


def _progress(bed, guest):
    """Blocks and packets that came by DMA since work(), which goes on."""
    blocks, packets, ended = guest.sh(
        "cat /tmp/edu.log | wc -l; cat /sys/class/net/eth0/statistics/rx_packets;"
        " ls /tmp/edu.status 2>/dev/null | wc -l").split()
    check(ended == "0", f"the edu device ended: {guest.sh('tail -n 3 /tmp/edu.log')}")
    check(not bed.l1.sh("cat /tmp/sent"), "all packets were sent")
    return int(blocks), int(packets)


def expect_frozen_at_work(bed, guest, pod):
    """As expect_frozen(), again and again while both devices do DMA between work() and its end."""
    before = _progress(bed, guest)
    deadline = time.monotonic() + _SOME_TIME * SCALE
    tries = blocks = packets = 0
    while blocks < _SOME_BLOCKS or packets < _SOME_PACKETS:
        check(time.monotonic() < deadline, f"only {blocks} blocks and {packets} packets came")
        expect_frozen(bed, guest, pod)
        now = _progress(bed, guest)
        blocks, packets = now[0] - before[0], now[1] - before[1]
        tries += 1
    bed.log(f"tried {tries} times; meanwhile {blocks} blocks and {packets} packets came by DMA")


def expect_frozen(bed, guest, pod):
    """The balloon and L1's root are refused, and nothing changes."""
    before = frozen(pod)
    said = expect_error(guest, "pinnable=on", "balloon", value=SIZE // 2)
    bed.log(f"balloon: {said}")
    path = guest.pod_file()
    for attempt in _ATTEMPTS:
        command = (attempt.replace("POD", pod.path).replace("NUMBER", str(pod.number))
                   .replace("FILE", path))
        said = bed.l1.sh(f"({command}) 2>&1", status=1)
        check(_EBUSY in said or "Resource busy" in said or "pinnable" in said,
              f"'{attempt}' says: {said}")
        bed.log(f"{command}: {said}")
    check(frozen(pod) == before, f"{before} became {frozen(pod)}")
    actual = guest.balloon_actual()
    check(actual == SIZE, f"the balloon stands at {actual}")


def frozen(pod):
    numbers = pod.numbers()
    return {name: numbers[name] for name in _FROZEN}
