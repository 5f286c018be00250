// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into podctl by test.sh in place of the kernel module: answers
 * KVM_POD_CREATE with a memfd, or with the errno named in FAKE_ERRNO.
 * Prints the request to the file named in FAKE_LOG.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <linux/kvm_pod.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void log_request(const struct kvm_pod_create *create)
{
	const __u64 *mask = (const void *)(uintptr_t)create->node_mask_ptr;
	const char *name = getenv("FAKE_LOG");
	FILE *log = name ? fopen(name, "w") : NULL;

	if (!log)
		return;
	fprintf(log, "size=%u memory_size=%" PRIu64 " target=%" PRIu64
		" policy=%u label='%s' words=%u mask0=%" PRIx64 "\n",
		create->size, (uint64_t)create->memory_size,
		(uint64_t)create->target, create->policy, create->label,
		create->node_mask_words, mask ? (uint64_t)mask[0] : 0);
	fclose(log);
}

static int make_pod(struct kvm_pod_create *create)
{
	const char *error = getenv("FAKE_ERRNO");

	log_request(create);
	if (error) {
		errno = atoi(error);
		return -1;
	}
	create->out_fd = memfd_create("pod", create->open_flags ?
				      MFD_CLOEXEC : 0);
	create->out_id = 7;
	return ftruncate(create->out_fd, (off_t)create->memory_size);
}

int ioctl(int fd, unsigned long request, ...)
{
	void *argument;
	va_list ap;

	(void)fd;
	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (request == KVM_POD_CREATE)
		return make_pod(argument);
	errno = ENOTTY;
	return -1;
}
