#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# testmodule.sh SOURCE KDIR DIRECTORY - build the module of SOURCE, for tests
# only, in DIRECTORY, from copies.

set -euo pipefail
DIR=$(realpath -m "$3")
readonly DIR SOURCE=$1 KDIR=$2

mkdir -p "$DIR"
exec 9>"$DIR/lock"
flock 9
find "$SOURCE" -maxdepth 1 \( -name '*.[ch]' -o -name Kbuild \) \
	-exec cp -p -u -t "$DIR" {} +
make -s -C "$KDIR" "M=$DIR" W=1 modules
