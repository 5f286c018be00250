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

key_of() { # VERSION
	{
		echo "$FORMAT $1"
		gcc --version | head -n 1
	} | sha256sum | cut -c 1-16
}

quiet() { # DIRECTORY COMMAND...
	local dir=$1
	shift

	"$@" </dev/null >>"$dir.log" 2>&1 || {
		tail -n 20 "$dir.log" >&2
		die "$* failed; the whole log is $dir.log"
	}
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

build() { # INTO VERSION
	local dir=$STORE/.build suite

	mkdir -p "$STORE"
	exec 9>"$STORE/lock"
	flock -n 9 || { say "external: waiting for another build"; flock 9; }
	[ ! -e "$1" ] || return 0
	rm -rf "$dir" "$dir.log"
	mkdir "$dir"
	# shellcheck disable=SC2064 # the value of now
	trap "rm -rf '$dir'" EXIT
	unpack "$dir" "$2"
	say "external: building the selftests of KVM and mm"
	quiet "$dir" make -s -C "$dir/src" -j "$(nproc)" headers
	for suite in kvm mm; do
		compile "$dir" "$suite"
		collect "$dir" "$suite"
	done
	for suite in kvm/demand_paging_test mm/cow; do
		[ -e "$dir/out/$suite" ] ||
			die "$suite did not compile; the log is $dir.log"
	done
	mv -T "$dir/out" "$1"
}

build_shim() {
	mkdir -p "$OURS"
	gcc -std=gnu11 -O2 -shared -fPIC -fvisibility=hidden -Wall -Wextra \
		-Werror -I "$KVM_POD_TOP/include/uapi" -o "$OURS/shim.so" \
		"$HERE/shim.c"
}

main() {
	local version dir

	"$HERE/../bed/deps.sh" external
	build_shim
	version=$(version_of_headers)
	dir=$STORE/$(key_of "$version")
	if [ ! -e "$dir" ]; then
		version=$(version_to_be_had "$version")
		dir=$STORE/$(key_of "$version")
		[ -e "$dir" ] || build "$dir" "$version"
	fi
	echo "$dir"
}

main "$@"
