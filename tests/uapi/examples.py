#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""examples.py FILE.rst DIRECTORY: write each C code block that is a whole
program (has a main) to DIRECTORY/exampleN.c, and what the document says that it
prints, if it does, to DIRECTORY/exampleN.txt."""

import sys
import textwrap


_PRINTS = "It prints::"


def blocks(lines):
    """Yield (introduction, text) of each C block, and of each that is printed."""
    block = intro = None
    for line in lines + ["."]:
        if block is not None and line and not line[0].isspace():
            yield intro, textwrap.dedent("\n".join(block)).strip() + "\n"
            block = None
        if line.strip() in (".. code-block:: c", _PRINTS):
            block, intro = [], line.strip()
        elif block is not None:
            block.append(line)


def main():
    with open(sys.argv[1], encoding="utf-8") as document:
        found = list(blocks(document.read().split("\n")))
    number = 0
    for intro, text in found:
        if intro != _PRINTS and "int main(" not in text:
            continue
        number += intro != _PRINTS
        suffix = "txt" if intro == _PRINTS else "c"
        with open(f"{sys.argv[2]}/example{number}.{suffix}", "w", encoding="utf-8") as out:
            out.write(text)


if __name__ == "__main__":
    main()
