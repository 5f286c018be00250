# SPDX-License-Identifier: GPL-2.0-only
"""The tables of README.md: which programs run, and what is expected of them.

A table is known by the first titles of its columns; the heading before it names
the suite. Code quotes around a cell are dropped.
"""

import fnmatch
import os
import re

README = f"{os.path.dirname(os.path.abspath(__file__))}/README.md"
SHIM_LOG = "/tmp/shim.log"
_PROGRAMS = ["program", "options", "memory", "result"]
_CASES = ["program", "case", "verdict"]
_PODCTL = "--size 4M --target 4M"
_SETTING = re.compile("^[A-Z_]+=")
_SIZES = {"K": 10, "M": 20, "G": 30}


class Row:
    """A program that runs: its options, what the shim does for it, the result expected."""

    def __init__(self, suite, cells):
        self.suite = suite
        self.program, self.options, memory, self.result, self.why = cells[:5]
        self._memory = memory.split()

    def name(self):
        return f"{self.program} {self.options}".strip()

    def runs(self):
        return self.result != "not run"

    def expects(self, result):
        return result in self._results()

    def is_steady(self):
        return len(self._results()) == 1

    def _results(self):
        return self.result.split(" or ")

    def is_shimmed(self):
        return "memfd" in self._memory

    def command(self):
        """With podctl the pod is a file of its own: "pod", where the program runs."""
        words = self.options.split()
        settings = [word for word in words if _SETTING.match(word)]
        rest = [word for word in words if not _SETTING.match(word)]
        program = " ".join([f"./{self.program}", *rest])
        if "podctl" in self._memory:
            program = f'./podctl run {_PODCTL} -- sh -c "ln -sf {{path}} pod && exec {program}"'
        return " ".join([*settings, program])

    def environment(self):
        """The settings of the shim, as in shim.c; none without it."""
        settings = {"LD_PRELOAD": "./shim.so", "POD_SHIM_LOG": SHIM_LOG} \
            if self.is_shimmed() else {}
        for word in self._memory:
            kind, _, size = word.partition(":")
            if kind == "anon":
                settings["POD_SHIM_ANON"] = _bytes(size)
            elif kind in ("hugetlb", "files"):
                settings[f"POD_SHIM_{kind.upper()}"] = 1
            elif kind not in ("memfd", "podctl", "own"):
                raise ValueError(f"README.md: {self.program}: what is '{word}'?")
        return settings


class Case:
    """What is not passed, and why: a case of a program that has cases, or else a line of it.

    Program and case are patterns.
    """

    def __init__(self, suite, cells):
        self.suite = suite
        self.program, self.pattern, verdict, self.why = cells[:4]
        self.verdict, _, anyway = verdict.partition(" ")
        # Pods have nothing to do with it.
        self.anyway = anyway == "anyway"

    def is_of(self, row):
        return fnmatch.fnmatchcase(row.program, self.program)

    def matches(self, verdict, text):
        return self.verdict == verdict and fnmatch.fnmatchcase(text, self.pattern)


def _bytes(text):
    return int(text[:-1]) << _SIZES[text[-1]]


def _cells(line):
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]


def _kind(titles):
    """What the lines below these titles are; None: no table of ours."""
    return Row if titles[:4] == _PROGRAMS else Case if titles[:3] == _CASES else None


def read():
    """(rows, cases) of all suites; the suite is the first word of the heading, in lower case."""
    found = {Row: [], Case: []}
    suite, titles = None, None
    with open(README, encoding="utf-8") as file:
        for line in file:
            heading = re.match(r"## (\w+)", line)
            if heading:
                suite = heading[1].lower()
            if not line.startswith("|"):
                titles = None
                continue
            cells = _cells(line)
            if titles is None:
                titles = cells
            elif _kind(titles) and not set(cells[0]) <= set("-: "):
                found[_kind(titles)].append(_kind(titles)(suite, cells))
    return found[Row], found[Case]
