// SPDX-License-Identifier: GPL-2.0-only
/* The module's own calls: fill in the structure, call, judge. */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#define MAX_STRUCT	256
#define TAIL_MAX	(64 * 1024)
/* Not a range that any pod has. */
#define RANGES_MAX	2048

/* Pseudo-arguments before the fields. */
enum { ARG_FILE, ARG_AT, ARG_FILL, NR_BEFORE };
/* In ARG_FILL: fields for answers are not 0 before the call; nor is a tail. */
#define FILL_OUT	1
#define FILL_TAIL	2

/* What changes by itself is left out. */
struct state {
	bool known;
	struct kvm_pod_query q;
};

static u64 struct_size(const struct uapi_call *u, u64 arg)
{
	if (arg > OWN_SIZE - MAX_STRUCT && arg < OWN_SIZE + MAX_STRUCT)
		return (u32)(u->size + arg - OWN_SIZE);
	return (u32)arg;
}

static void set_label(char *label, u64 which)
{
	memset(label, 0, KVM_POD_LABEL_LEN);
	switch (which % 7) {
	case 1:
		strcpy(label, "fuzz");
		return;
	case 2:
		memset(label, 'x', KVM_POD_LABEL_LEN - 1);
		return;
	case 3:
		memset(label, 'x', KVM_POD_LABEL_LEN);
		return;
	case 4:
		label[3] = '\n';
		return;
	case 5:
		label[0] = (char)0xc3;
		return;
	case 6:
		label[5] = 'x';
		return;
	}
}

/* What a pointer in a structure points to. */
static u8 *fill_pointer(struct thread *t, const struct uapi_call *u,
			const struct op *op, enum where place, u32 nr)
{
	const u64 *extra = op->arg + calls[op->call].nr_args;
	struct kvm_pod_range *ranges;
	u64 len = nr < RANGES_MAX ? nr : RANGES_MAX;
	unsigned int i;
	u8 *at;

	len *= u->cmd == KVM_POD_READ_EVENTS ? sizeof(struct kvm_pod_event) :
	       u->cmd == KVM_POD_BALLOON ? sizeof(*ranges) : sizeof(u64);
	at = place_buffer(t, place, len, 1);
	if (place != PLACE_GOOD && place != PLACE_ODD)
		return at;
	memset(at, 0, len);
	if (u->cmd == KVM_POD_CREATE && len)
		memcpy(at, &extra[-1], sizeof(u64));
	ranges = (void *)at;
	if (u->cmd != KVM_POD_BALLOON)
		return at;
	for (i = 0; i < len / sizeof(*ranges); i++)
		memcpy(&ranges[i], extra - (i % 2 ? 2 : 4), sizeof(*ranges));
	return at;
}

static u32 count_of(const struct uapi_call *u, const void *in)
{
	const struct kvm_pod_balloon *b = in;
	const struct kvm_pod_create *c = in;
	const struct kvm_pod_read_events *r = in;

	switch (u->cmd) {
	case KVM_POD_BALLOON:
		return b->nr_ranges;
	case KVM_POD_CREATE:
		return c->node_mask_words;
	default:
		return r->nr_events;
	}
}

static void set_field(const struct field *f, void *in, u64 value)
{
	memcpy((u8 *)in + f->offset, &value, f->size < 8 ? f->size : 8);
}

/* Counts have to be there before what they count. */
static void fill_struct(struct thread *t, const struct uapi_call *u,
			const struct op *op, void *in)
{
	const u64 *arg = op->arg + NR_BEFORE;
	const struct field *f, *ptr = NULL;
	enum where place = PLACE_GOOD;

	memset(in, op->arg[ARG_FILL] & FILL_OUT ? 0xa5 : 0, u->size);
	for (f = u->fields; f < u->fields + u->nr_fields; f++) {
		if (f->rule.role == ROLE_OUT)
			continue;
		if (f->rule.role == ROLE_LABEL) {
			set_label((char *)in + f->offset, *arg);
		} else if (f->rule.role == ROLE_PTR) {
			ptr = f;
			place = place_of(*arg);
		} else {
			set_field(f, in, f->rule.role == ROLE_SIZE ?
				  struct_size(u, *arg) : *arg);
		}
		arg++;
	}
	if (ptr)
		set_field(ptr, in, (uintptr_t)fill_pointer(t, u, op, place,
							   count_of(u, in)));
}

