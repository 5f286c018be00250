#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""examples.py FILE.rst DIRECTORY: write each C code block that is a whole
program (has a main) to DIRECTORY/exampleN.c."""

import sys
import textwrap


def code_blocks(lines):
    """Yield the text of each '.. code-block:: c'."""
    block = None
    for line in lines + [""]:
        if block is not None and line and not line[0].isspace():
            yield textwrap.dedent("\n".join(block)).strip() + "\n"
            block = None
        if line.strip() == ".. code-block:: c":
            block = []
        elif block is not None:
            block.append(line)
    if block is not None:
        yield textwrap.dedent("\n".join(block)).strip() + "\n"


def main():
    with open(sys.argv[1], encoding="utf-8") as document:
        blocks = list(code_blocks(document.read().split("\n")))
    programs = [block for block in blocks if "int main(" in block]
    for number, program in enumerate(programs, 1):
        with open(f"{sys.argv[2]}/example{number}.c", "w", encoding="utf-8") as out:
            out.write(program)


if __name__ == "__main__":
    main()
