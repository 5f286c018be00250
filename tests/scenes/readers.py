# SPDX-License-Identifier: GPL-2.0-only
"""Who reads all of a guest's memory populates nothing, sees the truth, and splits nothing."""

import struct

from errors import check
from l2 import pod_backend
from pod import MIB, brief, mib

TIMEOUT = 90
SIZE = 576 * MIB
STRIDE = 1 * MIB
PORT = 1234
ELF_LOAD = 1


def run(bed):
    l1 = bed.boot(memory="2560M", programs=[("/usr/bin/cmp", "bin/compare")])
    bed.mark()
    guest = bed.start(pod_backend(f"{SIZE // MIB}M", "256M"), devices="")
    pod = guest.pod()
    bed.sample(pod)
    guest.wait_up()
    guest.sh("memfile fill /tmp/data 8 1")
    guest.qmp.call("stop")
    before = pod.numbers()
    bed.log(brief(before))
    check(before["outstanding"] >= SIZE * 3 // 4, "not enough is outstanding")

    # What each reader saw is compared with what the first one saw.
    l1.sh(f"dd if={guest.pod_file()} of=/tmp/file bs=2M 2>/dev/null")
    expect_same(bed, pod, before, "a read of the pod file")
    guest.qmp.call("pmemsave", val=0, size=SIZE, filename="/tmp/pmem", timeout=60)
    l1.sh("compare /tmp/file /tmp/pmem && rm /tmp/pmem")
    expect_same(bed, pod, before, "pmemsave")
    read_by_gdb(l1, guest)
    expect_same(bed, pod, before, "the gdbstub")
    dump(l1, guest)
    expect_same(bed, pod, before, "dump-guest-memory")
    l1.sh("rm /tmp/file")
    bed.log(pod.audit())
    expect_huge(bed, guest, pod)


def expect_same(bed, pod, before, what):
    now = pod.numbers()
    check(now["populated"] == before["populated"],
          f"{what} populated {mib(now['populated'] - before['populated'])}")
    bed.log(f"{what}: {now['zero_mapped']} zero pages mapped, nothing populated")


def read_by_gdb(l1, guest):
    guest.qmp.hmp(f"gdbserver tcp:127.0.0.1:{PORT}")
    l1.sh(f"gdbread {PORT} {MIB} {SIZE - MIB} {STRIDE} /tmp/file")
    guest.qmp.hmp("gdbserver none")


def dump(l1, guest):
    guest.qmp.call("dump-guest-memory", paging=False, protocol="file:/tmp/dump", timeout=60)
    for offset, address, length in loads(l1):
        if address < MIB:
            continue
        l1.sh(f"compare -i {offset}:{address} -n {length} /tmp/dump /tmp/file")
    l1.sh("rm /tmp/dump")


def loads(l1):
    """(offset, address, length) of what an ELF core has of the guest's memory."""
    text = l1.sh("head -c 4096 /tmp/dump | hexdump -v -e '1/1 \"%02x\"'")
    head = bytes.fromhex(text)
    start, = struct.unpack_from("<Q", head, 32)
    size, count = struct.unpack_from("<HH", head, 54)
    found = []
    for index in range(count):
        kind, _, offset, _, address, length = struct.unpack_from("<IIQQQQ", head,
                                                                 start + index * size)
        if kind == ELF_LOAD and address < SIZE:
            found.append((offset, address, length))
    check(sum(length for _, _, length in found) > SIZE * 3 // 4, f"the dump has only {found}")
    return found


def expect_huge(bed, guest, pod):
    """What only readers have touched is still mapped by 2 MiB when it is written."""
    guest.qmp.call("cont")
    before, mapped = pod.read("populate_2m"), guest.sptes()["2m"]
    guest.sh("memfile fill /tmp/more 96 2 && memfile check /tmp/more 96 2")
    populated, mapped = pod.read("populate_2m") - before, guest.sptes()["2m"] - mapped
    bed.log(f"{populated} blocks of 2 MiB populated, {mapped} mapped")
    check(populated >= 32, "the guest was given single pages")
    check(mapped >= 0.9 * populated, "KVM does not map them by 2 MiB")
    guest.sh("memfile check /tmp/data 8 1")
