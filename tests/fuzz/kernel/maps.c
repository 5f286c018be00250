// SPDX-License-Identifier: GPL-2.0-only
/* Mappings of pods, and touches through them. */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define TOUCH_MAX	(1024 * PAGE)

/* A part of a mapping, never of what belongs to the fuzzer. */
struct part {
	u8 *at;
	u64 offset;
	u64 len;
};

static struct part part_of(const struct map *map, u64 offset, u64 len)
{
	u64 at = map->len ? offset % map->len : 0;
	u64 room = map->len ? map->len - at : PAGE;

	return (struct part){ .at = map->at + at, .offset = map->offset + at,
			      .len = len < room ? len : room };
}

static struct part part_to_touch(const struct map *map, const u64 *arg)
{
	return part_of(map, arg[1], arg[2] < TOUCH_MAX ? arg[2] : TOUCH_MAX);
}

/* Where a mapping goes; what does not fit a window goes where it likes. */
static u8 *address_for(u64 nr, u64 offset, u64 len, u64 where)
{
	u8 *window = ARENA + nr % NR_MAPS * WINDOW;

	if (where == 2 || len > WINDOW - 2 * REGION)
		return NULL;
	return window + (where == 1 ? PAGE : where == 3) + offset % REGION;
}

CALL(mmap)
{
	struct slot *slot = slot_of(arg[1]);
	struct map *map = map_of(arg[0]);
	u64 offset = arg[2], len = arg[3];
	u8 *at = address_for(arg[0], offset, len, arg[6]);
	int flags = (int)arg[5] | (at ? MAP_FIXED : 0);
	u8 *got;

	if (arg[6] == 3)
		offset &= ~(PAGE - 1);
	got = mmap(at, len, (int)arg[4], flags, slot->fd, offset);
	if (got == MAP_FAILED)
		return -errno;
	if (slot->type == FILE_POD && !(flags & (MAP_SHARED | MAP_ANONYMOUS)) &&
	    t->single)
		complain("a private mapping of a pod was made");
	*map = (struct map){ .at = got, .len = len, .offset = offset,
			     .pod = flags & MAP_ANONYMOUS ? -1 : slot->pod };
	return 0;
}

CALL(munmap)
{
	struct map *map = map_of(arg[0]);
	struct part p = part_of(map, arg[1], arg[2]);
	long ret = munmap(p.at, p.len) ? -errno : 0;

	if (!ret && p.at == map->at && p.len == map->len)
		*map = (struct map){ .at = ARENA + (arg[0] % NR_MAPS) * WINDOW,
				     .pod = -1 };
	return ret;
}

CALL(mprotect)
{
	struct part p = part_of(map_of(arg[0]), arg[1], arg[2]);

	return mprotect(p.at, p.len, (int)arg[3]) ? -errno : 0;
}

CALL(mremap)
{
	struct map *map = map_of(arg[0]);
	struct part p = part_of(map, arg[1], arg[2]);
	u64 len = arg[3] < WINDOW ? arg[3] : WINDOW;
	u8 *to = ARENA + arg[5] % NR_MAPS * WINDOW;
	void *got = mremap(p.at, p.len, len, (int)arg[4], to);

	if (got == MAP_FAILED)
		return -errno;
	if (got != p.at && t->single && map->pod >= 0 && p.len)
		complain("mremap moved a mapping of a pod");
	if (got != p.at)
		map->len = 0;
	return 0;
}

CALL(madvise)
{
	struct map *map = map_of(arg[0]);
	struct part p = part_of(map, arg[1], arg[2]);
	long ret = sys_result(madvise(p.at, p.len, (int)arg[3]));
	u64 len = (p.len + PAGE - 1) & ~(PAGE - 1);

	if ((int)arg[3] != MADV_REMOVE)
		return ret;
	if (!ret)
		model_zero(pod_of_map(map), p.offset, len);
	else
		model_maybe(pod_of_map(map), p.offset, len);
	return ret;
}

/* One page, or a part of it; false for a signal. */
static bool touch(struct thread *t, void (*fn)(u8 *, u64, u8), u8 *at, u64 len,
		  u8 value)
{
	if (sigsetjmp(t->jump, 1)) {
		t->may_jump = false;
		return false;
	}
	t->may_jump = true;
	fn(at, len, value);
	t->may_jump = false;
	return true;
}

static void store(u8 *at, u64 len, u8 value)
{
	memset(at, value, len);
}

static void copy(u8 *at, u64 len, u8 nr)
{
	static __thread u8 page[PAGE];

	memcpy(page, at, len);
}

/* Page by page: each has a value of its own. */
static bool next_page(struct part *p, u64 *len)
{
	*len = PAGE - p->offset % PAGE;
	if (*len > p->len)
		*len = p->len;
	return *len;
}

static void advance(struct part *p, u64 len)
{
	p->at += len;
	p->offset += len;
	p->len -= len;
}

