# SPDX-License-Identifier: GPL-2.0-only
"""What a program's output and exit status say, in the words of README.md's tables."""

import re

_TAP = re.compile(r"^(not )?ok \d+\s*(?:- )?(.*)$")
_PLAN = re.compile(r"^1\.\.(\d+)")
# uffd-unit-tests has a form of its own.
_UFFD = re.compile(r"^Testing (.*)\.\.\. (done|failed|skipped)")
_RUN = re.compile(r"^# \[RUN\] (.*)$")
_SKIP = re.compile(r"# ?SKIP", re.IGNORECASE)
_STATUS_SKIP = 4
_STATUS_KILLED = 137


class Seen:
    """The outcome of one program. cases are (verdict, name); pods may be None: not known."""

    def __init__(self, output, status, pods):
        self.status = status
        self.pods = pods
        self._planned = None
        self._lines = output.splitlines()
        self.cases = list(self._read(self._lines))

    def _read(self, lines):
        topic = ""
        for line in lines:
            plan, run = _PLAN.match(line), _RUN.match(line)
            tap, uffd = _TAP.match(line), _UFFD.match(line)
            if plan:
                self._planned = int(plan[1])
            elif run:
                topic = f"{run[1]}: "
            elif tap:
                skip = not tap[1] and _SKIP.search(tap[2])
                yield ("skip" if skip else "fail" if tap[1] else "pass", topic + tap[2])
            elif uffd:
                word = {"done": "pass", "failed": "fail", "skipped": "skip"}[uffd[2]]
                yield (word, uffd[1])

    def result(self):
        """As in the column of this name."""
        parts = [f"{self._count(word)} {word}" for word in ("pass", "fail", "skip")
                 if self._count(word)] if self.cases else [self._by_status()]
        if self.status == _STATUS_KILLED:
            parts.append("killed")
        elif self.cases and self.status not in (0, _STATUS_SKIP) and not self._count("fail"):
            parts.append(f"status {self.status}")
        if self._planned is not None and self._planned != len(self.cases):
            parts.append("not to its end")
        if self.pods == 0 and "pass" in parts[0]:
            parts.append("no pod")
        return ", ".join(parts)

    def counts(self, anyway=0):
        """(passed, skipped) as expected.

        What fails by design passes: that it does so is the test. Of those that fail
        anyway nothing is learnt.
        """
        passed, failed, skipped = (self._count(word) for word in ("pass", "fail", "skip")) \
            if self.cases else (self._by_status() == word for word in ("pass", "fail", "skip"))
        return passed + failed - anyway, skipped + anyway

    def _by_status(self):
        return {0: "pass", _STATUS_SKIP: "skip"}.get(self.status, "fail")

    def _count(self, wanted):
        return sum(1 for verdict, _ in self.cases if verdict == wanted)

    def explain(self, known):
        """What did not pass, each with the known Case that explains it, or None."""
        return [(f"{verdict}: {texts[-1] if texts else 'without a word'}",
                 next((case for case in known for text in texts
                       if case.matches(verdict, text)), None))
                for verdict, texts in self._not_passed()]

    def _not_passed(self):
        """(verdict, texts) of each: a case has its name, a program all that it said."""
        if self.cases:
            return [(verdict, [name]) for verdict, name in self.cases if verdict != "pass"]
        verdict = self._by_status()
        return [] if verdict == "pass" else [(verdict, self._lines)]
