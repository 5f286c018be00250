// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "missing.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "pod.h"
#include "sys.h"

static uint8_t zeroes[PAGE] __attribute__((aligned(PAGE)));
static pthread_t giver;
static int uffd;

/* UFFDIO_COPY, as who backs a guest does: a zero page would fault again. */
static void give(uint64_t address)
{
	struct uffdio_copy copy = {
		.dst = address & -PAGE, .src = (uintptr_t)zeroes, .len = PAGE,
	};

	if (ioctl(uffd, UFFDIO_COPY, &copy))
		abort();
}

/* Until a read of the file fails: it is cancelled. */
static void *give_all(void *unused)
{
	struct uffd_msg msg;

	while (read(uffd, &msg, sizeof(msg)) == sizeof(msg))
		if (msg.event == UFFD_EVENT_PAGEFAULT)
			give(msg.arg.pagefault.address);
	return NULL;
}

static int attach(struct memory *m)
{
	struct uffdio_register range = {
		.range = { (uintptr_t)m->mem, m->size },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0)
		return -errno;
	if (ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		return -errno;
	return -pthread_create(&giver, NULL, give_all, NULL);
}

int make_missing(struct memory *m)
{
	m->map_size = m->size;
	m->map = mmap(NULL, m->size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m->map == MAP_FAILED)
		return -errno;
	m->mem = m->map;
	madvise(m->mem, m->size, MADV_NOHUGEPAGE);
	return attach(m);
}

void end_missing(struct memory *m)
{
	if (giver) {
		pthread_cancel(giver);
		pthread_join(giver, NULL);
	}
	close(uffd);
}
