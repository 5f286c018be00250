# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian's source of the kernel: which version, how to get it, and to build
# something from it once. To be sourced after bed/lib.sh.

readonly PACKAGE=linux-source-6.12
readonly META=linux-headers-6.12-amd64
readonly TARBALL=usr/src/$PACKAGE.tar.xz

# So that this kernel and the stock one are of an age.
version_of_headers() {
	local headers

	headers=$(dpkg-query -W -f '${Depends}' "$META" 2>/dev/null) ||
		die "$META is not installed"
	headers=${headers%% *}
	dpkg-query -W -f '${Version}' "${headers%%,*}" 2>/dev/null ||
		die "${headers%%,*} is not installed"
}

# Newest first.
versions_in_archive() {
	apt-cache madison "$PACKAGE" | awk '{ print $3 }'
}

# The version asked for, or the newest: the archive keeps a few only, and the
# headers on this machine may be older.
version_to_be_had() { # VERSION
	versions_in_archive | grep -qxF "$1" || apt_get -qq update >&2 || true
	if versions_in_archive | grep -qxF "$1"; then
		echo "$1"
		return
	fi
	say "kernel: there is no $PACKAGE $1 any more; taking the newest"
	versions_in_archive | head -n 1
}

fetch() { # DIRECTORY VERSION
	(cd "$1" && apt-get -qq -o APT::Sandbox::User=root \
		download "$PACKAGE=$2" >&2 2>/dev/null)
}

# The lists here may be older than the archive.
fetch_or_update() { # DIRECTORY VERSION
	fetch "$1" "$2" && return
	apt_get -qq update >&2 || true
	fetch "$1" "$2" || die "$PACKAGE $2 cannot be downloaded"
}

unpack() { # DIRECTORY VERSION
	say "kernel: downloading $PACKAGE $2 (150 MB)"
	fetch_or_update "$1" "$2"
	say "kernel: unpacking it"
	mkdir "$1/src"
	dpkg-deb --fsys-tarfile "$1/$PACKAGE"_*.deb |
		tar -xO "./$TARBALL" | tar -xJ -C "$1/src" --strip-components=1
	rm "$1/$PACKAGE"_*.deb
}

# Runs COMMAND with its output in DIRECTORY.log, of which the end is shown if it
# fails.
logged() { # DIRECTORY COMMAND...
	local dir=$1
	shift

	"$@" </dev/null >>"$dir.log" 2>&1 || {
		tail -n 20 "$dir.log" >&2
		die "$* failed; the whole log is $dir.log"
	}
}

# Unpacks the source into STORE/.NAME/src, and puts what make_out leaves in
# STORE/.NAME/out INTO a directory of STORE. One build at a time; the log of one
# that failed stays, its files do not.
build_once() { # INTO NAME VERSION
	local store=${1%/*} dir=${1%/*}/.$2

	mkdir -p "$store"
	exec 9>"$store/lock"
	flock -n 9 || { say "$2: waiting for another build"; flock 9; }
	[ ! -e "$1" ] || return 0
	rm -rf "$dir" "$dir.log"
	mkdir "$dir"
	# shellcheck disable=SC2064 # the value of now
	trap "rm -rf '$dir'" EXIT
	unpack "$dir" "$3"
	say "$2: building, this takes a while"
	make_out "$dir" "$2"
	mv -T "$dir/out" "$1"
	say "$2: done"
}

# Sets BUILT to the directory with what is built of the source: STORE/PREFIX and
# a key. Who sources this file has two functions for it:
#	key_of NAME VERSION		all that it depends on, as a hash
#	make_out DIRECTORY NAME		from DIRECTORY/src into DIRECTORY/out
find_or_build() { # STORE/PREFIX NAME
	local version

	version=$(version_of_headers)
	BUILT=$1$(key_of "$2" "$version")
	[ ! -e "$BUILT" ] || return 0
	version=$(version_to_be_had "$version")
	BUILT=$1$(key_of "$2" "$version")
	[ -e "$BUILT" ] || build_once "$BUILT" "$2" "$version"
}
