# SPDX-License-Identifier: GPL-2.0-only
"""What a program that draws on a serial terminal shows."""

import re

_COLUMNS, _ROWS = 80, 25
# A cursor position; another control sequence; anything else.
_TOKEN = re.compile(r"\x1b\[(\d+);(\d+)H|\x1b\[[0-9;?]*[A-Za-z]|([^\x1b])")


def rows(text):
    """The lines of the screen after text was drawn on it."""
    cells = [[" "] * _COLUMNS for _ in range(_ROWS)]
    row = column = 0
    for match in _TOKEN.finditer(text):
        if match[1]:
            row, column = int(match[1]) - 1, int(match[2]) - 1
        elif match[3]:
            if row < _ROWS and column < _COLUMNS:
                cells[row][column] = match[3]
            column += 1
    return ["".join(cell).rstrip() for cell in cells]
