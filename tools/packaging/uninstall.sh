#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Removes what install.sh installs, for all kernels. Takes the same DESTDIR
# and PREFIX.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

remove_file() { # FILE, as seen below DESTDIR
	if [ -e "$DESTDIR$1" ]; then
		rm -f "$DESTDIR$1"
		echo "  REMOVE  $DESTDIR$1"
	fi
}

remove_modules() {
	local ko release
	for ko in "$DESTDIR$module_dir"/*/"$module_file"; do
		[ -e "$ko" ] || continue
		release=${ko#"$DESTDIR$module_dir/"}
		release=${release%"/$module_file"}
		remove_file "$module_dir/$release/$module_file"
		rmdir --ignore-fail-on-non-empty "${ko%/*}"
		if live; then depmod "$release"; fi
	done
}

remove_dkms() {
	[ -d "$DESTDIR$source_dir" ] || return 0
	if live && command -v dkms >/dev/null; then
		dkms remove "kvm-pod/$version" --all || true
	fi
	rm -rf "$DESTDIR$source_dir"
	echo "  REMOVE  $DESTDIR$source_dir"
}

remove_config() {
	local now=$DESTDIR$config_file
	[ -f "$now" ] || return 0
	if cmp -s "$here/kvm-pod.conf" "$now"; then
		remove_file "$config_file"
	else
		echo "  KEEP    $now (it was changed; remove it yourself)"
	fi
}

remove_plain_files() {
	local line destination
	for line in "${plain_files[@]}"; do
		read -r _ destination _ <<<"$line"
		remove_file "$destination"
	done
}

need_root
remove_modules
remove_dkms
remove_plain_files
remove_config
reload_udev
if live && [ -d /sys/module/kvm_pod ]; then
	echo "kvm-pod is still loaded; it goes with 'rmmod kvm-pod' or the next boot"
fi
