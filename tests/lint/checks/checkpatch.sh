#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's checkpatch.pl --strict on all our C sources. What is not asked
# for, and why, is in ../checkpatch.txt.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

# Taken over from the kernel as they are.
readonly VENDORED='kselftest(_harness)?\.h$'

scripts=$(tests/lint/kernel-scripts.sh) || {
	skip "checkpatch" "the kernel's scripts cannot be had"
	exit 0
}

# Reads "file:line: LEVEL:TYPE: text"; drops what the table says.
drop_unasked() {
	awk '
	NR == FNR {
		if (NF > 2 && $1 !~ /^#/)
			types[$1] = types[$1] " " $2 " "
		next
	}
	{
		split($0, part, ":")
		for (path in types)
			if (part[1] ~ path && index(types[path], " " part[4] " "))
				next
		print
	}' tests/lint/checkpatch.txt -
}

check_files() { # FILE...
	[ $# -eq 0 ] ||
		perl "$scripts/checkpatch.pl" --no-tree --strict --terse \
			--show-types --no-summary -f "$@" 2>&1 | drop_unasked || true
}

mapfile -t kernel < <(list_files kvm-pod include | grep '\.[ch]$')
mapfile -t user < <(list_files tests tools | grep '\.[ch]$' | grep -vE "$VENDORED")
verdict "checkpatch --strict of ${#kernel[@]} kernel files" \
	"$(check_files "${kernel[@]}")"
verdict "checkpatch --strict of ${#user[@]} user-space files" \
	"$(check_files "${user[@]}")"
