# SPDX-License-Identifier: GPL-2.0-only
"""The report's sections about guests in L1: nested.py measures them."""

import plot
from markdown import number, table

_MILLION = 1e6
_MIB = 1 << 20

_BOOT = """
Millions of instructions of all L1 from the start of QEMU until the guest's init runs,
without the time in which L1 idles (`/proc/timer_list`), in which its clock jumps on. The
guest has no balloon driver, as only the pod's would have anything to do. A pod's target
is {target} for each size, and all of it is zeroed in that time; `made before` is without
that, as hugetlb's pool is filled before, too. QEMU maps a memfd at no multiple of 2 MiB:
`tmpfs` is a file of one with `huge=always`, and `align=2M`. `of THP` compares with anonymous
memory in pages of 2 MiB, of the same guest and setting. `held` is what is behind the
guest at the end, for a pod what it owns; nothing is given back before. Two boots of the
same kind differ by up to {spread:.1f} million. Exits to QEMU are counted by the tracepoint
`kvm_userspace_exit`. Memory in pages of 4 KiB is measured with the smallest guest alone."""

_BALLOON = """
Millions of instructions of all L1, without the time in which it idles, until a guest of
1.5 GiB has given a gibibyte up, and until it may have it again; all of its memory was in
use. Debian's QEMU 7.2 has nothing of our series, and gives up page by page; to it a pod is
a file, and what the guest gives up stays in the pod's reserve. Ours tells the pod in
batches, and moves its target: what `L1 got` back it may use for something else, and taking
it again includes clearing it. virtio-mem takes whole blocks, from a guest that has
nothing else there. Of the kinds that are not compared directly with the pod's on ours,
`init_on_alloc=0` was left out."""

_JITTER = """
A guest adds an array of 1 MiB to another one, again and again, and touches a new block of
2 MiB every 128 rounds; behind it are 1 GiB of blocks that the background sweep looks at. On
this one CPU the worker takes turns with the guest. Instructions between two rounds, in percent
of a round: `share` is the mean, that is the worker's (and all else's) share of the guest's
own work; goal ≤ 5. `low_mark` is raised, so that the sweep never finds that there is
enough: it is the only knob, 0 is never. With `data-last` all of each block must be looked
at, the worst that data can be; with `data-first`, as usual, a block is done with after its
first page. In the last row the arrays are zero: their block comes back by each sweep, and
is touched again at once. `init_on_alloc` is 1; nothing of this allocates."""


def _million(figure, name):
    return number(figure[name] / _MILLION, 1) if figure else ""


def _find(figures, **wanted):
    return next((figure for figure in figures
                 if all(figure.get(name) == value for name, value in wanted.items())), None)


def _difference(figures, figure):
    """How much more than on THP."""
    thp = _find(figures, peer="anonymous", page="2m", size=figure["size"],
                init_on_alloc=figure["init_on_alloc"])
    return figure["busy"] / thp["busy"] - 1


def _of_thp(figures, figure):
    return f"{_difference(figures, figure):+.1%}" if figure else ""


def _boot_row(figures, figure):
    other = _find(figures, init_on_alloc=0,
                  **{name: figure[name] for name in ("peer", "page", "size")})
    return [figure["size"], figure["peer"], figure["page"], _million(figure, "busy"),
            _of_thp(figures, figure), _million(other, "busy"), _of_thp(figures, other),
            *(number(figure[name]) for name in ("exits", "user_exits", "sptes_2m", "sptes_4k")),
            number(figure.get("owned", figure["held"]) / _MIB)]


def _boot(figures):
    first = [figure for figure in figures if figure["init_on_alloc"]]
    spread = max(figure["spread"] for figure in first) / _MILLION
    text = _BOOT.strip().format(target="256 MiB", spread=spread)
    head = ["guest", "memory", "page", "instructions", "of THP", "init_on_alloc=0", "of THP",
            "exits", "to QEMU", "2 MiB SPTEs", "4 KiB SPTEs", "held, MiB"]
    return ["## A guest boots", "", text, "",
            *table(head, [_boot_row(figures, figure) for figure in first], text=3), "",
            *_boot_verdicts(figures), ""]


def _boot_verdict(size, peer, differences, noise):
    """By the setting that is better for THP; less than two boots differ is not told apart."""
    worst = max(differences)
    met = "met" if worst <= 0 else "missed" if worst > noise else "not told apart"
    return (f"- {size}, {peer}: {' and '.join(f'{by:+.1%}' for by in differences)},"
            f" goal: no more than THP: {met}")


def _boot_verdicts(figures):
    noise = max(figure["spread"] / figure["busy"] for figure in figures)
    lines = []
    for size, peer in dict.fromkeys((figure["size"], figure["peer"]) for figure in figures):
        if peer in ("pod", "pod, made before"):
            ours = [figure for figure in figures
                    if (figure["size"], figure["peer"]) == (size, peer)]
            lines.append(_boot_verdict(size, peer, [_difference(figures, figure)
                                                    for figure in ours], noise))
    return lines


def _balloon_row(figures, figure):
    other = _find(figures, init_on_alloc=0,
                  **{name: figure[name] for name in ("peer", "page", "how")})
    ours = _find(figures, peer="pod", how="balloon", init_on_alloc=1)
    return [figure["peer"], figure["page"], figure["how"],
            _million(figure, "inflate"), f"{figure['inflate'] / ours['inflate']:.2f}",
            _million(figure, "deflate"), f"{figure['deflate'] / ours['deflate']:.2f}",
            number(figure["back"] / _MIB), _million(other, "inflate"),
            _million(other, "deflate")]


def _balloon(figures, directory):
    first = [figure for figure in figures if figure["init_on_alloc"]]
    head = ["memory", "page", "by", "give up", "factor", "take again", "factor", "L1 got, MiB",
            "give up, init_on_alloc=0", "take again, init_on_alloc=0"]
    bars = {f"{figure['peer']}, {figure['how']}": figure["inflate"] / _MILLION
            for figure in first}
    plot.bars(bars, "millions of instructions to give 1 GiB up", f"{directory}/balloon.svg",
              log=False, ours=("pod, balloon",))
    return ["## A guest gives 1 GiB up", "", _BALLOON.strip(), "",
            *table(head, [_balloon_row(figures, figure) for figure in first], text=3), "",
            "![balloon](performance/balloon.svg)", ""]


def _jitter(figures):
    rows = [[figure["peer"], *(f"{figure[name]:.1f}" for name in ("mean", "p50", "p99", "max"))]
            for figure in figures]
    verdicts = [f"- {figure['peer']}: {figure['mean']:.1f} %, goal ≤ 5 %:"
                f" {'met' if figure['mean'] <= 5 else 'missed'}"
                for figure in figures if figure["peer"] != "none"]
    return ["## A guest runs while it is swept", "", _JITTER.strip(), "",
            *table(["swept", "share", "p50", "p99", "max"], rows), "", *verdicts, ""]


def sections(figures, directory):
    """Lines of Markdown; plots go to the directory."""
    if not figures:
        return ["## Guests in L1", "", "Not measured.", ""]
    rows = {row: [figure for figure in figures if figure["row"] == row]
            for row in ("boot", "balloon", "jitter")}
    lines = _boot(rows["boot"]) if rows["boot"] else []
    lines += _balloon(rows["balloon"], directory) if rows["balloon"] else []
    return lines + (_jitter(rows["jitter"]) if rows["jitter"] else [])
