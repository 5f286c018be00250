// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/memfd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "missing.h"
#include "pod.h"
#include "sys.h"

#define THP	"/sys/kernel/mm/transparent_hugepage/"
#define RW	(PROT_READ | PROT_WRITE)

static int map(struct memory *m, void *where, int flags)
{
	m->mem = mmap(where, m->size, RW, MAP_FIXED | flags, m->fd, 0);
	return m->mem == MAP_FAILED ? -errno : 0;
}

/* Address space with a multiple of 2 MiB in it, and @more bytes behind. */
static void *reserve(struct memory *m, size_t more)
{
	m->map_size = m->size + REGION + more;
	m->map = mmap(NULL, m->map_size, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (m->map == MAP_FAILED)
		abort();
	return (void *)(((uintptr_t)m->map + REGION - 1) & -REGION);
}

static int make_anonymous(struct memory *m, int advice)
{
	int ret = map(m, reserve(m, 0), MAP_PRIVATE | MAP_ANONYMOUS);

	return ret ?: madvise(m->mem, m->size, advice) ? -errno : 0;
}

static int make_anonymous_huge(struct memory *m)
{
	return make_anonymous(m, MADV_HUGEPAGE);
}

static int make_anonymous_small(struct memory *m)
{
	return make_anonymous(m, MADV_NOHUGEPAGE);
}

static int make_memfd(struct memory *m, unsigned int flags)
{
	m->fd = memfd_create("podbench", MFD_CLOEXEC | flags);
	if (m->fd < 0 || ftruncate(m->fd, m->size))
		return -errno;
	return map(m, reserve(m, 0), MAP_SHARED);
}

static int make_memfd_small(struct memory *m)
{
	return make_memfd(m, 0);
}

static int make_memfd_huge(struct memory *m)
{
	int ret = file_write(THP "shmem_enabled", "always");

	return ret ?: make_memfd(m, 0);
}

static void end_memfd_huge(struct memory *m)
{
	file_write(THP "shmem_enabled", "never");
}

/* The pool is filled before: that is not what is measured. */
static int make_hugetlb(struct memory *m)
{
	char pages[16];
	int ret;

	snprintf(pages, sizeof(pages), "%zu", m->size / REGION);
	ret = file_write("/proc/sys/vm/nr_hugepages", pages);
	return ret ?: make_memfd(m, MFD_HUGETLB | MFD_HUGE_2MB);
}

static void end_hugetlb(struct memory *m)
{
	file_write("/proc/sys/vm/nr_hugepages", "0");
}

static int make_pod_at(struct memory *m, size_t shift)
{
	struct kvm_pod_create args = pod_create_args(m->size, m->size);

	m->fd = pod_create(&args);
	if (m->fd < 0)
		return m->fd;
	return map(m, reserve(m, shift) + shift, MAP_SHARED);
}

static int make_pod_huge(struct memory *m)
{
	return make_pod_at(m, 0);
}

/* No page table of this mapping takes a block. */
static int make_pod_small(struct memory *m)
{
	return make_pod_at(m, PAGE);
}

#ifndef KVM_CREATE_GUEST_MEMFD
struct kvm_create_guest_memfd {
	uint64_t size;
	uint64_t flags;
	uint64_t reserved[6];
};

#define KVM_CREATE_GUEST_MEMFD	_IOWR(KVMIO, 0xd4, struct kvm_create_guest_memfd)
#endif

/* GUEST_MEMFD_FLAG_MMAP and _INIT_SHARED, which came with Linux 6.18. */
#define GUEST_MEMFD_MAPPABLE	3

static int create_guest_memfd(size_t size)
{
	struct kvm_create_guest_memfd args = {
		.size = size, .flags = GUEST_MEMFD_MAPPABLE,
	};
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);
	int fd = vm < 0 ? -1 : ioctl(vm, KVM_CREATE_GUEST_MEMFD, &args);

	if (vm >= 0)
		close(vm);
	if (kvm >= 0)
		close(kvm);
	return fd;
}

static int make_guest_memfd(struct memory *m)
{
	m->fd = create_guest_memfd(m->size);
	return m->fd < 0 ? -EOPNOTSUPP : map(m, reserve(m, 0), MAP_SHARED);
}

static int forget(struct memory *m, size_t offset, size_t length)
{
	return madvise(m->mem + offset, length, MADV_DONTNEED) ? -errno : 0;
}

static int punch(struct memory *m, size_t offset, size_t length)
{
	return fallocate(m->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 offset, length) ? -errno : 0;
}

const struct kind kinds[] = {
	{ "pod", "2m", REGION, make_pod_huge, punch },
	{ "anonymous", "2m", REGION, make_anonymous_huge, forget },
	{ "memfd", "2m", REGION, make_memfd_huge, punch, end_memfd_huge },
	{ "hugetlb", "2m", REGION, make_hugetlb, punch, end_hugetlb },
	{ "pod", "4k", PAGE, make_pod_small, punch },
	{ "anonymous", "4k", PAGE, make_anonymous_small, forget },
	{ "memfd", "4k", PAGE, make_memfd_small, punch },
	{ "guest_memfd", "4k", PAGE, make_guest_memfd, punch },
	{ "userfaultfd", "4k", PAGE, make_missing, forget, end_missing },
};

const unsigned int nr_kinds = sizeof(kinds) / sizeof(kinds[0]);

const struct kind *kind_named(const char *name, const char *page)
{
	unsigned int i;

	for (i = 0; i < nr_kinds; i++)
		if (!strcmp(kinds[i].name, name) && !strcmp(kinds[i].page, page))
			return &kinds[i];
	abort();
}

int memory_begin(struct memory *m, const struct kind *kind, size_t size)
{
	int ret;

	*m = (struct memory){ .kind = kind, .size = size, .fd = -1 };
	ret = kind->make(m);
	if (ret)
		memory_end(m);
	return ret;
}

void memory_end(struct memory *m)
{
	if (m->map)
		munmap(m->map, m->map_size);
	if (m->fd >= 0)
		close(m->fd);
	if (m->kind->end)
		m->kind->end(m);
}
