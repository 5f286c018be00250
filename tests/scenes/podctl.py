# SPDX-License-Identifier: GPL-2.0-only
"""podctl changes, sweeps and watches a pod that another process made, without a guest."""

import time

import artifacts
from errors import Timeout, check
from limits import Deadline
from pod import MIB, Pod

TIMEOUT = 60
_PODCTL = f"{artifacts.TOP}/tools/podctl/podctl"


def run(bed):
    l1 = bed.boot(programs=[(_PODCTL, "bin/podctl")])
    l1.sh("podctl create -s 16M -t 8M >/tmp/made &")
    _wait_for(l1, "grep -c pod0 /tmp/made", "1")
    name, path = l1.sh("cat /tmp/made").split()
    pod = Pod(l1, 0)
    # Only what is asked for here is swept.
    l1.sh(f"echo 0 >{pod.path}/low_mark")
    shown = l1.sh(f"podctl policy {name}")
    check(shown == "wait overdraft_max=2M grow_max=8M", f"the defaults are {shown}")
    l1.sh(f"podctl events {name} --follow >/tmp/told 2>/tmp/ended &")
    _sweep(l1, path)
    _exhaust(bed, l1, pod, path)
    bed.log(l1.sh(f"podctl list; podctl events {name}"))
    _end(l1, path)
    _pinnable(bed, l1)


def _write(source, path, seek, count=8):
    return f"dd if=/dev/{source} of={path} bs=1M seek={seek} count={count} conv=notrunc 2>&1"


def _sweep(l1, path):
    l1.sh(_write("zero", path, 0))
    said = l1.sh("podctl sweep pod0 --range 2M+2M")
    check(said == "pod0: looked at 2M, took back 2M", said)
    said = l1.sh("podctl sweep pod0")
    check(said == "pod0: looked at 6M, took back 6M", said)
    l1.sh(_write("urandom", path, 0))
    said = l1.sh("podctl sweep pod0 --demote")
    check(said == "pod0: looked at 8M, took back 0", said)


def _exhaust(bed, l1, pod, path):
    """The reserve is empty: fail, wait, and grow."""
    l1.sh("podctl policy 0 fail")
    said = l1.sh(_write("urandom", path, 8, 1), status=1)
    check("No space left" in said, said)
    l1.sh("podctl policy 0 wait --overdraft-max 0")
    l1.sh(f"({_write('urandom', path, 8, 1)} >/dev/null; echo done >/tmp/written) &")
    pod.wait(lambda now: now["waiting"] == 1, 10, "waiting writer")
    bed.log(l1.sh("podctl top -n 2 -d 0.5"))
    l1.sh("podctl policy 0 grow --grow-max 4M")
    _wait_for(l1, "cat /tmp/written", "done")
    check(0 < pod.read("overdraft") <= 4 * MIB, f"the overdraft is {pod.read('overdraft')}")
    l1.sh("podctl target 0 12M")
    pod.wait(lambda now: now["overdraft"] == 0, 10, "overdraft repaid")


def _end(l1, path):
    """What follows the pod lets it go."""
    _wait_for(l1, "grep -c exhausted /tmp/told", "1", at_least=True)
    check("touched 0x800000" in l1.sh("cat /tmp/told"), l1.sh("cat /tmp/told"))
    holder = path.split("/")[2]
    l1.sh(f"kill -9 {holder}")
    _wait_for(l1, "cat /tmp/ended", f"podctl: process {holder}, which had the pod, ended")


def _pinnable(bed, l1):
    """All is there, and stays; what would change it is refused in words."""
    l1.sh("podctl create -s 8M --pinnable -l devices >/tmp/made &")
    _wait_for(l1, "wc -l </tmp/made", "1")
    name, path = l1.sh("cat /tmp/made").split()
    pod = Pod(l1, int(name.removeprefix("pod")))
    listed = l1.sh(f"podctl list | grep {name}")
    bed.log(listed)
    check(listed.split()[-2:] == ["yes", "devices"], listed)
    l1.sh(_write("urandom", path, 0, 2))
    before = l1.sh(f"md5sum <{path}")
    said = l1.sh(f"podctl target {name} 4M 2>&1", status=1)
    check(f"{name} is pinnable: its memory is pinned for devices" in said, said)
    said = l1.sh(f"podctl sweep {name} --demote 2>&1", status=1)
    check(f"{name} is pinnable: its memory is pinned for devices" in said, said)
    figures = [pod.read(what) // MIB for what in ("size", "target", "populated", "reserve")]
    check(figures == [8, 8, 8, 0], f"size, target, populated and reserve are {figures} MiB")
    check(l1.sh(f"md5sum <{path}") == before, "the memory changed")
    l1.sh(f"kill {path.split('/')[2]}")


def _wait_for(l1, command, wanted, at_least=False):
    deadline = Deadline(20)
    while True:
        said = l1.sh(command, status=None)
        if said == wanted or (at_least and said.isdigit() and int(said) >= int(wanted)):
            return
        if deadline.over():
            raise Timeout(f"'{command}' says {said}, not {wanted}")
        time.sleep(0.3)
