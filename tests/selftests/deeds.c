// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deeds: the actor owns the pages, knows what they hold, and may change it.
 */
#define _GNU_SOURCE
#include "deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "uring.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

/* What a pipe takes without a reader. */
#define PIPE_PAGES	16

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

static bool is_pinnable(struct run run)
{
	return run.pod->kind == ARENA_PINNABLE;
}

/* Own less than was taken. */
static struct run shorten(struct actor *actor, struct run run, unsigned int nr)
{
	struct run rest = { run.pod, run.first + nr, run.nr - nr };

	if (run.nr <= nr)
		return run;
	run_drop(actor, rest);
	run.nr = nr;
	return run;
}

typedef int discard_fn(struct run run);

static int by_punch(struct run run)
{
	return pod_punch(&run.pod->pod, run_offset(run), run_bytes(run));
}

static int by_remove(struct run run)
{
	return madvise(run_large(run), run_bytes(run), MADV_REMOVE) ? -errno : 0;
}

static int by_remove_small(struct run run)
{
	return madvise(run_small(run), run_bytes(run), MADV_REMOVE) ? -errno : 0;
}

static int by_inflate(struct run run)
{
	return pod_inflate(&run.pod->pod, run_offset(run), run_bytes(run));
}

/* Not whole pages: the edges are cleared, the pages in between go. */
static int by_edges(struct run run)
{
	u64 start = run_offset(run), len = run_bytes(run);

	return pod_punch(&run.pod->pod, start, len / 16 * 8) ?:
	       pod_punch(&run.pod->pod, start + len / 16 * 8,
			 len - len / 16 * 8);
}

