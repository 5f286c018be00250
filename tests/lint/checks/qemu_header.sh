#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The copy of the header that the QEMU series adds is ours.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

readonly OURS=include/uapi/linux/kvm_pod.h

# Prints what the patch that creates kvm_pod.h adds to it.
added_header() { # PATCH
	awk '
	/^\+\+\+ / { inside = $2 ~ /kvm_pod\.h$/; next }
	/^(diff |-- $)/ { inside = 0 }
	inside && /^\+/ { print substr($0, 2) }' "$1"
}

patch=$(grep -l '^+++ .*kvm_pod\.h$' qemu-patches/*.patch 2>/dev/null || true)
case $(wc -w <<<"$patch") in
0)
	skip "header of the QEMU series" "no patch adds kvm_pod.h"
	;;
1)
	verdict "header of the QEMU series is ours" \
		"$(added_header "$patch" | diff "$OURS" - || true)"
	;;
*)
	verdict "one patch adds kvm_pod.h" "$patch"
	;;
esac
