// SPDX-License-Identifier: GPL-2.0-only
/* Attributes, virtual machines, and what happens to a process. */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../ept/vm.h"
#include "../../selftests/sys.h"

/* The writable ones first, those that are not a pod's last. */
static const char *const attrs[] = {
	"target", "policy", "low_mark", "overdraft_max", "grow_max",
	"size", "owned", "populated", "reserve", "reserve_huge",
	"outstanding", "given", "given_huge", "parked", "float", "to_shrink",
	"overdraft", "retired", "populate_2m", "populate_4k", "zero_mapped",
	"discarded", "demoted", "sweep_scanned", "sweep_reclaimed", "waits",
	"waiting", "exhausted", "events_low", "events_exhausted",
	"events_resumed", "events_parked", "events_normal", "ept_faults",
	"label", "owner_pid", "pinnable", "uevent",
	"/class/kvm-pod/pods", "/class/kvm-pod/total_owned",
	"/class/kvm-pod/total_reserve", "/class/kvm-pod/total_float",
	"/module/kvm_pod/parameters/zero_scan",
	"/module/kvm_pod/parameters/ept_latency",
};

#define NR_ATTRS	(sizeof(attrs) / sizeof(attrs[0]))

static long read_all(const char *path)
{
	char text[PAGE];

	return sys_result(file_read(path, text, sizeof(text)));
}

static void attr_path(char *path, size_t len, const struct pod *pod,
		      u64 attr)
{
	const char *name = attrs[attr % NR_ATTRS];

	if (*name == '/')
		snprintf(path, len, "/sys%s", name);
	else
		snprintf(path, len, "/sys/class/kvm-pod/pod%u/%s",
			 pod ? pod->id : 0, name);
}

CALL(attr)
{
	char path[96];

	attr_path(path, sizeof(path), pod_of_slot(slot_of(arg[0])), arg[1]);
	return read_all(path);
}

static void make_text(char *text, size_t len, u64 which, u64 value)
{
	static const char *const texts[] = {
		NULL, "fail", "grow", "wait\n", "", "-1", "waitx",
		"18446744073709551616", "2097152 4", "0x200000\n", "\n", "0",
	};
	const char *fixed = texts[which % 12];

	if (fixed)
		snprintf(text, len, "%s", fixed);
	else
		snprintf(text, len, "%lu\n", value);
}

CALL(attr_write)
{
	struct slot *slot = slot_of(arg[0]);
	char path[96], text[64];
	struct kvm_pod_query q;
	long ret;

	attr_path(path, sizeof(path), pod_of_slot(slot), arg[1]);
	make_text(text, sizeof(text), arg[2], arg[3]);
	ret = file_write(path, text);
	if (t->single && !ret && !(arg[1] % NR_ATTRS) && !(arg[2] % 12) &&
	    pod_of_slot(slot) && pod_query(pod_of_slot(slot), &q) &&
	    q.out_target != arg[3])
		complain("a store to target succeeded, the target is another");
	return ret;
}

/* The parent puts them back. */
CALL(param)
{
	static const char *const params[] = {
		"huge", "zero_scan", "sweep_budget", "ept_latency",
		"zero_threads", "limit_mb",
	};
	static const char *const texts[] = {
		"N", "generic", "1", "Y", "64", "avx2", "-1",
	};
	char path[96];

	snprintf(path, sizeof(path), "/sys/module/kvm_pod/parameters/%s",
		 params[arg[0] % 6]);
	return file_write(path, texts[arg[1] % 7]);
}

CALL(debugfs)
{
	static const char *const files[] = { "audit", "map", "ept_latency",
					     "audit" };
	struct pod *pod = pod_of_slot(slot_of(arg[0]));
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm-pod/pod%u/%s",
		 pod ? pod->id : 0, files[arg[1] % 4]);
	return read_all(path);
}

/* The main thread's, which nobody else may end. */
static struct vm vm;
static bool has_vm;
static int vm_map = -1;

CALL(vm_begin)
{
	if (t->nr || has_vm)
		return -EBUSY;
	if (vm_begin(&vm, arg[0] & 1)) {
		vm_end(&vm);
		return -ENODEV;
	}
	has_vm = true;
	return 0;
}

CALL(vm_memory)
{
	struct map *map = map_of(arg[0]);
	u64 from = map->len ? arg[1] % map->len & ~(PAGE - 1) : 0;
	u64 len = arg[2] & ~(PAGE - 1);

	if (t->nr || !has_vm || !map->len)
		return -EBUSY;
	if (len > map->len - from)
		len = map->len - from;
	vm_map = arg[0] % NR_MAPS;
	return vm_set_memory(&vm, map->at + from, len & ~(PAGE - 1));
}

/* What a guest writes is not what the model knows. */
CALL(vm_fill)
{
	long ret;
	unsigned int i;

	if (t->nr || !has_vm)
		return -EBUSY;
	for (i = 0; i < NR_PODS; i++)
		model_any(&pods[i], 0, pods[i].size);
	t->in_guest = true;
	ret = vm_fill(&vm, arg[0] % (16 * REGION) & ~3UL,
		      arg[1] % REGION & ~3UL, arg[2] % 1025);
	if (ret == -EINTR)
		ret = vm_resume(&vm);
	t->in_guest = false;
	return ret;
}

CALL(vm_end)
{
	if (t->nr || !has_vm)
		return -EBUSY;
	has_vm = false;
	vm_end(&vm);
	return 0;
}

CALL(sleep)
{
	return sys_result(usleep(arg[0] % 50000));
}

/* Signals that interrupt calls. */
CALL(timer)
{
	struct itimerval timer = {
		.it_value.tv_usec = arg[0] % 20000,
		.it_interval.tv_usec = arg[0] % 20000,
	};

	return sys_result(setitimer(ITIMER_REAL, &timer, NULL));
}

CALL(rlimit)
{
	static const int limits[] = { RLIMIT_MEMLOCK, RLIMIT_NOFILE,
				      RLIMIT_FSIZE, RLIMIT_DATA };
	struct rlimit limit;

	if (getrlimit(limits[arg[0] % 4], &limit))
		return -errno;
	limit.rlim_cur = arg[1] < limit.rlim_max ? arg[1] : limit.rlim_max;
	return sys_result(setrlimit(limits[arg[0] % 4], &limit));
}

CALL(die)
{
	kill(getpid(), SIGKILL);
	return 0;
}

/* A child inherits files and no mapping of a pod. */
static void child_of_child(struct thread *t, u64 how)
{
	unsigned int i;

	for (i = 0; i < NR_MAPS; i++) {
		if (maps[i].pod < 0 || !maps[i].len)
			continue;
		if (sigsetjmp(t->jump, 1))
			continue;
		t->may_jump = true;
		*(volatile u8 *)maps[i].at;
		if (t->single)
			_exit(1);
	}
	t->may_jump = false;
	_exit(0);
}

/* A mapping that another one lies over is not known to be gone. */
CALL(fork)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -errno;
	if (!pid)
		child_of_child(t, arg[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (t->single && WIFEXITED(status) && WEXITSTATUS(status) == 1)
		complain("a child inherited a mapping of a pod");
	return 0;
}
