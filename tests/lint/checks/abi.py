#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The documents name exactly what the module has: sysfs and debugfs files and
module parameters in Documentation/ABI, these in the modprobe.d example, too."""

import glob
import os
import re

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
ABI = "Documentation/ABI/testing"
CONF = "tools/packaging/kvm-pod.conf"
CLASS = "/sys/class/kvm-pod/"
DEBUGFS = "/sys/kernel/debug/kvm-pod/"
PARAMETERS = "/sys/module/kvm_pod/parameters/"


def read(path):
    with open(path, encoding="utf-8") as source:
        return source.read()


def attributes_of_code():
    """Paths below the class, from the lists that are handed to the kernel."""
    code = read("kvm-pod/sysfs.c")
    of_pod = re.findall(r"&dev_attr_(\w+)\.attr\b", code)
    of_class = re.findall(r"&class_attr_(\w+)\.attr\b", code)
    return {f"pod<N>/{name}" for name in of_pod} | set(of_class)


def debugfs_of_code():
    """Paths below the module's directory."""
    files = re.findall(r'debugfs_create_file\("(\w+)"', read("kvm-pod/debugfs.c"))
    return {f"pod<N>/{name}" for name in files}


def documented(name, below):
    """Paths that a document describes; those of directories are left out."""
    whats = re.findall(r"^What:\s+(\S+)$", read(f"{ABI}/{name}"), re.MULTILINE)
    return {what.removeprefix(below) for what in whats if not what.endswith("/")}


def parameters_of_code():
    code = "".join(read(path) for path in glob.glob("kvm-pod/*.c"))
    return set(re.findall(r"^module_param(?:_named|_cb)?\((\w+)", code, re.MULTILINE))


def parameters_of_example():
    return set(re.findall(r"^#?options kvm-pod (\w+)=", read(CONF), re.MULTILINE))


def verdict(name, code, document):
    """Print one result, with what only one of the two has."""
    wrong = [f"not documented: {entry}" for entry in sorted(code - document)]
    wrong += [f"not in the code: {entry}" for entry in sorted(document - code)]
    wrong += [] if code else ["the code has none"]
    print(("not ok" if wrong else "ok") + f" - lint: {name}")
    for line in wrong:
        print(f"#   {line}")


def main():
    os.chdir(TOP)
    verdict("sysfs attributes are those of Documentation/ABI",
            attributes_of_code(), documented("sysfs-class-kvm-pod", CLASS))
    verdict("debugfs files are those of Documentation/ABI",
            debugfs_of_code(), documented("debugfs-kvm-pod", DEBUGFS))
    verdict("module parameters are those of Documentation/ABI",
            parameters_of_code(), documented("sysfs-module-kvm_pod", PARAMETERS))
    verdict("module parameters are those of the modprobe.d example",
            parameters_of_code(), parameters_of_example())


if __name__ == "__main__":
    main()
