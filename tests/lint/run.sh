#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [CHECK...] - run the static checks of checks/, all by default.
#
# A check is a program that prints "ok - what", "not ok - what" or
# "ok - what # SKIP why" for each thing it looked at, details in lines that
# begin with "#", and exits with 0 unless it could not do its work. One that
# printed no verdict, or failed without "not ok", counts as failed.
# The last line is "N passed, N failed, N skipped".

set -euo pipefail

cd "$(dirname "$0")/../.."
readonly CHECKS=tests/lint/checks
readonly SKIP_PATTERN='^ok .*# SKIP'

passed=0
failed=0
skipped=0

# Prints all its lines, so that nothing is kept from who reads the log.
run_check() { # PROGRAM
	local out status=0 ok bad skip

	out=$("$1" 2>&1) || status=$?
	printf '%s\n' "$out"
	ok=$(grep -c '^ok ' <<<"$out" || true)
	bad=$(grep -c '^not ok ' <<<"$out" || true)
	skip=$(grep -c "$SKIP_PATTERN" <<<"$out" || true)
	if [ $((ok + bad)) -eq 0 ] || { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		echo "not ok - ${1##*/} could not do its work (exit $status)"
		bad=$((bad + 1))
	fi
	passed=$((passed + ok - skip))
	failed=$((failed + bad))
	skipped=$((skipped + skip))
}

find_check() { # NAME, with or without its suffix
	local program
	for program in "$CHECKS/$1" "$CHECKS/$1.sh" "$CHECKS/$1.py"; do
		if [ -f "$program" ]; then
			echo "$program"
			return
		fi
	done
	echo "run.sh: there is no check '$1'; there are:" "$(ls "$CHECKS")" >&2
	return 1
}

programs=()
for name in "$@"; do
	programs+=("$(find_check "$name")")
done
if [ $# -eq 0 ]; then
	programs=("$CHECKS"/*.sh "$CHECKS"/*.py)
fi
for program in "${programs[@]}"; do
	run_check "$program"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
