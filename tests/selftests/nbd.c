// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "nbd.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/nbd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

#define DEVICE	"/dev/nbd0"
#define BLOCK	4096UL

static uint8_t content[NBD_BYTES] __attribute__((aligned(8)));

static bool recv_all(int sock, void *data, size_t len)
{
	return recv(sock, data, len, MSG_WAITALL) == (ssize_t)len;
}

static bool send_all(int sock, const void *data, size_t len)
{
	return send(sock, data, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void wait_while_held(struct nbd *nbd)
{
	__atomic_fetch_add(&nbd->held, 1, __ATOMIC_RELEASE);
	while (__atomic_load_n(&nbd->hold, __ATOMIC_ACQUIRE))
		usleep(1000);
	__atomic_fetch_sub(&nbd->held, 1, __ATOMIC_RELEASE);
}

static bool answer(struct nbd *nbd, const struct nbd_request *request)
{
	uint64_t from = be64toh(request->from);
	uint32_t len = be32toh(request->len);
	struct nbd_reply reply = { .magic = htobe32(NBD_REPLY_MAGIC) };

	memcpy(reply.handle, request->handle, sizeof(reply.handle));
	if (be32toh(request->type) != NBD_CMD_READ || from + len > NBD_BYTES) {
		reply.error = htobe32(EINVAL);
		return send_all(nbd->sock, &reply, sizeof(reply));
	}
	wait_while_held(nbd);
	return send_all(nbd->sock, &reply, sizeof(reply)) &&
	       send_all(nbd->sock, content + from, len);
}

static long serve(void *arg)
{
	struct nbd_request request;
	struct nbd *nbd = arg;

	while (recv_all(nbd->sock, &request, sizeof(request)) &&
	       be32toh(request.type) != NBD_CMD_DISC)
		if (!answer(nbd, &request))
			break;
	/* The kernel waits for the end of the connection. */
	shutdown(nbd->sock, SHUT_RDWR);
	return 0;
}

/* Returns when the device is disconnected. */
static long run(void *arg)
{
	struct nbd *nbd = arg;

	return ioctl(nbd->device, NBD_DO_IT);
}

static int attach(struct nbd *nbd)
{
	int socks[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		return -errno;
	nbd->sock = socks[0];
	nbd->theirs = socks[1];
	if (ioctl(nbd->device, NBD_SET_BLKSIZE, BLOCK) ||
	    ioctl(nbd->device, NBD_SET_SIZE_BLOCKS, NBD_BYTES / BLOCK) ||
	    ioctl(nbd->device, NBD_SET_FLAGS, NBD_FLAG_READ_ONLY) ||
	    ioctl(nbd->device, NBD_SET_SOCK, nbd->theirs))
		return -errno;
	return 0;
}

/* It has its size once the kernel runs it. */
static bool is_running(const struct nbd *nbd)
{
	uint64_t size = 0;
	int tries = 1000;

	while (tries-- && !job_done(&nbd->runner)) {
		if (!ioctl(nbd->device, BLKGETSIZE64, &size) &&
		    size == NBD_BYTES)
			return true;
		usleep(2000);
	}
	return false;
}

int nbd_begin(struct nbd *nbd)
{
	int ret;

	memset(nbd, 0, sizeof(*nbd));
	fill(content, NBD_BYTES, NBD_TAG);
	if (access(DEVICE, F_OK) &&
	    system("modprobe nbd nbds_max=1 max_part=0 2>/dev/null"))
		return -ENODEV;
	nbd->device = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (nbd->device < 0)
		return -errno;
	ret = attach(nbd);
	if (ret)
		return ret;
	job_start(&nbd->server, serve, nbd);
	job_start(&nbd->runner, run, nbd);
	if (is_running(nbd))
		return 0;
	nbd_end(nbd);
	return -EIO;
}

void nbd_end(struct nbd *nbd)
{
	nbd_hold(nbd, false);
	ioctl(nbd->device, NBD_DISCONNECT);
	job_wait(&nbd->runner);
	ioctl(nbd->device, NBD_CLEAR_SOCK);
	shutdown(nbd->sock, SHUT_RDWR);
	job_wait(&nbd->server);
	close(nbd->sock);
	close(nbd->theirs);
	close(nbd->device);
}

int nbd_open(void)
{
	return open(DEVICE, O_RDONLY | O_DIRECT | O_CLOEXEC);
}

void nbd_hold(struct nbd *nbd, bool hold)
{
	__atomic_store_n(&nbd->hold, hold, __ATOMIC_RELEASE);
}

bool nbd_holds(const struct nbd *nbd)
{
	return __atomic_load_n(&nbd->held, __ATOMIC_ACQUIRE);
}
