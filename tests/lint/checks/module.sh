#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the module in a copy of its own: no warning (W=12), nothing from gcc's
# analyser and from sparse, and no symbol of KVM. Warnings and sparse for the
# tests' module, too. What W=2 says of the kernel's headers is not asked for.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

kdir=$(kernel_dir)
if [ -z "$kdir" ]; then
	skip "module" "no headers of a 6.12 kernel are installed"
	exit 0
fi
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
list_files Kbuild kvm-pod include tests/mdev | xargs cp --parents -t "$tmp"

# Runs a build; prints what was said about our files, or its end if it failed.
build() { # SUBDIRECTORY MAKE-ARGUMENT...
	local dir=$tmp/$1
	shift

	if make -C "$kdir" M="${dir%/.}" -j2 "$@" modules >"$tmp/log" 2>&1; then
		grep -E ': (warning|error):' "$tmp/log" | grep -F "$tmp" |
			sed "s,$tmp/,," | sort -u || true
	else
		tail -n 30 "$tmp/log"
	fi
}

# The rows of Module.symvers that belong to KVM's modules.
kvm_symbols() {
	awk '$3 ~ /\/kvm(-intel|-amd)?$/ { print $2 }' "$kdir/Module.symvers" | sort
}

needed_symbols() {
	nm -u "$tmp/kvm-pod.ko" | awk '{ print $2 }' | sort
}

verdict "module builds without a warning (W=12, -fanalyzer)" \
	"$(build . W=12 KCFLAGS=-fanalyzer)"
verdict "module of tests/mdev builds without a warning (W=12)" \
	"$(build tests/mdev W=12)"
if [ ! -f "$tmp/kvm-pod.ko" ]; then
	exit 0
fi
if [ -z "$(kvm_symbols)" ]; then
	verdict "no KVM symbol is used" "$kdir/Module.symvers has no row of kvm.ko"
else
	verdict "no KVM symbol is used" "$(comm -12 <(kvm_symbols) <(needed_symbols))"
fi
if command -v sparse >/dev/null; then
	verdict "sparse" "$(build . C=2; build tests/mdev C=2)"
else
	skip "sparse" "sparse is not installed"
fi
