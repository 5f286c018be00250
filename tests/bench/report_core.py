# SPDX-License-Identifier: GPL-2.0-only
"""The report's sections about the core: several CPUs, large guests, metadata."""

import plot
from markdown import number, table

_GIB = 1 << 30
_TIB = 1 << 40

_SCALING = """
The module's core in user space, built from its own files: the reserve's lists, the table,
the ledger, in the calls that a touch and a discard make of them; no page tables, and no
memory behind the pages. Threads are POSIX threads with a spinlock as small as the
kernel's, each on a CPU of its own; the core has no RCU, so that liburcu had nothing to do.
Nanoseconds of one operation, by the clock of the thread, and millions of them per second
of all threads together. *Apart*: in regions that share no lock; *same locks*: a multiple of
the number of locks apart; *side by side*: by turns in neighbouring regions."""

_SHARING = """
Counted, not timed: the compiler calls for each access of the core (`-fsanitize=thread`,
without that library), and a model of coherent caches says which lines another CPU has
written or must give up. CPUs take turns, one operation each, so that whoever can meet
does. *Shares*: each CPU clears its part of a guest of 1 TiB, all at one pace; *scattered*:
anywhere; *side by side*: by turns; *same regions*: all in one region of single pages. Locks met
are those that another CPU takes at the same turn; lines moved are those that had been in
another's cache, however long ago. Lines of page tables and of `struct page` but its list are
not among them."""

_WORST = """
The core's part of one touch in the largest pod there is, of 16 TiB and 128 CPUs, with all
in blocks but the region that is touched: usually, and when this CPU's list is empty and the
last that is asked has something. A leaf is written as a whole when a region gets its first
single page. Beyond that a touch with an empty reserve looks at no more pages than the
parameter `sweep_budget` says: {pages}, which would be {ms:.1f} ms (an estimate, by the speed of
the scan over 1 GiB above) if each was zero but for its last byte."""

_GUESTS = """
Metadata of guests with 128 vCPUs: all in blocks, built and counted; all in single pages,
that and a leaf for each region, calculated. The time of a sweep over all of it is an
estimate: its size by the speed of the scan over 1 GiB above, on one CPU."""

_METADATA = """
Bytes of the core's own structures by a counting allocator, for a machine of 128 CPUs, as
what grows with the guest and what does not. *In the kernel* is what a memory cgroup of the
stock kernel in L1, which has one CPU, was charged for: slab and vmalloc, of pods of 1 and 2 TiB
with nothing touched, and of 512 MiB in single pages. Not in it: what the guest's pages have in
any case, and the page tables."""

_PEERS = """
`struct page` is 64 bytes per 4 KiB, which the host has for each page whoever uses it. Xen's p2m
is the EPT or NPT itself, 8 bytes per entry of 2 MiB or 4 KiB (`ept_entry_t` in
xen/arch/x86/include/asm/hvm/vmx/vmx.h); what is outstanding is a type in it. KVM's EPT or NPT
is as large, and comes on top of a pod's table as it does on top of any other memory. For
populate-on-demand Xen adds to `struct p2m_domain` (xen/arch/x86/include/asm/p2m.h) two lists,
linked through `struct page_info`, four numbers, the 32 frames populated last, and one lock for
all of it."""

_CONSTANTS = """
Constant, and memory rather than metadata: the float of a pod, 512 pages (2 MiB), charged when
it is made; its four zero pages (16 KiB); and four zero folios of 2 MiB (8 MiB) for the module."""