/* Puts it where the call will find it, as far as that can be written to. */
static u8 *put_struct(struct thread *t, const struct uapi_call *u,
		      const struct op *op, const void *in, u64 user_size)
{
	enum where place = place_of(op->arg[ARG_AT]);
	u8 *at = place_buffer(t, place, u->size, 0);
	u64 tail;

	if (place == PLACE_POD && at) {
		if (!sigsetjmp(t->jump, 1)) {
			t->may_jump = true;
			memcpy(at, in, u->size);
		}
		t->may_jump = false;
	}
	if (place == PLACE_STRADDLE)
		memcpy(at, in, u->size / 2);
	if (place != PLACE_GOOD && place != PLACE_ODD)
		return at;
	memcpy(at, in, u->size);
	if (user_size > u->size) {
		tail = user_size - u->size;
		tail = tail < TAIL_MAX ? tail : TAIL_MAX;
		memset(at + u->size, 0, tail);
		if (op->arg[ARG_FILL] & FILL_TAIL)
			at[u->size + tail - 1] = 1;
	}
	return at;
}

static void read_state(struct state *states)
{
	unsigned int i;

	for (i = 0; i < NR_PODS; i++)
		states[i].known = pods[i].made &&
				  pod_query(&pods[i], &states[i].q);
}

static bool is_quiet(const struct kvm_pod_query *q)
{
	return q->out_target == q->out_size && !q->out_to_shrink &&
	       !q->out_overdraft && !q->out_given_huge && !q->out_parked;
}

static bool same_memory(const struct kvm_pod_query *a,
			const struct kvm_pod_query *b)
{
	return a->out_populated == b->out_populated &&
	       a->out_given == b->out_given;
}

static void compare_state(const char *call, const struct kvm_pod_query *a,
			  const struct kvm_pod_query *b)
{
	check_query(b);
	if (a->out_size != b->out_size || a->out_target != b->out_target ||
	    a->out_policy != b->out_policy || a->out_flags != b->out_flags ||
	    a->out_overdraft_max != b->out_overdraft_max ||
	    a->out_grow_max != b->out_grow_max)
		complain("%s failed and changed what is set", call);
	/* Nothing sweeps a pod that has all it could need. */
	if (is_quiet(a) && is_quiet(b) && !same_memory(a, b))
		complain("%s failed and changed what is populated", call);
}

static void check_unchanged(const char *call, const struct state *before)
{
	struct state after[NR_PODS];
	unsigned int i;

	read_state(after);
	for (i = 0; i < NR_PODS; i++)
		if (before[i].known && after[i].known)
			compare_state(call, &before[i].q, &after[i].q);
}

static void check_limits(const struct kvm_pod_set_policy *p,
			 const struct kvm_pod_query *q)
{
	if (q->out_policy != p->policy ||
	    (p->flags & KVM_POD_SET_OVERDRAFT_MAX &&
	     q->out_overdraft_max != p->overdraft_max) ||
	    (p->flags & KVM_POD_SET_GROW_MAX && q->out_grow_max != p->grow_max))
		complain("set_policy returned 0 and set something else");
}

/* What was asked for is what there is now. */
static void check_done(const struct uapi_call *u, const void *in,
		       const struct pod *pod)
{
	const struct kvm_pod_set_target *t = in;
	struct kvm_pod_query q;

	if (!pod_query(pod, &q))
		return;
	check_query(&q);
	if (u->cmd == KVM_POD_SET_TARGET && q.out_target != t->target)
		complain("set_target returned 0, the target is another");
	if (u->cmd == KVM_POD_SET_POLICY)
		check_limits(in, &q);
}

static void note_balloon(const struct op *op, struct pod *pod,
			 const struct kvm_pod_balloon *b, long ret)
{
	const u64 *extra = op->arg + calls[op->call].nr_args - 4;
	bool one = b->nr_ranges < 2;

	if (b->op != KVM_POD_BALLOON_INFLATE || (ret && ret != -EINTR))
		return;
	if (!ret && place_of(op->arg[ARG_AT]) != PLACE_POD) {
		model_zero(pod, extra[0], extra[1]);
		model_zero(pod, extra[2], one ? 0 : extra[3]);
		return;
	}
	model_maybe(pod, extra[0], extra[1]);
	model_maybe(pod, extra[2], one ? 0 : extra[3]);
}

static void note_create(const struct op *op, const struct kvm_pod_create *c)
{
	u64 to = op->arg[calls[op->call].nr_args - 2] % SLOT_DEVICE;
	unsigned int i;

	for (i = 0; i < NR_PODS; i++) {
		if (!__sync_bool_compare_and_swap(&pods[i].made, false, true))
			continue;
		pods[i].id = c->out_id;
		pods[i].pinnable = c->flags & KVM_POD_F_PINNABLE;
		pods[i].size = c->memory_size;
		slot_set(slot_of(to), c->out_fd, FILE_POD, true, i);
		return;
	}
	slot_set(slot_of(to), c->out_fd, FILE_OTHER, true, -1);
}

