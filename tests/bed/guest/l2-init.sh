#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /init of L2, the guest. MemTotal is read before the balloon driver is there,
# as it falls with every page that the balloon takes.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
read -r _ memtotal _ </proc/meminfo
grep -q bed.noballoon /proc/cmdline || modprobe virtio_balloon
mount -t tmpfs -o size=95% tmpfs /tmp
port=
for dir in /sys/class/virtio-ports/*; do
	[ ! -e "$dir/name" ] || port=/dev/${dir##*/}
done
echo "L2-UP MemTotal=$memtotal"
[ -z "$port" ] || setsid sh /bed/agent.sh "$port" &
while :; do
	wait
	sleep 1000
done
