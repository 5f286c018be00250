#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Runs the tests of podctl and of the packaging. The last line is
# "N passed, N failed, N skipped", over both.
set -euo pipefail

cd "$(dirname "$0")"
passed=0
failed=0
skipped=0

# A test that ends without its sum is a failure whatever it printed.
run() { # PROGRAM
	local out sum
	out=$("$1" 2>&1) || true
	printf '%s\n' "$out"
	sum=$(tail -n 1 <<<"$out")
	if [[ $sum =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
		passed=$((passed + BASH_REMATCH[1]))
		failed=$((failed + BASH_REMATCH[2]))
		skipped=$((skipped + BASH_REMATCH[3]))
	else
		echo "not ok - $1 ended early"
		failed=$((failed + 1))
	fi
}

run podctl/test.sh
run packaging/test.sh
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