static void note_result(const struct uapi_call *u, const struct op *op,
			const void *in, const void *at, long ret)
{
	struct pod *pod = pod_of_slot(slot_of(op->arg[ARG_FILE]));
	const struct kvm_pod_balloon *b = at;

	if (place_of(op->arg[ARG_AT]) == PLACE_POD) {
		unsigned int i;

		for (i = 0; i < NR_PODS; i++)
			model_any(&pods[i], 0, pods[i].size);
		return;
	}
	if (u->cmd == KVM_POD_CREATE && !ret)
		note_create(op, at);
	if (u->cmd == KVM_POD_BALLOON && pod)
		note_balloon(op, pod, in, ret);
	if (u->cmd == KVM_POD_BALLOON && !ret && b->out_done != b->nr_ranges)
		complain("balloon returned 0 with %u of %u ranges done",
			 b->out_done, b->nr_ranges);
}

/* Of more words than one only the first is known. */
static bool in_one_word(const struct kvm_pod_create *c)
{
	return c->node_mask_words <= 1;
}

/* What may come in the way of a call that breaks no rule. */
static errset may_fail(const struct uapi_call *u, const struct op *op,
		       const void *in, u64 user_size)
{
	errset may = u->errnos & (ERR(EINTR) | ERR(ENOMEM) | ERR(EMFILE) |
				  ERR(ENFILE));
	const struct kvm_pod_read_events *r = in;

	/* A structure of an older kernel than this may not have been. */
	if (user_size < u->size)
		may |= ERR(EINVAL);
	if (place_of(op->arg[ARG_AT]) == PLACE_POD)
		may |= ERR(EFAULT) | ERR(EINVAL) | ERR(EOPNOTSUPP) | ERR(E2BIG);
	if (u->cmd == KVM_POD_READ_EVENTS && r->events_ptr)
		may |= ERR(EFAULT);
	if (place_arg(op, "ranges_ptr") == PLACE_POD ||
	    place_arg(op, "node_mask_ptr") == PLACE_POD ||
	    place_arg(op, "node_mask_ptr") == PLACE_READ_ONLY)
		may |= ERR(EFAULT) | ERR(EINVAL);
	if (u->cmd == KVM_POD_CREATE)
		may |= in_one_word(in) ? 0 : ERR(EINVAL);
	return may;
}

static void judge(struct thread *t, const struct uapi_call *u,
		  const struct op *op, const void *in, u64 user_size, long ret)
{
	errset broken = uapi_broken(t, u, op, in, user_size);
	errset may = may_fail(u, op, in, user_size);

	if (!ret && broken && place_of(op->arg[ARG_AT]) != PLACE_POD)
		complain("%s returned 0, a rule of the header is broken",
			 u->name);
	if (ret < 0 && !((broken | may) & ERR(-ret)))
		complain("%s: errno %ld, which nothing asks for", u->name,
			 -ret);
}

long uapi_run(struct thread *t, const struct op *op)
{
	const struct uapi_call *u = &uapi_calls[calls[op->call].uapi];
	struct slot *slot = slot_of(op->arg[ARG_FILE]);
	struct state before[NR_PODS];
	u8 in[MAX_STRUCT] __attribute__((aligned(8)));
	u64 user_size;
	long ret;
	u8 *at;

	fill_struct(t, u, op, in);
	memcpy(&user_size, in, sizeof(u64));
	user_size = (u32)user_size;
	at = put_struct(t, u, op, in, user_size);
	/* Fields beyond the structure's end are zero. */
	if (user_size < u->size && user_size >= sizeof(u32))
		memset(in + user_size, 0, u->size - user_size);
	if (t->single)
		read_state(before);
	ret = sys_result(ioctl(slot->fd, u->cmd, at));
	if (t->single) {
		judge(t, u, op, in, user_size, ret);
		if (ret < 0 && ret != -EINTR && ret != -ENOMEM)
			check_unchanged(u->name, before);
		if (!ret && pod_of_slot(slot) && place_of(op->arg[ARG_AT]) != PLACE_POD)
			check_done(u, in, pod_of_slot(slot));
	}
	note_result(u, op, in, at, ret);
	return ret;
}

CALL(ioctl)
{
	long ret = sys_result(ioctl(slot_of(arg[0])->fd, (unsigned int)arg[1],
				    arg[2] ? (u64)(uintptr_t)
				    place_buffer(t, place_of(arg[2]), PAGE,
						 0) :
				    arg[3]));

	/* It may have been a KVM_POD_CREATE, of which nobody knows. */
	return ret;
}
