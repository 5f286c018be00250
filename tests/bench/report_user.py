# SPDX-License-Identifier: GPL-2.0-only
"""The report's sections about what runs in user space on this machine."""

import plot
import report_core
from markdown import table

_SIZES = {"16k": "16 KiB in cache", "2m": "a block", "1g": "1 GiB"}
_PLACES = ("first line", "first page", "middle")
# What the module uses where it is told nothing else; see best_scan() in kvm-pod/clear.c.
_OURS = ("avx2", "generic")

_SCAN = """
GiB/s of one CPU, pages of 4 KiB one after another, as the module and QEMU go through
memory. `read` is the best of {nr} loops that only read and add up, by words, AVX2 and
AVX-512, with and without prefetching: what this CPU can read at all. The module uses
`{ours}` here. `buffer_is_zero` is QEMU's own source, `memchr_inv` the kernel's, and the
`memcmp` trick is that of `memcmp(p, p + 1, n - 1)`. A sweep hardly ever finds memory in the
first-level cache, where AVX-512 alone reads all that this CPU can; the module leaves that
out, as there are CPUs that lower their clock for it."""

_EXIT = """
Nanoseconds until it is known that a block of 2 MiB holds data: a byte in its first
64 bytes, at the end of its first page, in its middle. The first page is in no cache.
`buffer_is_zero` looks at the ends and the middle of a page before anything else."""

_CLEAR = """
GiB/s of one CPU. AVX2's non-temporal stores are how a pod's memory is cleared before anybody
waits for it, and `movnti` is what a CPU without AVX2 does; the kernel clears a page by `rep
stosb` or `rep stosq` as the CPU prefers. Non-temporal stores leave the caches to others."""


def _rows(figures, row):
    return [figure for figure in figures if figure["row"] == row]


def _speed(figure, size):
    if "absent" in figure:
        return figure["absent"]
    return f"{figure[size]:.1f}" if size in figure else ""


def _limit(figures, size):
    """The best read, of its name and speed."""
    reads = [figure for figure in _rows(figures, "read") if size in figure]
    best = max(reads, key=lambda figure: figure[size])
    return best["name"], best[size]


def _named(figures, row, name):
    return next((figure for figure in _rows(figures, row)
                 if figure["name"] == name and "absent" not in figure), None)


def _ours(figures):
    return next(found for name in _OURS if (found := _named(figures, "scan", name)))


def _verdict(what, ratio, goal):
    return f"- {what}: {ratio:.2f}, goal ≥ {goal:.2f}: {'met' if ratio >= goal else 'missed'}"


def _verdicts(figures):
    ours, peer = _ours(figures), _named(figures, "scan", "buffer_is_zero")
    lines = []
    for size, where in _SIZES.items():
        name, limit = _limit(figures, size)
        lines.append(_verdict(f"{where}, of what can be read ({name})", ours[size] / limit, 0.95))
        if peer:
            lines.append(_verdict(f"{where}, of `buffer_is_zero`", ours[size] / peer[size], 1))
    return lines


def _plot(figures, row, size, first, directory):
    bars = {**first, **{figure["name"]: figure[size] for figure in _rows(figures, row)
                        if size in figure}}
    plot.bars(bars, "GiB/s over 1 GiB", f"{directory}/{row}-speed.svg", log=False,
              ours=[figure["name"] for figure in _rows(figures, row) if figure["kind"] == "pod"])
    return ["", f"![{row}, GiB/s](performance/{row}-speed.svg)", ""]


def _speeds(figures, row, sizes):
    return [[figure["name"], *(_speed(figure, size) for size in sizes)]
            for figure in _rows(figures, row)]


def _scan(figures, directory):
    reads = [["read", *(f"{_limit(figures, size)[1]:.1f}" for size in _SIZES)]]
    text = _SCAN.strip().format(nr=len(_rows(figures, "read")), ours=_ours(figures)["name"])
    return ["## Looking for zeroes, at real speed", "", text, "",
            *table(["scan", *_SIZES.values()], reads + _speeds(figures, "scan", _SIZES)), "",
            *_verdicts(figures),
            *_plot(figures, "scan", "1g", {"read": _limit(figures, "1g")[1]}, directory)]


def _exit(figures):
    rows = [[figure["name"], *(f"{figure[place]:,.0f}".replace(",", " ") for place in _PLACES)]
            for figure in _rows(figures, "exit")]
    return ["### Finding data", "", _EXIT.strip(), "", *table(["scan", *_PLACES], rows), ""]


def _clear(figures, directory):
    sizes = ("2m", "1g")
    return ["## Clearing, at real speed", "", _CLEAR.strip(), "",
            *table(["way", *(_SIZES[size] for size in sizes)], _speeds(figures, "clear", sizes)),
            *_plot(figures, "clear", "1g", {}, directory)]


def _pages(figures):
    huge = all(figure["huge"] for figure in _rows(figures, "memory"))
    return [] if huge else ["The memory was not in pages of 2 MiB: the host had none.", ""]


def sections(figures, directory):
    """Lines of Markdown; plots go to the directory."""
    if not figures:
        return ["## At real speed", "", "Not measured."]
    return [*_scan(figures, directory), *_pages(figures), *_exit(figures),
            *_clear(figures, directory),
            *report_core.sections(figures, _ours(figures)["1g"], directory)]
