# SPDX-License-Identifier: GPL-2.0-only
"""memtest86+ writes patterns to 2 GiB: it is paused at its target, and finds no error after that."""

import re
import time

import artifacts
import screen
from errors import BedError, Timeout, check
from exhaustion import cont, wait_exhausted
from l2 import pod_backend
from limits import Deadline
from pod import MIB

TIMEOUT = 90
SIZE, TARGET = 2048 * MIB, 256 * MIB
# Tests 0 to 2 write the addresses of words to them, and walking ones.
LAST_TEST = 3


def run(bed):
    try:
        image = artifacts.memtest()
    except BedError as error:
        bed.skip(str(error))
    bed.boot(memory="3G", programs=[(image, "l2/memtest")])
    guest = bed.start(pod_backend(f"{SIZE // MIB}M", f"{TARGET // MIB}M", ",exhaust-policy=wait"),
                      image="-kernel /l2/memtest", append="nopause nobench nosm", devices="")
    pod = guest.pod()
    bed.sample(pod)
    wait_exhausted(bed, guest, pod, 0)
    bed.log(expect_no_errors(guest))
    guest.qmp.call("qom-set", path="/objects/m0", property="target", value=SIZE)
    cont(guest)
    wait_test(guest, LAST_TEST)
    bed.log(expect_no_errors(guest))


def expect_no_errors(guest):
    """What memtest86+ does at this moment; it has not seen an error."""
    rows = screen.rows(guest.console.rest())
    text = " ".join(rows)
    found = re.search(r"Errors: +(\d+)", text)
    check(found and found[1] == "0", "\n".join(rows))
    return re.sub(" +", " ", " ".join(re.findall(r"#\d+ .*?\]|Testing: .*?\]|Errors: +\d+", text)))


def wait_test(guest, number):
    deadline = Deadline(60)
    while True:
        guest.check_alive()
        rows = screen.rows(guest.console.rest())
        found = re.search(r"#(\d+) ", rows[3])
        if found and int(found[1]) >= number:
            return
        if deadline.over():
            raise Timeout(f"memtest86+ has not come to test {number}:\n" + "\n".join(rows))
        time.sleep(0.5)
