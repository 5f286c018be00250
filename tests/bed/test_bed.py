#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The bed must not pass what is wrong: tests of its judgement, without a machine."""

import io
import os
import sys
import unittest

BED = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [BED, f"{os.path.dirname(BED)}/external"]

import console  # noqa: E402
import cpio  # noqa: E402
import debug  # noqa: E402
import jobs  # noqa: E402
import judge  # noqa: E402
import kselftests  # noqa: E402
import l1  # noqa: E402
import parts  # noqa: E402
import screen  # noqa: E402
import tables  # noqa: E402
from errors import Dead, SceneFailed, Timeout  # noqa: E402
from pod import check_bound, check_sums  # noqa: E402
from stream import Pump  # noqa: E402


class Verdicts(unittest.TestCase):
    def verdict(self, lines, status=0, late=False, counted=True):
        return jobs._verdict(jobs.Job("x", [], 1, counted), status, late, lines)

    def test_counts(self):
        self.assertEqual(self.verdict(["3 passed, 0 failed, 1 skipped"]), (3, 0, 1))
        self.assertEqual(self.verdict(["3 passed, 2 failed"], 1), (3, 2, 0))

    def test_no_count_fails(self):
        self.assertEqual(self.verdict([]), (0, 1, 0))
        self.assertEqual(self.verdict(["0 passed, 0 failed, 0 skipped"])[1], 1)

    def test_status_counts(self):
        self.assertEqual(self.verdict(["3 passed, 0 failed, 0 skipped"], 1), (3, 1, 0))
        self.assertEqual(self.verdict([], 1, counted=False), (0, 1, 0))
        self.assertEqual(self.verdict([], 77, counted=False), (0, 0, 1))

    def test_strict_skip_fails(self):
        job = jobs.Job("x", [], 1, strict=True)
        self.assertEqual(jobs._verdict(job, 77, False, []), (0, 1, 0))

    def test_late_fails(self):
        self.assertEqual(self.verdict(["1 passed, 0 failed"], late=True), (0, 1, 0))


class Parts(unittest.TestCase):
    def test_every_scene_is_in_one(self):
        scenes = sorted(name.removesuffix(".py") for name in os.listdir(parts.SCENES)
                        if name.endswith(".py"))
        found = [job.name for part in ("nested", "kernel-full") for job in parts.jobs([part], None)
                 if not job.counted]
        self.assertEqual(sorted(found), scenes)

    def test_debug_kernels_run_all(self):
        plain = [job.name for part in ("nested", "kernel", "kernel-full")
                 for job in parts.jobs([part], None)]
        for kernel in debug.KERNELS:
            found = [job.name for job in parts.jobs([f"debug-{kernel}"], None)]
            wanted = [f"{kernel}:{name}" for name in [*plain, "planted"]]
            self.assertEqual(sorted(found), sorted(wanted))

    def test_debug_kernel_is_the_one_named(self):
        for job in parts.jobs(["debug", "debug-kcsan"], None):
            self.assertEqual(job.env["KVM_POD_L1_KERNEL"], job.name.split(":")[0])

    def test_kernel_full_is_strict(self):
        jobs_of_part = parts.jobs(["kernel-full"], None)
        self.assertTrue(all(job.strict for job in jobs_of_part if not job.counted))
        self.assertTrue(all(suite.may_skip is not None for suite in kselftests.DEVICES))
        self.assertFalse(any(job.strict for job in parts.jobs(["nested"], None)))


class Tap(unittest.TestCase):
    def count(self, *lines, may_skip=None):
        tally = jobs.Tally()
        sys.stdout, saved = io.StringIO(), sys.stdout
        try:
            kselftests.count("x", "\n".join(lines), tally, may_skip)
        finally:
            sys.stdout = saved
        return tally.passed, tally.failed, tally.skipped

    def test_counts(self):
        self.assertEqual(self.count("1..3", "ok 1 a", "ok 2 b # SKIP no", "not ok 3 c",
                                    "# status 1"), (1, 1, 1))

    def test_strict_skips_fail(self):
        lines = ("1..2", "ok 1 a.b # SKIP no", "ok 2 c # SKIP no", "# status 0")
        self.assertEqual(self.count(*lines), (0, 0, 2))
        self.assertEqual(self.count(*lines, may_skip=["a."]), (0, 1, 1))
        self.assertEqual(self.count(*lines, may_skip=()), (0, 2, 0))

    def test_short_output_fails(self):
        self.assertEqual(self.count("1..2", "ok 1 a", "# status 0"), (1, 1, 0))
        self.assertEqual(self.count("# status 0"), (0, 1, 0))

    def test_crash_fails(self):
        self.assertEqual(self.count("1..1", "ok 1 a", "# status 139"), (1, 1, 0))


