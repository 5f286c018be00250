# SPDX-License-Identifier: GPL-2.0-only
"""Commands out of the documentation, so that a scene runs what people will."""

import artifacts
from errors import BedError


def commands(document, title):
    """The literal block that comes first after a title, without its indentation."""
    with open(f"{artifacts.TOP}/Documentation/{document}", encoding="utf-8") as file:
        lines = iter(file.read().splitlines())
    if title not in lines or not any(line.endswith("::") for line in lines):
        raise BedError(f"Documentation/{document} has no commands under '{title}'")
    block = []
    for line in lines:
        if line and not line.startswith(" "):
            break
        block.append(line.strip())
    return "\n".join(block).strip()
