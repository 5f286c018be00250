# SPDX-License-Identifier: GPL-2.0-only
"""Write an initramfs archive ("newc" cpio) without root and without a tree on disk.

The same input gives the same bytes. Archives may be concatenated; in the
kernel a later file replaces an earlier one.
"""

import stat

_TRAILER = "TRAILER!!!"


class Archive:
    """An archive in memory: path -> (mode, data, device number)."""

    def __init__(self):
        self._entries = {}

    def directory(self, path):
        path = path.strip("/")
        if path and path not in self._entries:
            self._parents(path)
            self._entries[path] = (stat.S_IFDIR | 0o755, b"", (0, 0))

    def file(self, path, data, mode=0o644):
        self._put(path, stat.S_IFREG | mode, data)

    def symlink(self, path, target):
        self._put(path, stat.S_IFLNK | 0o777, target.encode())

    def char_device(self, path, major, minor, mode=0o600):
        self._put(path, stat.S_IFCHR | mode, b"", (major, minor))

    def write(self, out):
        """Write all of it to the binary file object out."""
        for inode, (path, entry) in enumerate(self._entries.items(), 1):
            _write_entry(out, inode, path, *entry)
        _write_entry(out, 0, _TRAILER, 0, b"", (0, 0))

    def _put(self, path, mode, data, device=(0, 0)):
        path = path.strip("/")
        self._parents(path)
        self._entries[path] = (mode, data, device)

    def _parents(self, path):
        if "/" in path:
            self.directory(path.rsplit("/", 1)[0])


def _write_entry(out, inode, path, mode, data, device):
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    _write_padded(out, header + name)
    _write_padded(out, data)


def _write_padded(out, data):
    out.write(data)
    out.write(b"\0" * (-len(data) % 4))
