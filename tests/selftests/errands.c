// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errands: whatever the pages hold, it stays, and nobody has to own them.
 */
#define _GNU_SOURCE
#include "deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE		25
#endif

#define RW		(PROT_READ | PROT_WRITE)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static void errand_glance(struct actor *actor, struct run run)
{
	glance_run(actor, run, run_memory(actor, run));
}

/* A refusal is right for a pinnable pod, and only there. */
static void expect(struct actor *actor, struct run run, int ret,
		   const char *what)
{
	if (ret != (run.pod->kind == ARENA_PINNABLE ? -EBUSY : 0))
		complain(actor, run, what, ret);
}

static void errand_sweep(struct actor *actor, struct run run)
{
	unsigned int flags = pick(actor, 3) ? 0 : KVM_POD_SWEEP_DEMOTE;
	bool all = !pick(actor, 4);

	expect(actor, run, pod_sweep(&run.pod->pod, all ? 0 : run_offset(run),
				     all ? 0 : run_bytes(run), flags, NULL),
	       "sweep");
}

static void errand_deflate(struct actor *actor, struct run run)
{
	expect(actor, run, pod_deflate(&run.pod->pod, run_offset(run),
				       run_bytes(run)), "deflate");
}

static void errand_reset(struct actor *actor, struct run run)
{
	expect(actor, run, pod_balloon_reset(&run.pod->pod), "balloon reset");
}

static int write_target(const struct pod *pod, u64 target)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", target);
	return pod_attr_write(pod, "target", text);
}

/* About half of the pages hold something; the roomy pod keeps its target. */
static void errand_target(struct actor *actor, struct run run)
{
	const struct pod *pod = &run.pod->pod;
	u64 target = pod->size;

	if (run.pod->kind == ARENA_SHORT)
		target = REGION + pick(actor, target / 2 / PAGE) * PAGE;
	expect(actor, run, pick(actor, 2) ? pod_set_target(pod, target, NULL) :
					    write_target(pod, target),
	       "set target");
}

static int write_limit(struct actor *actor, const struct pod *pod)
{
	static const char *const names[] = {
		"low_mark", "overdraft_max", "grow_max",
	};
	char text[32];

	snprintf(text, sizeof(text), "%lu",
		 pick(actor, pod->size / PAGE) * PAGE);
	return pod_attr_write(pod, names[pick(actor, ARRAY_SIZE(names))], text);
}

static int write_policy(struct actor *actor, const struct pod *pod)
{
	static const char *const names[] = { "wait", "grow", "fail" };

	return pod_attr_write(pod, "policy",
			      names[pick(actor, ARRAY_SIZE(names))]);
}

static void errand_policy(struct actor *actor, struct run run)
{
	const struct pod *pod = &run.pod->pod;
	u64 limit = pick(actor, pod->size / PAGE) * PAGE;
	unsigned int policy = pick(actor, KVM_POD_POLICY_FAIL + 1);
	int ret;

	switch (pick(actor, 5)) {
	case 0:
		ret = pod_set_overdraft(pod, policy, limit);
		break;
	case 1:
		ret = pod_set_grow(pod, policy, limit);
		break;
	case 2:
		ret = pod_set_policy(pod, policy);
		break;
	case 3:
		ret = write_limit(actor, pod);
		break;
	default:
		ret = write_policy(actor, pod);
	}
	if (ret)
		complain(actor, run, "policy", ret);
}

static const char *const attributes[] = {
	"size", "target", "owned", "populated", "reserve", "reserve_huge",
	"outstanding", "given", "given_huge", "parked", "float", "to_shrink",
	"retired", "overdraft", "overdraft_max", "grow_max", "low_mark",
	"waiting", "exhausted", "waits", "demoted", "sweep_scanned",
	"events_low", "events_parked", "owner_pid",
};

static void errand_attributes(struct actor *actor, struct run run)
{
	unsigned int i = pick(actor, ARRAY_SIZE(attributes)), n;

	for (n = 0; n < 4; n++, i = (i + 1) % ARRAY_SIZE(attributes))
		if (pod_attr(&run.pod->pod, attributes[i]) < 0)
			complain(actor, run, attributes[i], errno);
	if (pod_class_attr("total_owned") < (long long)run.pod->pod.size / 4)
		complain(actor, run, "total_owned", 0);
}

