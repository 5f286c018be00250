#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# module.sh KDIR DIRECTORY [ARGUMENT...] - build kvm-pod.ko in DIRECTORY, from
# copies of its sources: where they are, that of the stock kernel is built. Make
# gets the ARGUMENTs, MODULE_MAKE of NAME.boot.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
DIR=$(realpath -m "$2")
readonly TOP DIR KDIR=$1
shift 2

mkdir -p "$DIR"
cd "$TOP"
find Kbuild include kvm-pod -type f \( -name '*.[ch]' -o -name Kbuild \) \
	-exec cp --parents -p -u -t "$DIR" {} +
# Lines for who reads a report.
make -s -C "$KDIR" "M=$DIR" KCFLAGS=-g "$@" modules
