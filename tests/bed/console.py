# SPDX-License-Identifier: GPL-2.0-only
"""What a kernel may not say on its console while a scene runs."""

import re

_TROUBLE = re.compile(
    r"BUG:|WARNING:|UBSAN:|Oops|Kernel panic|[Bb]ad page|general protection|soft lockup"
    r"|hard LOCKUP|refcount_t:|INFO: task .* blocked|detected stall|list_(add|del) corruption"
    r"|Call Trace:|unregister_netdevice|kernel BUG at|out_of_memory|Out of memory")


def trouble_in(lines, allowed=None):
    """The first line that means trouble, or None."""
    for line in lines:
        if _TROUBLE.search(line) and not (allowed and re.search(allowed, line)):
            return line
    return None
