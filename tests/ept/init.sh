#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# /init under Bochs: run touch with EPT, then with shadow paging, and before
# both the zero scans. The kernel talks on the first serial port, results go to
# the second.

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
echo INIT
exec >/dev/ttyS1 2>&1 </dev/null
stty -F /dev/ttyS1 -opost

# EPT violations since boot.
violations() {
	sed -n 's/^{ exit_reason: *48 } hitcount: *//p' \
		/sys/kernel/tracing/events/kvm/kvm_exit/hist
}

phase() { # EPT
	echo "BEGIN ept=$1"
	modprobe kvm-intel "ept=$1"
	echo "PAGING $(cat /sys/module/kvm_intel/parameters/ept)"
	/ept/touch
	echo "# status $?"
	echo "VIOLATIONS $(violations)"
	rmmod kvm_intel
	echo "END ept=$1 status $?"
}

insmod /ept/kvm-pod.ko
# The worker's test sleeps a lot, which is what is slow here, and has nothing
# to do with the kind of scan.
echo "BEGIN scan"
/ept/scan -V generic -V avx2 -T registers_survive_a_worker
echo "# status $?"
echo "END scan status 0"
phase 1
phase 0
rmmod kvm_pod
echo "UNLOAD status $?"
echo "DONE $(cat /ept/nonce)"
# The port drains at its own pace; the other side ends this machine.
while :; do
	sleep 1000
done
