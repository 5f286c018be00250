#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's checkpatch.pl --strict on all our C sources. What is not asked
# for, and why, is in ../checkpatch.txt.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

# PRIu64 and PageHWPoison() look like it.
readonly IGNORED=CAMELCASE
# Taken over from the kernel as they are.
readonly VENDORED='kselftest(_harness)?\.h$'

scripts=$(tests/lint/kernel-scripts.sh) || {
	skip "checkpatch" "the kernel's scripts cannot be had"
	exit 0
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

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
			if (part[4] && part[1] ~ path &&
			    index(types[path], " " part[4] " "))
				next
		print
	}' tests/lint/checkpatch.txt -
}

# From a stand-in for the tree: checkpatch leaves a file in a git repository.
check_files() { # FILE...
	[ $# -gt 0 ] || return 0
	(cd "$tmp" && perl "$scripts/checkpatch.pl" --no-tree --root=. --strict \
		--terse --show-types --no-summary --ignore "$IGNORED" \
		-f "$@" 2>&1) | drop_unasked || true
}

ln -s "$PWD"/* "$tmp"
mapfile -t kernel < <(list_files kvm-pod include | grep '\.[ch]$')
mapfile -t user < <(list_files tests tools | grep '\.[ch]$' | grep -vE "$VENDORED")
verdict "checkpatch --strict of ${#kernel[@]} kernel files" \
	"$(check_files "${kernel[@]}")"
verdict "checkpatch --strict of ${#user[@]} user-space files" \
	"$(check_files "${user[@]}")"
