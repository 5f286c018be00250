# SPDX-License-Identifier: GPL-2.0-only
"""A mutant: the module with one guard taken out, and the test that must notice.

A file NAME.mutant reads:

    # what the guard is for, in a line or a few
    kernel: a kernel of tests/kernels, if it takes one
    test: PROGRAM TEST...
    file: kvm-pod/x.c

     a line that stays
    -a line of the guard
    +what is there instead

Empty lines separate hunks. A hunk has no line numbers: its old text must occur
in the file exactly once. "file:" may come again.
"""

import glob
import os

HERE = os.path.dirname(os.path.abspath(__file__))


class Stale(Exception):
    """The mutant does not fit the tree any more."""


class Mutant:
    def __init__(self, name, where=HERE):
        self.name = name
        self.kernel = None
        self.program = None
        self.tests = []
        self.hunks = []
        self._parse(_read(f"{where}/{name}.mutant"))
        if not self.program or not self.tests or not self.hunks:
            raise Stale(f"{name}: no test, or no change")

    def apply(self, top):
        """Change the files below top."""
        for path, old, new in self.hunks:
            text = _read(f"{top}/{path}")
            if text.count(old) != 1:
                raise Stale(f"{self.name}: this is {text.count(old)} times in {path}:\n{old}")
            with open(f"{top}/{path}", "w", encoding="utf-8") as out:
                out.write(text.replace(old, new))

    def check(self, top):
        """Raise Stale if apply() would."""
        for path, old, _ in self.hunks:
            if not os.path.exists(f"{top}/{path}") or _read(f"{top}/{path}").count(old) != 1:
                raise Stale(f"{self.name}: does not apply to {path}")

    def _parse(self, text):
        path, lines = None, []
        for line in text.split("\n") + [""]:
            key, _, value = line.partition(": ")
            if line[:1] in (" ", "-", "+"):
                lines.append(line)
                continue
            if lines:
                self.hunks.append((path, _side(lines, "-"), _side(lines, "+")))
                lines = []
            if key == "test":
                self.program, *self.tests = value.split()
            elif key == "kernel":
                self.kernel = value
            elif key == "file":
                path = value
            elif line and not line.startswith("#"):
                raise Stale(f"{self.name}: cannot read '{line}'")


def names(where=HERE):
    return sorted(os.path.basename(path).removesuffix(".mutant")
                  for path in glob.glob(f"{where}/*.mutant"))


def _side(lines, sign):
    return "".join(f"{line[1:]}\n" for line in lines if line[0] in (" ", sign))


def _read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()
