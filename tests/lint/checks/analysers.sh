#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What other compilers say: the core by itself, as a program's part, by gcc and
# clang and the analysers of both; the module as the kernel compiles it, by
# clang, and by clang's analyser. (gcc's analyser is a part of module.sh's build.)
# Debian's kernel is built by gcc: flags that clang does not know are left out,
# objects are made but not linked. Each of these must find a planted mistake.
set -euo pipefail
cd "$(dirname "$0")/../../.."
. tests/lint/lib.sh

readonly STRICT=(-Wall -Wextra)
readonly CORE=(-std=gnu11 -O2 -Ikvm-pod/core -Itests/core/shim)
readonly ANALYSE=(clang --analyze -Xclang "-analyzer-output=text")
# As in the kernel's own build with W=1: a callback need not use what it is
# given, and counts that are not negative may have either kind of type.
readonly KERNEL=(-Wno-unused-parameter -Wno-sign-compare)

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cat >"$tmp/planted.c" <<'EOF'
int planted_warning(unsigned int a);
int planted_path(int *p);

int planted_warning(unsigned int a)
{
	int forgotten;

	return a >= 0 ? 1 : 0;
}

int planted_path(int *p)
{
	if (p)
		return 0;
	return *p;
}
EOF

# Drops what the table says. Only messages about our files are left; what a
# header of the kernel says is its own business.
ours() {
	sed "s,$tmp/,," | grep -E '^(kvm-pod|tests|planted)[^ ]*: (warning|error): ' |
		awk '
	NR == FNR {
		if (NF > 2 && $1 !~ /^#/)
			checks[$1] = checks[$1] " " $2 " "
		next
	}
	{
		check = $NF
		gsub(/[][]/, "", check)
		for (path in checks)
			if ($1 ~ substr(path, 1, length(path) - 1) ":" &&
			    index(checks[path], " " check " "))
				next
		print
	}' tests/lint/analysers.txt - | sort -u
}

# Compiles each FILE by COMMAND. Prints what is said about ours, or the end of
# what is said if a file could not be compiled.
compile() { # FILE... -- COMMAND...
	local files=() file
	while [ "$1" != -- ]; do
		files+=("$1")
		shift
	done
	shift
	for file in "${files[@]}"; do
		"$@" -c -o "$tmp/out" "$file" >"$tmp/log" 2>&1 || tail -n 20 "$tmp/log"
		ours <"$tmp/log" || true
	done
}

# As a verdict; and a tool that misses what was planted has not looked.
judge() { # NAME PLANTED FILE... -- COMMAND...
	local name=$1 planted=$2 said
	shift 2
	said=$(compile "$@")
	while [ "$1" != -- ]; do
		shift
	done
	if ! compile "$tmp/planted.c" "$@" | grep -q "$planted"; then
		said+="it does not find a planted mistake ($planted)"
	fi
	verdict "$name" "$said"
}

# Flags that the kernel's build has for one file, without what it says of that
# file, of warnings and of debugging. Paths become absolute.
kernel_flags() {
	local kdir=$1
	list_files Kbuild kvm-pod include | xargs cp --parents -t "$tmp"
	make -C "$kdir" M="$tmp" kvm-pod/core/recent.o >"$tmp/log" 2>&1 || return 1
	sed -n '1s/^[^=]*:= *[^ ]* //p' "$tmp/kvm-pod/core/.recent.o.cmd" | xargs printf "%s\n" |
		grep -vE '^-(c|g|o|W.*|DKBUILD_BASENAME=.*)$|/recent\.[co]$' |
		sed "s,^-I\./,-I$kdir/,"
}

# Of the flags on stdin, those that clang knows.
flags_of_clang() {
	local flags unknown
	mapfile -t flags
	: >"$tmp/empty.c"
	while :; do
		unknown=$({ clang "${flags[@]}" -fsyntax-only "$tmp/empty.c" 2>&1 || true; } |
			sed -nE "s/^clang[^:]*: (error|warning): [^']*'(-[^']*)'.*/\2/p" |
			sort -u)
		[ -n "$unknown" ] || break
		mapfile -t flags < <(printf '%s\n' "${flags[@]}" | grep -vxFe "$unknown")
	done
	printf '%s\n' "${flags[@]}"
}

check_core() {
	local files
	mapfile -t files < <(list_files kvm-pod/core | grep '\.c$')
	judge "gcc -fanalyzer, core in user space" null-dereference \
		"${files[@]}" -- gcc "${CORE[@]}" "${STRICT[@]}" -fanalyzer
	judge "clang -Wall -Wextra, core in user space" unused-variable \
		"${files[@]}" -- clang "${CORE[@]}" "${STRICT[@]}"
	judge "clang --analyze, core in user space" core.NullDereference \
		"${files[@]}" -- "${ANALYSE[@]}" "${CORE[@]}"
}

check_module() {
	local files flags kdir
	kdir=$(kernel_dir)
	if [ -z "$kdir" ]; then
		skip "clang on the module" "no headers of a 6.12 kernel are installed"
		return
	fi
	mapfile -t flags < <(kernel_flags "$kdir" | flags_of_clang)
	flags+=('-DKBUILD_BASENAME="lint"')
	mapfile -t files < <(list_files kvm-pod | grep '\.c$' | sed "s,^,$tmp/,")
	judge "clang -Wall -Wextra, ${#files[@]} files of the module" unused-variable \
		"${files[@]}" -- clang "${flags[@]}" "${STRICT[@]}" "${KERNEL[@]}"
	# The core has been analysed.
	mapfile -t files < <(printf '%s\n' "${files[@]}" | grep -v /core/)
	judge "clang --analyze, ${#files[@]} files of the module" core.NullDereference \
		"${files[@]}" -- "${ANALYSE[@]}" "${flags[@]}" -w
}

if ! command -v clang >/dev/null; then
	skip "analysers" "clang is not installed"
	exit 0
fi
check_core
check_module
