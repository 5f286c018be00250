#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# agent.sh PORT - run commands that arrive on a virtio-serial port.
#
# A request is one line "NONCE BASE64", the answer one line "NONCE STATUS
# BASE64": a command can print anything, and no output is lost unseen. Each has
# a file of its own: what a command left in the background may still write.

exec 3<>"$1" || exit 1
work=$(mktemp -d)
while read -r nonce command <&3; do
	echo "$command" | base64 -d >"$work/command"
	sh "$work/command" >"$work/$nonce" 2>&1 </dev/null 3>&-
	status=$?
	echo "$nonce $status $(base64 -w0 "$work/$nonce")" >&3
	rm -f "$work/$nonce"
done
