#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest-figures.sh PID - what L1 did for the guest of a QEMU: a line "NAME NUMBER"
# for each figure. Its memory is the largest mapping; hugetlb is in no RSS.

cd /sys/kernel/debug/kvm/"$1"-* || exit 1
echo "exits $(cat exits)"
echo "sptes_2m $(cat pages_2m)"
echo "sptes_4k $(cat pages_4k)"
awk '$1 == "Size:" { held = $2 > most; if (held) { most = $2; sum = 0 } }
	held && /^(Rss|Shared_Hugetlb|Private_Hugetlb):/ { sum += $2 }
	END { print "held", 1024 * sum }' "/proc/$1/smaps"
for pod in /sys/class/kvm-pod/pod[0-9]*; do
	[ ! -d "$pod" ] || echo "owned $(cat "$pod/owned")"
done
