# SPDX-License-Identifier: GPL-2.0-only
"""What a module left behind that is gone: lost allocations, and pages that it took."""

import re

from errors import check

_KMEMLEAK = "/sys/kernel/debug/kmemleak"
_OWNERS = "/sys/kernel/debug/page_owner_stacks/show_stacks"
_FRAME = re.compile(r"^ +0x([0-9a-f]+)$", re.MULTILINE)
# A page of a slab stays for the objects of others, whoever was first, and one of
# the depot of stacks for others' stacks.
_OF_ALL = re.compile(r"new_slab|allocate_slab|alloc_slab_page|stack_depot_save")
# The kernel itself loses the name of a slab's directory that cannot be made, as
# happens where allocations are made to fail.
_OF_KERNEL = re.compile(r"\bsysfs_slab_add\+")
_LOST = "unreferenced object"


def expect_no_leak(l1):
    """No allocation is lost; returns whether this kernel can tell."""
    if not _has(l1, _KMEMLEAK):
        return False
    # What is younger than five seconds may still be on its way, and so may what
    # has changed since the scan before: the first one reports nothing.
    l1.sh(f"sleep 6; echo scan >{_KMEMLEAK}; echo scan >{_KMEMLEAK}", timeout=600)
    found = _lost(l1.sh(f"cat {_KMEMLEAK}"))
    check(not found, f"kmemleak in L1:\n{found}")
    return True


def _lost(report):
    """What kmemleak has found, but for what the kernel itself loses."""
    objects = report.split(_LOST)[1:]
    return "".join(_LOST + text for text in objects if not _OF_KERNEL.search(text))


def unload_and_check(l1, name):
    """Take the module out; True if this kernel could tell whether anything is left."""
    text = _text_of(l1, name)
    l1.sh(f"rmmod {name}")
    checks = [expect_no_leak(l1), _expect_no_page(l1, text)]
    return all(checks)


def _text_of(l1, name):
    """Where the module's functions are: the first, and behind the last."""
    listing = l1.sh(f"grep -F '[{name}]' /proc/kallsyms")
    lines = [line.split() for line in listing.splitlines()]
    places = [int(line[0], 16) for line in lines if line[1] in "tT"]
    check(places and min(places), f"/proc/kallsyms does not tell where {name} is")
    return min(places), (max(places) | 0xfff) + 1


def _has(l1, path):
    return l1.sh(f"[ -e {path} ]; echo $?").strip() == "0"


def _expect_no_page(l1, text):
    if not _has(l1, _OWNERS):
        return False
    stacks = l1.sh(f"cat {_OWNERS}", timeout=600).split("\n\n")
    left = [stack for stack in stacks if _is_of(stack, *text) and not _OF_ALL.search(stack)]
    check(not left, "pages that the module took are left:\n" + "\n\n".join(left))
    return True


def _is_of(stack, first, end):
    """Is a function of the unloaded module, which has no name any more, in the stack?"""
    return any(first <= int(frame, 16) < end for frame in _FRAME.findall(stack))
