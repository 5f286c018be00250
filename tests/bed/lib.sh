# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the shell scripts of the test bed: where the cache is, how to tell
# the user something. To be sourced.

# shellcheck disable=SC2034  # read by those who source this file
KVM_POD_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
KVM_POD_CACHE=${KVM_POD_CACHE:-$HOME/.cache/kvm-pod}

# Progress goes to stderr: stdout belongs to results.
say() {
	printf '[%s] %s\n' "$(date +%T)" "$*" >&2
}

die() {
	printf 'error: %s\n' "$*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed to run '$*' and there is no sudo"
	fi
}

# Waits for another package manager instead of failing.
apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 \
		apt-get -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 "$@"
}
