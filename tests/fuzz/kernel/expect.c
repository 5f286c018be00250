// SPDX-License-Identifier: GPL-2.0-only
/*
 * What include/uapi/linux/kvm_pod.h says that a call must refuse: the rules of
 * single fields from rules.h, and here what they promise of each other.
 */
#include "world.h"

#include <errno.h>
#include <string.h>

static u64 field_value(const struct field *f, const void *in)
{
	u64 value = 0;

	if (f->size <= sizeof(value))
		memcpy(&value, (const u8 *)in + f->offset, f->size);
	return value;
}

static bool in_units(u64 value, u64 limit, u64 unit)
{
	return !(value % unit) && value <= limit;
}

static errset broken_rule(const struct rule *r, u64 value, u64 pod_size)
{
	u64 limit = r->limit ? r->limit : pod_size;

	switch (r->check) {
	case CHECK_ZERO:
		return value ? ERR(EOPNOTSUPP) : 0;
	case CHECK_MASK:
		return value & ~r->limit ? ERR(EOPNOTSUPP) : 0;
	case CHECK_MOST:
		return value > r->limit ? ERR(EOPNOTSUPP) : 0;
	case CHECK_UNITS:
		return in_units(value, limit, r->unit) ? 0 : ERR(EINVAL);
	default:
		return 0;
	}
}

static bool label_is_bad(const char *label)
{
	unsigned int i;

	for (i = 0; i < KVM_POD_LABEL_LEN && label[i]; i++)
		if (label[i] < ' ' || label[i] > '~')
			return true;
	return i == KVM_POD_LABEL_LEN;
}

/* The machine has one node. */
static errset broken_nodes(const struct kvm_pod_create *c, u64 mask,
			   enum where place)
{
	if (!c->node_mask_words && !c->node_mask_ptr)
		return 0;
	if (!c->node_mask_words || !c->node_mask_ptr)
		return ERR(EINVAL);
	if (place_is_bad(place, false))
		return ERR(EFAULT) | ERR(EINVAL);
	/* What is in the pod's memory is not known. */
	if (place == PLACE_POD || place == PLACE_READ_ONLY ||
	    c->node_mask_words > 1)
		return 0;
	return mask == 1 ? 0 : ERR(EINVAL);
}

enum where place_arg(const struct op *op, const char *name)
{
	return place_of(op_arg(op, name));
}

static errset broken_create(const struct op *op, const struct kvm_pod_create *c)
{
	errset broken = 0;

	if (!c->memory_size || c->target < REGION ||
	    c->target > c->memory_size || label_is_bad(c->label))
		broken |= ERR(EINVAL);
	if (c->flags & KVM_POD_F_PINNABLE && c->target != c->memory_size)
		broken |= ERR(EINVAL);
	return broken | broken_nodes(c, op_arg(op, "mask"),
				     place_arg(op, "node_mask_ptr"));
}

static bool range_is_bad(u64 offset, u64 length, u64 size)
{
	return !length || offset % PAGE || length % PAGE || offset >= size ||
	       length > size - offset;
}

static errset broken_balloon(const struct op *op,
			     const struct kvm_pod_balloon *b, u64 size)
{
	const u64 *arg = op->arg + calls[op->call].nr_args - 4;
	enum where place = place_arg(op, "ranges_ptr");

	if (b->op == KVM_POD_BALLOON_RESET)
		return b->nr_ranges || b->ranges_ptr ? ERR(EINVAL) : 0;
	if (!b->nr_ranges || b->nr_ranges > KVM_POD_BALLOON_MAX_RANGES)
		return ERR(EINVAL) | ERR(EFAULT);
	if (place_is_bad(place, false))
		return ERR(EINVAL) | ERR(EFAULT);
	/* There are zeroes, or what the pod holds. */
	if (place == PLACE_READ_ONLY || place == PLACE_POD)
		return place == PLACE_POD ? 0 : ERR(EINVAL);
	if (range_is_bad(arg[0], arg[1], size) ||
	    (b->nr_ranges > 1 && range_is_bad(arg[2], arg[3], size)))
		return ERR(EINVAL);
	return 0;
}

static errset broken_sweep(const struct kvm_pod_sweep *s, u64 size)
{
	if (!s->length)
		return s->offset >= size ? ERR(EINVAL) : 0;
	return range_is_bad(s->offset, s->length, size) ? ERR(EINVAL) : 0;
}

static errset broken_policy(const struct kvm_pod_set_policy *p)
{
	bool bad = (!(p->flags & KVM_POD_SET_OVERDRAFT_MAX) &&
		    p->overdraft_max) ||
		   (!(p->flags & KVM_POD_SET_GROW_MAX) && p->grow_max);

	return bad ? ERR(EINVAL) : 0;
}

static errset broken_together(const struct uapi_call *u, const struct op *op,
			      const void *in, const struct pod *pod)
{
	const struct kvm_pod_set_target *t = in;
	const struct kvm_pod_read_events *r = in;
	u64 size = pod ? pod->size : 0;

	switch (u->cmd) {
	case KVM_POD_CREATE:
		return broken_create(op, in);
	case KVM_POD_SET_TARGET:
		return t->target < REGION ? ERR(EINVAL) : 0;
	case KVM_POD_BALLOON:
		return broken_balloon(op, in, size);
	case KVM_POD_SWEEP:
		return broken_sweep(in, size);
	case KVM_POD_SET_POLICY:
		return broken_policy(in);
	case KVM_POD_READ_EVENTS:
		return r->nr_events ? 0 : ERR(EINVAL);
	default:
		return 0;
	}
}

static errset broken_file(const struct uapi_call *u, const struct slot *slot)
{
	switch (slot->type) {
	case FILE_DEVICE:
		return u->of_device ? 0 : ERR(ENOTTY);
	case FILE_POD:
		if (u->of_device)
			return ERR(ENOTTY);
		return u->writes && !slot->writes ? ERR(EBADF) : 0;
	case FILE_OTHER:
		return ERR(ENOTTY);
	default:
		return ERR(EBADF);
	}
}

static bool moves_memory(const struct uapi_call *u)
{
	return u->cmd == KVM_POD_SET_TARGET || u->cmd == KVM_POD_BALLOON ||
	       u->cmd == KVM_POD_SWEEP;
}

errset uapi_broken(struct thread *t, const struct uapi_call *u,
		   const struct op *op, const void *in, u64 user_size)
{
	const struct slot *slot = slot_of(op->arg[0]);
	const struct pod *pod = pod_of_slot(slot);
	enum where place = place_of(op->arg[1]);
	errset broken = broken_file(u, slot);
	unsigned int i;

	/* The zeroes of the page that cannot be written are no structure. */
	if (place_is_bad(place, true))
		broken |= ERR(EFAULT) | ERR(EINVAL);
	if (user_size < sizeof(u64))
		broken |= ERR(EINVAL);
	if (user_size > u->size && op->arg[2] & 2)
		broken |= ERR(E2BIG) | ERR(EFAULT);
	if (user_size > PAGE)
		broken |= ERR(E2BIG) | ERR(EFAULT);
	for (i = 0; i < u->nr_fields; i++)
		broken |= broken_rule(&u->fields[i].rule,
				      field_value(&u->fields[i], in),
				      pod ? pod->size : 0);
	broken |= broken_together(u, op, in, pod);
	if (pod && pod->pinnable && moves_memory(u))
		broken |= ERR(EBUSY);
	return broken;
}
