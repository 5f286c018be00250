#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Shell scripts pass shellcheck and set the usual options.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

mapfile -t scripts < <(list_scripts bash)

without_options() {
	local file
	for file in "${scripts[@]}"; do
		# What is sourced leaves the options to its user.
		head -n 1 "$file" | grep -q '^#!' || continue
		grep -q '^set -euo pipefail' "$file" || echo "$file"
	done
}

if ! command -v shellcheck >/dev/null; then
	skip "shellcheck" "shellcheck is not installed"
else
	verdict "shellcheck of ${#scripts[@]} scripts" \
		"$(shellcheck -x -P SCRIPTDIR -S info -f gcc "${scripts[@]}" || true)"
fi
verdict "bash scripts set -euo pipefail" "$(without_options)"
