/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system around a pod: files in /proc and /sys, mappings, patterns in
 * memory, touches that may end in SIGBUS. Knows nothing of pods.
 */
#ifndef POD_SELFTEST_SYS_H
#define POD_SELFTEST_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Text of a small file, without the last newline; -1 and errno if none. */
int file_read(const char *path, char *text, size_t len);
/* Number that a file begins with, -1 if there is none. */
long long file_number(const char *path);
/* 0 or -errno. */
int file_write(const char *path, const char *text);

/* Line "NAME value" or "NAME: value" of a file in /proc; -1 if none. */
long long file_field(const char *path, const char *name);

/* Sum over the lines NAME: of smaps between two addresses, in bytes. */
uint64_t smaps_bytes(const void *addr, size_t len, const char *name);

/* What of it is mapped by 2 MiB entries, in bytes. */
uint64_t pmd_mapped(const void *addr, size_t len);

/* Number of the page frame behind a mapped page; 0 if there is none. */
uint64_t page_frame(const void *addr);

/* $KVM_POD_TIMEOUT_SCALE: how much longer than usual all may take. */
unsigned int time_scale(void);

/* Page faults of this thread so far. */
long faults_so_far(void);

/* Shared mapping at a multiple of 2 MiB, congruent if @offset is. */
void *map_aligned(int fd, off_t offset, size_t len, int prot);
/* Shared mapping of offset 0 that no 2 MiB mapping fits: 4 KiB off. */
void *map_unaligned(int fd, size_t len, int prot, void **reserved);

/* Content that tells which page it is, and who wrote it. */
void fill(void *mem, size_t len, uint64_t tag);
/* Offset of the first byte that is not as fill() made it, or -1. */
long mismatch(const void *mem, size_t len, uint64_t tag);
/* Offset of the first byte that is not zero, or -1. */
long nonzero(const void *mem, size_t len);

/* 0, or the signal that the access raised. */
int try_write(void *addr, uint8_t value);
int try_read(const void *addr);

/* Where the threads of a process are in the kernel, into the output. */
void print_stacks(pid_t pid);

/* Run @fn in a child as another user without capabilities; its exit code. */
int run_as(uid_t uid, int (*fn)(void *), void *arg);
/* The same as we are. */
int run_child(int (*fn)(void *), void *arg);

#endif /* POD_SELFTEST_SYS_H */
