#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Prints a directory with the kernel's own checkers (checkpatch.pl, kernel-doc
# and the semantic patches of scripts/coccinelle), which Debian's header packages do
# not have. They come from the installed linux-source-6.12, or from that
# package downloaded once into the cache. Needs about 150 MB while it works.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=../bed/lib.sh
. "$(dirname "$0")/../bed/lib.sh"

readonly PACKAGE=linux-source-6.12
readonly STORE=$KVM_POD_CACHE/kernel-scripts
readonly FORMAT=2 # changes with the list of files
readonly INSTALLED=/usr/src/$PACKAGE.tar.xz

known_version() {
	LC_ALL=C apt-cache policy "$PACKAGE" |
		awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'
}

# A machine that never ran apt-get update knows of no package.
candidate() {
	known_version | grep . && return
	apt_get -qq update >&2 || true
	known_version
}

newest_cached() {
	find "$STORE" -mindepth 1 -maxdepth 1 -name "6.12.*.$FORMAT" 2>/dev/null |
		sort -V | tail -n 1
}

# Reads the source's tarball from stdin.
extract() { # DIRECTORY
	tar -xJ -C "$1" --strip-components=2 --wildcards \
		'*/scripts/checkpatch.pl' '*/scripts/kernel-doc' \
		'*/scripts/spelling.txt' \
		'*/scripts/const_structs.checkpatch' '*/scripts/coccinelle/*'
}

download() { # DIRECTORY
	say "lint: downloading $PACKAGE (about 140 MB) for checkpatch and coccinelle"
	(cd "$1" && apt-get -qq -o APT::Sandbox::User=root download "$PACKAGE" >&2) || return 1
	say "lint: unpacking its scripts"
	dpkg-deb --fsys-tarfile "$1/$PACKAGE"*.deb |
		tar -xO ".$INSTALLED" | extract "$1"
	rm -f "$1/$PACKAGE"*.deb
}

fetch() { # VERSION
	local tmp
	mkdir -p "$STORE"
	tmp=$(mktemp -d "$STORE/.tmp.XXXXXX")
	# shellcheck disable=SC2064 # the value of now
	trap "rm -rf '$tmp'" EXIT
	chmod 755 "$tmp"
	if [ -f "$INSTALLED" ]; then
		extract "$tmp" <"$INSTALLED"
	elif ! download "$tmp"; then
		# The archive keeps only the newest: ours may be gone.
		apt_get -qq update >&2 || true
		download "$tmp" || return 1
	fi
	[ -f "$tmp/checkpatch.pl" ] || return 1
	mv -T "$tmp" "$STORE/$1" 2>/dev/null || [ -f "$STORE/$1/checkpatch.pl" ]
}

main() {
	local version
	version=$(candidate).$FORMAT
	if [ -f "$STORE/$version/checkpatch.pl" ] || fetch "$version"; then
		echo "$STORE/$version"
		return
	fi
	newest_cached | grep . ||
		die "cannot download $PACKAGE, and no copy of its scripts is in $STORE"
}

main
