#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# No common misspelling in anything that people read.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

# Names that look like one.
readonly NAMES=inout,iput,nd,whats

mapfile -t files < <(list_files . | grep -vE '(^|/)(vendor|corpus)/|^LICENSE')

if command -v codespell >/dev/null; then
	verdict "spelling of ${#files[@]} files" \
		"$(codespell -L "$NAMES" "${files[@]}" 2>&1 || true)"
else
	skip "spelling" "codespell is not installed"
fi
