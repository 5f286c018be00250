# SPDX-License-Identifier: GPL-2.0-only
"""A guest is saved to a file, and goes on in a fresh pod within its target."""

from errors import check
from l2 import pod_backend
from pod import MIB, brief
from qmp import QmpError

TIMEOUT = 90
SIZE, TARGET = 576 * MIB, 192 * MIB
FILE_MIB = 16
STATE = "file:/tmp/state"
BACKEND = pod_backend(f"{SIZE // MIB}M", f"{TARGET // MIB}M")


def run(bed):
    l1 = bed.boot()
    guest = bed.start(BACKEND, devices="")
    pod = guest.pod()
    bed.sample(pod)
    guest.wait_up()
    guest.sh(f"memfile fill /tmp/data {FILE_MIB} 1")
    expect_refused(bed, guest)
    guest.qmp.call("stop")
    before = pod.numbers()
    migrate(guest, "migrate")
    numbers = pod.numbers()
    check(numbers["populated"] == before["populated"], "saving populated something")
    bed.log(f"saved: {brief(numbers)}; {l1.sh('du -k /tmp/state')} KiB")
    guest.quit()

    guest = bed.start(BACKEND + " -incoming defer", devices="")
    pod = guest.pod()
    bed.sample(pod)
    migrate(guest, "migrate-incoming")
    l1.sh("rm /tmp/state")
    numbers = pod.numbers()
    bed.log(f"restored: {brief(numbers)}")
    check(numbers["owned"] <= TARGET, "restored beyond the target")
    if guest.qmp.call("query-status")["status"] != "running":
        guest.qmp.call("cont")
    guest.sh(f"memfile check /tmp/data {FILE_MIB} 1")
    guest.sh("memfile fill /tmp/more 24 2 && memfile check /tmp/more 24 2")


def migrate(guest, command):
    start = guest.qmp.position()
    guest.qmp.call("migrate-set-capabilities",
                   capabilities=[{"capability": "events", "state": True}])
    guest.qmp.call(command, uri=STATE)
    while True:
        told = guest.qmp.wait_event("MIGRATION", start, 60)
        states = [event["status"] for event in guest.qmp.events("MIGRATION", start)]
        check("failed" not in states, f"{command} failed: {guest.stderr()}")
        if "completed" in states:
            return told
        guest.check_alive()


def expect_refused(bed, guest):
    for capability in ("postcopy-ram", "background-snapshot"):
        try:
            guest.qmp.call("migrate-set-capabilities",
                           capabilities=[{"capability": capability, "state": True}])
        except QmpError as error:
            bed.log(f"{capability}: {error.description}")
            check("pod-memory" in error.description, "the refusal does not say why")
        else:
            check(False, f"{capability} was not refused")
