#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Tests podctl without the module: a preloaded library plays /dev/kvm-pod, and
# a directory plays /sys/class/kvm-pod. Prints one line per test, and
# "N passed, N failed, N skipped" at the end.
set -euo pipefail

cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
skipped=0

# The text of errno values differs from locale to locale.
export LC_ALL=C

build() { # OUTPUT DEVICE
	make -s O="$tmp/$1" "$tmp/$1/podctl" \
		CPPFLAGS="-DPOD_DEVICE='\"$2\"' -DPOD_SYSFS='\"$tmp/class\"' \
			-DPOD_LINK='\"/memfd:kvm-pod (deleted)\"'"
}

build none "$tmp/no-device"
build fake /dev/null
"${CC:-cc}" -shared -fPIC -I../../include/uapi -o "$tmp/fake.so" \
	test/fake_ioctl.c
"${CC:-cc}" -o "$tmp/hold_mapped" test/hold_mapped.c

none() { "$tmp/none/podctl" "$@"; }
fake() { FAKE_LOG=$tmp/log LD_PRELOAD=$tmp/fake.so "$tmp/fake/podctl" "$@"; }

verdict() { # OK|not NAME
	if [ "$1" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	echo "$1 - podctl: $2"
}

skip() { # NAME WHY
	skipped=$((skipped + 1))
	echo "ok - podctl: $1 # SKIP $2"
}

# Runs a command; its exit code, or one of "1|4", and a part of its output must
# be as given.
expect() { # NAME EXIT TEXT COMMAND...
	local name=$1 code=$2 text=$3 output status=0
	shift 3
	output=$("$@" 2>&1) || status=$?
	if [[ $status =~ ^($code)$ && $output == *"$text"* ]]; then
		verdict ok "$name"
		return
	fi
	verdict "not ok" "$name"
	echo "#   expected exit $code and '$text'"
	echo "#   got exit $status and '$output'"
}

test_arguments() {
	local bad
	expect "no command" 2 "Usage: podctl COMMAND" none
	expect "unknown command" 2 "there is no command 'frob'" none frob
	expect "help" 0 "show all pods" none --help
	expect "help of a command" 0 "--target=SIZE" none run --help
	expect "version" 0 "podctl " none --version
	expect "size missing" 2 "--size is missing" none create -t 2M
	expect "target missing" 2 "--target is missing" none create -s 2M
	expect "size unaligned" 2 "multiple of 2M" none create -s 3M -t 2M
	expect "target unaligned" 2 "multiple of 4K" none create -s 4M -t 2097153
	expect "target too small" 2 "at least 2M" none create -s 4M -t 1M
	expect "target above size" 2 "must not exceed" none create -s 4M -t 6M
	for bad in "" x -1 +1 " 1" 1X 4MM 4MiB 1.5G 99999999999999999999 17179869184G; do
		expect "size '$bad'" 2 "is not a size" none create -s "$bad" -t 2M
	done
	for bad in "" "," "1," 1- 2-1 -1 x 1024 0,,1; do
		expect "nodes '$bad'" 2 "is not a list" \
			none create -s 4M -t 2M "--nodes=$bad"
	done
	expect "pinnable with a lower target" 2 "leave --target out" \
		none create -s 4M -t 2M --pinnable
	expect "pinnable with a target of 0" 2 "at least 2M" \
		none create -s 4M -t 0 --pinnable
	expect "pinnable without a size" 2 "--size is missing" \
		none create --pinnable
	expect "policy unknown" 2 "none of wait" none create -s 4M -t 2M -p x
	expect "label too long" 2 "at most 63" \
		none create -s 4M -t 2M -l "$(printf '%064d' 0)"
	expect "label not printable" 2 "printable ASCII" \
		none create -s 4M -t 2M -l $'a\tb'
	expect "stray argument" 2 "is not an option" none create -s 4M -t 2M x
	expect "run without command" 2 "command to run is missing" \
		none run -s 4M -t 2M
	expect "target without size" 2 "is missing" none target pod0
	expect "target with a bad pod" 2 "is not a pod" none target podx 4M
	expect "target with a signed pod" 2 "is not a pod" none target +1 4M
	expect "target with a bad size" 2 "is not a size" none target pod0 x
	expect "target with too much" 2 "too many" none target pod0 4M x
}

test_arguments_of_running_pods() {
	local bad command
	for command in policy sweep events; do
		expect "$command without a pod" 2 "pod is missing" none $command
		expect "$command with a bad pod" 2 "is not a pod" \
			none $command pod-1
	done
	expect "policy that there is not" 2 "none of wait" none policy 0 x
	expect "policy with too much" 2 "too many" none policy 0 wait x
	expect "limit unaligned" 2 "multiple of 4K" \
		none policy 0 --grow-max 4097
	expect "limit that is no size" 2 "--overdraft-max: 'x' is not a size" \
		none policy 0 --overdraft-max x
	for bad in "" 1M 1M+ +1M x+1M 1M-2M; do
		expect "range '$bad'" 2 "range" none sweep 0 "--range=$bad"
	done
	expect "range of nothing" 2 "length is 0" none sweep 0 -r 0+0
	expect "range unaligned" 2 "multiples of 4K" none sweep 0 -r 1+4096
	expect "sweep with too much" 2 "too many" none sweep 0 1
	expect "events with too much" 2 "too many" none events 0 1
	for bad in "" x 0 -1 1x nan; do
		expect "delay '$bad'" 2 "is not a time" none top "--delay=$bad"
		expect "count '$bad'" 2 "is not a number" none top "--count=$bad"
	done
	expect "top with an argument" 2 "is not an option" none top 0
}

test_errors() {
	expect "no device" 3 "modprobe kvm-pod" none create -s 4M -t 2M
	expect "not our device" 3 "does not know" \
		env FAKE_ERRNO=25 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M -t 2M
	expect "no memory" 5 "does not give 2M" \
		env FAKE_ERRNO=12 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M -t 2M
	expect "policy not there" 1 "no policy 'wait'" \
		env FAKE_ERRNO=95 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M -t 2M -p wait
	expect "pinnable not there" 1 "has no pinnable pods" \
		env FAKE_ERRNO=95 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M --pinnable
	expect "node not there" 1 "a node does not exist" \
		env FAKE_ERRNO=22 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M -t 2M -n 5
	expect "no right" 4 "no right to make a pod" \
		env FAKE_ERRNO=1 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" create -s 4M -t 2M
}

# shellcheck disable=SC2016 # the inner shells are to expand these
test_run() {
	expect "run fills in {path}, {fd} and {size}" 0 "yes 4194304 {x}" \
		fake run -s 4M -t 2M -- sh -c \
		'[ "$1" = "/proc/self/fd/$2" ] && echo "yes $3 $4"' \
		sh '{path}' '{fd}' '{size}' '{x}'
	expect "run fills in within an argument, twice" 0 "a=4194304,b=4194304" \
		fake run -s 4M -t 2M -- echo 'a={size},b={size}'
	expect "run needs no --" 0 "-n x /proc/self/fd/" \
		fake run -s 4M -t 2M printf '%s %s %s' -n x '{path}'
	expect "run hands the pod file over" 0 4194304 \
		fake run -s 4M -t 2M -- stat -Lc %s '{path}'
	expect "run sets the environment" 0 "/proc/self/fd/4194304" \
		fake run -s 4M -t 2M -- sh -c \
		'echo ${KVM_POD_PATH%$KVM_POD_FD}$KVM_POD_SIZE'
	expect "run notes a command without a pod" 0 "note: no {path}" \
		fake run -s 4M -t 2M true
	expect "run passes the exit code on" 42 "" \
		fake run -s 4M -t 2M -- sh -c 'exit 42' '{fd}'
	expect "run without such a command" 127 "cannot run" \
		fake run -s 4M -t 2M -- "$tmp/nothing" '{fd}'
	expect "run of a directory" 126 "cannot run" \
		fake run -s 4M -t 2M -- "$tmp" '{fd}'
	rm -f "$tmp/log"
	fake run -s 4M -t 2M -l 'a b' -p grow -n 0,2-3 -- true '{fd}' 2>&1
	expect "the request has what the options say" 0 \
		"flags=0 memory_size=4194304 target=2097152 policy=1 label='a b' words=1 mask0=d" \
		cat "$tmp/log"
	rm "$tmp/log"
	fake run -s 4M -t 2M -- true '{fd}'
	expect "the policy is wait by default" 0 "policy=0" cat "$tmp/log"
	rm "$tmp/log"
	fake run -s 4M --pinnable -- true '{fd}'
	expect "a pinnable pod holds its size" 0 \
		"flags=1 memory_size=4194304 target=4194304" cat "$tmp/log"
	rm "$tmp/log"
	fake run -s 4M --pinnable -t 4M -- true '{fd}'
	expect "which its target may be" 0 \
		"flags=1 memory_size=4194304 target=4194304" cat "$tmp/log"
}

test_create() {
	local line path pid status=0
	coproc fake create -s 4M -t 2M
	pid=$COPROC_PID
	read -r line <&"${COPROC[0]}"
	path=${line#pod7 }
	expect "create prints the pod" 0 "pod7 /proc/" echo "$line"
	expect "create's path opens the pod file" 0 4194304 stat -Lc %s "$path"
	# The coprocess is a subshell; podctl itself is in the path.
	kill "$(cut -d/ -f3 <<<"$path")"
	wait "$pid" || status=$?
	expect "create ends well by a signal" 0 "exit 0" echo "exit $status"
}

make_pod_directory() { # ID LABEL
	local pod=$tmp/class/pod$1 name
	mkdir -p "$pod"
	for name in owned populated reserve given to_shrink overdraft; do
		echo 1610612736 >"$pod/$name"
	done
	for name in waiting populate_2m populate_4k waits sweep_reclaimed; do
		echo 21 >"$pod/$name"
	done
	for name in low exhausted resumed parked normal; do
		echo "${#name}" >"$pod/events_$name"
	done
	echo 4294967296 >"$pod/size"
	echo 1073741824 >"$pod/target"
	echo 2097152 >"$pod/overdraft_max"
	echo 3221225472 >"$pod/grow_max"
	echo 123 >"$pod/owner_pid"
	echo fail >"$pod/policy"
	echo "$2" >"$pod/label"
}

test_list_and_target() {
	expect "list without the module" 3 "not loaded" none list
	expect "target without the module" 3 "not loaded" none target pod2 4M
	mkdir -p "$tmp/class"
	echo 2 >"$tmp/class/pods"
	expect "list of no pods" 0 "LABEL" none list
	make_pod_directory 10 "second one"
	make_pod_directory 2 ""
	echo 0 >"$tmp/class/pod2/pinnable"
	expect "list shows sizes" 0 "4G         1G       1.5G       1.5G" none list
	expect "list shows the overdraft" 0 "OVERDRAFT" none list
	expect "list shows labels" 0 "second one" none list
	expect "list shows bytes" 0 " 4294967296 " none list --bytes
	expect "list sorts by number" 0 "pod2 pod10" \
		sh -c "'$tmp/none/podctl' list | awk 'NR > 1 {print \$1}' | xargs"
	expect "list shows what is pinnable, and what no older module says" 0 \
		"$(printf '%s\n' PINNABLE no -)" \
		sh -c "'$tmp/none/podctl' list | awk '{print \$12}'"
	echo 1 >"$tmp/class/pod2/pinnable"
	expect "list shows a pinnable pod" 0 yes \
		sh -c "'$tmp/none/podctl' list | awk '\$1 == \"pod2\" {print \$12}'"
	rm "$tmp/class/pod10/given"
	expect "list shows an unreadable value as -" 0 " - " none list
	expect "target of no such pod" 1 "there is no pod3" none target pod3 4M
	expect "target" 0 "" none target pod2 512M
	expect "target was written in bytes" 0 536870912 \
		cat "$tmp/class/pod2/target"
	expect "target by number" 0 "" none target 2 600M
	expect "target of a pinnable pod" 1 \
		"pod2 is pinnable: its memory is pinned for devices" \
		env FAKE_WRITE_ERRNO=16 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" target pod2 700M
	expect "target of a pinnable pod stays" 0 629145600 \
		cat "$tmp/class/pod2/target"
	expect "target of a full host" 5 "does not give that much" \
		env FAKE_WRITE_ERRNO=12 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" target pod2 700M
}

test_policy() {
	local pod=$tmp/class/pod2
	echo 1 >"$pod/pinnable"
	expect "policy of a pinnable pod has no effect" 0 "needs no policy" \
		none policy pod2 wait
	rm "$pod/pinnable"
	echo fail >"$pod/policy"
	expect "policy of no such pod" 1 "there is no pod3" none policy 3 wait
	expect "policy of no such pod, shown" 1 "there is no pod3" none policy 3
	expect "policy is shown" 0 "fail overdraft_max=2M grow_max=3G" \
		none policy pod2
	expect "policy" 0 "" none policy pod2 wait
	expect "policy was written" 0 wait cat "$pod/policy"
	expect "limits alone" 0 "" none policy pod2 --overdraft-max 4M
	expect "limit was written in bytes" 0 4194304 cat "$pod/overdraft_max"
	expect "policy stays with a new limit" 0 wait cat "$pod/policy"
	expect "limit above the pod's size" 1 "must not exceed the pod's size, 4G" \
		none policy pod2 grow --overdraft-max 8M --grow-max 5G
	expect "nothing is set when one limit is wrong" 0 \
		"wait overdraft_max=4M grow_max=3G" none policy pod2
	expect "policy with limits" 0 "" none policy pod2 grow --grow-max=2G
	expect "all of it was written" 0 \
		"grow overdraft_max=4M grow_max=2G" none policy pod2
}

# shellcheck disable=SC2016 # awk is to expand these
test_top() {
	local line
	expect "top shows the pods" 0 "second one" none top -n 1
	expect "top has no rates at first" 0 "21        -        -" \
		none top -n 1
	coproc none top -n 2
	while read -r line <&"${COPROC[0]}" && [[ $line != pod10* ]]; do :; done
	echo 100021 >"$tmp/class/pod10/populate_2m"
	line=$(grep '^pod10' <&"${COPROC[0]}")
	expect "top shows a rate" 0 yes awk '{ print ($10 > 1000 ? "yes" : $0) }' \
		<<<"$line"
	expect "top shows no change as 0" 0 0 awk '{ print $11 }' <<<"$line"
}

# Starts a process that has pod7. Sets $holder to its number.
hold_pod() {
	local line
	coproc HOLDER { fake create -s 4M -t 2M; }
	read -r line <&"${HOLDER[0]}"
	holder=$(cut -d/ -f3 <<<"$line")
	make_pod_directory 7 held
	echo "$holder" >"$tmp/class/pod7/owner_pid"
	echo 4194304 >"$tmp/class/pod7/size"
}

release_pod() {
	kill "$holder"
	wait "$HOLDER_PID" || true
}

as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}

test_sweep() {
	expect "sweep of no such pod" 1 "there is no pod3" fake sweep 3
	expect "sweep of a pod that nobody has" '1|4' "the file of pod2" \
		fake sweep 2
	hold_pod
	rm -f "$tmp/log"
	expect "sweep goes on after a signal" 0 \
		"pod7: looked at 4M, took back 2M" fake sweep pod7
	expect "sweep covers the pod" 0 \
		"offset=0 length=4194304"$'\n'"sweep flags=0 offset=1048576 length=3145728" \
		cat "$tmp/log"
	expect "sweep of a range" 0 "looked at 1M" \
		fake sweep 7 --demote --range 2M+1M
	expect "the request has range and flag" 0 \
		"flags=1 offset=2097152 length=1048576" cat "$tmp/log"
	expect "sweep beyond the end" 1 "ends before that, at 4M" \
		fake sweep 7 -r 4M+4K
	expect "sweep that this module does not have" 1 "cannot sweep on demand" \
		env FAKE_ERRNO=25 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" sweep 7
	expect "sweep of a pinnable pod" 1 \
		"pod7 is pinnable: its memory is pinned for devices" \
		env FAKE_ERRNO=16 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" sweep 7
	echo 1 >"$tmp/class/pod7/owner_pid"
	expect "sweep finds the file in another process" 0 "looked at 4M" \
		fake sweep 7
	if [ "$(id -u)" = 0 ]; then
		chmod 755 "$tmp"
		expect "sweep without the right" 4 "which process 1 made" \
			as_nobody "$tmp/none/podctl" sweep 7
	else
		skip "sweep without the right" "this is not root"
	fi
	release_pod
}

test_sweep_mapped() {
	if [ "$(id -u)" != 0 ]; then
		skip "sweep of a pod that is mapped only" "this is not root"
		return
	fi
	coproc HOLDER { fake run -s 4M -t 2M -- "$tmp/hold_mapped" 2>/dev/null; }
	read -r holder <&"${HOLDER[0]}"
	expect "sweep of a pod that is mapped only" 0 "looked at 4M" \
		fake sweep 7
	release_pod
}

test_events() {
	local follower status=0
	expect "events of no such pod" 1 "there is no pod3" none events 3
	expect "events are counted" 0 \
		"exhausted  9"$'\n'"resumed    7"$'\n'"parked     6" none events 2
	expect "events have to be open to be followed" '1|4' \
		"the file of pod2" fake events 2 --follow
	hold_pod
	expect "events that this module does not have" 1 "no events to read" \
		env FAKE_ERRNO=25 LD_PRELOAD="$tmp/fake.so" \
		"$tmp/fake/podctl" events 7 --follow
	fake events pod7 --follow >"$tmp/events" 2>"$tmp/ended" &
	follower=$!
	timeout 30 sh -c "until [ -s '$tmp/events' ]; do sleep 0.1; done" || true
	release_pod
	wait "$follower" || status=$?
	expect "following ends with the process" 0 "exit 0" echo "exit $status"
	expect "and says so" 0 "process $holder, which had the pod, ended" \
		cat "$tmp/ended"
	expect "events are told" 0 "exhausted reserve 4K, touched 0x7000" \
		cat "$tmp/events"
	expect "lost events are told" 0 "(3 events were lost)" \
		cat "$tmp/events"
	expect "unknown events are left out" 0 "2 " wc -l "$tmp/events"
}

test_arguments
test_arguments_of_running_pods
test_errors
test_run
test_create
test_list_and_target
test_policy
test_top
test_sweep
test_sweep_mapped
test_events
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
