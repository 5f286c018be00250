#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh PROGRAM... - run TAP programs and sum up.
#
# A program that dies, or prints fewer lines than its plan, is a failure
# whatever it printed.

set -euo pipefail

passed=0 failed=0 skipped=0

run_one() {
	local program=$1 out status=0 plan ok bad skip

	out=$("$program" 2>&1) || status=$?
	echo "# $(basename "$(dirname "$program")")/$(basename "$program")"
	grep -E '^(ok|not ok|#)' <<<"$out" || true
	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' <<<"$out" | head -n 1)
	ok=$(grep -c '^ok ' <<<"$out" || true)
	bad=$(grep -c '^not ok ' <<<"$out" || true)
	skip=$(grep -cE '^ok .* # SKIP' <<<"$out" || true)
	if [ "$((ok + bad))" -ne "${plan:--1}" ] ||
	   { [ "$status" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
		echo "not ok $program ended early (status $status); its output:"
		sed 's/^/# /' <<<"$out"
		bad=$((bad + 1))
	fi
	passed=$((passed + ok - skip))
	skipped=$((skipped + skip))
	failed=$((failed + bad))
}

for program in "$@"; do
	run_one "$program"
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
