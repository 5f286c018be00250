#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh [--qtest | --each | --path] - QEMU with this series applied.
#
# Prints the path of the binary, qemu-system-x86_64, on stdout; all else goes
# to stderr. Built once for each state of source, patches and options, and kept
# in the cache.
#
#   --qtest  run the qtests and unit tests of what the series touches
#   --each   build patch by patch, and let QEMU's checkpatch.pl see each
#   --path   print the build tree instead
#
# The source is Debian's: its archive is what apt can verify. It is fetched
# once; after that no network is needed.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
readonly HERE
# shellcheck source=tests/bed/lib.sh
. "$HERE/../tests/bed/lib.sh"

readonly CACHE=$KVM_POD_CACHE/qemu
readonly TREE=$CACHE/tree
readonly DEVICES=$HERE/devices.mak
readonly BINARY=qemu-system-x86_64
readonly TESTS=(
	unit/test-ram-discard qtest/virtio-balloon-test
	qtest/balloon-inhibit-test qtest/pod-memory-test qtest/qmp-cmd-test
)

readonly FIRMWARE=/usr/share/seabios:/usr/share/qemu:/usr/lib/ipxe/qemu
readonly CONFIGURE=(
	--python=/usr/bin/python3 --disable-download
	--target-list=x86_64-softmmu --without-default-features
	--without-default-devices --with-devices-x86_64=kvm-pod
	--enable-system --enable-kvm --enable-tcg
	--enable-vhost-kernel --enable-vhost-net
	--enable-vhost-user --enable-vhost-user-blk-server
	--enable-linux-aio --enable-linux-io-uring
	--disable-docs --disable-tools --disable-werror --disable-debug-info
	--disable-install-blobs "--firmwarepath=$FIRMWARE"
)

# shellcheck source=qemu-patches/source.sh
. "$HERE/source.sh"

# What a build tree is made for; with the patches it is what a binary is.
options_of() {
	sha256sum <"$1"
	cat "$DEVICES"
	printf '%s\n' "${CONFIGURE[@]}"
}