class External(unittest.TestCase):
    CASES = [tables.Case("x", cells) for cells in (
        ("a", "* refused", "fail", "by design"), ("a", "no such *", "skip", "not here"),
        ("a", "* clock", "fail anyway", "the emulator's"))]

    def seen(self, *lines, status=0, pods=None):
        return judge.Seen("\n".join(lines), status, pods)

    def explained(self, *lines, status=0):
        return [(text, case and case.why)
                for text, case in self.seen(*lines, status=status).explain(self.CASES)]

    def test_status(self):
        self.assertEqual([self.seen(status=status).result() for status in (0, 4, 1, 139, 137)],
                         ["pass", "skip", "fail", "fail", "fail, killed"])

    def test_cases(self):
        lines = ("1..3", "ok 1 a", "ok 2 b # SKIP no", "not ok 3 c")
        self.assertEqual(self.seen(*lines, status=1).result(), "1 pass, 1 fail, 1 skip")
        self.assertEqual(self.seen(*lines[:2], status=1).result(),
                         "1 pass, status 1, not to its end")
        self.assertEqual(self.seen("Testing a... done", "Testing b... failed").result(),
                         "1 pass, 1 fail")

    def test_pass_without_a_pod_is_told(self):
        self.assertEqual(self.seen(pods=0).result(), "pass, no pod")
        self.assertEqual(self.seen(pods=1).result(), "pass")

    def test_what_fails_needs_its_reason(self):
        self.assertEqual(self.explained("a call refused", "the end", status=1),
                         [("fail: the end", "by design")])
        self.assertEqual(self.explained("no such thing", status=4),
                         [("skip: no such thing", "not here")])
        self.assertEqual(self.explained("no such thing", status=1),
                         [("fail: no such thing", None)])
        self.assertEqual(self.explained(status=139), [("fail: without a word", None)])

    def test_case_needs_its_reason(self):
        self.assertEqual(self.explained("ok 1 a", "not ok 2 b refused", "ok 3 c # SKIP d"),
                         [("fail: b refused", "by design"), ("skip: c # SKIP d", None)])

    def test_counts(self):
        lines = ("ok 1 a", "not ok 2 b refused", "not ok 3 c clock", "ok 4 d # SKIP")
        self.assertEqual(self.seen(*lines).counts(1), (2, 2))
        self.assertEqual(self.seen(status=4).counts(), (0, 1))
        self.assertEqual(self.seen(status=1).counts(1), (0, 1))
        self.assertEqual([case.anyway for case in self.CASES], [False, False, True])

    def test_tables_are_read(self):
        rows, cases = tables.read()
        self.assertEqual({row.suite for row in rows}, {"kvm", "mm", "file", "stress"})
        self.assertTrue(all(any(case.is_of(row) for row in rows) for case in cases))


class Console(unittest.TestCase):
    def test_trouble(self):
        for line in ("BUG: unable to handle page fault", "WARNING: CPU: 0 PID: 1 at mm",
                     "watchdog: BUG: soft lockup - CPU#0", "Kernel panic - not syncing",
                     "UBSAN: shift-out-of-bounds in mm/gup.c", "BUG: KCSAN: data-race in x",
                     "BUG: Bad page state in process qemu", "refcount_t: underflow"):
            self.assertEqual(console.trouble_in(["fine", line]), line)

    def test_allowed(self):
        self.assertIsNone(console.trouble_in(["WARNING: expected"], "expected"))
        self.assertIsNone(console.trouble_in(["kvm_amd: Nested Paging enabled"]))


class EndsOfL1(unittest.TestCase):
    def test_tcg(self):
        race = "physmem.c:2691: iotlb_to_section: Assertion `index < nb' failed."
        self.assertTrue(l1.ended_by_tcg(0, ""))
        self.assertTrue(l1.ended_by_tcg(-6, race))
        self.assertFalse(l1.ended_by_tcg(1, race))
        self.assertFalse(l1.ended_by_tcg(-6, "pod.c:1: other: Assertion `0' failed."))


class Screen(unittest.TestCase):
    def test_draws(self):
        rows = screen.rows("\x1b[2J\x1b[1;1Hold text\x1b[3;5H\x1b[7mErrors: 1\x1b[0m"
                           "\x1b[1;1Hnew\x1b[3;13H2")
        self.assertEqual(rows[0], "new text")
        self.assertEqual(rows[2], "    Errors: 2")
        self.assertEqual(len(rows), 25)


class Streams(unittest.TestCase):
    def setUp(self):
        pump = Pump()
        self.stream, self.peer = pump.stream("x", io.StringIO())
        pump.start()

    def test_line(self):
        self.peer.sendall(b"one\r\ntwo\n")
        self.assertEqual(self.stream.wait(lambda line: line == "two", 5), 1)

    def test_timeout(self):
        self.assertRaises(Timeout, self.stream.wait, lambda line: True, 0.1)

    def test_end(self):
        self.peer.close()
        self.assertRaises(Dead, self.stream.wait, lambda line: True, 5)

    def test_health(self):
        def sick():
            raise Dead("x")
        self.assertRaises(Dead, self.stream.wait, lambda line: True, 5, 0, sick)


class Figures(unittest.TestCase):
    def test_bound(self):
        check_bound([(0, 100, 0, 0, 100, 100, 0, 0), (1, 50, 60, 0, 105, 50, 50, 0),
                     (2, 50, 0, 7, 57, 50, 0, 7), (3, 50, 0, 1, 56, 50, 0, 2)], 7)
        for wrong in ((0, 100, 0, 0, 101, 100, 0, 0), (0, 100, 0, 8, 108, 100, 0, 8),
                      (0, 50, 0, 1, 58, 50, 0, 2)):
            with self.assertRaises(SceneFailed):
                check_bound([wrong], 7)

    def test_sums(self):
        good = {"size": 9, "populated": 4, "outstanding": 3, "given": 2, "owned": 6, "reserve": 2}
        check_sums(good)
        for name in ("given", "owned"):
            with self.assertRaises(SceneFailed):
                check_sums({**good, name: 0})


class Cpio(unittest.TestCase):
    def test_layout(self):
        archive = cpio.Archive()
        archive.file("a/b", b"12345")
        out = io.BytesIO()
        archive.write(out)
        data = out.getvalue()
        self.assertEqual(len(data) % 4, 0)
        self.assertEqual(data.count(b"070701"), 3)
        self.assertLess(data.index(b"a\0"), data.index(b"a/b\0"))


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[__name__])
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    bad = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - bad} passed, {bad} failed, 0 skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
