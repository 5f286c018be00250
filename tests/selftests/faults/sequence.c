// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "sequence.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* More than that is no sequence, but a loop without end. */
#define FAULTS_MAX	5000

#define SIZE		(16 * MiB)
#define TARGET		(8 * MiB)
#define FLOAT		REGION

/* For the line that each_fault() prints. */
static unsigned int nr_faults, nr_failed;

const char *wrong(const char *format, ...)
{
	static char texts[4][1024];
	static unsigned int next;
	char *text = texts[next++ % 4];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(texts[0]), format, args);
	va_end(args);
	return text;
}

void note_error(void)
{
	nr_failed++;
}

const char *each_fault(const char *name, one_fn one, const void *arg)
{
	const char *bad;
	unsigned int nth;
	bool hit;

	nr_failed = 0;
	for (nth = 0; nth <= FAULTS_MAX; nth++) {
		hit = false;
		bad = one(arg, nth, &hit);
		if (bad)
			return wrong("fault %u: %s", nth, bad);
		if (nth && !hit)
			break;
	}
	if (nth > FAULTS_MAX)
		return "there is no end to it";
	nr_faults = nth - 1;
	printf("# %s: %u faults, %u of them errors\n", name, nr_faults,
	       nr_failed);
	return NULL;
}

#define FIELD(name)	{ #name, offsetof(struct kvm_pod_query, out_##name) }

/* What moves for other reasons, and what follows from these, is left out. */
static const struct { const char *name; size_t offset; } fields[] = {
	FIELD(target), FIELD(owned), FIELD(populated), FIELD(reserve),
	FIELD(outstanding), FIELD(given), FIELD(given_huge), FIELD(parked),
	FIELD(float), FIELD(to_shrink), FIELD(retired), FIELD(overdraft),
	FIELD(overdraft_max), FIELD(grow_max),
};

static u64 field(const struct kvm_pod_query *q, unsigned int i)
{
	u64 value;

	memcpy(&value, (const char *)q + fields[i].offset, sizeof(value));
	return value;
}

static const char *differs(const struct kvm_pod_query *now,
			   const struct kvm_pod_query *then)
{
	unsigned int i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (field(now, i) != field(then, i))
			return wrong("%s is %llu, not %llu", fields[i].name,
				     (unsigned long long)field(now, i),
				     (unsigned long long)field(then, i));
	if (now->out_policy != then->out_policy)
		return wrong("policy is %u, not %u", now->out_policy,
			     then->out_policy);
	return NULL;
}

/*
 * Without faults: what workers had to do they have done, and the float is full
 * again.
 */
static bool at_rest(const struct pod *pod, struct kvm_pod_query *q)
{
	pod_must(pod_query(pod, q), "KVM_POD_QUERY");
	return q->out_float == FLOAT && !q->out_to_shrink;
}

static const char *query_at_rest(const struct pod *pod,
				 struct kvm_pod_query *q)
{
	return POD_WAIT(at_rest(pod, q)) ? NULL : "it does not come to rest";
}

/* One of two; workers may have to do their part first. */
static const char *expect_state(const struct pod *pod,
				const struct kvm_pod_query *then,
				const struct kvm_pod_query *or_then)
{
	struct kvm_pod_query now;
	const char *bad = NULL;
	int tries;

	for (tries = 200 * time_scale(); tries; tries--) {
		pod_must(pod_query(pod, &now), "KVM_POD_QUERY");
		bad = differs(&now, then);
		if (!bad || (or_then && !differs(&now, or_then)))
			return NULL;
		pod_sleep_ms(10);
	}
	return bad;
}

/**
 * struct trial - a sequence under way
 * @seq: the sequence
 * @kind: of faults
 * @end: what the pod was in the end without faults
 */
struct trial {
	const struct sequence *seq;
	enum inject_kind kind;
	struct kvm_pod_query *end;
};

static bool may_return(const struct trial *t, long error)
{
	if (t->seq->flags & SEQ_NEVER_FAILS)
		return false;
	if (t->kind == INJECT_FUNCTION)
		return error == t->seq->error;
	return error == (t->kind == INJECT_COPY ? EFAULT : ENOMEM) ||
	       (t->seq->also && error == t->seq->also);
}

