# SPDX-License-Identifier: GPL-2.0-only
"""Run test processes side by side, show what they do, and count verdicts."""

import collections
import os
import re
import signal
import subprocess
import threading
import time

from limits import SCALE

SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
SKIPPED_STATUS = 77


class Job:
    """A command and how to judge it.

    counted: the command ends with its own "N passed, ..." line; otherwise its
    exit status is one verdict. strict: that it was skipped is a failure.
    """

    def __init__(self, name, command, timeout, counted=False, env=None, strict=False):
        self.name = name
        self.command = command
        self.timeout = timeout * SCALE
        self.counted = counted
        self.env = env or {}
        self.strict = strict


class Tally:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed=0, failed=0, skipped=0):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped

    def summary(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


class Runner:
    def __init__(self, width, tally):
        self.failed = []
        self._width = width
        self._tally = tally
        self._lock = threading.Lock()
        self._queue = collections.deque()
        self._running = {}

    def run(self, jobs):
        """Run all jobs, in the order given as far as there is room."""
        self._queue.extend(jobs)
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._width)]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            for process in list(self._running.values()):
                _kill_group(process)

    def _work(self):
        while True:
            try:
                job = self._queue.popleft()
            except IndexError:
                return
            try:
                self._run_job(job)
            except OSError as error:
                self._say(f"FAIL  {job.name}: {error}")
                self._tally.add(failed=1)

    def _run_job(self, job):
        begin = time.monotonic()
        self._say(f"RUN   {job.name}")
        process = subprocess.Popen(job.command, stdin=subprocess.DEVNULL, text=True,
                                   errors="replace", stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True,
                                   env={**os.environ, **job.env})
        self._running[job.name] = process
        alarm = threading.Timer(job.timeout, _kill_group, [process])
        alarm.start()
        lines = self._follow(job, process)
        process.wait()
        late = not alarm.is_alive()
        alarm.cancel()
        _kill_group(process)
        del self._running[job.name]
        self._judge(job, process.returncode, late, lines, time.monotonic() - begin)

    def _follow(self, job, process):
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if not SUMMARY.match(lines[-1]):
                self._say(f"{job.name:>18} | {lines[-1]}")
        return lines

    def _judge(self, job, status, late, lines, seconds):
        counts = _verdict(job, status, late, lines)
        with self._lock:
            self._tally.add(*counts)
            if counts[1]:
                self.failed.append(job.name)
        word = "FAIL" if counts[1] else "PASS" if counts[0] else "SKIP"
        note = f", stopped after {job.timeout:.0f} s" if late else ""
        detail = f": {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped" \
            if job.counted else ""
        self._say(f"{word}  {job.name} ({seconds:.0f} s{note}){detail}")

    def _say(self, text):
        with self._lock:
            print(text, flush=True)


def _verdict(job, status, late, lines):
    """(passed, failed, skipped) of a finished job; no verdict is a failure."""
    if late:
        return 0, 1, 0
    if not job.counted:
        if status == SKIPPED_STATUS:
            return (0, 1, 0) if job.strict else (0, 0, 1)
        return (1, 0, 0) if status == 0 else (0, 1, 0)
    found = [match for match in map(SUMMARY.match, lines) if match]
    if not found:
        return 0, 1, 0
    passed, failed, skipped = (int(group or 0) for group in found[-1].groups())
    if (status != 0 or passed + skipped == 0) and not failed:
        failed = 1
    return passed, failed, skipped


def _kill_group(process):
    """End the processes that a job started, and no other."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
