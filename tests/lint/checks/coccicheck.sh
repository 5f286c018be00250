#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's own semantic patches find nothing in the module.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

if ! command -v spatch >/dev/null; then
	skip "coccicheck" "coccinelle is not installed"
	exit 0
fi
scripts=$(tests/lint/kernel-scripts.sh) || {
	skip "coccicheck" "the kernel's scripts cannot be had"
	exit 0
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# As scripts/coccicheck runs them, without the kernel's headers: those that
# need types of them find less.
run_patch() { # SEMANTIC-PATCH
	spatch -D report --no-show-diff --very-quiet --no-includes \
		--include-headers --dir kvm-pod "$1" 2>"$log" ||
		{ echo "$1: spatch failed"; tail -n 3 "$log"; }
}

run_all() {
	local patch
	for patch in "${patches[@]}"; do
		run_patch "$patch"
	done
}

# Those that can report, less those that need an OCaml compiler.
mapfile -t patches < <(grep -rl --include='*.cocci' '^virtual report' \
	"$scripts/coccinelle" | xargs grep -L 'script:ocaml' | sort)
verdict "coccicheck with ${#patches[@]} semantic patches" "$(run_all)"
