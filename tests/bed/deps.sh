#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# deps.sh GROUP... - install what Debian 12 lacks for a part of this project.
#
# Does nothing, fast, when all is there. Needs root or sudo otherwise.

set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly MESON_MIN=1.5.0
readonly BACKPORTS=bookworm-backports
readonly BACKPORTS_LIST=/etc/apt/sources.list.d/kvm-pod-backports.list

readonly GROUPS_KNOWN="module kernel debug-kernel qemu-build bed ept lint core fuzz external bench packaging"

packages_of() {
	case $1 in
	module)
		echo "gcc make libc6-dev libelf1 kmod xz-utils linux-headers-6.12-amd64" ;;
	kernel)
		echo "kmod xz-utils linux-headers-6.12-amd64" ;;
	debug-kernel)
		echo "gcc make libc6-dev flex bison bc perl libelf-dev kmod xz-utils" \
		     "linux-headers-6.12-amd64" ;;
	qemu-build)
		echo "build-essential pkg-config ninja-build flex bison perl bzip2" \
		     "xz-utils dpkg-dev python3 python3-venv python3-pip" \
		     "python3-setuptools libglib2.0-dev zlib1g-dev meson" \
		     "libaio-dev liburing-dev" \
		     "seabios qemu-system-data ipxe-qemu patch git" ;;
	bed)
		echo "python3 busybox-static gcc libc6-dev make binutils kmod xz-utils" \
		     "qemu-system-x86 qemu-system-data seabios ipxe-qemu" ;;
	ept)
		echo "bochs bochsbios vgabios isolinux syslinux-common xorriso" \
		     "python3 busybox-static gcc libc6-dev make binutils" ;;
	lint)
		echo "sparse coccinelle shellcheck clang perl gcc make git python3" \
		     "binutils kmod libelf1 linux-headers-6.12-amd64" \
		     "pyflakes3 python3-docutils python3-pygments libpython3.11" \
		     "man-db xz-utils codespell" ;;
	core)
		echo "gcc g++ clang libclang-rt-14-dev libc6-dev make python3" ;;
	fuzz)
		echo "clang libclang-rt-14-dev libc6-dev binutils make python3" ;;
	external)
		echo "gcc make libc6-dev liburing-dev libcap-dev libnuma-dev xz-utils stress-ng" \
		     "linux-headers-6.12-amd64" ;;
	bench)
		echo "gcc libc6-dev make python3-matplotlib git" ;;
	packaging)
		echo "gcc make libc6-dev kmod dkms linux-headers-6.12-amd64" ;;
	*)
		die "deps.sh: unknown group '$1'; known: $GROUPS_KNOWN" ;;
	esac
}

# Prints those of its arguments that are not installed.
missing_of() {
	local have pkg

	have=" $(dpkg-query -W -f '${db:Status-Abbrev}${Package} ' "$@" 2>/dev/null || true)"
	for pkg in "$@"; do
		[[ $have == *" ii $pkg "* ]] || echo "$pkg"
	done
}

meson_is_old() {
	local version

	version=$(dpkg-query -W -f '${Version}' meson 2>/dev/null) || return 0
	dpkg --compare-versions "$version" lt "$MESON_MIN"
}

meson_candidate_is_old() {
	local version

	version=$(apt-cache madison meson | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
		  sort -V | tail -n 1)
	[ -z "$version" ] || dpkg --compare-versions "$version" lt "$MESON_MIN"
}

# The mirror this machine already uses for Debian 12 also carries backports.
add_backports() {
	local uri

	# shellcheck disable=SC2016  # apt's own placeholders
	uri=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 'Component: main' |
	      awk '$1 == "bookworm" { print $2; exit }')
	[ -n "$uri" ] || die "no apt source for Debian 12 (bookworm) on this machine;" \
		"meson >= $MESON_MIN from $BACKPORTS is needed to build QEMU"
	say "deps: adding $BACKPORTS to apt ($BACKPORTS_LIST), for meson >= $MESON_MIN"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	     "$uri $BACKPORTS main" | as_root tee "$BACKPORTS_LIST" >/dev/null
}

update_lists() {
	say "deps: refreshing apt's package lists"
	apt_get -qq update >&2 || say "deps: apt-get update failed; going on with the old lists"
}

# dpkg's chatter is shown only when something went wrong.
install_packages() {
	local log

	say "deps: installing $*"
	log=$(mktemp)
	if apt_get -qq install -y --no-install-recommends "$@" >"$log" 2>&1; then
		rm -f "$log"
		return
	fi
	tail -n 15 "$log" >&2
	rm -f "$log"
	return 1
}

all_known() {
	[ "$(apt-cache madison "$@" 2>/dev/null | awk '{ print $1 }' |
	     sort -u | wc -l)" -eq $# ]
}

# apt-get update only when an install could not do without.
install_or_update() {
	all_known "$@" || update_lists
	install_packages "$@" && return
	update_lists
	install_packages "$@" || die "apt-get could not install: $*"
}

install_meson() {
	if meson_candidate_is_old; then
		update_lists
		if meson_candidate_is_old; then
			add_backports
			update_lists
		fi
	fi
	install_packages -t "$BACKPORTS" meson ||
		die "apt-get could not install meson >= $MESON_MIN from $BACKPORTS"
}

main() {
	local group want=() missing meson=

	[ $# -gt 0 ] || die "usage: deps.sh GROUP...; groups: $GROUPS_KNOWN"
	for group in "$@"; do
		read -ra packages <<<"$(packages_of "$group")"
		want+=("${packages[@]}")
	done
	if [[ " ${want[*]} " == *" meson "* ]] && meson_is_old; then
		meson=y
	fi
	mapfile -t missing < <(missing_of "${want[@]}" | grep -vx meson | sort -u)
	[ ${#missing[@]} -eq 0 ] || install_or_update "${missing[@]}"
	[ -z "$meson" ] || install_meson
}

main "$@"
