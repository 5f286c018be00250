#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Files and functions stay short: 600 and 60 lines, half of them 15."""

import ast
import os
import re
import statistics
import subprocess

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
MAX_FILE = 600
MAX_FUNCTION = 60
MAX_MEDIAN = 15
# Taken over from the kernel as they are.
VENDORED = re.compile(r"kselftest(_harness)?\.h$")
SHELL_FUNCTION = re.compile(r"^(\w+)\(\) *[{(]")


def list_files():
    """Sources of the tree, by what lib.sh calls the tree."""
    command = '. tests/lint/lib.sh; list_files kvm-pod include tests tools qemu-patches'
    done = subprocess.run(["bash", "-c", command], check=True, text=True,
                          stdout=subprocess.PIPE)
    paths = [path for path in done.stdout.split("\n")
             if path.endswith((".c", ".h", ".py", ".sh"))]
    return sorted(path for path in paths if not VENDORED.search(path))


def c_functions(lines):
    """Yield (name, lines of the body); a body's braces are in column 0."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line.startswith("}") and start is not None:
            yield lines[start - 1].strip(), number - start - 1
            start = None


def shell_functions(lines):
    """Yield (name, lines of the body)."""
    start = None
    for number, line in enumerate(lines):
        match = SHELL_FUNCTION.match(line)
        if match and not line.rstrip().endswith(("}", ")")):
            start, name = number, match.group(1)
        elif line[:1] in ("}", ")") and start is not None:
            yield name, number - start - 1
            start = None


def python_functions(lines):
    """Yield (name, lines of the body)."""
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node.end_lineno - node.body[0].lineno + 1


PARSERS = {".c": c_functions, ".h": c_functions, ".sh": shell_functions,
           ".py": python_functions}


def measure(paths):
    """Return ({path: lines}, {path: [(function, lines)]})."""
    sizes, functions = {}, {}
    for path in paths:
        with open(path, encoding="utf-8") as source:
            lines = source.read().split("\n")
        sizes[path] = len(lines) - 1
        functions[path] = list(PARSERS[os.path.splitext(path)[1]](lines))
    return sizes, functions


def verdict(name, details):
    """Print one result."""
    print(("not ok" if details else "ok") + f" - lint: {name}")
    for detail in details:
        print(f"#   {detail}")


def check_median(name, paths, functions):
    """The functions below a directory are short as a rule."""
    lengths = [lines for path in paths for _, lines in functions[path]]
    if not lengths:
        return
    median = statistics.median(lengths)
    text = f"{len(lengths)} functions, median {median:g} lines"
    verdict(f"functions of {name} are short", [text] if median > MAX_MEDIAN else [])
    print(f"# {name}: {text}, longest {max(lengths)}")


def main():
    os.chdir(TOP)
    paths = list_files()
    sizes, functions = measure(paths)
    verdict(f"{len(paths)} files have at most {MAX_FILE} lines",
            [f"{path}: {lines} lines" for path, lines in sizes.items()
             if lines > MAX_FILE])
    verdict(f"functions have at most {MAX_FUNCTION} lines",
            [f"{path}: {name}: {lines} lines" for path in paths
             for name, lines in functions[path] if lines > MAX_FUNCTION])
    for name in ("kvm-pod", "tests", "tools"):
        check_median(name, [path for path in paths if path.startswith(name + "/")],
                     functions)


if __name__ == "__main__":
    main()
