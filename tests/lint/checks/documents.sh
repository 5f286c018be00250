#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The documents are valid reStructuredText, the manual page valid troff, and
# the files that the documents name exist.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

mapfile -t documents < <(list_files Documentation | grep '\.rst$')

rst_errors() {
	local file
	for file in "${documents[@]}"; do
		/usr/bin/python3 -m docutils --report=2 --halt=5 "$file" /dev/null 2>&1
	done
}

# Paths of ours in ``literals`` and in README's `literals`.
# shellcheck disable=SC2016 # backquotes are what it looks for
named_paths() {
	grep -ohE '`(kvm-pod|tests|tools|include|qemu-patches|Documentation)/[A-Za-z0-9_./-]+`' \
		README.md "${documents[@]}" | tr -d '\`' | sort -u
}

dead_paths() {
	local path
	named_paths | while read -r path; do
		[ -e "$path" ] || echo "$path: named in a document, but not there"
	done
}

if /usr/bin/python3 -c 'import docutils' 2>/dev/null; then
	verdict "${#documents[@]} documents are valid" "$(rst_errors || true)"
else
	skip "documents are valid" "python3-docutils is not installed"
fi
if command -v man >/dev/null; then
	verdict "podctl.8 is valid" \
		"$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l tools/podctl/podctl.8 \
			2>&1 >/dev/null || true)"
else
	skip "podctl.8 is valid" "man-db is not installed"
fi
verdict "documents name files that exist" "$(dead_paths)"
