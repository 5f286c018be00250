#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's kernel-doc can read the comments that are meant for it. The
# module's own may leave out what a parameter's name says; the header may not.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

scripts=$(tests/lint/kernel-scripts.sh) || {
	skip "kernel-doc" "the kernel's scripts cannot be had"
	exit 0
}
kernel_doc() { # FILE...
	perl "$scripts/kernel-doc" -none "$@" 2>&1 || true
}

mapfile -t files < <(list_files kvm-pod | grep '\.[ch]$')
verdict "kernel-doc of the header" "$(kernel_doc include/uapi/linux/kvm_pod.h)"
verdict "kernel-doc of ${#files[@]} files" \
	"$(kernel_doc "${files[@]}" | grep -v 'not described' || true)"
