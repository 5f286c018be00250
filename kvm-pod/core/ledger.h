/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: every count of a pod, in pages of 4 KiB, under Xen's letters.
 *
 *	M  size		what the guest sees
 *	T  target	what the guest may hold
 *	O  owned	taken from the host for the guest: P + R + K
 *	P  populated	behind the guest
 *	R  reserve	waiting for a touch
 *	E  outstanding	nothing behind it, may be touched
 *	B  given	nothing behind it, given up by the balloon
 *	K  detached but still referenced, 0 outside teardown
 *	X  overdraft	taken beyond the target, part of O, first to go back
 *	F  float, W retired: charged, outside O
 *	Gh given up inside 2 MiB blocks still in use, a part of P
 *
 *	O = P + R + K	M = P + E + B	so	E - R = M - B - O + K
 *
 * P, B, Gh and parked move with the PMT's words and are kept in shards, so
 * that vCPUs in different regions share no cache line; only the PMT's setter
 * calls pod_ledger_move(). O, T and X move only when pages come from or go to
 * the host, under one lock. E and R follow from the identities; what checks
 * them is the audit, which recounts the PMT and the stock.
 */
#ifndef POD_CORE_LEDGER_H
#define POD_CORE_LEDGER_H

#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* Gauges that follow the PMT, in pages. */
enum pod_gauge {
	POD_GAUGE_POPULATED,
	POD_GAUGE_GIVEN,
	POD_GAUGE_GIVEN_HUGE,
	POD_GAUGE_PARKED,
	POD_GAUGE_NR,
};

/* Things that happened, counted since the pod was made. */
enum pod_event {
	POD_EVENT_POPULATE_2M,
	POD_EVENT_POPULATE_4K,
	POD_EVENT_ZERO_MAPPED,
	POD_EVENT_DISCARDED,
	POD_EVENT_DEMOTED,
	POD_EVENT_SWEEP_SCANNED,
	POD_EVENT_SWEEP_RECLAIMED,
	POD_EVENT_WAITS,
	POD_EVENT_EXHAUSTED,
	POD_EVENT_EPT_FAULTS,
	POD_EVENT_NR,
};

/**
 * struct pod_delta - what one transition does to the gauges
 * @gauge: signed change in pages
 */
struct pod_delta {
	s64 gauge[POD_GAUGE_NR];
};

/**
 * struct pod_ledger_shard - one CPU's part of the gauges
 * @gauge: in pages; a shard alone may be negative, the sum never is
 * @seq: transitions so far; an audit that sees it move starts again
 * @event: happenings so far
 */
struct pod_ledger_shard {
	atomic64_t gauge[POD_GAUGE_NR];
	atomic64_t seq;
	atomic64_t event[POD_EVENT_NR];
} ____cacheline_aligned;

/**
 * struct pod_ledger - all counts of one pod, in pages
 * @size: M, never changes
 * @nr_shards: a power of two
 * @shards: owned by the caller of pod_ledger_init()
 * @lock: leaf lock for the fields below
 * @target: T
 * @owned: O
 * @to_shrink: what still has to leave since the target was lowered; counted,
 *	not derived, so that a sample of O <= T + X + to_shrink means something
 * @overdraft: X, counted like that, too
 * @floating: F
 * @retired: W
 * @announced: the VMM tells what the balloon gives up; without that B is not
 *	known, and says nothing about what may leave
 */
struct pod_ledger {
	u64 size;
	unsigned int nr_shards;
	struct pod_ledger_shard *shards;

	spinlock_t lock;
	u64 target;
	u64 owned;
	u64 to_shrink;
	u64 overdraft;
	u64 floating;
	u64 retired;
	bool announced;
};

/**
 * struct pod_ledger_view - one reading of a ledger, in pages
 *
 * Exact when nothing moves; else each figure was true at some time during
 * the reading.
 */
struct pod_ledger_view {
	u64 size;
	u64 target;
	u64 owned;
	u64 populated;
	u64 reserve;
	u64 outstanding;
	u64 given;
	u64 given_huge;
	u64 parked;
	u64 floating;
	u64 to_shrink;
	u64 overdraft;
	u64 retired;
};

void pod_ledger_init(struct pod_ledger *ledger, u64 size,
		     struct pod_ledger_shard *shards, unsigned int nr_shards);

/**
 * pod_ledger_move() - account one transition of the PMT
 * @ledger: the ledger
 * @shard: any number, folded into the shards; the CPU's is best
 * @delta: what the transition changes
 *
 * Called with the lock of the region that changes held, so that the word and
 * its counts are one.
 */
