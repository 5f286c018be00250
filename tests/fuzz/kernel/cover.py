#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Say how much of the module a run of the fuzzer reached: cover.py MODULE.ko COVER.

COVER is what podfuzz.py left in build/fuzz. Places are the calls of kcov in the
module's code; a function that was never entered is named.
"""

import bisect
import re
import subprocess
import sys

_CALLBACK = "__sanitizer_cov_trace_pc"
_SECTION = re.compile(r"^RELOCATION RECORDS FOR \[(.+)\]")
# kcov records where its callback returns to, after the four bytes of the offset.
_OFFSET_BYTES = 4
# What the tracepoints' macros make is entered by who traces.
_TRACE = re.compile(r"(__probestub|__traceiter|perf_trace|trace_event_raw_event"
                    r"|trace_raw_output)_")


def _output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _places(module):
    """{section: sorted offsets of places}"""
    places, section = {}, None
    for line in _output("objdump", "-r", module).splitlines():
        match = _SECTION.match(line)
        if match:
            section = match[1]
        elif _CALLBACK in line:
            places.setdefault(section, []).append(int(line.split()[0], 16) + _OFFSET_BYTES)
    return {name: sorted(offsets) for name, offsets in places.items()}


def _functions(module):
    """{section: sorted (offset, name)}"""
    functions = {}
    for line in _output("objdump", "-t", module).splitlines():
        fields = line.split()
        if len(fields) >= 6 and fields[2] == "F":
            functions.setdefault(fields[3], []).append((int(fields[0], 16), fields[5]))
    return {name: sorted(entries) for name, entries in functions.items()}


def _function_at(functions, offset):
    at = bisect.bisect_right(functions, (offset, "\x7f")) - 1
    return functions[at][1] if at >= 0 else "?"


def _read(path):
    """({section: address}, addresses that were reached)"""
    sections, reached = {}, set()
    with open(path, encoding="utf-8") as source:
        for line in source:
            if line.startswith("."):
                name, address = line.split()
                sections[name] = int(address, 16)
            else:
                reached.update(int(word, 16) for word in line.split())
    return sections, reached


def measure(module, cover):
    """{function: [places reached, places]} of what stays after the module is loaded.

    kcov sees what a system call or a fault does, not the module's own threads.
    """
    sections, reached = _read(cover)
    functions = _functions(module)
    counts = {}
    for section, offsets in _places(module).items():
        if section not in sections or section == ".init.text":
            continue
        for offset in offsets:
            name = _function_at(functions.get(section, []), offset)
            if _TRACE.match(name):
                continue
            count = counts.setdefault(name, [0, 0])
            count[0] += sections[section] + offset in reached
            count[1] += 1
    return counts


def report(module, cover):
    """Print it."""
    counts = measure(module, cover)
    done = sum(count[0] for count in counts.values())
    total = sum(count[1] for count in counts.values())
    never = sorted(name for name, count in counts.items() if not count[0])
    print(f"# coverage: {done} of {total} places ({100 * done // max(total, 1)} %),"
          f" {len(counts) - len(never)} of {len(counts)} functions")
    print(f"# never entered: {' '.join(never)}")
    return done, total


if __name__ == "__main__":
    report(*sys.argv[1:])
