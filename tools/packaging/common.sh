# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2034 # used by those who source this
#
# What install.sh and uninstall.sh agree on. Sourced, not run.
#
#   DESTDIR  a directory that stands for / (nothing outside is touched)
#   PREFIX   where podctl, its manual page and the header go: /usr/local

DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$here/dkms.conf")

module_dir=/lib/modules # then the kernel's release
module_file=updates/kvm-pod.ko
source_dir=/usr/src/kvm-pod-$version
config_file=/etc/modprobe.d/kvm-pod.conf

# source (below the top of the tree), destination, mode
plain_files=(
	"tools/packaging/99-kvm-pod.rules /etc/udev/rules.d/99-kvm-pod.rules 644"
	"tools/podctl/podctl $PREFIX/bin/podctl 755"
	"tools/podctl/podctl.8 $PREFIX/share/man/man8/podctl.8 644"
	"include/uapi/linux/kvm_pod.h $PREFIX/include/linux/kvm_pod.h 644"
)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

need_root() {
	[ -n "$DESTDIR" ] || [ "$(id -u)" = 0 ] ||
		die "needs root; use sudo, or DESTDIR= for a directory of your own"
}

# True when the running system itself is changed, so its caches and daemons
# have to be told.
live() { [ -z "$DESTDIR" ]; }

reload_udev() {
	live && command -v udevadm >/dev/null || return 0
	udevadm control --reload 2>/dev/null || return 0 # no udev in containers
	udevadm trigger --sysname-match=kvm-pod || true
}
