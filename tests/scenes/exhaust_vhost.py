# SPDX-License-Identifier: GPL-2.0-only
"""Packets go into holes while a pod is exhausted: no monitor hangs, no daemon dies."""

from errors import check
from exhaustion import cont, fill_to_the_brim, set_target, status
from l2 import pod_backend
from pod import MIB, brief

TIMEOUT = 120
MAC = "52:54:00:12:34:56"
COUNT = 12000


def run(bed):
    l1 = bed.boot()
    l1.sh("modprobe tun; modprobe vhost_net; tunctl -t tap0 && ip link set tap0 up &&"
          f" ip addr add 10.0.0.1/24 dev tap0 && arp -s 10.0.0.2 {MAC}")
    bed.mark()
    for vhost in ("on", "off"):
        bed.log(f"vhost={vhost}")
        guest = start(bed, vhost)
        expect_monitor(bed, guest)
        bed.expect_all_back()


def start(bed, vhost):
    # A kernel that clears what it allocates would touch the ring before the
    # device does.
    guest = bed.start(pod_backend("512M", "160M"), append="init_on_alloc=0",
                      devices=f"-netdev tap,id=n0,ifname=tap0,script=no,downscript=no,vhost={vhost}"
                              f" -device virtio-net-pci,netdev=n0,mac={MAC},romfile=")
    bed.sample(guest.pod())
    guest.wait_up()
    guest.sh("modprobe virtio_net; ip link set lo up; ip link set eth0 up;"
             " ip addr add 10.0.0.2/24 dev eth0;"
             " (udp sink 9 64 /tmp/end >/tmp/sink.log 2>&1; echo $? >>/tmp/sink.log) & sleep 0.5")
    return guest


def expect_monitor(bed, guest):
    pod = guest.pod()
    fill_to_the_brim(bed, guest, pod, 110)
    start = guest.qmp.position()
    bed.l1.sh(f"udp send 10.0.0.2 9 {COUNT} 50 >/dev/null 2>&1 &")
    guest.qmp.wait_event("POD_EXHAUSTED", start)
    guest.qmp.wait_event("STOP", start)
    check(status(guest) == "pod-exhausted", "it stopped for another reason")
    bed.log(brief(pod.numbers()))

    # Again and again without help, then with, then out.
    for _ in range(3):
        start = cont(guest)
        status(guest)
        guest.qmp.call("stop")
        status(guest)
    set_target(guest, pod.read("target") + 64 * MIB)
    cont(guest)
    told = guest.sh("touch /tmp/end; for i in $(seq 100); do"
                    " grep -qx '[0-9]*' /tmp/sink.log && break; sleep 0.2; done; cat /tmp/sink.log")
    bed.log(f"{told.replace(chr(10), ', status ')}; {brief(pod.numbers())}")
    check(told.endswith("\n0"), "a packet was harmed, or none came")
    guest.quit()
