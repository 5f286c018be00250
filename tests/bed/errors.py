# SPDX-License-Identifier: GPL-2.0-only
"""What can go wrong in the bed. A scene fails with any of these but Skip."""


class BedError(Exception):
    """The bed itself could not do what a scene asked for."""


class Dead(BedError):
    """The machine at the other end is gone, or its kernel complained."""


class Vanished(Dead):
    """L1 ended while it booted, for no reason of its own."""


class Timeout(BedError):
    """Something did not happen in time."""


class CommandFailed(BedError):
    """A command in a guest returned a status that was not expected."""


class SceneFailed(Exception):
    """The scene saw something else than it should have."""


class Skip(Exception):
    """The scene cannot run here, for the reason given."""


def check(condition, text):
    """Fail the scene with text unless condition holds."""
    if not condition:
        raise SceneFailed(text)
