#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh - compile the UAPI header as user space does, with gcc and clang, and
# the examples of Documentation/uapi.rst. Ends with
# "N passed, N failed, N skipped".

set -euo pipefail
cd "$(dirname "$0")/../.."

readonly FLAGS=(-Iinclude/uapi -Wall -Wextra -Werror)
passed=0
failed=0
skipped=0

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok - uapi: $name"
	else
		failed=$((failed + 1))
		echo "not ok - uapi: $name"
		sed 's/^/#   /' "$tmp/out"
	fi
}

skip() { # NAME WHY
	skipped=$((skipped + 1))
	echo "ok - uapi: $1 # SKIP $2"
}

check_header() { # COMPILER
	local std language=c
	for std in c90 c11 c++11 c++20; do
		[[ $std == c++* ]] && language=c++
		if ! "$1" -fsyntax-only -x "$language" /dev/null 2>/dev/null; then
			skip "header as $std with $1" "it cannot compile $language"
			continue
		fi
		check "header as $std with $1" "$1" -fsyntax-only "${FLAGS[@]}" \
			-x "$language" -std="$std" tests/uapi/header.c
	done
	# The 64-bit kernel headers say how __u64 is aligned on 32 bits, too.
	check "header for 32 bits with $1" "$1" -m32 -fsyntax-only "${FLAGS[@]}" \
		-isystem /usr/include/x86_64-linux-gnu -x c -std=c11 \
		tests/uapi/header.c
}

# A layout that was changed must not pass: the test can fail.
check_that_sizes_count() {
	mkdir -p "$tmp/include/linux"
	sed 's/__u32 node_mask_words;/__u64 node_mask_words;/' \
		include/uapi/linux/kvm_pod.h >"$tmp/include/linux/kvm_pod.h"
	check "a changed layout is noticed" bash -c \
		"! cc -fsyntax-only -I'$tmp/include' tests/uapi/header.c"
}

check_examples() {
	local file
	python3 tests/uapi/examples.py Documentation/uapi.rst "$tmp"
	for file in "$tmp"/*.c; do
		[ -f "$file" ] || continue
		check "example $(basename "$file") of uapi.rst" \
			cc "${FLAGS[@]}" -o "$tmp/a.out" "$file"
	done
	check "uapi.rst has an example" test -x "$tmp/a.out"
}

# What is said to syzkaller; and a field that is too short is noticed.
check_syzkaller() {
	local header=include/uapi/linux/kvm_pod.h

	check "syzkaller's description" python3 tests/uapi/syzkaller.py \
		"$header" tests/fuzz/sys_kvm_pod.txt
	sed '/out_retired/s/int64/int32/' tests/fuzz/sys_kvm_pod.txt \
		>"$tmp/short.txt"
	check "a wrong description is noticed" bash -c \
		"! python3 tests/uapi/syzkaller.py '$header' '$tmp/short.txt'"
}

for compiler in gcc clang; do
	if command -v "$compiler" >/dev/null; then
		check_header "$compiler"
	else
		skip "header with $compiler" "it is not installed"
	fi
done
check_that_sizes_count
check_examples
check_syzkaller
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
