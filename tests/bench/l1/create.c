// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pod is made with all of its memory zeroed, and goes. For comparison a loop
 * that does nothing but clear as much memory that is there already. Per 2 MiB.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "core/zero.h"
#include "pod.h"
#include "rows.h"
#include "sample.h"

#define ROUNDS	3
#define THREADS	"/sys/module/kvm_pod/parameters/zero_threads"

static void create_one(u64 size, struct samples *made, struct samples *gone)
{
	struct kvm_pod_create args = pod_create_args(size, size);
	uint64_t from = ticks();
	int fd = pod_create(&args);

	samples_add(made, ticks() - from);
	pod_must(fd, "KVM_POD_CREATE");
	from = ticks();
	close(fd);
	samples_add(gone, ticks() - from);
}

static void create_size(u64 size, unsigned int rounds)
{
	struct samples made, gone;
	char name[16];
	int i;

	snprintf(name, sizeof(name), "%llum", (unsigned long long)size >> 20);
	samples_begin(&made, rounds);
	samples_begin(&gone, rounds);
	for (i = 0; i < rounds; i++)
		create_one(size, &made, &gone);
	samples_print(&made, "create", "pod", name, size / REGION);
	samples_print(&gone, "close", "pod", name, size / REGION);
}

/* As the module clears what nobody will touch soon: past the caches. */
static void clear_stream(void *mem, size_t size)
{
	pod_clear_generic(mem, size);
	asm volatile("sfence" : : : "memory");
}

/* With the registers that AVX has. */
static void clear_vectors(void *mem, size_t size)
{
	pod_clear_avx2(mem, size);
	asm volatile("sfence" : : : "memory");
}

static void clear_string(void *mem, size_t size)
{
	asm volatile("rep stosb" : "+D" (mem), "+c" (size) : "a" (0) : "memory");
}

static void clear_size(const char *name, void (*clear)(void *, size_t),
		       u64 size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	struct samples s;
	uint64_t from;
	int i;

	if (mem == MAP_FAILED)
		abort();
	samples_begin(&s, ROUNDS);
	for (i = 0; i < ROUNDS; i++) {
		from = ticks();
		clear(mem, size);
		samples_add(&s, ticks() - from);
	}
	samples_print(&s, "clear", name, "256m", size / REGION);
	munmap(mem, size);
}

void row_create(void)
{
	u64 size;

	for (size = 256 * MiB; size <= 1024 * MiB; size *= 2)
		create_size(size, ROUNDS);
	clear_size("movnti", clear_stream, 256 * MiB);
	if (__builtin_cpu_supports("avx2"))
		clear_size("vmovntdq", clear_vectors, 256 * MiB);
	clear_size("rep stosb", clear_string, 256 * MiB);
}

void row_create_large(void)
{
	u64 size;

	for (size = 2048 * MiB; size <= 8192 * MiB; size *= 2)
		create_size(size, 1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void set_threads(unsigned int nr)
{
	FILE *file = fopen(THREADS, "w");

	if (!file || fprintf(file, "%u\n", nr) < 0 || fclose(file)) {
		perror(THREADS);
		exit(1);
	}
}

static uint64_t create_ns(u64 size)
{
	struct kvm_pod_create args = pod_create_args(size, size);
	uint64_t from = now_ns();
	int fd = pod_create(&args);
	uint64_t took = now_ns() - from;

	pod_must(fd, "KVM_POD_CREATE");
	close(fd);
	return took;
}

/* In milliseconds. */
void row_create_threads(void)
{
	unsigned int nr, max = sysconf(_SC_NPROCESSORS_ONLN);
	struct samples s;
	char name[16];
	int i;

	for (nr = 1; nr <= max; nr++) {
		set_threads(nr);
		snprintf(name, sizeof(name), "%u", nr);
		samples_begin(&s, ROUNDS);
		for (i = 0; i < ROUNDS; i++)
			samples_add(&s, create_ns(1024 * MiB));
		samples_print(&s, "create-threads", "pod", name, 1e6);
	}
	set_threads(0);
}
