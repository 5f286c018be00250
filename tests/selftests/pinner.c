// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pinner.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pod.h"
#include "rdma.h"
#include "sys.h"
#include "uring.h"
#include "video.h"

/* What a call that failed with @error leaves is to be closed. */
static int close_unless(int fd, int error)
{
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int pin_buffers(void *addr)
{
	int ring = uring_open();

	if (ring < 0)
		return -ENODEV;
	return close_unless(ring, uring_register(ring, addr, PINNER_LEN));
}

static int pin_list(void *addr)
{
	int ring = uring_open();

	if (ring < 0)
		return -ENODEV;
	return close_unless(ring, uring_register_list(ring, addr, PINNER_LEN));
}

static int pin_ring(void *addr)
{
	int ring = uring_open();

	if (ring < 0)
		return -ENODEV;
	close(ring);
	return uring_open_at(addr);
}

static int pin_xdp(void *addr)
{
	struct xdp_umem_reg umem = {
		.addr = (uintptr_t)addr, .len = PINNER_LEN, .chunk_size = 4096,
	};
	int sock = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0), error = 0;

	if (sock < 0)
		return -ENODEV;
	if (setsockopt(sock, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)))
		error = -errno;
	return close_unless(sock, error);
}

static int pin_video(void *addr, bool output)
{
	int video = video_open(output);

	if (video < 0)
		return -ENODEV;
	return close_unless(video, video_lend(video, output, addr, PINNER_LEN));
}

static int pin_rdma(void *addr, bool writable)
{
	int verbs = rdma_open();

	if (verbs < 0)
		return -ENODEV;
	return close_unless(verbs, rdma_register(verbs, addr, PINNER_LEN,
						 writable));
}

int pinner_pin(enum pinner who, void *addr)
{
	switch (who) {
	case PIN_URING_BUFFERS:
		return pin_buffers(addr);
	case PIN_URING_LIST:
		return pin_list(addr);
	case PIN_URING_RING:
		return pin_ring(addr);
	case PIN_XDP:
		return pin_xdp(addr);
	case PIN_VIDEO_CAPTURE:
		return pin_video(addr, false);
	case PIN_RDMA:
		return pin_rdma(addr, true);
	case PIN_VIDEO_OUTPUT:
		return pin_video(addr, true);
	case PIN_RDMA_READ:
		return pin_rdma(addr, false);
	}
	return -ENODEV;
}

int pinner_try(enum pinner who)
{
	void *plain = mmap(NULL, PINNER_LEN, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int pin = pinner_pin(who, plain);

	if (pin >= 0)
		close(pin);
	munmap(plain, PINNER_LEN);
	return pin < 0 ? pin : 0;
}

/* The figures wait on each CPU until they are worth adding up. */
long long pinner_pages(void)
{
	file_write("/proc/sys/vm/stat_refresh", "1");
	return file_field("/proc/vmstat", "nr_foll_pin_acquired") -
	       file_field("/proc/vmstat", "nr_foll_pin_released");
}

bool pinner_settled(long long pages)
{
	return POD_WAIT(pinner_pages() == pages);
}
