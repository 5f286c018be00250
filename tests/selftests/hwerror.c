// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "hwerror.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kernel-page-flags.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys.h"

#define PAGE		4096UL
#define SYSFS		"/sys/devices/system/memory/"
#define DEBUGFS		"/sys/kernel/debug/hwpoison/"
#define MODPROBE	"modprobe hwpoison-inject 2>/dev/null"

#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#ifndef BUS_MCEERR_AR
#define BUS_MCEERR_AR	4
#endif

static uint64_t marked[HWERROR_MAX];
static unsigned int nr_marked;

static uint64_t frame_flags(uint64_t frame)
{
	int fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t flags = 0;

	if (pread(fd, &flags, sizeof(flags), frame * sizeof(flags)) !=
	    sizeof(flags))
		abort();
	close(fd);
	return flags;
}

bool hwerror_is_marked(uint64_t frame)
{
	return frame_flags(frame) & 1ULL << KPF_HWPOISON;
}

bool hwerror_is_free(uint64_t frame)
{
	return frame_flags(frame) & 1ULL << KPF_BUDDY;
}

bool hwerror_is_in_block(uint64_t frame)
{
	return frame_flags(frame) &
	       (1ULL << KPF_COMPOUND_HEAD | 1ULL << KPF_COMPOUND_TAIL);
}

bool hwerror_is_plain(uint64_t frame)
{
	return !frame_flags(frame);
}

static int remember(uint64_t frame)
{
	if (!hwerror_is_marked(frame))
		return -ENODEV;
	if (nr_marked == HWERROR_MAX)
		abort();
	marked[nr_marked++] = frame;
	return 0;
}

static int write_number(const char *path, const char *format, uint64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), format, number);
	return file_write(path, text);
}

int hwerror_frame(uint64_t frame)
{
	write_number(SYSFS "hard_offline_page", "%#lx", frame * PAGE);
	return remember(frame);
}

static int inject(const char *path, uint64_t frame)
{
	if (access(path, F_OK) && system(MODPROBE))
		return -ENODEV;
	return write_number(path, "%lu", frame);
}

int hwerror_inject(uint64_t frame)
{
	if (inject(DEBUGFS "corrupt-pfn", frame) == -ENODEV)
		return -ENODEV;
	return remember(frame);
}

int hwerror_at(void *page)
{
	uint64_t frame = page_frame(page);

	/* Nobody has consumed the error: a signal is a warning only. */
	signal(SIGBUS, SIG_IGN);
	madvise(page, PAGE, MADV_HWPOISON);
	return remember(frame);
}

int hwerror_soft_at(void *page)
{
	return madvise(page, PAGE, MADV_SOFT_OFFLINE) ? -errno : 0;
}

int hwerror_soft_frame(uint64_t frame)
{
	return write_number(SYSFS "soft_offline_page", "%#lx", frame * PAGE);
}

unsigned int hwerror_forget(void)
{
	unsigned int i, nr = 0;

	for (i = 0; i < nr_marked; i++) {
		if (!hwerror_is_marked(marked[i]))
			continue;
		nr++;
		inject(DEBUGFS "unpoison-pfn", marked[i]);
	}
	nr_marked = 0;
	return nr;
}

long hwerror_find(const void *mem, uint64_t len)
{
	uint64_t at, frame;

	for (at = 0; at < len; at += PAGE) {
		frame = page_frame(mem + at);
		if (frame && hwerror_is_marked(frame))
			return at;
	}
	return -1;
}

static sigjmp_buf trap;
static struct hwerror_signal caught;

static void on_signal(int sig, siginfo_t *info, void *context)
{
	caught = (struct hwerror_signal){
		.sig = sig,
		.code = info->si_code,
		.addr = info->si_addr,
		.lsb = info->si_addr_lsb,
	};
	siglongjmp(trap, 1);
}

struct hwerror_signal hwerror_touch(void *addr, bool write)
{
	struct sigaction old, action = {
		.sa_sigaction = on_signal,
		.sa_flags = SA_SIGINFO,
	};
	volatile uint8_t *byte = addr;

	caught = (struct hwerror_signal){};
	sigaction(SIGBUS, &action, &old);
	if (!sigsetjmp(trap, 1)) {
		if (write)
			*byte = 1;
		else
			(void)*byte;
	}
	sigaction(SIGBUS, &old, NULL);
	return caught;
}

bool hwerror_is_reported(void *addr, bool write)
{
	struct hwerror_signal s = hwerror_touch(addr, write);

	return s.sig == SIGBUS && s.code == BUS_MCEERR_AR && s.lsb == 12 &&
	       ((uintptr_t)s.addr ^ (uintptr_t)addr) < PAGE;
}
