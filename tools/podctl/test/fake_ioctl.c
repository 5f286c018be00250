// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into podctl by test.sh in place of the kernel module: answers
 * KVM_POD_CREATE with a memfd and the calls on it as if it were pod7, or all
 * but KVM_POD_QUERY with the errno named in FAKE_ERRNO. With FAKE_WRITE_ERRNO,
 * nothing can be written to sysfs. Prints requests to the file named in
 * FAKE_LOG.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <linux/kvm_pod.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define POD_ID	7
#define MIB	(1ULL << 20)

static void log_line(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void log_line(const char *format, ...)
{
	const char *name = getenv("FAKE_LOG");
	FILE *log = name ? fopen(name, "a") : NULL;
	va_list ap;

	if (!log)
		return;
	va_start(ap, format);
	vfprintf(log, format, ap);
	va_end(ap);
	fclose(log);
}

static void log_create(const struct kvm_pod_create *create)
{
	const __u64 *mask = (const void *)(uintptr_t)create->node_mask_ptr;

	log_line("size=%u flags=%u memory_size=%" PRIu64 " target=%" PRIu64
		 " policy=%u label='%s' words=%u mask0=%" PRIx64 "\n",
		 create->size, create->flags, (uint64_t)create->memory_size,
		 (uint64_t)create->target, create->policy, create->label,
		 create->node_mask_words, mask ? (uint64_t)mask[0] : 0);
}

static int make_pod(struct kvm_pod_create *create)
{
	log_create(create);
	create->out_fd = memfd_create("kvm-pod", create->open_flags ?
				      MFD_CLOEXEC : 0);
	create->out_id = POD_ID;
	return ftruncate(create->out_fd, (off_t)create->memory_size);
}

static int query(struct kvm_pod_query *answer)
{
	answer->out_id = POD_ID;
	return 0;
}

/* Every second page is zero. A signal comes after the first MiB, once. */
static int sweep(struct kvm_pod_sweep *call)
{
	static bool interrupted;
	__u64 length = call->length;
	int ret = 0;

	if (!interrupted && length > MIB) {
		interrupted = true;
		length = MIB;
		errno = EINTR;
		ret = -1;
	}
	log_line("sweep flags=%u offset=%" PRIu64 " length=%" PRIu64 "\n",
		 call->flags, (uint64_t)call->offset, (uint64_t)call->length);
	call->out_scanned = length;
	call->out_reclaimed = length / 2;
	call->out_next = call->offset + length;
	return ret;
}

/* One that is known and one that is not, once. */
static int read_events(struct kvm_pod_read_events *call)
{
	struct kvm_pod_event *event = (void *)(uintptr_t)call->events_ptr;
	static bool done;

	if (done)
		return 0;
	done = true;
	event[0] = (struct kvm_pod_event){
		.seq = 4,
		.time_ns = 1,
		.type = KVM_POD_EVENT_EXHAUSTED,
		.reserve = 4096,
		.offset = 0x7000,
	};
	event[1] = (struct kvm_pod_event){ .seq = 5, .type = 77 };
	call->out_nr = 2;
	call->out_lost = 3;
	return 0;
}

static int answer(unsigned long request, void *argument)
{
	switch (request) {
	case KVM_POD_CREATE:
		return make_pod(argument);
	case KVM_POD_SWEEP:
		return sweep(argument);
	case KVM_POD_READ_EVENTS:
		return read_events(argument);
	default:
		errno = ENOTTY;
		return -1;
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	const char *error = getenv("FAKE_ERRNO");
	void *argument;
	va_list ap;

	(void)fd;
	va_start(ap, request);
	argument = va_arg(ap, void *);
	va_end(ap);
	if (request == KVM_POD_QUERY)
		return query(argument);
	if (error) {
		errno = atoi(error);
		return -1;
	}
	return answer(request, argument);
}

/* That of podctl itself; stdio has its own. */
ssize_t write(int fd, const void *data, size_t length)
{
	const char *error = getenv("FAKE_WRITE_ERRNO");

	if (error) {
		errno = atoi(error);
		return -1;
	}
	return syscall(SYS_write, fd, data, length);
}