/*
 * Nothing has changed. Or all is done, where only the answer could not be
 * written: the kernel tries that before, and fails only if the memory has gone
 * since then.
 */
static const char *check_unchanged(const struct trial *t, struct pod *pod,
				   const struct kvm_pod_query *before)
{
	if (t->seq->flags & SEQ_PARTIAL)
		return NULL;
	return expect_state(pod, before,
			    t->kind == INJECT_COPY ? t->end : NULL);
}

/* Nothing has changed, and the next time it works. */
static const char *after_error(const struct trial *t, struct pod *pod,
			       const struct kvm_pod_query *before, long error)
{
	const char *bad;
	long ret;

	note_error();
	if (!may_return(t, error))
		return wrong("it returned %s", strerror(error));
	bad = check_unchanged(t, pod, before);
	if (bad)
		return wrong("after %s %s", strerror(error), bad);
	bad = pod_healthy(pod);
	if (bad)
		return bad;
	ret = t->seq->run(pod);
	if (ret < 0)
		return wrong("after %s, again and without a fault: %s",
			     strerror(error), strerror(-ret));
	return NULL;
}

static const char *at_end(const struct trial *t, struct pod *pod,
			  unsigned int nth)
{
	const char *bad = t->seq->check ? t->seq->check(pod) : NULL;

	if (bad)
		return bad;
	if (!nth)
		return query_at_rest(pod, t->end);
	return t->seq->flags & SEQ_HINT ? NULL :
					  expect_state(pod, t->end, NULL);
}

static const char *with_pod(const struct trial *t, struct pod *pod,
			    unsigned int nth, bool *hit)
{
	const struct sequence *seq = t->seq;
	struct kvm_pod_query before;
	const char *bad = seq->prepare ? seq->prepare(pod) : NULL;
	long ret;

	bad = bad ?: query_at_rest(pod, &before);
	if (bad)
		return bad;
	if (nth)
		inject_arm(nth);
	ret = seq->run(pod);
	if (nth)
		*hit = inject_disarm();
	if (ret < 0 && !*hit)
		return wrong("without a fault: %s", strerror(-ret));
	if (ret < 0)
		bad = after_error(t, pod, &before, -ret);
	return bad ?: at_end(t, pod, nth);
}

static const char *one(const void *arg, unsigned int nth, bool *hit)
{
	const struct trial *t = arg;
	struct kvm_pod_create args = pod_create_args(t->seq->size ?: SIZE,
						     t->seq->target ?: TARGET);
	const char *bad, *end;
	struct pod pod;

	args.policy = t->seq->policy;
	bad = pod_begin_with(&pod, &args);
	if (bad)
		return bad;
	bad = with_pod(t, &pod, nth, hit);
	if (t->seq->clean_up)
		t->seq->clean_up(&pod);
	end = pod_finish(&pod);
	return bad ?: end;
}

const char *sequence_run(const struct sequence *seq, enum inject_kind kind)
{
	struct kvm_pod_query end;
	struct trial t = { seq, kind, &end };
	const char *bad = NULL;

	inject_burst(seq->burst ?: INJECT_BURST);
	if (kind == INJECT_FUNCTION)
		bad = inject_function(seq->function, seq->error);
	bad = bad ?: each_fault(seq->name, one, &t);
	if (!bad && !nr_faults && kind == INJECT_FUNCTION)
		return "the function is not called";
	return bad;
}

#define TAG	7

void fill_regions(struct pod *pod, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		fill(pod->mem + i * REGION, REGION, TAG + i);
}

bool is_kept(const struct pod *pod, unsigned int nr, u64 from)
{
	static u8 wanted[REGION];

	fill(wanted, REGION, TAG + nr);
	return !memcmp(pod->mem + nr * REGION + from, wanted + from,
		       REGION - from);
}

const char *fill_two(struct pod *pod)
{
	fill_regions(pod, 2);
	return NULL;
}

const char *still_two(struct pod *pod)
{
	return is_kept(pod, 0, 0) && is_kept(pod, 1, 0) ? NULL :
	       "memory has changed";
}
