#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# build.sh NAME - a kernel for L1 from Debian's source, with NAME.config on top
# of common.config.
#
# Prints the same assignments as bed/kernel.sh, and the lines of NAME.boot. It
# is built once for each state of source, configuration and compiler, and kept
# in the cache; tests/README.md says how long that takes. NAME.config may include
# another. Lines KERNEL_MAKE= of NAME.boot are arguments of make for the kernel
# alone: a detector that it is compiled without can still watch the module.

set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
readonly HERE
# shellcheck source=tests/bed/lib.sh
. "$HERE/../bed/lib.sh"
# shellcheck source=tests/kernels/source.sh
. "$HERE/source.sh"

readonly FORMAT=1 # changes with what is kept
readonly STORE=$KVM_POD_CACHE/kernels
readonly TINY="kernel/configs/tiny-base.config arch/x86/configs/tiny.config"

# NAME.config and what it includes. Comments do not make another kernel.
options_of() { # NAME
	local included

	included=$(sed -n "s,^include ,$HERE/,p" "$HERE/$1.config")
	# One name a line, without blanks.
	# shellcheck disable=SC2086
	grep -h '^CONFIG' "$HERE/common.config" $included "$HERE/$1.config" |
		last_of_each
}

# An option that is set again by who includes a file.
last_of_each() {
	awk -F= '{ if (!($1 in line)) name[n++] = $1; line[$1] = $0 }
		END { for (i = 0; i < n; i++) print line[name[i]] }'
}

# How make is called for the kernel, but not for modules of others.
make_arguments_of() { # NAME
	sed -n 's/^KERNEL_MAKE=//p' "$HERE/$1.boot"
}

key_of() { # NAME VERSION
	{
		echo "$FORMAT $2"
		gcc --version | head -n 1
		options_of "$1"
		make_arguments_of "$1"
	} | sha256sum | cut -c 1-16
}

kmake() { # DIRECTORY ARGUMENT...
	local dir=$1
	shift

	logged "$dir" make -s -C "$dir/src" "O=$dir/obj" "$@"
}

# What Kconfig dropped silently would be missed much later.
check_options() { # CONFIG, options on stdin
	local line bad=0

	while read -r line; do
		case $line in
		*=n) ! grep -q "^${line%n}" "$1" ;;
		*) grep -qxF "$line" "$1" ;;
		esac && continue
		say "kernel: Kconfig did not accept $line"
		bad=1
	done
	[ "$bad" -eq 0 ] || die "the options of tests/kernels do not fit this source"
}

# All that is not asked for is off, as in tinyconfig.
configure() { # DIRECTORY NAME
	local dir=$1 file

	mkdir "$dir/obj"
	for file in $TINY; do
		cat "$dir/src/$file"
	done >"$dir/options"
	options_of "$2" >>"$dir/options"
	kmake "$dir" "KCONFIG_ALLCONFIG=$dir/options" allnoconfig
	options_of "$2" | check_options "$dir/obj/.config"
}

show_progress() { # DIRECTORY PID
	local files

	while sleep 60 && kill -0 "$2" 2>/dev/null; do
		files=$(find "$1/obj" -name '*.o' 2>/dev/null | wc -l)
		say "kernel: $files files compiled"
	done
}

compile() { # DIRECTORY NAME
	local progress arguments

	mapfile -t arguments < <(make_arguments_of "$2")
	# Not to hold the lock for the rest of a minute.
	show_progress "$1" $$ >/dev/null 9>&- &
	progress=$!
	kmake "$1" -j "$(nproc)" "${arguments[@]}" bzImage modules
	kill "$progress"
}

# Leaves in DIRECTORY/out what print_it() names.
collect() { # DIRECTORY
	local dir=$1 out=$1/out

	mkdir "$out"
	kmake "$dir" "INSTALL_MOD_PATH=$out" INSTALL_MOD_STRIP=1 modules_install
	rm -f "$out"/lib/modules/*/build
	cp "$dir/obj/arch/x86/boot/bzImage" "$out/vmlinuz"
	cp "$dir/obj/System.map" "$dir/obj/.config" "$out/"
	kmake "$dir" run-command \
		"KBUILD_RUN_COMMAND=\$(srctree)/scripts/package/install-extmod-build $out/headers"
}

make_out() { # DIRECTORY NAME
	configure "$@"
	compile "$@"
	collect "$1"
}

print_it() { # NAME DIRECTORY
	local moddir

	moddir=$(echo "$2"/lib/modules/*)
	cat <<-END
		KVER=${moddir##*/}
		VMLINUZ=$2/vmlinuz
		MODDIR=$moddir
		KDIR=$2/headers
	END
	grep -v -e '^#' -e '^KERNEL_MAKE=' "$HERE/$1.boot"
}

main() {
	local name=${1:-}

	[ -f "$HERE/$name.boot" ] || die "usage: build.sh NAME; names:" \
		"$(cd "$HERE" && echo *.boot | sed 's/\.boot//g')"
	"$HERE/../bed/deps.sh" debug-kernel
	find_or_build "$STORE/$name-" "$name"
	print_it "$name" "$BUILT"
}

main "$@"
