# SPDX-License-Identifier: GPL-2.0-only
"""What was wanted of instructions, and what came of it. Other sections say theirs themselves."""

# What stops a goal that is not met.
_MM = ("the kernel's own part of a touch of 2 MiB of any shared file, as *Touch of what is"
       " there* shows")
_STRING = "the peer's clearing is `rep stosq`, a count of 512 per 4 KiB page"


class _Figures:
    """Medians by what they are of."""

    def __init__(self, figures):
        self._figures = figures

    def medians(self, row, peer, page):
        """By setting of init_on_alloc: {0: ..., 1: ...}."""
        return {figure["init_on_alloc"]: figure["p50"] for figure in self._figures
                if (figure["row"], figure["peer"], figure["page"]) == (row, peer, page)
                and "p50" in figure}

    def worst(self, row, peer, page):
        return max(self.medians(row, peer, page).values())

    def ratio(self, row, page, peer):
        """A peer's median by the pod's, by the setting that is better for the peer."""
        ours = self.medians(row, "pod", page)
        theirs = self.medians(row, peer, page)
        return min(theirs[setting] / ours[setting] for setting in ours if setting in theirs)


def _goals(f):
    """What, figure, goal, is more better, digits, what stops it."""
    clear = (f.medians("clear", "vmovntdq", "256m") or f.medians("clear", "movnti", "256m"))[0]
    scan = f.medians("sweep", "the scan alone", "2m")[0]
    return [
        ("First touch, 2 MiB", f.worst("touch", "pod", "2m"), 4000, False, 0, _MM),
        ("THP's, by the pod's", f.ratio("touch", "2m", "anonymous"), 130, True, 0, _MM),
        ("First touch, 4 KiB", f.worst("touch", "pod", "4k"), 3600, False, 0, ""),
        ("Anonymous memory's, by the pod's", f.ratio("touch", "4k", "anonymous"), 2, True, 2,
         _STRING),
        ("Discard of 2 MiB, by hugetlb's", 1 / f.ratio("discard", "2m", "hugetlb"), 1.2, False,
         2, ""),
        ("Discard of 4 KiB of a block, by THP's", 1 / f.ratio("discard-part", "2m", "anonymous"),
         0.5, False, 2, ""),
        ("A bare loop's clearing, by a pod's creation",
         clear / f.medians("create", "pod", "1024m")[0], 0.9, True, 2, ""),
        ("The scan alone, by a sweep of zeroes",
         scan / f.medians("sweep", "zeroes", "2m")[0], 0.8, True, 2, ""),
    ]


def _line(what, figure, goal, more, digits, limit):
    met = figure >= goal if more else figure <= goal
    value = f"{figure:,.{digits}f}".replace(",", " ")
    wanted = f"{goal:,}".replace(",", " ")
    return (f"| {what} | {value} | {'≥' if more else '≤'} {wanted} |"
            f" {'met' if met else f'missed: {limit}' if limit else 'missed'} |")


def sections(figures):
    """Lines of Markdown."""
    return ["## Goals, in instructions", "", "| what | median | goal | |", "|---|--:|--:|---|",
            *(_line(*goal) for goal in _goals(_Figures(figures))), ""]