static void read_all(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && read(fd, text, sizeof(text)) == sizeof(text))
		;
	close(fd);
}

static void errand_proc(struct actor *actor, struct run run)
{
	static const char *const paths[] = {
		"/proc/self/smaps", "/proc/self/smaps_rollup",
		"/proc/self/numa_maps", "/proc/self/maps",
	};
	unsigned char in_core[REGION_PAGES];
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/kvm-pod/pod%u/map",
		 run.pod->pod.id);
	read_all(pick(actor, 2) ? path :
				  paths[pick(actor, ARRAY_SIZE(paths))]);
	page_frame(run_memory(actor, run));
	mincore(run_memory(actor, run), run_bytes(run), in_core);
}

/* Rarely, as it goes through all memory. */
static void errand_compact(struct actor *actor, struct run run)
{
	file_write("/proc/sys/vm/compact_memory", "1");
}

static void errand_advise(struct actor *actor, struct run run)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_DONTNEED, MADV_DONTNEED, MADV_COLD,
		MADV_PAGEOUT, MADV_FREE, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE, MADV_COLLAPSE, MADV_HUGEPAGE,
		MADV_NOHUGEPAGE, MADV_DONTFORK, MADV_WIPEONFORK,
		MADV_KEEPONFORK, MADV_SEQUENTIAL, MADV_RANDOM, MADV_NORMAL,
		MADV_WILLNEED, MADV_MERGEABLE, MADV_DODUMP, MADV_DONTDUMP,
	};

	madvise(run_memory(actor, run), run_bytes(run),
		advice[pick(actor, ARRAY_SIZE(advice))]);
}

/* MPOL_PREFERRED with MPOL_MF_MOVE: what cannot be moved stays. */
static void errand_bind(struct actor *actor, struct run run)
{
	unsigned long nodes = 1;

	syscall(SYS_mbind, run_memory(actor, run), run_bytes(run), 1, &nodes,
		64, 2);
}

static void errand_lock(struct actor *actor, struct run run)
{
	u8 *mem = run_memory(actor, run);

	switch (pick(actor, 3)) {
	case 0:
		mlock(mem, run_bytes(run));
		break;
	case 1:
		mlock2(mem, run_bytes(run), MLOCK_ONFAULT);
		break;
	default:
		munlock(mem, run_bytes(run));
	}
}

static int reopen(const struct pod *pod, int flags)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", pod->fd);
	return open(path, flags | O_CLOEXEC);
}

static void use_file(struct actor *actor, struct run run, int fd)
{
	struct pollfd poller = { fd, POLLPRI };
	struct kvm_pod_event events[4];
	struct stat st;
	off_t at;

	poll(&poller, 1, 0);
	pod_read_events(fd, events, 1 + pick(actor, 4), NULL);
	if (fstat(fd, &st) || st.st_size != run.pod->pod.size)
		complain(actor, run, "fstat", errno);
	at = lseek(fd, run_offset(run), SEEK_HOLE);
	if (at < 0 || at < run_offset(run))
		complain(actor, run, "SEEK_HOLE", at);
	at = lseek(fd, run_offset(run), SEEK_DATA);
	if (at < 0 ? errno != ENXIO : at < run_offset(run))
		complain(actor, run, "SEEK_DATA", at);
}

/* Another open file of the same pod, for reading only sometimes. */
static void errand_reopen(struct actor *actor, struct run run)
{
	bool writable = pick(actor, 2);
	int fd = reopen(&run.pod->pod, writable ? O_RDWR : O_RDONLY);

	if (fd < 0)
		return complain(actor, run, "open", errno);
	use_file(actor, run, fd);
	if (writable) {
		posix_fadvise(fd, run_offset(run), run_bytes(run),
			      POSIX_FADV_WILLNEED);
		if (ftruncate(fd, run.pod->pod.size))
			complain(actor, run, "ftruncate", errno);
	}
	close(fd);
}

static void store_byte(void *arg)
{
	*(volatile u8 *)arg = 1;
}

