#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Installs kvm-pod: the module (or, with DKMS=1, its source, which DKMS builds
# for every kernel), udev rule, modprobe.d example, podctl and the header.
#
#   KVER     release of the kernel to install the module for: uname -r
#   DKMS     1: install for DKMS
#   DESTDIR, PREFIX  see common.sh
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

KVER=${KVER:-$(uname -r)}

install_file() { # SOURCE DESTINATION MODE
	install -D -m "$3" "$1" "$DESTDIR$2"
	echo "  INSTALL $DESTDIR$2"
}

check_module() {
	local ko=$root/kvm-pod.ko built_for
	[ -f "$ko" ] || die "kvm-pod.ko is not built; run 'make' first"
	built_for=$(modinfo -F vermagic "$ko" | cut -d' ' -f1)
	[ "$built_for" = "$KVER" ] ||
		die "kvm-pod.ko is built for $built_for, not for $KVER;" \
			"run 'make install KDIR=/lib/modules/$KVER/build'," \
			"or 'make install KVER=$built_for' for that kernel"
}

# modprobe would take either of the two.
refuse_second_kind() {
	local other=$DESTDIR$source_dir
	if [ "${DKMS:-}" = 1 ]; then
		other=$DESTDIR$module_dir/$KVER/$module_file
	fi
	[ ! -e "$other" ] ||
		die "there is $other already; run 'make uninstall' first"
}

# Not modules_install: that writes depmod's files into DESTDIR, too.
install_module() {
	install_file "$root/kvm-pod.ko" "$module_dir/$KVER/$module_file" 644
	if live; then depmod "$KVER"; fi
}

# An administrator's changes win over the example.
install_config() {
	local now=$DESTDIR$config_file
	if [ -f "$now" ] && ! cmp -s "$here/kvm-pod.conf" "$now"; then
		echo "  KEEP    $now (it was changed)"
		return
	fi
	install_file "$here/kvm-pod.conf" "$config_file" 644
}

install_plain_files() {
	local line source destination mode
	for line in "${plain_files[@]}"; do
		read -r source destination mode <<<"$line"
		install_file "$root/$source" "$destination" "$mode"
	done
}

install_dkms() {
	local file
	if live; then
		command -v dkms >/dev/null ||
			die "DKMS is not installed; run 'apt-get install dkms'"
		# A tree of the same version may hold an older build.
		dkms remove "kvm-pod/$version" --all >/dev/null 2>&1 || true
	fi
	while read -r file; do
		install_file "$root/$file" "$source_dir/$file" 644
	done < <(cd "$root" && find Kbuild LICENSE kvm-pod include -name '*.[ch]' \
		-not -name '*.mod.c' -o -name Kbuild -o -name LICENSE)
	install_file "$here/dkms.conf" "$source_dir/dkms.conf" 644
	if live; then dkms install "kvm-pod/$version" -k "$KVER"; fi
}

# DKMS signs what it builds; its key still has to be enrolled.
warn_of_lockdown() {
	if grep -qE '\[(integrity|confidentiality)\]' \
		/sys/kernel/security/lockdown 2>/dev/null; then
		echo "install.sh: this kernel (Secure Boot) loads signed modules only;" \
			"use DKMS=1 and enroll its key with 'mokutil --import /var/lib/dkms/mok.pub'"
	fi
}

need_root
refuse_second_kind
if [ "${DKMS:-}" != 1 ]; then check_module; fi
make -s -C "$root/tools/podctl"
if [ "${DKMS:-}" = 1 ]; then install_dkms; else install_module; fi
install_plain_files
install_config
reload_udev
if live; then
	getent group kvm >/dev/null ||
		echo "install.sh: there is no group kvm; /dev/kvm-pod will be root's alone"
	warn_of_lockdown
	echo "kvm-pod is installed; load it with 'modprobe kvm-pod'"
fi
