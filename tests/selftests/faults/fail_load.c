// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the module, each fault of its own in turn: it is loaded and works, or
 * is not there and has left nothing. Of the loader's allocations the kernel
 * warns, where they fail.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "pod_test.h"
#include "sequence.h"

SEQUENCE_FIXTURE

#define LOAD_TIMEOUT	3000

static int open_module(void)
{
	struct utsname name;
	char path[256];

	uname(&name);
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/kvm-pod.ko",
		 name.release);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static long load(int fd)
{
	return syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
}

static long unload(void)
{
	return syscall(SYS_delete_module, "kvm_pod", O_NONBLOCK) ? -errno : 0;
}

static bool is_loaded(void)
{
	return !access("/sys/module/kvm_pod", F_OK);
}

/* Without its zero folios, or its directory in debugfs, it works all the same. */
static const char *works(void)
{
	struct kvm_pod_create args = pod_create_args(4 * MiB, REGION);
	const char *bad = NULL;
	u8 *mem;
	int fd = pod_create(&args);

	if (fd < 0)
		return wrong("KVM_POD_CREATE: %s", strerror(-fd));
	mem = map_aligned(fd, 0, 4 * MiB, PROT_READ | PROT_WRITE);
	if (!mem) {
		bad = "mmap failed";
	} else {
		fill(mem, REGION, 1);
		if (mismatch(mem, REGION, 1) != -1 ||
		    nonzero(mem + REGION, REGION) != -1)
			bad = "wrong content";
		munmap(mem, 4 * MiB);
	}
	close(fd);
	return bad;
}

static const char *judge(long ret, enum inject_kind kind, bool hit)
{
	if (!ret)
		return works();
	if (!hit)
		return wrong("without a fault: %s", strerror(-ret));
	note_error();
	if (is_loaded() || !access("/dev/kvm-pod", F_OK) ||
	    !access("/sys/class/kvm-pod", F_OK))
		return "it failed and left something";
	return ret == (kind == INJECT_COPY ? -EFAULT : -ENOMEM) ? NULL :
	       wrong("it returned %s", strerror(-ret));
}

static const char *load_one(const void *arg, unsigned int nth, bool *hit)
{
	const enum inject_kind *kind = arg;
	int fd = open_module();
	long ret;

	if (is_loaded() && unload())
		return wrong("unloading: %s", strerror(errno));
	if (nth)
		inject_arm(nth);
	ret = load(fd);
	if (nth)
		*hit = inject_disarm();
	close(fd);
	return judge(ret, *kind, *hit);
}

TEST_F_TIMEOUT(faults, load, LOAD_TIMEOUT)
{
	ASSERT_GOOD(inject_only_module());
	ASSERT_GOOD(each_fault("load the module", load_one, &variant->kind));
}

static const char *unload_one(const void *arg, unsigned int nth, bool *hit)
{
	int fd = open_module();
	long ret;

	ret = is_loaded() ? 0 : load(fd);
	if (ret)
		return wrong("loading: %s", strerror(-ret));
	if (nth)
		inject_arm(nth);
	ret = unload();
	if (nth)
		*hit = inject_disarm();
	close(fd);
	if (!ret)
		return is_loaded() ? "it is still there" : NULL;
	note_error();
	return ret == -EFAULT && *hit ? NULL : strerror(-ret);
}

/* Only its name, copied from the caller, may be in the way. */
TEST_F_TIMEOUT(faults, unload, LOAD_TIMEOUT)
{
	int fd;

	ASSERT_GOOD(inject_only_module());
	ASSERT_GOOD(each_fault("unload the module", unload_one, NULL));
	if (!is_loaded()) {
		fd = open_module();
		ASSERT_EQ(0, load(fd));
		close(fd);
	}
}

TEST_HARNESS_MAIN
