# SPDX-License-Identifier: GPL-2.0-only
"""KVM maps as many 2 MiB pages of a pod as of anonymous memory."""

from errors import check
from l2 import anonymous_backend, pod_backend
from steps import SIZE
from pod import MIB

TIMEOUT = 90


def run(bed):
    bed.boot()
    size = f"{SIZE // MIB}M"
    anonymous = boot_and_count(bed, anonymous_backend(size))
    bed.log(f"anonymous memory: {anonymous}")
    check(anonymous["2m"] > 20, "anonymous memory got no 2 MiB pages to compare with")
    pod = boot_and_count(bed, pod_backend(size, size))
    bed.log(f"pod: {pod}")
    low, high = 0.9 * anonymous["2m"], 1.1 * anonymous["2m"]
    check(low <= pod["2m"] <= high,
          f"{pod['2m']} pages of 2 MiB, {anonymous['2m']} with anonymous memory")


def boot_and_count(bed, backend):
    guest = bed.start(backend)
    guest.wait_up()
    guest.sh("sleep 1")
    counts = guest.sptes()
    guest.quit()
    return counts
