#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Commit messages: "area: Imperative", at most 72 characters, signed off.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

if ! git rev-parse --git-dir >/dev/null 2>&1; then
	skip "commit messages" "this tree is not a git repository"
	exit 0
fi

check_commit() { # COMMIT
	local short subject body
	short=$(git log -1 --format=%h "$1")
	subject=$(git log -1 --format=%s "$1")
	body=$(git log -1 --format=%b "$1")
	[ "${#subject}" -le 72 ] ||
		echo "$short: the subject has ${#subject} characters: $subject"
	[[ $subject =~ ^[A-Za-z0-9./_-]+(: [A-Za-z0-9./_*-]+)*:\ [A-Z] ]] ||
		echo "$short: the subject is not 'area: Imperative': $subject"
	grep -q '^Signed-off-by: .* <.*@.*>$' <<<"$body" ||
		echo "$short: no Signed-off-by: $subject"
}

check_all() {
	local commit
	for commit in "${commits[@]}"; do
		check_commit "$commit"
	done
}

mapfile -t commits < <(git rev-list --no-merges HEAD)
verdict "${#commits[@]} commit messages" "$(check_all)"
