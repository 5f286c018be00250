#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests install.sh and uninstall.sh in a directory that stands for /. Needs a
# built kvm-pod.ko for the module tests, and dkms and kernel headers for the
# DKMS build; what is missing is skipped and counted. Prints one line per
# test, and "N passed, N failed, N skipped" at the end.
set -euo pipefail

cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
skipped=0
export PREFIX=/usr/local

check() { # NAME COMMAND...
	local name=$1
	shift
	if "$@" >"$tmp/out" 2>&1; then
		passed=$((passed + 1))
		echo "ok - packaging: $name"
	else
		failed=$((failed + 1))
		echo "not ok - packaging: $name"
		sed 's/^/#   /' "$tmp/out"
	fi
}

skip() { # NAME REASON
	skipped=$((skipped + 1))
	echo "ok - packaging: $1 # SKIP $2"
}

has_mode() { [ "$(stat -c %a "$1")" = "$2" ]; }
has_no_file() { ! find "$1" ! -type d | grep .; }
fails_with() { # TEXT COMMAND...
	local text=$1
	shift
	! "$@" >"$tmp/text" 2>&1 && grep -F -e "$text" "$tmp/text"
}
keeps_config() { # COMMAND...
	"$@" | grep 'KEEP.*changed' && grep limit_mb=77 "$config"
}

install_sh=tools/packaging/install.sh
uninstall_sh=tools/packaging/uninstall.sh

check_common_files() {
	check "$1: udev rule" has_mode "$DESTDIR/etc/udev/rules.d/99-kvm-pod.rules" 644
	check "$1: modprobe.d example" has_mode "$config" 644
	check "$1: podctl runs" "$DESTDIR/usr/local/bin/podctl" --version
	check "$1: manual page" has_mode \
		"$DESTDIR/usr/local/share/man/man8/podctl.8" 644
	check "$1: header compiles where it was installed" \
		"${CC:-cc}" -fsyntax-only -I"$DESTDIR/usr/local/include" \
		-include linux/kvm_pod.h -x c /dev/null
}

test_module() {
	local kver
	export DESTDIR=$tmp/module
	config=$DESTDIR/etc/modprobe.d/kvm-pod.conf
	if [ ! -f kvm-pod.ko ]; then
		skip "module" "kvm-pod.ko is not built"
		return
	fi
	kver=$(modinfo -F vermagic kvm-pod.ko | cut -d' ' -f1)
	check "module: refuses another kernel" fails_with "is built for $kver" \
		env KVER=0.0.0 "$install_sh"
	check "module: nothing was written then" test ! -e "$DESTDIR"
	check "module: install" env KVER="$kver" "$install_sh"
	check "module: same file" cmp kvm-pod.ko \
		"$DESTDIR/lib/modules/$kver/updates/kvm-pod.ko"
	check "module: depmod takes it" depmod -n -b "$DESTDIR" "$kver"
	check_common_files module
	check "module: DKMS beside it is refused" fails_with "make uninstall" \
		env KVER="$kver" DKMS=1 "$install_sh"
	check "module: install again" env KVER="$kver" "$install_sh"
	check "module: uninstall" "$uninstall_sh"
	check "module: nothing is left" has_no_file "$DESTDIR"
	check "module: uninstall again" "$uninstall_sh"
}

test_dkms_files() {
	export DESTDIR=$tmp/dkms
	config=$DESTDIR/etc/modprobe.d/kvm-pod.conf
	check "dkms: install" env DKMS=1 "$install_sh"
	check_common_files dkms
	check "dkms: dkms.conf" compgen -G "$DESTDIR/usr/src/kvm-pod-*/dkms.conf"
	check "dkms: Kbuild" compgen -G "$DESTDIR/usr/src/kvm-pod-*/Kbuild"
}

test_config_is_kept() {
	echo "options kvm-pod limit_mb=77" >"$config"
	check "install keeps a changed modprobe.d file" \
		keeps_config env DKMS=1 "$install_sh"
	check "uninstall keeps it, too" keeps_config "$uninstall_sh"
	rm "$config"
	check "dkms: nothing is left" has_no_file "$DESTDIR"
	check "dkms: no directory is left" test -z "$(ls "$DESTDIR/usr/src")"
}

# A real DKMS run, on trees of its own.
dkms_build() { # KERNEL
	local version=$1 kver=$2
	dkms build "kvm-pod/$version" -k "$kver" --arch x86_64 \
		--sourcetree "$DESTDIR/usr/src" --dkmstree "$tmp/dkmstree" &&
		find "$tmp/dkmstree" -name 'kvm-pod.ko*' | grep .
}

test_dkms_build() {
	local headers version
	headers=$(find /usr/src -maxdepth 1 -name 'linux-headers-6.12*-amd64' |
		sort -V | tail -n 1)
	if ! command -v dkms >/dev/null; then
		skip "dkms: build" "dkms is not installed"
	elif [ -z "$headers" ]; then
		skip "dkms: build" "no kernel headers are installed"
	else
		version=$(basename "$DESTDIR"/usr/src/kvm-pod-* | cut -d- -f3)
		mkdir -p "$tmp/dkmstree"
		check "dkms: build for ${headers##*linux-headers-}" \
			dkms_build "$version" "${headers##*linux-headers-}"
	fi
}

# From a copy, as the tree may be where only root can read.
test_root_is_needed() {
	local script as_user=()
	cp -r tools "$tmp/tools"
	chmod 755 "$tmp"
	if [ "$(id -u)" = 0 ]; then
		as_user=(setpriv --reuid=65534 --clear-groups)
	fi
	unset DESTDIR
	for script in install uninstall; do
		check "$script refuses / to a user" fails_with "needs root" \
			"${as_user[@]}" "$tmp/tools/packaging/$script.sh"
	done
}

test_module
test_dkms_files
test_dkms_build
test_config_is_kept
test_root_is_needed
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
