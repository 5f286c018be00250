# SPDX-License-Identifier: GPL-2.0-only
"""The report: tables in Markdown, and a plot for each section that compares peers."""

import os

import plot
import report_goals
import report_nested
import report_user
from markdown import number

_HEAD = """# Performance

Written by `make bench` on {date}, commit {commit}; {cpus} CPUs, {cpu}. L1 runs Linux
{l1_kernel} under QEMU's TCG, with one CPU.

**Instructions** are those that L1's processor executed, kernel and program together,
from before a store, a call or an entry of the guest to after it (`-icount shift=0`: the
clock advances by a nanosecond for each). They are the same in each run, but are not time: a
cache miss costs nothing, and an instruction with a `rep` prefix counts once for each
repetition. Clearing 2 MiB is 262 144 of them where the kernel uses `rep stosq`, as on this
emulated processor, and eight times as many with `rep stosb`. **GiB/s** are real time on
the machine named above, in user space.

Debian's kernels run with `init_on_alloc=1`, which makes some kinds of memory clear
twice; both settings were measured. The factor is that of the pod, against the setting that
is better for the peer. `p50` and so on are quantiles over all touches or calls of a row.
"""

# Row of podbench -> title, what it is.
_SECTIONS = {
    "touch": ("First touch from user space", """
One store to each page of a fresh mapping. A pod's pages were zeroed before, and all
others clear them in the fault; `hugetlb` has its pool filled before, too. Single pages of
a pod come from blocks, by way of its float: a worker fetches and clears 512 at a time,
which is in the mean on this one CPU. guest_memfd can be mapped since Linux 6.18."""),
    "map": ("Touch of what is there", """
Once more, with the memory in place and only its mapping gone. What a first touch costs a
pod beyond this is the pod's own; the rest is the kernel's for any shared file. By function,
counted once with QEMU's plugin `hotblocks` for a block, with its unmapping: a page table that
`__do_fault()` allocates, clears (`clear_page_rep()`, 520) and frees again without a use for it,
1 310; the module, 400, of which `pod_is_behind()` 102 and `pod_pmt_lookup()` 96; the VMA's
look-up, 330; `do_set_pmd()` and its counters, 560; unmapping, 400. A module can spare the
page table nothing, as `vm_ops` have no way to say that a block is coming."""),
    "guest": ("First touch from a guest", """
The same by a guest, under nested paging: from the exit for the violation to the entry
after it. What entering and leaving cost otherwise is taken off."""),
    "discard": ("Giving memory up", """
One call for each page: `fallocate(PUNCH_HOLE)`, or `MADV_DONTNEED` for anonymous memory. All
of it was in use. A pod clears before it gives a page to anybody: much of that in a worker,
which takes turns with the caller on this one CPU and is in the mean and in p99."""),
    "discard-part": ("4 KiB of a 2 MiB page, the first", """
As a balloon does it. Other memory is taken apart for this; a pod clears in place and keeps
the mapping of 2 MiB."""),
    "discard-parts": ("4 KiB of a 2 MiB page, all 512 one after another", ""),
    "create": ("Making a pod", """
Instructions per 2 MiB until it is ready. Its memory is zeroed by then."""),
    "close": ("Ending a pod", "Instructions per 2 MiB."),
    "clear": ("A loop that only clears", """
Instructions per 2 MiB, for comparison, in a program: `vmovntdq` is how a pod is cleared,
`movnti` where the CPU has no AVX2."""),
    "sweep": ("Sweeping", """
`KVM_POD_SWEEP` over a pod of 2 MiB blocks: all zero, so that they come back; with data in
the first page; with data in the last byte. Instructions per 2 MiB. For comparison the scan
alone, in a program."""),
}


def _sample(figures, row, peer, page, init_on_alloc):
    for figure in figures:
        if (figure["row"], figure["peer"], figure["page"],
                figure["init_on_alloc"]) == (row, peer, page, init_on_alloc):
            return figure
    return None


def _cells(figure):
    if not figure or "absent" in figure:
        why = figure["absent"] if figure else "not measured"
        return [why, "", "", ""]
    return [number(figure[name]) for name in ("p50", "mean", "p99", "max")]


def _factor(figures, row, peer, page):
    """How many times the pod's median, by the setting that is better for the peer."""
    factors = []
    for setting in (0, 1):
        ours = _sample(figures, row, "pod", page, setting)
        theirs = _sample(figures, row, peer, page, setting)
        if ours and theirs and "p50" in theirs and ours.get("p50"):
            factors.append(theirs["p50"] / ours["p50"])
    return f"{min(factors):.1f}" if factors and peer != "pod" else ""


def _table(figures, row):
    names = dict.fromkeys((figure["peer"], figure["page"]) for figure in figures
                          if figure["row"] == row)
    lines = ["| memory | page | p50 | mean | p99 | max | p50, init_on_alloc=0 | factor |",
             "|---|---|--:|--:|--:|--:|--:|--:|"]
    for peer, page in names:
        one = _cells(_sample(figures, row, peer, page, 1))
        zero = _cells(_sample(figures, row, peer, page, 0))
        cells = [peer, page, *one, zero[0], _factor(figures, row, peer, page)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _threads(figures):
    if not figures:
        return []
    lines = ["## Making a pod with several threads", "", """
Milliseconds for 1 GiB, in emulated time: an L1 with as many CPUs as the machine has, each
a thread of QEMU. `zero_threads` of the module was set.""".strip(), "",
             "| threads | median | worst |", "|--:|--:|--:|"]
    return [*lines, *(f"| {figure['page']} | {number(figure['p50'])} | {number(figure['max'])} |"
                      for figure in figures), ""]


def _plots(figures, row, directory):
    """Lines that show the plots of a row, one for each page size that has peers."""
    lines = []
    for page in dict.fromkeys(figure["page"] for figure in figures if figure["row"] == row):
        bars = {figure["peer"]: figure["p50"] for figure in figures
                if (figure["row"], figure["page"], figure["init_on_alloc"]) == (row, page, 1)
                and "p50" in figure}
        if len(bars) > 1 and "pod" in bars:
            name = f"{row}-{page}.svg"
            plot.bars(bars, "instructions, median", f"{directory}/{name}")
            lines += ["", f"![{row}, {page}](performance/{name})"]
    return lines


def write(results, documentation):
    """performance.md, and the plots in a directory of that name."""
    directory = f"{documentation}/performance"
    os.makedirs(directory, exist_ok=True)
    figures = results["instructions"]
    lines = [_HEAD.format(**results["machine"])]
    lines += report_goals.sections(figures)
    for row, (title, text) in _SECTIONS.items():
        paragraph = [text.strip(), ""] if text else []
        lines += [f"## {title}", "", *paragraph, *_table(figures, row),
                  *_plots(figures, row, directory), ""]
    lines += _threads(results.get("emulated"))
    lines += report_nested.sections(results.get("nested"), directory)
    lines += report_user.sections(results.get("user"), directory)
    with open(f"{documentation}/performance.md", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
