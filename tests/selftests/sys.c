// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define ALIGNMENT (2UL << 20)

int file_read(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, len - 1);
	close(fd);
	if (n < 0)
		return -1;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return 0;
}

long long file_number(const char *path)
{
	char text[64], *end;
	long long value;

	if (file_read(path, text, sizeof(text)) < 0)
		return -1;
	value = strtoll(text, &end, 10);
	return end == text ? -1 : value;
}

int file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

long long file_field(const char *path, const char *name)
{
	size_t len = strlen(name);
	long long value = -1;
	FILE *file = fopen(path, "re");
	char line[256];

	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, len) && strchr(": ", line[len]))
			value = strtoll(line + len + 1, NULL, 10);
	fclose(file);
	return value;
}

/* A line that begins with a lower-case hex range starts a new mapping. */
static bool is_header(const char *line, unsigned long *start)
{
	unsigned long lo, hi;

	if (sscanf(line, "%lx-%lx ", &lo, &hi) != 2)
		return false;
	*start = lo;
	return true;
}

uint64_t smaps_bytes(const void *addr, size_t len, const char *name)
{
	unsigned long lo = (unsigned long)addr, start = 0;
	FILE *file = fopen("/proc/self/smaps", "re");
	size_t name_len = strlen(name);
	uint64_t sum = 0;
	char line[512];

	if (!file)
		abort();
	while (fgets(line, sizeof(line), file)) {
		if (is_header(line, &start))
			continue;
		if (start >= lo && start < lo + len &&
		    !strncmp(line, name, name_len) && line[name_len] == ':')
			sum += strtoull(line + name_len + 1, NULL, 10) * 1024;
	}
	fclose(file);
	return sum;
}

uint64_t pmd_mapped(const void *addr, size_t len)
{
	return smaps_bytes(addr, len, "FilePmdMapped");
}

uint64_t page_frame(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t at = (uintptr_t)addr / 4096 * sizeof(uint64_t);
	uint64_t word;

	if (pread(fd, &word, sizeof(word), at) != sizeof(word))
		abort();
	close(fd);
	return word >> 63 ? word & ((1ULL << 55) - 1) : 0;
}

unsigned int time_scale(void)
{
	const char *text = getenv("KVM_POD_TIMEOUT_SCALE");
	int scale = text ? atoi(text) : 1;

	return scale < 1 ? 1 : scale;
}

long faults_so_far(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_minflt + usage.ru_majflt;
}

/* Reserves address space, so that MAP_FIXED replaces nothing else. */
static char *reserve_space(size_t len)
{
	char *p = mmap(NULL, len + 2 * ALIGNMENT, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	return (char *)(((uintptr_t)p + ALIGNMENT - 1) & ~(ALIGNMENT - 1));
}

void *map_aligned(int fd, off_t offset, size_t len, int prot)
{
	char *space = reserve_space(len);
	void *p;

	if (!space)
		return NULL;
	p = mmap(space, len, prot, MAP_SHARED | MAP_FIXED, fd, offset);
	return p == MAP_FAILED ? NULL : p;
}

void *map_unaligned(int fd, size_t len, int prot, void **reserved)
{
	char *space = reserve_space(len);
	void *p;

	if (!space)
		return NULL;
	*reserved = space;
	p = mmap(space + 4096, len, prot, MAP_SHARED | MAP_FIXED, fd, 0);
	return p == MAP_FAILED ? NULL : p;
}

/* Never zero, and not the same in any two words of a pod. */
static uint64_t pattern(uint64_t tag, size_t word)
{
	return (tag << 40 | word) * 0x9e3779b97f4a7c15 | 1;
}

void fill(void *mem, size_t len, uint64_t tag)
{
	volatile uint64_t *p = mem;
	size_t i;

	for (i = 0; i < len / sizeof(*p); i++)
		p[i] = pattern(tag, i);
}

long mismatch(const void *mem, size_t len, uint64_t tag)
{
	const volatile uint64_t *p = mem;
	size_t i;

	for (i = 0; i < len / sizeof(*p); i++)
		if (p[i] != pattern(tag, i))
			return i * sizeof(*p);
	return -1;
}

long nonzero(const void *mem, size_t len)
{
	const volatile uint64_t *p = mem;
	size_t i;

	for (i = 0; i < len / sizeof(*p); i++)
		if (p[i])
			return i * sizeof(*p);
	return -1;
}

static __thread sigjmp_buf trap;
static __thread volatile sig_atomic_t trapping;

static void on_signal(int sig)
{
	if (!trapping)
		_exit(128 + sig);
	siglongjmp(trap, sig);
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

int try_write(void *addr, uint8_t value)
{
	int sig = sigsetjmp(trap, 1);

	if (!sig) {
		catch_signals();
		trapping = 1;
		*(volatile uint8_t *)addr = value;
	}
	trapping = 0;
	return sig;
}

int try_read(const void *addr)
{
	int sig = sigsetjmp(trap, 1);

	if (!sig) {
		catch_signals();
		trapping = 1;
		(void)*(const volatile uint8_t *)addr;
	}
	trapping = 0;
	return sig;
}

static int wait_for(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

void print_stacks(pid_t pid)
{
	char line[256];
	FILE *lines;

	snprintf(line, sizeof(line),
		 "cd /proc/%d/task && grep . */stack */wchan 2>&1", pid);
	lines = popen(line, "r");
	while (lines && fgets(line, sizeof(line), lines))
		printf("# %s", line);
	if (lines)
		pclose(lines);
}

int run_child(int (*fn)(void *), void *arg)
{
	pid_t child = fork();

	if (!child)
		_exit(fn(arg));
	return child < 0 ? -1 : wait_for(child);
}

int run_as(uid_t uid, int (*fn)(void *), void *arg)
{
	pid_t child = fork();

	if (!child) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
		    setresuid(uid, uid, uid))
			_exit(99);
		_exit(fn(arg));
	}
	return child < 0 ? -1 : wait_for(child);
}
