// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "pod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys.h"

#define DEVICE	"/dev/kvm-pod"
#define CLASS	"/sys/class/kvm-pod"
#define DEBUGFS	"/sys/kernel/debug/kvm-pod"

/* The module's totals before the pod was made. */
static long long pods_before, owned_before;

static const char *wrong(const char *fmt, ...)
{
	static char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

void pod_must(int result, const char *what)
{
	if (result >= 0)
		return;
	fprintf(stderr, "# %s: %s\n", what, strerror(-result));
	abort();
}

void pod_sleep_ms(unsigned int ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&ts, NULL);
}

static int call(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg) < 0 ? -errno : 0;
}

struct kvm_pod_create pod_create_args(u64 size, u64 target)
{
	return (struct kvm_pod_create){
		.size = sizeof(struct kvm_pod_create),
		.memory_size = size,
		.target = target,
		.policy = KVM_POD_POLICY_FAIL,
		.open_flags = O_CLOEXEC,
	};
}

int pod_create(struct kvm_pod_create *args)
{
	int dev = open(DEVICE, O_RDWR | O_CLOEXEC);
	int ret;

	if (dev < 0)
		return -errno;
	ret = call(dev, KVM_POD_CREATE, args);
	close(dev);
	return ret ?: args->out_fd;
}

const char *pod_begin_with(struct pod *pod, struct kvm_pod_create *args)
{
	pods_before = pod_class_attr("pods");
	owned_before = pod_class_attr("total_owned");
	pod->size = args->memory_size;
	pod->mem = NULL;
	pod->fd = pod_create(args);
	if (pod->fd < 0)
		return wrong("KVM_POD_CREATE: %s", strerror(-pod->fd));
	pod->id = args->out_id;
	pod->mem = map_aligned(pod->fd, 0, pod->size, PROT_READ | PROT_WRITE);
	return pod->mem ? NULL : wrong("mmap: %s", strerror(errno));
}

const char *pod_begin(struct pod *pod, u64 size, u64 target)
{
	struct kvm_pod_create args = pod_create_args(size, target);

	return pod_begin_with(pod, &args);
}

int pod_query(const struct pod *pod, struct kvm_pod_query *q)
{
	memset(q, 0, sizeof(*q));
	q->size = sizeof(*q);
	return call(pod->fd, KVM_POD_QUERY, q);
}

int pod_set_target(const struct pod *pod, u64 target, u64 *out)
{
	struct kvm_pod_set_target args = {
		.size = sizeof(args), .target = target,
	};
	int ret = call(pod->fd, KVM_POD_SET_TARGET, &args);

	if (out)
		*out = args.out_target;
	return ret;
}

int pod_balloon(const struct pod *pod, enum kvm_pod_balloon_op op,
		const struct kvm_pod_range *ranges, unsigned int nr)
{
	struct kvm_pod_balloon args = {
		.size = sizeof(args), .op = op, .nr_ranges = nr,
		.ranges_ptr = (uintptr_t)ranges,
	};
	int ret = call(pod->fd, KVM_POD_BALLOON, &args);

	if (!ret && args.out_done != nr)
		return -EBADMSG;
	return ret;
}

static int balloon_range(const struct pod *pod, enum kvm_pod_balloon_op op,
			 u64 offset, u64 length)
{
	struct kvm_pod_range range = { offset, length };

	return pod_balloon(pod, op, &range, 1);
}

int pod_inflate(const struct pod *pod, u64 offset, u64 length)
{
	return balloon_range(pod, KVM_POD_BALLOON_INFLATE, offset, length);
}

int pod_deflate(const struct pod *pod, u64 offset, u64 length)
{
	return balloon_range(pod, KVM_POD_BALLOON_DEFLATE, offset, length);
}

int pod_balloon_reset(const struct pod *pod)
{
	return pod_balloon(pod, KVM_POD_BALLOON_RESET, NULL, 0);
}

int pod_punch(const struct pod *pod, u64 offset, u64 length)
{
	return fallocate(pod->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 offset, length) < 0 ? -errno : 0;
}

