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
_PODCTL = "--size 4M"
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
        return result in self.result.split(" or ")

    def is_shimmed(self):
        return "memfd" in self._memory

    def command(self):
        """With podctl the pod is a file of its own, whose name is {} in the options."""
        prefix = f"./podctl run {_PODCTL} -- " if "podctl" in self._memory else ""
        words = self.options.split()
        settings = [word for word in words if _SETTING.match(word)]
        rest = [word for word in words if not _SETTING.match(word)]
        return " ".join([*settings, f"{prefix}./{self.program}", *rest])

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
    """A case, or several, of a program that has cases: not passed, and why."""

    def __init__(self, suite, cells):
        self.suite = suite
        self.program, self.pattern, self.verdict, self.why = cells[:4]

    def matches(self, verdict, case):
        return self.verdict == verdict and fnmatch.fnmatchcase(case, self.pattern)


def _bytes(text):
    return int(text[:-1]) << _SIZES[text[-1]]


def _cells(line):
    return [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]


def read():
    """(rows, cases) of all suites; the suite is the first word of the heading, in lower case."""
    rows, cases, suite, kind = [], [], None, None
    with open(README, encoding="utf-8") as file:
        for line in file:
            heading = re.match(r"## (\w+)", line)
            if heading:
                suite = heading[1].lower()
            if not line.startswith("|"):
                kind = None
                continue
            cells = _cells(line)
            if kind is None:
                kind = {tuple(_PROGRAMS): Row, tuple(_CASES): Case}.get(
                    tuple(cells[:4]), {tuple(_CASES): Case}.get(tuple(cells[:3]), False))
            elif kind and not set(cells[0]) <= set("-: "):
                (rows if kind is Row else cases).append(kind(suite, cells))
    return rows, cases
