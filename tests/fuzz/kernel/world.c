// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "world.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAD_SIZE	(128 * PAGE)
/* Buffers of one thread, so that one call can have several. */
#define PADS		4
/* Not canonical, and not the user's. */
#define KERNEL_ADDRESS	0xffff888000001000UL

struct slot slots[NR_SLOTS];
struct map maps[NR_MAPS];
struct pod pods[NR_PODS];
int held[2];

/* The first half of each is there, the second half is not. */
static u8 *pads;
static u8 *read_only;

void world_reserve(void)
{
	size_t len = NR_THREADS * PADS * 2 * PAD_SIZE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
	unsigned int i;

	if (mmap(ARENA, NR_MAPS * WINDOW, PROT_NONE, flags | MAP_FIXED, -1,
		 0) != ARENA)
		err(2, "no room for mappings");
	pads = mmap(NULL, len, PROT_NONE, flags, -1, 0);
	read_only = mmap(NULL, PAD_SIZE, PROT_READ, flags, -1, 0);
	if (pads == MAP_FAILED || read_only == MAP_FAILED)
		err(2, "no room for buffers");
	for (i = 0; i < NR_THREADS * PADS; i++)
		if (mprotect(pads + i * 2 * PAD_SIZE, PAD_SIZE,
			     PROT_READ | PROT_WRITE))
			err(2, "no room for buffers");
}

void world_begin(void)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		slots[i] = (struct slot){ .fd = -1, .pod = -1 };
	for (i = 0; i < NR_MAPS; i++)
		maps[i] = (struct map){ .at = ARENA + i * WINDOW, .pod = -1 };
	slot_set(&slots[SLOT_DEVICE], open("/dev/kvm-pod", O_RDWR | O_CLOEXEC),
		 FILE_DEVICE, true, -1);
	slot_set(&slots[SLOT_OTHER], memfd_create("fuzz", MFD_ALLOW_SEALING),
		 FILE_OTHER, true, -1);
	if (slots[SLOT_DEVICE].fd < 0 ||
	    ftruncate(slots[SLOT_OTHER].fd, 4 * REGION) ||
	    pipe2(held, O_NONBLOCK | O_CLOEXEC))
		complain("cannot open /dev/kvm-pod or make a memfd or a pipe");
}

/* In order, so that coverage sees it. */
void world_end(void)
{
	unsigned int i;

	munmap(ARENA, NR_MAPS * WINDOW);
	for (i = 0; i < NR_MAPS; i++)
		if (maps[i].len)
			munmap(maps[i].at, maps[i].len);
	for (i = 0; i < NR_SLOTS; i++)
		if (slots[i].fd >= 0)
			close(slots[i].fd);
	close(held[0]);
	close(held[1]);
}

struct slot *slot_of(u64 arg)
{
	return &slots[arg % NR_SLOTS];
}

struct map *map_of(u64 arg)
{
	return &maps[arg % NR_MAPS];
}

struct pod *pod_of_slot(const struct slot *slot)
{
	int nr = slot->pod;

	return nr < 0 ? NULL : &pods[nr];
}

struct pod *pod_of_map(const struct map *map)
{
	int nr = map->pod;

	return nr < 0 ? NULL : &pods[nr];
}

int pod_fd(const struct pod *pod)
{
	unsigned int i;

	for (i = 0; i < NR_SLOTS; i++)
		if (slots[i].type == FILE_POD && pod_of_slot(&slots[i]) == pod)
			return slots[i].fd;
	return -1;
}

void slot_set(struct slot *slot, int fd, enum file_type type, bool writes,
	      int pod)
{
	int old = slot->fd;

	*slot = (struct slot){ .fd = fd, .type = fd < 0 ? FILE_NONE : type,
			       .writes = writes, .pod = pod };
	if (old >= 0)
		close(old);
}

static u8 *pod_place(void)
{
	unsigned int i;

	for (i = 0; i < NR_MAPS; i++)
		if (maps[i].len)
			return maps[i].at;
	return NULL;
}

enum where place_of(u64 arg)
{
	return arg % (PLACE_KERNEL + 1);
}

u8 *place_buffer(struct thread *t, enum where place, u64 len, unsigned int nr)
{
	u8 *pad = pads + (t->nr * PADS + nr) * 2 * PAD_SIZE;

	switch (place) {
	case PLACE_NULL:
		return NULL;
	case PLACE_UNMAPPED:
		return pad + PAD_SIZE + PAGE;
	case PLACE_READ_ONLY:
		return read_only;
	case PLACE_STRADDLE:
		return pad + PAD_SIZE - (len < 2 * PAD_SIZE ? len / 2 : PAGE);
	case PLACE_POD:
		return pod_place();
	case PLACE_ODD:
		return pad + 1;
	case PLACE_KERNEL:
		return (u8 *)KERNEL_ADDRESS;
	default:
		return pad;
	}
}

bool place_is_bad(enum where place, bool write)
{
	switch (place) {
	case PLACE_NULL:
	case PLACE_UNMAPPED:
	case PLACE_STRADDLE:
	case PLACE_KERNEL:
		return true;
	case PLACE_READ_ONLY:
		return write;
	default:
		return false;
	}
}

bool pod_query(const struct pod *pod, struct kvm_pod_query *q)
{
	int fd = pod_fd(pod);

	*q = (struct kvm_pod_query){ .size = sizeof(*q) };
	return fd >= 0 && !ioctl(fd, KVM_POD_QUERY, q);
}

/* The ledger's identities: one reading has all figures of one moment. */
void check_query(const struct kvm_pod_query *q)
{
	if (q->out_size !=
	    q->out_populated + q->out_outstanding + q->out_given)
		complain("query: M %llu is not P %llu + E %llu + B %llu",
			 q->out_size, q->out_populated, q->out_outstanding,
			 q->out_given);
	if (q->out_owned != q->out_populated + q->out_reserve)
		complain("query: O %llu is not P %llu + R %llu", q->out_owned,
			 q->out_populated, q->out_reserve);
	if (q->out_owned >
	    q->out_target + q->out_overdraft + q->out_to_shrink)
		complain("query: O %llu is above T %llu + X %llu + %llu",
			 q->out_owned, q->out_target, q->out_overdraft,
			 q->out_to_shrink);
	if (q->out_given_huge > q->out_populated ||
	    q->out_reserve_huge > q->out_reserve)
		complain("query: a part is more than the whole");
}

long sys_result(long ret)
{
	return ret < 0 ? -errno : ret;
}
