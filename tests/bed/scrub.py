# SPDX-License-Identifier: GPL-2.0-only
"""What the scenes with scrubbers do alike: guests that write to all memory first."""

import re

import artifacts
from errors import check
from l2 import pod_backend
from pod import MIB, PAGE, mib
from steps import boot_ballooned

SIZE = 2048 * MIB
# For the guest that is measured: more than it needs.
_ROOM = 512 * MIB
_DATA_MIB = 8
_CPUS = 4
_BARE_TIMEOUT = 60


def boot_l1(bed, **options):
    return bed.boot(programs=[(artifacts.bare_guest("scrubber"), "l2/scrubber")], **options)


def expect_reclaimed(bed, pod, target):
    """The guest wrote to all of its memory, and no touch of it failed."""
    numbers = pod.numbers()
    reclaimed = numbers["sweep_reclaimed"] * PAGE
    bed.log(f"the sweep took back {mib(reclaimed)} of {mib(numbers['sweep_scanned'] * PAGE)}")
    check(reclaimed >= SIZE - target, "the guest did not write to all of its memory")
    check(numbers["exhausted"] == 0, f"{numbers['exhausted']} touches found nothing")


def scrubbed_linux(bed, append, said):
    """A stock kernel that scrubs as append makes it, and says so in its log, fits its target."""
    boot_l1(bed)
    target = _linux_target(bed)
    guest, pod = boot_ballooned(bed, size=SIZE, target=target, append=append)
    check(said in guest.sh("dmesg"), f"the guest's kernel does not say '{said}'")
    _use_files(guest)
    expect_reclaimed(bed, pod, target)
    bed.log(bed.audit(guest))
    _use_files(guest)


def _linux_target(bed):
    plain = _start(bed, _ROOM)
    plain.wait_up()
    _use_files(plain)
    # No balloon gets at the pages that the kernel keeps free.
    kept = 1024 * int(plain.sh("cat /proc/sys/vm/min_free_kbytes"))
    return _with_margin(bed, plain, kept)


def bare_guest(bed, target, append="", **options):
    """Start the scrubber of tests/guests on a pod."""
    return _start(bed, target, image="-kernel /l2/scrubber", cpus=_CPUS, append=append, **options)


def bare_target(bed):
    plain = bare_guest(bed, _ROOM, "scrub=0 scatter=0")
    wait_bare(plain)
    return _with_margin(bed, plain, 0)


def wait_bare(guest):
    """Wait until the scrubber has done all its work, and done it right."""
    done = guest.wait_line(lambda line: re.match("SCRUBBER (done|exception)", line), _BARE_TIMEOUT)
    check(done == "SCRUBBER done bad=0", guest.tail(12))


def _start(bed, target, **options):
    backend = pod_backend(f"{SIZE // MIB}M", f"{target // MIB}M")
    return bed.start(backend, devices="", **options)


def _use_files(guest):
    guest.sh(f"memfile fill /tmp/data {_DATA_MIB} 1 && memfile check /tmp/data {_DATA_MIB} 1")


def _with_margin(bed, plain, kept):
    """What this guest, which does not scrub, has populated and keeps, and a quarter; ends it."""
    need = plain.pod().read("populated") + kept
    plain.quit()
    target = -(-need * 5 // 4 // MIB) * MIB
    bed.log(f"without scrubbing it needs {mib(need)}; so the target is {mib(target)}")
    return target
