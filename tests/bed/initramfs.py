#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Build an initramfs from busybox, kernel modules, programs and files.

Used as a library by the bed and from the command line by the other tests:

    initramfs.py --out X.cpio --busybox --init init.sh \\
        --moddir DIR --modules kvm-amd,loop --exe prog:/bin/prog --add file:/path
"""

import argparse
import lzma
import os
import re
import subprocess
import sys

import cpio

BUSYBOX = "/bin/busybox"


def add_busybox(archive):
    """Static busybox with a link for each applet, and an empty root tree."""
    with open(BUSYBOX, "rb") as program:
        archive.file("bin/busybox", program.read(), 0o755)
    applets = subprocess.run([BUSYBOX, "--list"], check=True, capture_output=True, text=True)
    for name in applets.stdout.split():
        if name != "busybox":
            archive.symlink(f"bin/{name}", "busybox")
    for name in ("proc", "sys", "dev", "tmp", "run", "root", "etc"):
        archive.directory(name)
    archive.symlink("sbin", "bin")
    archive.char_device("dev/console", 5, 1)
    archive.char_device("dev/null", 1, 3, 0o666)


def add_path(archive, src, dst, mode=None):
    with open(src, "rb") as source:
        data = source.read()
    if mode is None:
        mode = 0o755 if os.access(src, os.X_OK) else 0o644
    archive.file(dst, data, mode)


def add_program(archive, src, dst=None):
    """A program with the shared libraries and the loader it needs."""
    add_path(archive, src, dst or src, 0o755)
    listing = subprocess.run(["ldd", src], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        if "not found" in line:
            raise RuntimeError(f"{src}: {line.strip()}")
        match = re.search(r"(/\S+) \(0x", line)
        if match:
            add_path(archive, os.path.realpath(match[1]), _plain_lib_path(match[1]), 0o755)


def _plain_lib_path(path):
    """Debian's /lib is a link to /usr/lib; an initramfs needs only one of them."""
    return re.sub(r"^/usr/lib", "/lib", path)


def add_modules(archive, moddir, names):
    """Kernel modules and what they depend on, decompressed, with a modules.dep."""
    kver = os.path.basename(os.path.realpath(moddir))
    graph = _read_dependencies(moddir)
    wanted = {}
    for name in names:
        path = _find_module(graph, name)
        if path:
            for part in [path] + graph[path]:
                wanted[part] = None
    lines = []
    for path in wanted:
        archive.file(f"lib/modules/{kver}/{_bare(path)}", _load_module(f"{moddir}/{path}"))
        lines.append(f"{_bare(path)}: {' '.join(_bare(dep) for dep in graph[path])}".rstrip())
    archive.file(f"lib/modules/{kver}/modules.dep", ("\n".join(lines) + "\n").encode())


def _read_dependencies(moddir):
    graph = {}
    with open(f"{moddir}/modules.dep", encoding="ascii") as listing:
        for line in listing:
            path, deps = line.split(":")
            graph[path] = deps.split()
    with open(f"{moddir}/modules.builtin", encoding="ascii") as listing:
        graph.update({line.strip(): None for line in listing})
    return graph


def has_module(moddir, name):
    """Does this kernel have it, as a module or built in?"""
    try:
        _find_module(_read_dependencies(moddir), name)
    except LookupError:
        return False
    return True


def _find_module(graph, name):
    """The path of a module, None when it is built in."""
    wanted = name.replace("-", "_")
    for path, deps in graph.items():
        base = re.sub(r"\.ko(\.xz)?$", "", os.path.basename(path)).replace("-", "_")
        if base == wanted:
            return None if deps is None else path
    raise LookupError(f"the kernel has no module {name}")


def _bare(path):
    return path.removesuffix(".xz")


def _load_module(path):
    opener = lzma.open if path.endswith(".xz") else open
    with opener(path, "rb") as module:
        return module.read()


def _pair(text):
    src, _, dst = text.partition(":")
    return src, dst or src


def _parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--busybox", action="store_true")
    parser.add_argument("--init", help="file that becomes /init")
    parser.add_argument("--moddir", help="a .../lib/modules/VERSION directory")
    parser.add_argument("--modules", default="", help="comma-separated names")
    parser.add_argument("--exe", action="append", default=[], metavar="SRC[:DST]",
                        help="program, with its shared libraries")
    parser.add_argument("--add", action="append", default=[], metavar="SRC[:DST]")
    return parser.parse_args(argv)


def main(argv):
    args = _parse(argv)
    archive = cpio.Archive()
    if args.busybox:
        add_busybox(archive)
    if args.init:
        add_path(archive, args.init, "init", 0o755)
    if args.modules:
        add_modules(archive, args.moddir, args.modules.split(","))
    for src, dst in map(_pair, args.exe):
        add_program(archive, src, dst)
    for src, dst in map(_pair, args.add):
        add_path(archive, src, dst)
    with open(args.out, "wb") as out:
        archive.write(out)


if __name__ == "__main__":
    main(sys.argv[1:])