static void deed_check(struct actor *actor, struct run run)
{
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static void deed_store(struct actor *actor, struct run run)
{
	store_run(actor, run, run_memory(actor, run), new_generation(actor));
	run_drop(actor, run);
}

/* A block comes where all is a hole and no page table is left behind. */
static void deed_store_block(struct actor *actor, struct run run)
{
	const int rw = PROT_READ | PROT_WRITE;

	if (run.nr == REGION_PAGES) {
		run_begin(actor, run, 0);
		if (by_punch(run))
			run_cancel(actor, run);
		run_done(actor, run, run.nr);
		mmap(run_large(run), REGION, rw, MAP_SHARED | MAP_FIXED,
		     run.pod->pod.fd, run_offset(run));
	}
	store_run(actor, run, run_large(run), new_generation(actor));
	run_drop(actor, run);
}

/* As a guest that clears its memory. */
static void deed_scrub(struct actor *actor, struct run run)
{
	store_run(actor, run, run_memory(actor, run), 0);
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static void deed_read(struct actor *actor, struct run run)
{
	run = shorten(actor, run, BUFFER_PAGES);
	if (pread(run.pod->pod.fd, actor->buffer, run_bytes(run),
		  run_offset(run)) != run_bytes(run))
		complain(actor, run, "read() failed", errno);
	check_run(actor, run, actor->buffer);
	run_drop(actor, run);
}

/* @ret bytes of the run got there. */
static void wrote(struct actor *actor, struct run run, ssize_t ret,
		  const char *failed)
{
	unsigned int pages = ret < 0 ? 0 : ret / PAGE;
	int error = ret < 0 ? errno : 0;

	run_done(actor, run, pages);
	if (pages == run.nr)
		return;
	__atomic_fetch_add(&actor->arena->refused, 1, __ATOMIC_RELAXED);
	if (run.pod->kind != ARENA_SHORT)
		complain(actor, run, failed, error);
}

static void deed_write(struct actor *actor, struct run run)
{
	uint32_t generation = pick(actor, 4) ? new_generation(actor) : 0;

	run = shorten(actor, run, BUFFER_PAGES);
	make_run(actor->buffer, run, generation);
	run_begin(actor, run, generation);
	wrote(actor, run, pwrite(run.pod->pod.fd, actor->buffer,
				 run_bytes(run), run_offset(run)),
	      "write() was refused");
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static void discard(struct actor *actor, struct run run, discard_fn *fn)
{
	int ret, expected = is_pinnable(run) ? -EBUSY : 0;

	run_begin(actor, run, 0);
	ret = fn(run);
	if (ret != expected)
		complain(actor, run, "a discard went wrong", ret);
	if (ret)
		run_cancel(actor, run);
	else
		run_done(actor, run, run.nr);
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static void deed_punch(struct actor *actor, struct run run)
{
	discard(actor, run, pick(actor, 4) ? by_punch : by_edges);
}

static void deed_remove(struct actor *actor, struct run run)
{
	discard(actor, run, pick(actor, 2) ? by_remove : by_remove_small);
}

static void deed_inflate(struct actor *actor, struct run run)
{
	discard(actor, run, by_inflate);
}

static off_t place_on_disk(struct actor *actor)
{
	return (off_t)actor->nr * BUFFER_PAGES * PAGE;
}

/* From the pod to a device. */
static void deed_direct_out(struct actor *actor, struct run run)
{
	int disk = actor->arena->disk;

	run = shorten(actor, run, BUFFER_PAGES);
	if (pwrite(disk, run_memory(actor, run), run_bytes(run),
		   place_on_disk(actor)) != run_bytes(run) ||
	    pread(disk, actor->buffer, run_bytes(run),
		  place_on_disk(actor)) != run_bytes(run))
		complain(actor, run, "a device did not read", errno);
	check_run(actor, run, actor->buffer);
	run_drop(actor, run);
}

static void deed_direct_in(struct actor *actor, struct run run)
{
	uint32_t generation = pick(actor, 4) ? new_generation(actor) : 0;
	int disk = actor->arena->disk;

	run = shorten(actor, run, BUFFER_PAGES);
	make_run(actor->buffer, run, generation);
	if (pwrite(disk, actor->buffer, run_bytes(run),
		   place_on_disk(actor)) != run_bytes(run))
		complain(actor, run, "the device does not take", errno);
	run_begin(actor, run, generation);
	wrote(actor, run, pread(disk, run_memory(actor, run), run_bytes(run),
				place_on_disk(actor)),
	      "a device did not write");
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

/* Some process that maps the same; it may be dying. */
static pid_t somebody(struct actor *actor)
{
	struct arena_slot *slot = &actor->arena->slots[pick(actor, MAX_ACTORS)];

	return __atomic_load_n(&slot->pid, __ATOMIC_ACQUIRE) ?: getpid();
}

static void deed_vm_read(struct actor *actor, struct run run)
{
	struct iovec here, there;
	ssize_t done;

	run = shorten(actor, run, BUFFER_PAGES);
	here = (struct iovec){ actor->buffer, run_bytes(run) };
	there = (struct iovec){ run_memory(actor, run), run_bytes(run) };
	done = process_vm_readv(somebody(actor), &here, 1, &there, 1, 0);
	run = shorten(actor, run, done < 0 ? 0 : done / PAGE);
	check_run(actor, run, actor->buffer);
	run_drop(actor, run);
}

/* The other may die of it: what did not get there is neither old nor new. */
static void deed_vm_write(struct actor *actor, struct run run)
{
	uint32_t generation = new_generation(actor);
	struct iovec here, there;
	ssize_t done;

	run = shorten(actor, run, BUFFER_PAGES);
	make_run(actor->buffer, run, generation);
	here = (struct iovec){ actor->buffer, run_bytes(run) };
	there = (struct iovec){ run_memory(actor, run), run_bytes(run) };
	run_begin(actor, run, generation);
	done = process_vm_writev(somebody(actor), &here, 1, &there, 1, 0);
	run_done(actor, run, done < 0 ? 0 : done / PAGE);
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static size_t drain(struct actor *actor)
{
	size_t total = 0;
	ssize_t n;

	do {
		n = read(actor->pipe[0], (u8 *)actor->buffer + total,
			 PIPE_PAGES * PAGE - total);
		total += n > 0 ? n : 0;
	} while (n > 0 && total < PIPE_PAGES * PAGE);
	return total;
}

/* What is in the pipe is a copy. */
static void check_pipe(struct actor *actor, struct run run, size_t bytes)
{
	if (drain(actor) != bytes)
		complain(actor, run, "the pipe has less", bytes);
	run.nr = bytes / PAGE;
	check_run(actor, run, actor->buffer);
}

/* Change it by any way while the pipe refers to it. */
static void change(struct actor *actor, struct run run)
{
	u64 at = run_offset(run) & ~(REGION - 1);
	const struct pod *pod = &run.pod->pod;

	if (!is_pinnable(run) && pick(actor, 2)) {
		run_begin(actor, run, 0);
		if (pick(actor, 2) ? by_punch(run) : by_inflate(run))
			complain(actor, run, "a discard failed", 0);
		run_done(actor, run, run.nr);
	}
	if (!is_pinnable(run) && pick(actor, 2))
		pod_sweep(pod, at, REGION, KVM_POD_SWEEP_DEMOTE, NULL);
	if (pick(actor, 4))
		store_run(actor, run, run_memory(actor, run),
			  new_generation(actor));
}

/* Pages that held something were there, and may not leave while in the pipe. */
static unsigned int note_held(struct actor *actor, struct run run)
{
	unsigned int i, held = 0;

	for (i = 0; i < run.nr; i++)
		if (page_of(run, i, actor->arena)->now)
			held |= 1U << i;
	return held;
}

static void check_held(struct actor *actor, struct run run, unsigned int held)
{
	unsigned int i;

	if (drain(actor) != run_bytes(run))
		complain(actor, run, "the pipe has less", run_bytes(run));
	for (i = 0; i < run.nr; i++)
		if (held & 1U << i)
			check_run(actor, (struct run){ run.pod, run.first + i, 1 },
				  actor->buffer + i * WORDS);
}

/* References to the pages, as of a device, that outlive what is done to them. */
static void deed_vmsplice(struct actor *actor, struct run run)
{
	unsigned int held;
	struct iovec iov;
	ssize_t n;

	run = shorten(actor, run, PIPE_PAGES);
	held = note_held(actor, run);
	iov = (struct iovec){ run_memory(actor, run), run_bytes(run) };
	n = vmsplice(actor->pipe[1], &iov, 1, SPLICE_F_NONBLOCK);
	if (n < 0)
		complain(actor, run, "vmsplice failed", errno);
	run = shorten(actor, run, n < 0 ? 0 : n / PAGE);
	change(actor, run);
	check_held(actor, run, held);
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static void deed_splice(struct actor *actor, struct run run)
{
	off_t at = run_offset(run);
	ssize_t n;

	run = shorten(actor, run, PIPE_PAGES);
	n = splice(run.pod->pod.fd, &at, actor->pipe[1], NULL, run_bytes(run),
		   SPLICE_F_NONBLOCK);
	if (n < 0)
		complain(actor, run, "splice failed", errno);
	else
		check_pipe(actor, run, n);
	run_drop(actor, run);
}

/* Who may pin for long may pin all of it, and nobody else any. */
static void deed_pin(struct actor *actor, struct run run)
{
	int ret;

	if (actor->ring >= 0) {
		ret = uring_register(actor->ring, run_memory(actor, run),
				     run_bytes(run));
		if (!ret)
			uring_unregister(actor->ring);
		if (ret != (is_pinnable(run) ? 0 : -EFAULT))
			complain(actor, run, "a long-term pin", ret);
	}
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

/* Content stays; in a roomy pod there is always memory for all of it. */
static void deed_populate(struct actor *actor, struct run run)
{
	if (madvise(run_memory(actor, run), run_bytes(run),
		    MADV_POPULATE_WRITE) && run.pod->kind != ARENA_SHORT)
		complain(actor, run, "MADV_POPULATE_WRITE failed", errno);
	check_run(actor, run, run_memory(actor, run));
	run_drop(actor, run);
}

static const struct deed deeds[] = {
	{ "store", 20, deed_store },
	{ "store a block", 8, deed_store_block },
	{ "scrub", 6, deed_scrub },
	{ "check", 6, deed_check },
	{ "punch", 8, deed_punch },
	{ "remove", 3, deed_remove },
	{ "inflate", 8, deed_inflate },
	{ "read", 4, deed_read },
	{ "write", 5, deed_write },
	{ "direct out", 3, deed_direct_out },
	{ "direct in", 5, deed_direct_in },
	{ "process_vm_readv", 2, deed_vm_read },
	{ "process_vm_writev", 3, deed_vm_write },
	{ "vmsplice", 6, deed_vmsplice },
	{ "splice", 2, deed_splice },
	{ "pin", 2, deed_pin },
	{ "populate", 3, deed_populate },
};

const struct deed *pick_deed(struct actor *actor, const struct deed *from,
			     unsigned int nr)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < nr; i++)
		sum += from[i].weight;
	at = pick(actor, sum);
	for (i = 0; at >= from[i].weight; i++)
		at -= from[i].weight;
	return &from[i];
}

void do_deed(struct actor *actor)
{
	const struct deed *deed = pick_deed(actor, deeds, ARRAY_SIZE(deeds));
	struct run run = pick_run(actor);

	actor->arena->slots[actor->nr].doing = "mend";
	if (!run_take(actor, &run))
		return;
	mend_run(actor, &run);
	if (!run.nr)
		return;
	actor->arena->slots[actor->nr].doing = deed->name;
	deed->fn(actor, run);
}
