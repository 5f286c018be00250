#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every source says its licence; the header for user space has the exception.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

without_licence() {
	list_files . | grep -E '\.([chS]|py|sh|8)$|(^|/)(Makefile|Kbuild)$' |
		while read -r file; do
			head -n 3 "$file" | grep -q 'SPDX-License-Identifier:' || echo "$file"
		done
}

header_licence() {
	grep -q 'GPL-2.0-only WITH Linux-syscall-note' include/uapi/linux/kvm_pod.h ||
		echo "include/uapi/linux/kvm_pod.h: no Linux-syscall-note"
}

verdict "sources name their licence" "$(without_licence)"
verdict "the header may be used by any program" "$(header_licence)"
