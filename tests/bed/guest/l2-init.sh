#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /init of L2, the guest. The balloon driver is loaded first: what it takes
# before anything else runs is what the scenes look at.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
modprobe virtio_balloon
mount -t tmpfs -o size=95% tmpfs /tmp
port=
for dir in /sys/class/virtio-ports/*; do
	[ ! -e "$dir/name" ] || port=/dev/${dir##*/}
done
read -r _ memtotal _ </proc/meminfo
echo "L2-UP MemTotal=$memtotal"
[ -z "$port" ] || setsid sh /bed/agent.sh "$port" &
while :; do
	wait
	sleep 1000
done
