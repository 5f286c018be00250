# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Shared by the checks: verdicts, and the files to look at. Sourced, with the
# top of the tree as working directory.

# verdict NAME [DETAILS]: fails if there are details. Long ones are cut.
verdict() {
	if [ -z "${2:-}" ]; then
		echo "ok - lint: $1"
		return
	fi
	echo "not ok - lint: $1"
	head -n 40 <<<"$2" | sed 's/^/#   /'
}

skip() { # NAME WHY
	echo "ok - lint: $1 # SKIP $2"
}

# list_files PATHSPEC...: files that belong to the tree. A tarball has no
# git; there, it is all files but those that a build leaves.
list_files() {
	if git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files --cached --others --exclude-standard -- "$@" |
			while read -r file; do
				[ ! -f "$file" ] || echo "$file"
			done
	else
		find "$@" -type f -not -path './build/*' -not -name '*.mod.c' |
			sed 's,^\./,,'
	fi
}

# Scripts are known by their first line, whatever their name is.
list_scripts() { # INTERPRETER
	local file line
	list_files . | while read -r file; do
		IFS= read -r line <"$file" 2>/dev/null || continue
		case $line in
		'#!'*"$1"* | "# shellcheck shell=$1"*) echo "$file" ;;
		esac
	done
}

# The headers to build the module against.
kernel_dir() {
	[ -z "${KDIR:-}" ] || { echo "$KDIR"; return; }
	find /usr/src -maxdepth 1 -name 'linux-headers-6.12*-amd64' | sort -V | tail -n 1
}
