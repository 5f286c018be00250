#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# fsx.sh - the file system exerciser, from the one source package of Debian 12
# that has it, and the path of the built program; status 77 if there is none.
#
# OpenAFS's tests include Apple's fsx. The package's source is looked for in the
# archive that apt uses on this machine, by lists of its own: the machine's
# sources are not changed. Kept in the cache.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
readonly HERE
# shellcheck source=tests/bed/lib.sh
. "$HERE/../bed/lib.sh"

readonly PACKAGE=openafs
readonly STORE=$KVM_POD_CACHE/fsx
readonly FILE=src/tests/fsx.c

# The archive of Debian 12, without "Types: deb", or nothing.
archive() {
	# shellcheck disable=SC2016  # apt's own placeholders
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 'Component: main' |
		awk '$1 == "bookworm" { print $2; exit }'
}

apt_here() { # DIRECTORY ARGUMENT...
	local dir=$1
	shift

	(cd "$dir" && apt-get -qq -o Dir::Etc::sourcelist="$dir/src.list" \
		-o Dir::Etc::sourceparts=- -o Dir::State::lists="$dir/lists" \
		-o Dir::Cache="$dir/cache" -o APT::Sandbox::User=root "$@" \
		>>"$dir/log" 2>&1)
}

download() { # DIRECTORY
	local uri

	uri=$(archive)
	[ -n "$uri" ] || return 1
	mkdir -p "$1/lists/partial" "$1/cache"
	echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
	     "$uri bookworm main" >"$1/src.list"
	apt_here "$1" update && apt_here "$1" source --download-only "$PACKAGE"
}

# As it is: warnings are its own.
compile() { # DIRECTORY
	tar -xOf "$1/$PACKAGE"_*.orig.tar.* --wildcards "*/$FILE" >"$1/fsx.c" &&
		gcc -O2 -w -o "$1/fsx" "$1/fsx.c"
}

skip() { # REASON
	say "fsx: of Debian's $PACKAGE, $1"
	exit 77
}

main() {
	local tmp

	if [ ! -e "$STORE/fsx" ]; then
		mkdir -p "$STORE"
		tmp=$(mktemp -d "$STORE/.tmp.XXXXXX")
		# shellcheck disable=SC2064  # the value of now
		trap "rm -rf '$tmp'" EXIT
		download "$tmp" || skip "its source cannot be downloaded"
		compile "$tmp" || skip "$FILE is not there or does not compile"
		mv "$tmp/fsx" "$STORE/fsx"
	fi
	echo "$STORE/fsx"
}

main "$@"