int pod_sweep(const struct pod *pod, u64 offset, u64 length,
	      unsigned int flags, struct kvm_pod_sweep *out)
{
	struct kvm_pod_sweep args = {
		.size = sizeof(args), .flags = flags,
		.offset = offset, .length = length,
	};
	int ret = call(pod->fd, KVM_POD_SWEEP, &args);

	if (out)
		*out = args;
	return ret;
}

void pod_fill_pages(u8 *mem, u64 len)
{
	u64 at;

	for (at = 0; at < len; at += PAGE)
		fill(mem + at, PAGE, at / PAGE + 1);
}

int pod_give_odd_pages(const struct pod *pod, u64 from, u64 to)
{
	struct kvm_pod_range ranges[256];
	unsigned int nr = 0;
	int ret = 0;
	u64 at;

	for (at = from + PAGE; at < to && !ret; at += 2 * PAGE) {
		ranges[nr++] = (struct kvm_pod_range){ at, PAGE };
		if (nr < 256 && at + 2 * PAGE < to)
			continue;
		ret = pod_balloon(pod, KVM_POD_BALLOON_INFLATE, ranges, nr);
		nr = 0;
	}
	return ret;
}

unsigned int pod_bad_pages(const u8 *mem, u64 len)
{
	unsigned int bad = 0;
	u64 at;

	for (at = 0; at < len; at += 2 * PAGE) {
		bad += mismatch(mem + at, PAGE, at / PAGE + 1) != -1;
		bad += nonzero(mem + at + PAGE, PAGE) != -1;
	}
	return bad;
}

int pod_set_policy(const struct pod *pod, enum kvm_pod_policy policy)
{
	struct kvm_pod_set_policy args = {
		.size = sizeof(args), .policy = policy,
	};

	return call(pod->fd, KVM_POD_SET_POLICY, &args);
}

int pod_set_overdraft(const struct pod *pod, enum kvm_pod_policy policy,
		      u64 overdraft_max)
{
	struct kvm_pod_set_policy args = {
		.size = sizeof(args), .flags = KVM_POD_SET_OVERDRAFT_MAX,
		.policy = policy, .overdraft_max = overdraft_max,
	};

	return call(pod->fd, KVM_POD_SET_POLICY, &args);
}

int pod_set_grow(const struct pod *pod, enum kvm_pod_policy policy,
		 u64 grow_max)
{
	struct kvm_pod_set_policy args = {
		.size = sizeof(args), .flags = KVM_POD_SET_GROW_MAX,
		.policy = policy, .grow_max = grow_max,
	};

	return call(pod->fd, KVM_POD_SET_POLICY, &args);
}

int pod_read_events(int fd, struct kvm_pod_event *events, unsigned int nr,
		    unsigned int *lost)
{
	struct kvm_pod_read_events args = {
		.size = sizeof(args), .nr_events = nr,
		.events_ptr = (uintptr_t)events,
	};
	int ret = call(fd, KVM_POD_READ_EVENTS, &args);

	if (lost)
		*lost = args.out_lost;
	return ret ?: (int)args.out_nr;
}

static void attr_path(char *path, size_t len, unsigned int id,
		      const char *name)
{
	snprintf(path, len, CLASS "/pod%u/%s", id, name);
}

long long pod_attr(const struct pod *pod, const char *name)
{
	char path[128];

	attr_path(path, sizeof(path), pod->id, name);
	return file_number(path);
}

long long pod_class_attr(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), CLASS "/%s", name);
	return file_number(path);
}

int pod_attr_write(const struct pod *pod, const char *name, const char *text)
{
	char path[128];

	attr_path(path, sizeof(path), pod->id, name);
	return file_write(path, text);
}

