#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh KDIR DIRECTORY - build kvm-pod-planted.ko in DIRECTORY.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
DIR=$(realpath -m "$2")
readonly HERE DIR KDIR=$1

mkdir -p "$DIR"
exec 9>"$DIR/lock"
flock 9
cp -p -u -t "$DIR" "$HERE"/Kbuild "$HERE"/*.c
make -s -C "$KDIR" "M=$DIR" modules
