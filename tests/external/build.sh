#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh - the KVM and mm selftests of Debian's kernel source, and the shim.
#
# Prints the directory that has them, in kvm/ and mm/. The source's programs are
# built once for each state of source, compiler and list, and kept in the cache:
# a minute and a half. The shim is in build/external.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
readonly HERE
# shellcheck source=tests/bed/lib.sh
. "$HERE/../bed/lib.sh"
# shellcheck source=tests/kernels/source.sh
. "$HERE/../kernels/source.sh"

readonly FORMAT=1 # changes with what is kept
readonly STORE=$KVM_POD_CACHE/external
readonly OURS=$KVM_POD_TOP/build/external

key_of() { # NAME VERSION
	{
		echo "$FORMAT $2"
		gcc --version | head -n 1
	} | sha256sum | cut -c 1-16
}

# One program that does not compile does not cost the others; what is missing is
# missed by who runs them.
compile() { # DIRECTORY SUITE
	local dir=$1 suite=$2

	mkdir -p "$dir/obj/$suite"
	make -s -k -j "$(nproc)" -C "$dir/src/tools/testing/selftests/$suite" \
		ARCH=x86_64 "KHDR_INCLUDES=-isystem $dir/src/usr/include" \
		"OUTPUT=$dir/obj/$suite" </dev/null >>"$dir.log" 2>&1 || true
}

collect() { # DIRECTORY SUITE
	local dir=$1 suite=$2 file

	while read -r file; do
		mkdir -p "$(dirname "$dir/out/$suite/$file")"
		strip -g -o "$dir/out/$suite/$file" "$dir/obj/$suite/$file"
	done < <(cd "$dir/obj/$suite" && find . -type f -executable -printf '%P\n')
}

make_out() { # DIRECTORY
	local suite program

	logged "$1" make -s -C "$1/src" -j "$(nproc)" headers
	for suite in kvm mm; do
		compile "$1" "$suite"
		collect "$1" "$suite"
	done
	for program in kvm/demand_paging_test mm/cow; do
		[ -e "$1/out/$program" ] ||
			die "$program did not compile; the log is $1.log"
	done
}

# Another suite may be reading the one of before.
build_shim() {
	mkdir -p "$OURS"
	gcc -std=gnu11 -O2 -shared -fPIC -fvisibility=hidden -Wall -Wextra \
		-Werror -I "$KVM_POD_TOP/include/uapi" -o "$OURS/shim.so.$$" \
		"$HERE/shim.c"
	mv "$OURS/shim.so.$$" "$OURS/shim.so"
}

main() {
	"$HERE/../bed/deps.sh" external
	build_shim
	find_or_build "$STORE/" selftests
	echo "$BUILT"
}

main "$@"
