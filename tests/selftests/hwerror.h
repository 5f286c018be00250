/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hardware errors in memory, as the kernel is told of them; all need root.
 * Whatever the kernel then does, or does not know how to, the frame is marked.
 */
#ifndef POD_SELFTEST_HWERROR_H
#define POD_SELFTEST_HWERROR_H

#include <stdbool.h>
#include <stdint.h>

/* Frames that one test breaks, at most. */
#define HWERROR_MAX	64

/*
 * The ways to tell: all return 0 if the frame is marked now, and -ENODEV if
 * this machine cannot do it. By its number, as firmware does, by that through
 * hwpoison-inject; by an address of ours, as madvise() does, which holds on to
 * the page.
 */
int hwerror_frame(uint64_t frame);
int hwerror_inject(uint64_t frame);
int hwerror_at(void *page);

/* MADV_SOFT_OFFLINE and its like for frames: 0 or -errno. */
int hwerror_soft_at(void *page);
int hwerror_soft_frame(uint64_t frame);

/* Is it marked? Can the host allocate it? Is it, still, a part of a block? */
bool hwerror_is_marked(uint64_t frame);
bool hwerror_is_free(uint64_t frame);
bool hwerror_is_in_block(uint64_t frame);
/* Is nothing said of it: single, neither a process's nor a slab's? */
bool hwerror_is_plain(uint64_t frame);

/*
 * Unpoison what was marked so far, by whom it may be: after the pod's end, so
 * that its blocks go back to the host. How many frames were marked still.
 */
unsigned int hwerror_forget(void);

/* The first page of @len bytes that is mapped and marked, or -1. */
long hwerror_find(const void *mem, uint64_t len);

/**
 * struct hwerror_signal - what an access raised
 * @sig: the signal, 0 if there was none
 * @code: its si_code
 * @addr: its si_addr
 * @lsb: its si_addr_lsb
 */
struct hwerror_signal {
	int sig;
	int code;
	void *addr;
	int lsb;
};

struct hwerror_signal hwerror_touch(void *addr, bool write);
/* Is it BUS_MCEERR_AR for the page of @addr? */
bool hwerror_is_reported(void *addr, bool write);

#endif /* POD_SELFTEST_HWERROR_H */
