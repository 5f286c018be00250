#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kernel.sh - get the newest stock Debian 6.12 kernel for the test bed.
#
# The image is downloaded and unpacked in the cache, never installed, unless
# apt has put it on this machine already, as it does along with the headers.
# Prints shell assignments:
#	KVER=	the release, as uname -r
#	VMLINUZ=	the kernel image
#	MODDIR=	its modules (.../lib/modules/KVER)
#	KDIR=	the matching headers, to build modules against

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly META=linux-headers-6.12-amd64
readonly STORE=$KVM_POD_CACHE/kernel

# The release that the meta package stands for on this machine.
wanted_release() {
	local dep

	dep=$(dpkg-query -W -f '${Depends}' "$META" 2>/dev/null) || return 1
	dep=${dep#linux-headers-}
	echo "${dep%% *}"
}

# Debian's security archive has it signed or -unsigned, depending on the day.
download_image() {
	local kver=$1 pkg

	for pkg in "linux-image-$kver" "linux-image-$kver-unsigned"; do
		apt-get -qq download "$pkg" >&2 2>/dev/null && return
	done
	return 1
}

fetch() {
	local kver=$1 tmp

	mkdir -p "$STORE"
	tmp=$(mktemp -d "$STORE/.tmp.XXXXXX")
	# shellcheck disable=SC2064  # the value of now
	trap "rm -rf '$tmp'" EXIT
	chmod 755 "$tmp"
	say "kernel: downloading linux-image-$kver (about 100 MB)"
	if ! (cd "$tmp" && download_image "$kver"); then
		apt_get -qq update >&2 || true
		(cd "$tmp" && download_image "$kver") || return 1
	fi
	say "kernel: unpacking it into $STORE/$kver"
	dpkg-deb --fsys-tarfile "$tmp"/linux-image-*.deb | tar -x -C "$tmp"
	/sbin/depmod -b "$tmp" "$kver"
	rm -f "$tmp"/linux-image-*.deb
	mv -T "$tmp" "$STORE/$kver" 2>/dev/null || is_cached "$kver"
}

newest_cached() {
	find "$STORE" -mindepth 1 -maxdepth 1 -name '6.12.*' -printf '%f\n' 2>/dev/null |
		sort -V | tail -n 1
}

is_installed() {
	[ -r "/boot/vmlinuz-$1" ] && [ -r "/lib/modules/$1/modules.dep" ]
}

is_cached() {
	[ -e "$STORE/$1/boot/vmlinuz-$1" ]
}

main() {
	local kver root

	"$(dirname "$0")/deps.sh" kernel
	kver=$(wanted_release) || die "$META is not installed"
	if ! is_cached "$kver" && ! is_installed "$kver" && ! fetch "$kver"; then
		say "kernel: cannot download linux-image-$kver"
		kver=$(newest_cached)
		[ -n "$kver" ] || die "no Debian 6.12 kernel can be had: the archive cannot" \
			"be reached and $STORE is empty"
		say "kernel: going on with $kver from the cache"
	fi
	root=
	! is_cached "$kver" || root=$STORE/$kver
	[ -d "/usr/src/linux-headers-$kver" ] ||
		die "the headers of $kver are missing; apt-get install linux-headers-$kver"
	cat <<-END
		KVER=$kver
		VMLINUZ=$root/boot/vmlinuz-$kver
		MODDIR=$root/lib/modules/$kver
		KDIR=/usr/src/linux-headers-$kver
	END
}

main "$@"
