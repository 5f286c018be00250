# SPDX-License-Identifier: GPL-2.0-only
"""Pieces of Markdown that all sections of the report are made of."""


def number(value, digits=0):
    return f"{value:,.{digits}f}".replace(",", " ")


def table(head, rows, text=1):
    """Lines; the first columns are text, the others are numbers."""
    lines = [f"| {' | '.join(head)} |", "|---" * text + "|--:" * (len(head) - text) + "|"]
    return lines + [f"| {' | '.join(row)} |" for row in rows]