#define HOW_ZERO	1
#define HOW_BYTE	2

CALL(store)
{
	struct map *map = map_of(arg[0]);
	struct pod *pod = pod_of_map(map);
	struct part p = part_to_touch(map, arg);
	bool zero = arg[3] & HOW_ZERO;
	u64 len, some;
	u8 value;

	if (!pod)
		return -EFAULT;
	for (; next_page(&p, &len); advance(&p, len)) {
		some = arg[3] & HOW_BYTE ? 1 : len;
		value = zero ? 0 : model_byte(pod, p.offset / PAGE);
		/* Before, for threads that look meanwhile. */
		if (!t->single)
			model_maybe(pod, p.offset, some);
		if (!touch(t, store, p.at, some, value)) {
			model_maybe(pod, p.offset, some);
			return -EFAULT;
		}
		model_write(pod, p.offset, some, zero);
	}
	return 0;
}

static void check_page(struct thread *t, const struct pod *pod,
		       const struct part *p, u64 len)
{
	static __thread u8 page[PAGE];

	if (!sigsetjmp(t->jump, 1)) {
		t->may_jump = true;
		memcpy(page, p->at, len);
		t->may_jump = false;
		model_check(t, pod, p->offset, page, len);
	}
	t->may_jump = false;
}

CALL(load)
{
	struct map *map = map_of(arg[0]);
	struct pod *pod = pod_of_map(map);
	struct part p = part_to_touch(map, arg);
	u64 len;

	for (; pod && next_page(&p, &len); advance(&p, len)) {
		if (!touch(t, copy, p.at, 1, 0))
			return -EFAULT;
		/* What is mapped there may be another's by now. */
		if (t->single && !(arg[3] & HOW_BYTE) && p.offset < pod->size)
			check_page(t, pod, &p, len);
	}
	return 0;
}

static long pagemap(const struct part *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	u64 entry = 0;

	if (fd < 0)
		return -errno;
	pread(fd, &entry, sizeof(entry), (uintptr_t)p->at / PAGE * 8);
	close(fd);
	return entry >> 63;
}

static long smaps(void)
{
	static char text[65536];
	int fd = open("/proc/self/smaps", O_RDONLY);

	if (fd < 0)
		return -errno;
	while (read(fd, text, sizeof(text)) > 0)
		;
	close(fd);
	return 0;
}

static long move_page(u8 *at)
{
	void *pages[] = { at };
	int node = 0, status;

	return syscall(SYS_move_pages, 0, 1, pages, &node, &status,
		       MPOL_MF_MOVE);
}

static long bind(const struct part *p)
{
	unsigned long nodes = 1;

	return syscall(SYS_mbind, p->at, p->len, MPOL_BIND, &nodes, 64,
		       MPOL_MF_MOVE | MPOL_MF_STRICT);
}

/* What else the kernel does with a mapping. */
CALL(vmctl)
{
	struct part p = part_of(map_of(arg[1]), arg[2], arg[3]);
	unsigned char in_core[WINDOW / PAGE];

	switch (arg[0] % 11) {
	case 0:
		return sys_result(mlock(p.at, p.len));
	case 1:
		return sys_result(munlock(p.at, p.len));
	case 2:
		return sys_result(mlock2(p.at, p.len, MLOCK_ONFAULT));
	case 3:
		return p.len > WINDOW ? -EINVAL :
		       sys_result(mincore(p.at, p.len, in_core));
	case 4:
		return sys_result(msync(p.at, p.len, MS_SYNC));
	case 5:
		return sys_result(bind(&p));
	case 6:
		return sys_result(move_page(p.at));
	case 7:
		return pagemap(&p);
	case 8:
		return smaps();
	case 9:
		return sys_result(remap_file_pages(p.at, p.len, 0, 0, 0));
	default:
		return sys_result(pkey_mprotect(p.at, p.len, PROT_READ, -1));
	}
}

CALL(lockall)
{
	return sys_result(arg[0] % 4 == 3 ? munlockall() :
			  mlockall(arg[0] % 4 + MCL_CURRENT));
}

/* As a debugger, or another process: through a reference to the page. */
CALL(remote)
{
	struct map *map = map_of(arg[0]);
	struct part p = part_of(map, arg[1], arg[2]);
	struct iovec remote = { p.at, p.len % (64 * PAGE) };
	struct iovec local = { place_buffer(t, PLACE_GOOD, 0, 2),
			       remote.iov_len };

	if (arg[3] & 1)
		return sys_result(process_vm_readv(getpid(), &local, 1,
						   &remote, 1, 0));
	memset(local.iov_base, 0, local.iov_len);
	/* Zeroes: nothing else is right in every page. */
	model_maybe(pod_of_map(map), p.offset, remote.iov_len);
	return sys_result(process_vm_writev(getpid(), &local, 1, &remote, 1,
					    0));
}
