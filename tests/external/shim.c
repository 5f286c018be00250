// SPDX-License-Identifier: GPL-2.0-only
/*
 * An LD_PRELOAD library that puts pods where a program asks for memory files.
 *
 * A pod has a fixed size, a memory file gets its size from ftruncate(). So the
 * file that memfd_create() returns is a placeholder, and the first ftruncate()
 * of it puts a pod over its descriptor. The pod's target is its size. The same
 * does fallocate() to allocate, which has nothing to do on a pod.
 *
 * POD_SHIM_HUGETLB=1	memfd_create(MFD_HUGETLB), too
 * POD_SHIM_FILES=1	empty files on tmpfs, too
 * POD_SHIM_ANON=BYTES	anonymous mappings of that size or more, too: each is a
 *			pod of its own, mapped shared
 * POD_SHIM_LOG=FILE	a line "pod BYTES" for each pod, "failed BYTES ERRNO"
 *			for each that could not be made
 */
#define _GNU_SOURCE
#include <linux/memfd.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <linux/kvm_pod.h>
#include <linux/magic.h>

#define REGION		(2UL << 20)
#define EXPORT		__attribute__((visibility("default")))
/* What of an anonymous mapping's flags means the same for a pod. */
#define KEPT_FLAGS	(MAP_FIXED | MAP_FIXED_NOREPLACE | MAP_POPULATE | \
			 MAP_LOCKED | MAP_NONBLOCK)

/* Constructors of other libraries may ask before those of this one have run. */
static long (*real(void))(long number, ...)
{
	static long (*found)(long number, ...);

	if (!found)
		found = dlsym(RTLD_NEXT, "syscall");
	return found;
}

static unsigned long setting(const char *name)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : 0;
}

static void report(unsigned long bytes, int error)
{
	const char *path = getenv("POD_SHIM_LOG");
	char line[64];
	int fd, length;

	if (!path)
		return;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return;
	if (error)
		length = snprintf(line, sizeof(line), "failed %lu %d\n",
				  bytes, error);
	else
		length = snprintf(line, sizeof(line), "pod %lu\n", bytes);
	if (write(fd, line, length) != length)
		abort();
	close(fd);
}

/* A new pod of at least so many bytes, or -1 and errno. */
static int create_pod(unsigned long bytes)
{
	struct kvm_pod_create create = {
		.size = sizeof(create),
		.memory_size = (bytes + REGION - 1) & ~(REGION - 1),
		.open_flags = O_CLOEXEC,
		.label = "shim",
	};
	int device, error = 0;

	create.target = create.memory_size;
	device = open("/dev/kvm-pod", O_RDWR | O_CLOEXEC);
	if (device < 0)
		return -1;
	if (ioctl(device, KVM_POD_CREATE, &create))
		error = errno;
	close(device);
	report(create.memory_size, error);
	errno = error;
	return error ? -1 : create.out_fd;
}

/* Whether this is an empty memory file, or what else the user wants. */
static int is_placeholder(int fd)
{
	char path[32], target[64];
	struct statfs fs;
	struct stat st;
	ssize_t length;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size ||
	    fstatfs(fd, &fs) || fs.f_type != TMPFS_MAGIC)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = readlink(path, target, sizeof(target));
	if (length > 7 && !strncmp(target, "/memfd:", 7))
		return 1;
	return setting("POD_SHIM_FILES") != 0;
}

/* Puts a pod where the file was; the file goes with its last descriptor. */
static int replace(int fd, unsigned long bytes)
{
	int flags = fcntl(fd, F_GETFD);
	int pod = create_pod(bytes);
	int done;

	if (pod < 0)
		return -1;
	done = dup3(pod, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0);
	close(pod);
	return done < 0 ? -1 : 0;
}

EXPORT int ftruncate(int fd, off_t length)
{
	if (length > 0 && is_placeholder(fd))
		return replace(fd, length);
	return real()(SYS_ftruncate, fd, length);
}

EXPORT int ftruncate64(int fd, off64_t length)
{
	return ftruncate(fd, length);
}

static int is_pod(int fd)
{
	struct kvm_pod_query query = { .size = sizeof(query) };

	return !ioctl(fd, KVM_POD_QUERY, &query);
}

/* To allocate: a pod has all its memory from the start. */
EXPORT int fallocate(int fd, int mode, off_t offset, off_t length)
{
	if (!mode && length > 0 && is_placeholder(fd))
		return replace(fd, offset + length);
	if (!mode && is_pod(fd))
		return 0;
	return real()(SYS_fallocate, fd, mode, offset, length);
}

EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t length)
{
	return fallocate(fd, mode, offset, length);
}

EXPORT int memfd_create(const char *name, unsigned int flags)
{
	if (setting("POD_SHIM_HUGETLB"))
		flags &= ~(MFD_HUGETLB | (~0U << MFD_HUGE_SHIFT));
	return real()(SYS_memfd_create, name, flags);
}

static int wants_pod(size_t length, int flags)
{
	unsigned long least = setting("POD_SHIM_ANON");

	if (!least || length < least || !(flags & MAP_ANONYMOUS))
		return 0;
	if ((flags & MAP_HUGETLB) && !setting("POD_SHIM_HUGETLB"))
		return 0;
	/* An address range without memory, and what grows, are no pods. */
	return !(flags & (MAP_NORESERVE | MAP_GROWSDOWN | MAP_STACK));
}

EXPORT void *mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset)
{
	void *mapped;
	int pod;

	if (!wants_pod(length, flags))
		return (void *)real()(SYS_mmap, addr, length, prot, flags, fd,
				      offset);
	pod = create_pod(length);
	if (pod < 0)
		return MAP_FAILED;
	flags = MAP_SHARED | (flags & KEPT_FLAGS);
	mapped = (void *)real()(SYS_mmap, addr, length, prot, flags, pod, 0);
	close(pod);
	return mapped;
}

EXPORT void *mmap64(void *addr, size_t length, int prot, int flags, int fd,
		    off64_t offset)
{
	return mmap(addr, length, prot, flags, fd, offset);
}

/* Programs that do not trust the C library to know a call. */
EXPORT long syscall(long number, ...)
{
	long a[6];
	va_list list;
	int i;

	va_start(list, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(list, long);
	va_end(list);
	switch (number) {
	case SYS_memfd_create:
		return memfd_create((const char *)a[0], a[1]);
	case SYS_ftruncate:
		return ftruncate(a[0], a[1]);
	case SYS_mmap:
		return (long)mmap((void *)a[0], a[1], a[2], a[3], a[4],
				  a[5]);
	default:
		return real()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	}
}