/* A mapping of a few pages, of any alignment, and its end in two parts. */
static void errand_map(struct actor *actor, struct run run)
{
	bool populate = pick(actor, 2);
	u8 *mem = mmap(NULL, run_bytes(run), pick(actor, 2) ? RW : PROT_READ,
		       MAP_SHARED | (populate ? MAP_POPULATE : 0),
		       run.pod->pod.fd, run_offset(run));
	size_t half = run.nr / 2 * PAGE;

	if (mem == MAP_FAILED)
		return complain(actor, run, "mmap", errno);
	glance_run(actor, run, mem);
	if (!mprotect(mem, run_bytes(run), PROT_READ) &&
	    trapped(store_byte, mem) != SIGSEGV)
		complain(actor, run, "a store by a read-only mapping", 0);
	mprotect(mem + half, run_bytes(run) - half, RW);
	glance_run(actor, run, mem);
	if (half)
		munmap(mem, half);
	munmap(mem, run_bytes(run));
}

/*
 * Map a part anew where it is, as a VMM does to have large mappings again:
 * whoever touches it meanwhile finds the old mapping or the new one.
 */
static void errand_remap(struct actor *actor, struct run run)
{
	bool large = pick(actor, 4);
	u8 *mem;

	if (large) {
		run.first -= run.first % REGION_PAGES;
		run.nr = REGION_PAGES;
	}
	mem = large ? run_large(run) : run_small(run);
	if (mmap(mem, run_bytes(run), RW, MAP_SHARED | MAP_FIXED,
		 run.pod->pod.fd, run_offset(run)) != mem)
		complain(actor, run, "mmap of a part", errno);
	glance_run(actor, run, mem);
}

static void errand_move(struct actor *actor, struct run run)
{
	u8 *mem = run_memory(actor, run);

	if (mremap(mem, run_bytes(run), run_bytes(run) + PAGE,
		   MREMAP_MAYMOVE) != MAP_FAILED ||
	    mremap(mem, run_bytes(run), run_bytes(run),
		   MREMAP_MAYMOVE | MREMAP_DONTUNMAP) != MAP_FAILED)
		complain(actor, run, "mremap worked", 0);
}

/* In a child: nothing is inherited, so map it and look. */
static void child(struct actor *actor, struct run run, bool inherited)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!inherited && arena_map(actor->arena))
		_exit(1);
	/* What another thread mapped anew before the fork was not inherited. */
	if (inherited && msync(run_large(run), run_bytes(run), MS_ASYNC))
		_exit(0);
	glance_run(actor, run, run_large(run));
	if (!inherited)
		glance_run(actor, run, run_small(run));
	_exit(0);
}

/* MADV_DOFORK makes a child inherit a mapping; where it is refused, it maps. */
static void errand_fork(struct actor *actor, struct run run)
{
	size_t len = run.pod->pod.size;
	bool inherited = !pick(actor, 3) &&
			 !madvise(run.pod->pod.mem, len, MADV_DOFORK);
	pid_t pid = fork();

	if (!pid)
		child(actor, run, inherited);
	if (inherited)
		madvise(run.pod->pod.mem, len, MADV_DONTFORK);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static const struct deed errands[] = {
	{ "glance", 24, errand_glance },
	{ "sweep", 20, errand_sweep },
	{ "deflate", 6, errand_deflate },
	{ "reset", 1, errand_reset },
	{ "target", 6, errand_target },
	{ "policy", 4, errand_policy },
	{ "attributes", 2, errand_attributes },
	{ "proc", 2, errand_proc },
	{ "advise", 24, errand_advise },
	{ "bind", 2, errand_bind },
	{ "lock", 3, errand_lock },
	{ "reopen", 4, errand_reopen },
	{ "map", 6, errand_map },
	{ "remap", 8, errand_remap },
	{ "move", 2, errand_move },
	{ "fork", 1, errand_fork },
	{ "compact", 1, errand_compact },
};

void do_errand(struct actor *actor)
{
	const struct deed *errand = pick_deed(actor, errands,
					      ARRAY_SIZE(errands));

	actor->arena->slots[actor->nr].doing = errand->name;
	errand->fn(actor, pick_run(actor));
}