void pod_ledger_move(struct pod_ledger *ledger, unsigned int shard,
		     const struct pod_delta *delta);

/** pod_ledger_count() - count @nr happenings of @event */
void pod_ledger_count(struct pod_ledger *ledger, unsigned int shard,
		      enum pod_event event, u64 nr);

u64 pod_ledger_gauge(const struct pod_ledger *ledger, enum pod_gauge gauge);
u64 pod_ledger_events(const struct pod_ledger *ledger, enum pod_event event);
u64 pod_ledger_seq(const struct pod_ledger *ledger);
void pod_ledger_read(struct pod_ledger *ledger, struct pod_ledger_view *view);

/**
 * pod_ledger_raise() - take @nr pages from the host and raise the target
 *
 * The pages must be there. O and T move together, so that the pod never owns
 * less than it promises.
 */
void pod_ledger_raise(struct pod_ledger *ledger, u64 nr);

/**
 * pod_ledger_set_target() - move the target alone
 * @ledger: the ledger
 * @target: the new target in pages
 *
 * Lowering always works. Raising stops at what the pod owns.
 *
 * Return: the target in force.
 */
u64 pod_ledger_set_target(struct pod_ledger *ledger, u64 target);

/**
 * pod_ledger_try_release() - may @nr pages of the reserve leave for the host?
 * @ledger: the ledger
 * @nr: number of pages, all or none; at least one
 *
 * They may when the pod owns more than its target and the reserve holds more
 * than is outstanding: what is outstanding may be touched before the balloon
 * driver reaches its goal (Xen, p2m_pod_set_mem_target()). Of a VMM that does
 * not announce what the balloon gives up nothing is known about that goal:
 * there whoever lowers the target has ballooned first, and means it.
 *
 * The overdraft is paid back whatever is outstanding, and before anything that
 * a lowered target has to let go.
 *
 * Return: true if the pages no longer count as owned; the caller frees them.
 */
bool pod_ledger_try_release(struct pod_ledger *ledger, u64 nr);

/** pod_ledger_announce() - from here on B is known */
void pod_ledger_announce(struct pod_ledger *ledger);

/** pod_ledger_surplus() - how many pages pod_ledger_try_release() would take */
u64 pod_ledger_surplus(struct pod_ledger *ledger);

/**
 * pod_ledger_overdraw() - take @nr pages beyond the target
 * @ledger: the ledger
 * @nr: pages that are there
 * @limit: most that the overdraft may be
 *
 * What the pod lacks of its target is no overdraft.
 *
 * Return: false, and nothing has changed, if that would be above @limit.
 */
bool pod_ledger_overdraw(struct pod_ledger *ledger, u64 nr, u64 limit);

/** pod_ledger_retire() - @nr pages of the reserve have a hardware error */
void pod_ledger_retire(struct pod_ledger *ledger, u64 nr);

/** pod_ledger_retire_float() - the same of @nr pages of the float */
void pod_ledger_retire_float(struct pod_ledger *ledger, u64 nr);

/**
 * pod_ledger_lose() - @nr pages of the reserve went back to the host
 *
 * Only for a float exchange that the host did not pay back in full.
 */
void pod_ledger_lose(struct pod_ledger *ledger, u64 nr);

/** pod_ledger_missing() - pages by which the pod owns less than its target */
u64 pod_ledger_missing(struct pod_ledger *ledger);

/**
 * pod_ledger_glance() - a figure of the ledger as of some moment, without lock
 *
 * Never torn, as it is an aligned word. Who acts on it looks again under the
 * lock.
 */
static inline u64 pod_ledger_glance(const u64 *figure)
{
	/* Those who write it hold the lock and need not mark it for this. */
	return data_race(READ_ONCE(*figure));
}

/**
 * pod_ledger_top_up() - @nr pages came from the host for what is missing
 *
 * Return: false, and nothing has changed, if so much is not missing any more:
 * others top up as well, or the target was lowered.
 */
bool pod_ledger_top_up(struct pod_ledger *ledger, u64 nr);

void pod_ledger_float(struct pod_ledger *ledger, s64 nr);

/**
 * pod_ledger_check() - do the counts of @view fit together?
 *
 * Return: NULL, or what is wrong, in words.
 */
const char *pod_ledger_check(const struct pod_ledger_view *view);

#endif /* POD_CORE_LEDGER_H */