static const char *check_identities(const struct kvm_pod_query *q)
{
	if (q->out_populated + q->out_outstanding + q->out_given != q->out_size)
		return wrong("populated %llu + outstanding %llu + given %llu != size %llu",
			     q->out_populated, q->out_outstanding, q->out_given,
			     q->out_size);
	if (q->out_populated + q->out_reserve != q->out_owned)
		return wrong("populated %llu + reserve %llu != owned %llu",
			     q->out_populated, q->out_reserve, q->out_owned);
	if (q->out_owned > q->out_target + q->out_overdraft + q->out_to_shrink)
		return wrong("owned %llu > target %llu + overdraft %llu + to_shrink %llu",
			     q->out_owned, q->out_target, q->out_overdraft,
			     q->out_to_shrink);
	if (q->out_given_huge > q->out_populated ||
	    q->out_parked > q->out_populated ||
	    q->out_reserve_huge > q->out_reserve)
		return wrong("a part is above its whole");
	return NULL;
}

/* sysfs must tell the same story as the ioctl. */
static const char *check_sysfs(const struct pod *pod,
			       const struct kvm_pod_query *q)
{
	const struct { const char *name; u64 value; } attrs[] = {
		{ "size", q->out_size }, { "target", q->out_target },
		{ "owned", q->out_owned }, { "populated", q->out_populated },
		{ "reserve", q->out_reserve },
		{ "outstanding", q->out_outstanding },
		{ "given", q->out_given }, { "given_huge", q->out_given_huge },
		{ "parked", q->out_parked }, { "float", q->out_float },
		{ "to_shrink", q->out_to_shrink },
		{ "retired", q->out_retired },
		{ "overdraft", q->out_overdraft },
		{ "overdraft_max", q->out_overdraft_max },
		{ "grow_max", q->out_grow_max },
	};
	unsigned int i;
	long long seen;

	for (i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		seen = pod_attr(pod, attrs[i].name);
		if (seen != (long long)attrs[i].value)
			return wrong("sysfs %s is %lld, KVM_POD_QUERY says %llu",
				     attrs[i].name, seen, attrs[i].value);
	}
	return NULL;
}

/* The module's own recount. */
static const char *check_audit(const struct pod *pod)
{
	char path[128], text[256];

	snprintf(path, sizeof(path), DEBUGFS "/pod%u/audit", pod->id);
	if (file_read(path, text, sizeof(text)) < 0)
		return wrong("%s: %s", path, strerror(errno));
	if (strncmp(text, "ok", 2))
		return wrong("audit: %s", text);
	return NULL;
}

/* What the pod does in the background may move between two readings. */
static const char *check_once(const struct pod *pod)
{
	struct kvm_pod_query q;
	const char *bad;

	pod_must(pod_query(pod, &q), "KVM_POD_QUERY");
	bad = check_identities(&q);
	if (!bad)
		bad = check_sysfs(pod, &q);
	return bad ?: check_audit(pod);
}

const char *pod_healthy(const struct pod *pod)
{
	const char *bad;
	int tries = 10;

	while ((bad = check_once(pod)) && --tries)
		pod_sleep_ms(50);
	return bad;
}

static bool is_gone(unsigned int id)
{
	struct stat st;
	char path[128];

	attr_path(path, sizeof(path), id, "");
	if (!stat(path, &st))
		return false;
	snprintf(path, sizeof(path), DEBUGFS "/pod%u", id);
	return stat(path, &st) && pod_class_attr("pods") == pods_before &&
	       pod_class_attr("total_owned") == owned_before;
}

const char *pod_gone(unsigned int id)
{
	if (POD_WAIT(is_gone(id)))
		return NULL;
	return wrong("pod%u is not gone: %lld pods (%lld before), %lld bytes owned (%lld before)",
		     id, pod_class_attr("pods"), pods_before,
		     pod_class_attr("total_owned"), owned_before);
}

const char *pod_finish(struct pod *pod)
{
	static char first[512];
	const char *bad;

	if (pod->fd < 0)
		return NULL;
	bad = pod_healthy(pod);
	if (bad)
		snprintf(first, sizeof(first), "%s", bad);
	if (pod->mem)
		munmap(pod->mem, pod->size);
	close(pod->fd);
	pod->fd = -1;
	return bad ? first : pod_gone(pod->id);
}