key_of() {
	{
		options_of "$1"
		cat "$HERE"/*.patch
	} | sha256sum | cut -c 1-16
}

die_with_log() {
	tail -n 25 "$1" >&2
	die "$2; the whole log is $1"
}

# What a firmware path names is looked up below the build tree first.
link_firmware() {
	local dir path=$1/qemu-bundle

	for dir in ${FIRMWARE//:/ }; do
		mkdir -p "$path$(dirname "$dir")"
		ln -sfn "$dir" "$path$dir"
	done
}

configure() {
	local dir=$1

	say "qemu: configuring"
	mkdir -p "$dir/build"
	(cd "$dir/build" && ../source/configure "${CONFIGURE[@]}") \
		>"$dir/configure.log" 2>&1 ||
		die_with_log "$dir/configure.log" "QEMU's configure failed"
	link_firmware "$dir/build"
}

# Prints how far the ninja whose output is $2 has come while $1 runs.
show_progress() {
	local pid=$1 log=$2 shown=-20 now

	while kill -0 "$pid" 2>/dev/null; do
		now=$(grep -o '^ *[0-9]*%' "$log" | tail -n 1 | tr -dc 0-9) || true
		if [ "${now:-0}" -ge $((shown + 20)) ]; then
			shown=${now:-0}
			say "qemu: $shown % compiled"
		fi
		sleep 1
	done
}

compile() {
	local dir=$1 pid
	shift

	NINJA_STATUS='%p ' ninja -C "$dir/build" -j 2 "$@" >"$dir/ninja.log" 2>&1 &
	pid=$!
	show_progress "$pid" "$dir/ninja.log"
	wait "$pid" || die_with_log "$dir/ninja.log" "QEMU does not compile"
}

# Puts the patched source in place. What Debian's patches and ours leave as it
# was keeps its time, so that ninja compiles only what a change concerns.
renew_source() {
	local dsc=$1 tree=$2 new=$2/source.new patch file

	rm -rf "$new"
	touch -d '-1 minute' "$tree/before"
	source_unpack "$dsc" "$new"
	for patch in "$HERE"/*.patch; do
		source_apply "$new" "$patch"
	done
	(cd "$new" && find . -type f -newer "$tree/before") >>"$tree/patched"
	sort -u "$tree/patched" | while read -r file; do
		if cmp -s "$tree/source/$file" "$new/$file"; then
			touch -r "$tree/source/$file" "$new/$file"
		elif [ -e "$new/$file" ]; then
			touch "$new/$file"
		fi
	done
	rm -rf "$tree/source"
	mv "$new" "$tree/source"
}

# Makes the build tree that of the series as it is now, unless it is already.
build_tree() {
	local dsc=$1 tree=$2 key=$3

	[ "$(cat "$tree/key" 2>/dev/null)" != "$key" ] || return 0
	rm -f "$tree/key"
	if ! options_of "$dsc" | cmp -s - "$tree/options"; then
		rm -rf "$tree"
		mkdir -p "$tree"
	fi
	renew_source "$dsc" "$tree"
	if [ ! -e "$tree/options" ]; then
		configure "$tree"
		options_of "$dsc" >"$tree/options"
	fi
	compile "$tree" "$BINARY"
	echo "$key" >"$tree/key"
}

# Old binaries stay, somebody may be using them.
build_binary() {
	local dsc=$1 dir=$2

	build_tree "$dsc" "$TREE" "$(basename "$dir")"
	mkdir -p "$dir"
	strip -o "$dir/$BINARY.new" "$TREE/build/$BINARY"
	mv "$dir/$BINARY.new" "$dir/$BINARY"
}

run_tests() {
	local dir=$1 test passed=0 failed=0 log

	compile "$dir" "${TESTS[@]/#/tests/}"
	cd "$dir/build"
	for test in "${TESTS[@]}"; do
		log=$dir/${test#*/}.log
		say "qemu: running $test"
		if ! QTEST_QEMU_BINARY=./$BINARY timeout 300 "tests/$test" \
				>"$log" 2>&1; then
			failed=$((failed + 1))
			say "qemu: $test failed; its log is $log"
			grep -v '^#' "$log" | tail -n 15 >&2
		fi
		passed=$((passed + $(grep -c '^ok ' "$log" || true)))
	done
	echo "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}

# An imported header may not share a patch with anything else, and so cannot
# bring its MAINTAINERS entry; checkpatch.pl asks for it all the same.
checkpatch() {
	local tree=$1 patch=$2 allowed='^$' found

	[[ $patch != *-linux-headers-* ]] ||
		allowed='update-linux-headers.sh|MAINTAINERS need updating'
	found=$(perl "$tree/scripts/checkpatch.pl" -q --no-tree "$patch" |
		grep -A 1 -E '^(WARNING|ERROR)' | grep -vE "$allowed|^--\$|^#" || true)
	[ -z "$found" ] || die "checkpatch.pl on $(basename "$patch"): $found"
}

build_each() {
	local dsc=$1 dir=$CACHE/each patch

	rm -rf "$dir"
	mkdir -p "$dir"
	source_unpack "$dsc" "$dir/source"
	configure "$dir"
	for patch in "$HERE"/*.patch; do
		say "qemu: $(basename "$patch")"
		checkpatch "$dir/source" "$patch"
		source_apply "$dir/source" "$patch"
		compile "$dir" "$BINARY"
	done
	rm -rf "$dir"
	say "qemu: every patch builds"
}

# One build at a time; whoever waited finds it done.
lock() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/lock"
	flock -n 9 || { say "qemu: waiting for another build"; flock 9; }
}

main() {
	local mode=${1:-} dsc dir

	case $mode in
	"" | --qtest | --each | --path) ;;
	*) die "usage: build.sh [--qtest | --each | --path]" ;;
	esac
	"$HERE/../tests/bed/deps.sh" qemu-build
	lock
	dsc=$(source_dsc)
	if [ "$mode" = --each ]; then
		build_each "$dsc"
		return
	fi
	dir=$CACHE/$(key_of "$dsc")
	if [ -n "$mode" ] || [ ! -x "$dir/$BINARY" ]; then
		build_binary "$dsc" "$dir"
	fi
	case $mode in
	--qtest) run_tests "$TREE" ;;
	--path) echo "$TREE/build" ;;
	*) echo "$dir/$BINARY" ;;
	esac
}

main "$@"
