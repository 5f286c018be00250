# SPDX-License-Identifier: GPL-2.0-only
"""A guest boots, on each kind of memory: what L1 executes until its init runs.

L1's clock is the number of instructions, but for the time in which it idles: then it
jumps to the next timer. What `spent` prints is without that time.
"""

from errors import BedError

TARGET = "256M"
SIZES = ("1G", "2G", "4G")
_THP = "/sys/kernel/mm/transparent_hugepage"
_TMPFS = "/tmp/huge"
# In 2 MiB: no guest touches more before its init runs.
_POOL = 192
_QEMU = ("qemu-system-x86_64 -L /fw -nodefaults -no-user-config -display none -accel kvm -cpu host"
         " -chardev stdio,id=con,signal=off -serial chardev:con"
         " -kernel /l2/vmlinuz -initrd /l2/initrd -append 'console=ttyS0 panic=-1 quiet"
         " mitigations=off nokaslr tsc=reliable no_timer_check bed.noballoon'"
         " -machine memory-backend=m0")


class Kind:
    """A kind of memory: its names in the report, QEMU's object, and what L1 is told before."""

    def __init__(self, peer, page, backend, thp="always", pool=0, launcher="", sizes=SIZES):
        self.peer = peer
        self.page = page
        self.sizes = sizes
        self._backend = backend
        self._launcher = launcher
        self._before = (f"echo {thp} >{_THP}/enabled; echo {pool} >/proc/sys/vm/nr_hugepages;"
                        f" [ $(cat /proc/sys/vm/nr_hugepages) = {pool} ]")

    def boot(self, l1, size):
        """One boot; {name: number}."""
        l1.sh(self._before)
        backend = f"-m {size} -object {self._backend},id=m0,size={size}"
        said = l1.sh(f"{self._launcher.format(size=size)} env MALLOC_ARENA_MAX=1"
                     f" spent L2-UP guest-figures {_QEMU} {backend} 2>&1", timeout=180)
        return numbers(said)


# One that is in a file needs to be told its alignment, or gets no pages of 2 MiB.
_FILE = "memory-backend-file,share=on,align=2M,mem-path="
_RUN = f"podctl run --size {{size}} --target {TARGET} --"
KINDS = (
    Kind("pod", "2m", f"pod-memory,target={TARGET}"),
    Kind("pod, made before", "2m", _FILE + "{path}", launcher=_RUN),
    Kind("anonymous", "2m", "memory-backend-ram"),
    Kind("tmpfs", "2m", _FILE + _TMPFS),
    Kind("hugetlb", "2m", "memory-backend-memfd,hugetlb=on,hugetlbsize=2M,reserve=off",
         pool=_POOL),
    Kind("anonymous", "4k", "memory-backend-ram", thp="never", sizes=SIZES[:1]),
    Kind("memfd", "4k", "memory-backend-memfd", sizes=SIZES[:1]),
)


def numbers(text):
    """{name: number} of lines "NAME NUMBER"."""
    try:
        return {name: int(number) for name, number in
                (line.split() for line in text.splitlines())}
    except ValueError:
        raise BedError(f"not figures: {text}") from None


def figures(bed, init_on_alloc):
    """All boots: the best of each kind, and how far apart they are."""
    l1 = bed.l1
    l1.sh(f"echo 1 >/proc/sys/vm/overcommit_memory; mkdir {_TMPFS};"
          f" mount -t tmpfs -o huge=always,size=100% tmpfs {_TMPFS}")
    found = []
    for size in SIZES:
        for kind in KINDS:
            if size in kind.sizes:
                bed.log(f"boot of {size} on {kind.peer}, {kind.page}")
                found.append({"row": "boot", "peer": kind.peer, "page": kind.page, "size": size,
                              "init_on_alloc": init_on_alloc,
                              **_best(kind, l1, size, _runs(size, init_on_alloc))})
    l1.sh(f"umount {_TMPFS}; echo 0 >/proc/sys/vm/nr_hugepages")
    return found


def _runs(size, init_on_alloc):
    """Twice where it shows how far two are apart; that takes time."""
    return 2 if init_on_alloc and size == SIZES[0] else 1


def _best(kind, l1, size, runs):
    boots = [kind.boot(l1, size) for _ in range(runs)]
    spent = [boot["busy"] for boot in boots]
    best = boots[spent.index(min(spent))]
    return {"spread": max(spent) - min(spent), **best}
