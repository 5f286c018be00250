#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /init of L1, the host under test. Two agents, so that one can look on while
# the other waits for a long command.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /dev/shm /dev/virtio-ports
mount -t tmpfs -o size=90% tmpfs /tmp
echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
echo 'nobody:x:65534:65534:nobody:/:/bin/sh' >>/etc/passwd
printf 'root:x:0:\nkvm:x:36:\nnogroup:x:65534:\n' >/etc/group
ip link set lo up
[ ! -d "/lib/modules/$(uname -r)/extra" ] || depmod -a
for dir in /sys/class/virtio-ports/*; do
	ln -s "/dev/${dir##*/}" "/dev/virtio-ports/$(cat "$dir/name")"
done
echo 1 >/proc/sys/kernel/printk_ratelimit
setsid sh /bed/agent.sh /dev/virtio-ports/agent &
setsid sh /bed/agent.sh /dev/virtio-ports/watch &
echo "BED-UP"
while :; do
	wait
	sleep 1000
done