# What stock KVM and Xen spend, in bytes per GiB.
_OTHERS = {"`struct page`": _GIB // 4096 * 64, "Xen's p2m, all 2 MiB": (_GIB >> 21) * 8,
           "Xen's p2m, all 4 KiB": _GIB // 4096 * 8 + (_GIB >> 21) * 8}
_GOALS = {"all huge": 0.0005, "all small": 0.21}


def _rows(figures, row):
    return [figure for figure in figures if figure["row"] == row]


def _gain(figures, figure):
    """Times the touches per second of one thread, per thread."""
    one = next(other for other in figures if other["threads"] == 1 and
               (other["page"], other["where"]) == (figure["page"], figure["where"]))
    return figure["touches_per_s"] / one["touches_per_s"] / figure["threads"]


def _scaling(figures):
    rows = _rows(figures, "scaling")
    cells = [[row["page"], row["where"], str(row["threads"]), f"{row['touch_ns']:.0f}",
              f"{row['touches_per_s'] / 1e6:.1f}", f"{_gain(rows, row):.2f}",
              f"{row['drop_ns']:.0f}", f"{row['drops_per_s'] / 1e6:.1f}"] for row in rows]
    head = ["page", "where", "threads", "touch, ns", "M/s", "M/s per thread, of one's",
            "discard, ns", "M/s"]
    alone = max(row["threads"] for row in rows) == 1
    note = ["", "This machine has one CPU: more threads were not run."] if alone else []
    return ["## Several vCPUs, at real speed", "", _SCALING.strip(), "",
            *table(head, cells, 2), *note, ""]


def _of(moved):
    return ", ".join(f"{name} {share:.2f}" for name, share in moved.items())


def _verdict(rows):
    """No lock shared by vCPUs that touch different regions."""
    met = [row for row in rows if row["op"] == "touch" and row["where"] in ("shares", "scattered")
           and row["page"] == "2m" and row["cpus"] > 1]
    return [f"- a touch, {row['where']}, {row['cpus']} CPUs: {row['locks_met']:.2f} of"
            f" {row['locks']:.2f} locks are taken by another CPU at that turn, too, goal 0:"
            f" {'met' if not row['locks_met'] else 'missed'}" for row in met]


def _sharing(figures):
    rows = _rows(figures, "sharing")
    cells = [[row["page"], row["where"], row["op"], str(row["cpus"]),
              f"{row['lines']:.1f}", f"{row['written']:.1f}", f"{row['locks']:.1f}",
              f"{row['locks_met']:.2f}", f"{row['moved']:.2f}", _of(row["moved_of"])]
             for row in rows if row["cpus"] > 1]
    head = ["page", "where", "what", "CPUs", "lines", "written", "locks", "locks met",
            "lines moved", "of which"]
    return ["### What they share", "", _SHARING.strip(), "", *table(head, cells, 3), "",
            *_verdict(rows), ""]


def _worst(figures, gibs):
    pages = _rows(figures, "budget")[0]["pages"]
    text = _WORST.strip().format(pages=pages, ms=1000 * pages / (gibs * (_GIB >> 12)))
    cells = [[row["what"], str(row["lines"]), str(row["written"]), str(row["locks"]),
              str(row["leaf_lines"])] for row in _rows(figures, "worst")]
    head = ["touch", "lines", "written", "locks", "lines of a leaf"]
    return ["### The longest touch", "", text, "", *table(head, cells), ""]


def _guests(figures, gibs):
    cells = [[f"{row['tib']} TiB", f"{row['huge'] / (1 << 20):.1f}",
              f"{100 * row['huge'] / (row['tib'] * _TIB):.5f} %", f"{row['small'] / _GIB:.2f}",
              f"{100 * row['small'] / (row['tib'] * _TIB):.3f} %",
              f"{row['tib'] * 1024 / gibs:.0f}"] for row in _rows(figures, "guest")]
    head = ["guest", "blocks, MiB", "of the guest", "pages, GiB", "of the guest", "sweep, s"]
    return ["### Guests of many TiB", "", _GUESTS.strip(), "", *table(head, cells), ""]


def _goal(pod, per_gib):
    goal = _GOALS.get(pod)
    if not goal:
        return ""
    return f"≤ {goal} %: {'met' if 100 * per_gib / _GIB <= goal else 'missed'}"


def _metadata_cells(row, where=""):
    if "absent" in row:
        return [f"{row['pod']}{where}", row["absent"], "", "", ""]
    return [f"{row['pod']}{where}", number(row["per_gib"]),
            f"{100 * row['per_gib'] / _GIB:.5f} %", _goal(row["pod"], row["per_gib"]),
            number(row["constant"])]


def _metadata(figures, directory):
    rows = _rows(figures, "metadata")
    cells = [_metadata_cells(row) for row in rows]
    cells += [_metadata_cells(row, ", in the kernel") for row in _rows(figures, "kernel")]
    cells += [[name, number(size), f"{100 * size / _GIB:.5f} %", "", ""]
              for name, size in _OTHERS.items()]
    head = ["pod", "bytes per GiB", "of the guest", "goal", "constant"]
    fixed = ", ".join(f"{name} {number(size)}" for name, size in rows[0]["fixed"].items())
    ours = {f"pod, {row['pod']}": row["per_gib"] / 1024 for row in rows}
    others = {name.replace("`", ""): size / 1024 for name, size in _OTHERS.items()}
    plot.bars({**ours, **others}, "KiB per GiB", f"{directory}/metadata.svg", ours=list(ours))
    return ["## Metadata", "", _METADATA.strip(), "", *table(head, cells), "",
            "![metadata](performance/metadata.svg)", "",
            f"Constant bytes: {fixed}.", "", _CONSTANTS.strip(), "", _PEERS.strip(), ""]


def sections(figures, gibs, directory):
    """Lines of Markdown, plots in the directory; gibs is how fast one CPU scans memory."""
    return [*_scaling(figures), *_sharing(figures), *_worst(figures, gibs),
            *_guests(figures, gibs), *_metadata(figures, directory)]
