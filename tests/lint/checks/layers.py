#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The module's files include downward only, as ../layers.txt has them."""

import os
import re
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
VERSION_FILE = "compat.h"


def read_table(path):
    """Return ({name: layer}, set of kernel headers allowed in layer 0)."""
    layers, allowed = {}, set()
    with open(path, encoding="ascii") as table:
        for line in table:
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "0-may-include":
                allowed.update(f"linux/{name}.h" for name in words[1:])
            else:
                layers.update((name, int(words[0])) for name in words[1:])
    return layers, allowed


def layer_of(path, layers):
    """The layer of a path below kvm-pod/, or None if the table lacks it."""
    return layers.get(path, layers.get(os.path.splitext(path)[0]))


def find_sources():
    """All sources below kvm-pod/, without what a build leaves."""
    for directory, _, names in os.walk("."):
        for name in sorted(names):
            if name.endswith((".c", ".h")) and not name.endswith(".mod.c"):
                yield os.path.normpath(os.path.join(directory, name))


def resolve(including, name):
    """The path of a header of ours, or None if it is none."""
    for candidate in (os.path.join(os.path.dirname(including), name), name):
        candidate = os.path.normpath(candidate)
        if os.path.isfile(candidate):
            return candidate
    return None


def check_include(path, layer, quote, name, table):
    """Return what is wrong with one #include, or None."""
    layers, allowed = table
    header = resolve(path, name) if quote == '"' else None
    if header is None:
        if layer == 0 and name not in allowed:
            return f"layer 0 may not include {name}"
        return None
    below = layer_of(header, layers)
    if below is None or below > layer:
        return f"layer {layer} may not include {header} of layer {below}"
    return None


def check_file(path, table):
    """Yield what is wrong with one file."""
    layer = layer_of(path, table[0])
    if layer is None:
        yield f"kvm-pod/{path}: not in tests/lint/layers.txt"
        return
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            match = INCLUDE.match(line)
            wrong = match and check_include(path, layer, *match.groups(), table)
            if wrong:
                yield f"kvm-pod/{path}:{number}: {wrong}"


def check_versions(paths):
    """Yield where the kernel's version is asked for but must not be."""
    for path in paths:
        if path == VERSION_FILE:
            continue
        with open(path, encoding="utf-8") as source:
            for number, line in enumerate(source, 1):
                if "LINUX_VERSION_CODE" in line:
                    yield f"kvm-pod/{path}:{number}: belongs in {VERSION_FILE}"


def check_stale(layers, paths):
    """Yield names of the table that no file has."""
    present = set(paths) | {os.path.splitext(path)[0] for path in paths}
    for name in layers:
        if name not in present:
            yield f"tests/lint/layers.txt: there is no kvm-pod/{name}"


def verdict(name, details):
    """Print one result."""
    details = list(details)
    print(("not ok" if details else "ok") + f" - lint: {name}")
    for detail in details:
        print(f"#   {detail}")


def main():
    table = read_table(os.path.join(os.path.dirname(__file__), "../layers.txt"))
    os.chdir(os.path.join(TOP, "kvm-pod"))
    paths = sorted(find_sources())
    if not paths:
        sys.exit("layers.py: kvm-pod/ has no sources")
    wrong = [detail for path in paths for detail in check_file(path, table)]
    verdict(f"{len(paths)} files include downward only", wrong)
    verdict("layers.txt names no file that is gone", check_stale(table[0], paths))
    verdict("kernel versions are told apart in compat.h only", check_versions(paths))


if __name__ == "__main__":
    main()
