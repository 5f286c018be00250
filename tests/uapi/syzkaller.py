#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""See that sys_kvm_pod.txt says what the UAPI header says: syzkaller.py HEADER TXT.

Each structure has the same fields of the same sizes in the same order, each call
is there, and each constant that begins with KVM_POD_ exists. Prints what is wrong.
"""

import re
import sys

_STRUCT = re.compile(r"^struct (\w+) \{\n(.*?)\n\};", re.M | re.S)
_FIELD = re.compile(r"^\t(__aligned_u64|__u32|__s32|char) (\w+)(?:\[(\w+)\])?;", re.M)
_DESCRIBED = re.compile(r"^(kvm_pod\w*)(\$\w+)? \{\n(.*?)\n\}", re.M | re.S)
_NAME = re.compile(r"\bKVM_POD_[A-Z0-9_]+\b")
_SIZES = {"__aligned_u64": 8, "__u32": 4, "__s32": 4, "char": 1}


def _read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def _header_structs(text):
    label = int(re.search(r"#define KVM_POD_LABEL_LEN\s+(\d+)", text)[1])
    return {name: [(field, _SIZES[kind] * (label if length else 1))
                   for kind, field, length in _FIELD.findall(body)]
            for name, body in _STRUCT.findall(text)}


def _size(kind):
    """Bytes of a field of a description, where they can be told from its text."""
    if kind.startswith("ptr64"):
        return 8
    if kind.startswith("fd_"):
        return 4
    if kind.startswith("string"):
        return int(re.search(r", (\d+)\]", kind)[1])
    return int(re.search(r"int(\d+)\]?$", kind.split("\t")[0])[1]) // 8


def _described(body):
    pairs = [line.split(None, 1) for line in body.splitlines()]
    return [(name, _size(kind.removesuffix("(out)").strip())) for name, kind in pairs]


def check(header, text):
    """What is wrong, line by line."""
    structs = _header_structs(header)
    seen = set()
    for name, variant, body in _DESCRIBED.findall(text):
        seen.add(name)
        if structs.get(name) != _described(body):
            yield f"{name}{variant} is not as in the header"
    for name in sorted(set(structs) - seen):
        yield f"{name} is not described"
    own = set(re.findall(r"^define (\w+)", text, re.M))
    calls = re.findall(r"^#define (KVM_POD_\w+)\s+_IO\(", header, re.M)
    for name in calls:
        if f"ioctl${name}(" not in text:
            yield f"{name} is not described"
    for name in sorted(set(_NAME.findall(text)) - set(_NAME.findall(header)) - own):
        if f"ioctl${name}(" not in text:
            yield f"{name} does not exist"


def main(header, description):
    wrong = list(check(_read(header), _read(description)))
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
