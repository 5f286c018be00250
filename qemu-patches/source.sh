# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Debian 13's QEMU source: fetched with apt, verified, unpacked, patched. To be
# sourced by build.sh, after tests/bed/lib.sh and with HERE and CACHE set.

readonly SOURCE_SUITE=trixie
readonly SOURCE_SERIES=1:10.0.
readonly SOURCE_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

base() {
	awk -v field="$1" '$1 == field { print $2 }' "$HERE/BASE"
}

dsc_version() {
	awk '$1 == "Version:" { print $2; exit }' "$1"
}

# Prints "sha256 file" for each file that a .dsc names.
dsc_files() {
	awk '/^Checksums-Sha256:/ { on = 1; next } /^[^ ]/ { on = 0 }
	     on { print $1 "  " $3 }' "$1"
}

dsc_is_whole() {
	(cd "$(dirname "$1")" && dsc_files "$(basename "$1")" |
		sha256sum --check --status 2>/dev/null)
}

# The mirror this machine already uses for Debian 12 also carries Debian 13.
debian_mirror() {
	# shellcheck disable=SC2016  # apt's own placeholders
	apt-get indextargets --format '$(RELEASE) $(REPO_URI)' \
		'Created-By: Packages' 'Component: main' |
		awk '$1 == "bookworm" { print $2; exit }'
}

# apt with its own lists and sources, so that the machine's are left alone.
private_apt() {
	local root=$1
	shift

	apt-get -qq -o "Dir::Etc::SourceList=$root/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$root/lists" \
		-o "Dir::Cache=$root/cache" -o "APT::Sandbox::User=$(id -un)" "$@" >&2
}

# Leaves the newest source package in directory $1; apt verifies it.
source_fetch() {
	local into=$1 root mirror

	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "no apt source for Debian 12 (bookworm) on this machine," \
		"so no mirror to fetch QEMU's source from"
	root=$(mktemp -d)
	mkdir -p "$root/lists/partial" "$root/cache/archives/partial" "$into"
	echo "deb-src [signed-by=$SOURCE_KEYRING] $mirror $SOURCE_SUITE main" \
		>"$root/sources.list"
	say "qemu: fetching the source package of $SOURCE_SUITE (40 MB)"
	if ! private_apt "$root" update ||
	   ! (cd "$into" && private_apt "$root" source --download-only qemu); then
		rm -rf "$root"
		die "could not fetch QEMU's source; is the Debian mirror reachable?"
	fi
	rm -rf "$root"
}

# Warns when Debian moved on, refuses what claims to be BASE and is not.
source_check() {
	local dsc=$1 version

	version=$(dsc_version "$dsc")
	case $version in
	"$(base version)")
		echo "$(base dsc-sha256)  $dsc" | sha256sum --check --status ||
			die "$dsc is not the file that qemu-patches/BASE names"
		;;
	"$SOURCE_SERIES"*)
		say "qemu: warning: the source is $version, the series was made for" \
			"$(base version)"
		;;
	*)
		die "the source is QEMU $version; the series is for $SOURCE_SERIES*"
		;;
	esac
}

# Prints the .dsc to use: the newest whole one in the cache, or a fetched one.
source_dsc() {
	local dir=$CACHE/source dsc

	for _ in cached fetched; do
		for dsc in $(find "$dir" -name '*.dsc' 2>/dev/null | sort -rV); do
			if dsc_is_whole "$dsc"; then
				source_check "$dsc"
				echo "$dsc"
				return
			fi
		done
		source_fetch "$dir"
	done
	die "the fetched source in $dir does not match its .dsc"
}

source_unpack() {
	local dsc=$1 tree=$2

	say "qemu: unpacking $(dsc_version "$dsc")"
	dpkg-source --no-check --no-copy -x "$dsc" "$tree" >/dev/null
	cp "$DEVICES" "$tree/configs/devices/x86_64-softmmu/kvm-pod.mak"
}

source_apply() {
	local tree=$1 patch=$2

	patch -d "$tree" -p1 -s -N --no-backup-if-mismatch <"$patch" >&2 ||
		die "$(basename "$patch") does not apply to this QEMU source"
}
