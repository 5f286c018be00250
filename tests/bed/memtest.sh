#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# memtest.sh - get Debian's memtest86+ and print the path of its 64-bit image.
#
# Downloaded and unpacked in the cache, never installed: the package would add
# itself to the boot menu of this machine.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly IMAGE=boot/memtest86+x64.bin
readonly STORE=$KVM_POD_CACHE/memtest86+

download() { # DIRECTORY
	(cd "$1" && apt-get -qq download memtest86+ >/dev/null 2>&1)
}

fetch() {
	local tmp

	mkdir -p "$STORE"
	tmp=$(mktemp -d "$STORE/.tmp.XXXXXX")
	# shellcheck disable=SC2064  # the value of now
	trap "rm -rf '$tmp'" EXIT
	say "memtest: downloading memtest86+"
	if ! download "$tmp"; then
		apt_get -qq update >&2 || true
		download "$tmp" || die "apt-get cannot download memtest86+"
	fi
	dpkg-deb --fsys-tarfile "$tmp"/*.deb | tar -x -C "$tmp" "./$IMAGE"
	mkdir -p "$STORE/boot"
	mv "$tmp/$IMAGE" "$STORE/$IMAGE"
}

main() {
	if [ -r "/$IMAGE" ]; then
		echo "/$IMAGE"
		return
	fi
	[ -e "$STORE/$IMAGE" ] || fetch
	echo "$STORE/$IMAGE"
}

main "$@"
