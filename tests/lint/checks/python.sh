#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Python compiles with Debian's Python and has no unused or undefined names.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

mapfile -t scripts < <({ list_files . | grep '\.py$'; list_scripts python3; } | sort -u)

# Without leaving __pycache__ behind.
compile() {
	local file
	for file in "${scripts[@]}"; do
		/usr/bin/python3 -c \
			'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' \
			"$file" 2>&1 | tail -n 1
	done
}

verdict "python3 compiles ${#scripts[@]} files" "$(compile)"
if command -v pyflakes3 >/dev/null; then
	verdict "pyflakes3" "$(pyflakes3 "${scripts[@]}" 2>&1 || true)"
else
	skip "pyflakes3" "pyflakes3 is not installed"
fi
