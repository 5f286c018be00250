// SPDX-License-Identifier: GPL-2.0-only
#include "longterm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "sys.h"

#define GUP_TEST	"/sys/kernel/debug/gup_test"

/* As in the kernel's mm/gup_test.h, which is not for user space. */
struct pin_longterm_test {
	uint64_t addr;
	uint64_t size;
	uint32_t flags;
};

#define PIN_LONGTERM_TEST_START	_IOW('g', 7, struct pin_longterm_test)
#define PIN_LONGTERM_TEST_STOP	_IO('g', 8)
#define PIN_LONGTERM_TEST_READ	_IOW('g', 9, uint64_t)

int longterm_open(void)
{
	int fd = open(GUP_TEST, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -ENODEV : fd;
}

int longterm_pin(int fd, const void *addr, size_t len, unsigned int flags)
{
	struct pin_longterm_test args = {
		.addr = (uintptr_t)addr, .size = len, .flags = flags,
	};

	return ioctl(fd, PIN_LONGTERM_TEST_START, &args) ? -errno : 0;
}

int longterm_unpin(int fd)
{
	return ioctl(fd, PIN_LONGTERM_TEST_STOP) ? -errno : 0;
}

int longterm_read(int fd, void *to)
{
	uint64_t addr = (uintptr_t)to;

	return ioctl(fd, PIN_LONGTERM_TEST_READ, &addr) ? -errno : 0;
}

long long pages_pinned(void)
{
	/* Each processor keeps some to itself. */
	file_write("/proc/sys/vm/stat_refresh", "1");
	return file_field("/proc/vmstat", "nr_foll_pin_acquired") -
	       file_field("/proc/vmstat", "nr_foll_pin_released");
}
