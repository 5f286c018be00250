// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls on a pod file.
 */
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "device.h"
#include "discard.h"
#include "file.h"
#include "reserve.h"
#include "sweep.h"
#include "target.h"
#include "wait.h"
#include "work.h"

static void query_fill(struct kvm_pod_query *q, struct pod *pod)
{
	struct pod_ledger_view v;

	pod_ledger_read(&pod->ledger, &v);
	q->out_id = pod->id;
	q->out_policy = READ_ONCE(pod->policy);
	q->out_size = v.size << PAGE_SHIFT;
	q->out_target = v.target << PAGE_SHIFT;
	q->out_owned = v.owned << PAGE_SHIFT;
	q->out_populated = v.populated << PAGE_SHIFT;
	q->out_reserve = v.reserve << PAGE_SHIFT;
	q->out_outstanding = v.outstanding << PAGE_SHIFT;
	q->out_given = v.given << PAGE_SHIFT;
	q->out_given_huge = v.given_huge << PAGE_SHIFT;
	q->out_parked = v.parked << PAGE_SHIFT;
	q->out_float = v.floating << PAGE_SHIFT;
	q->out_to_shrink = v.to_shrink << PAGE_SHIFT;
	q->out_retired = v.retired << PAGE_SHIFT;
	q->out_reserve_huge = pod_reserve_huge_pages(pod) << PAGE_SHIFT;
	q->out_overdraft = v.overdraft << PAGE_SHIFT;
	q->out_overdraft_max = READ_ONCE(pod->overdraft_max) << PAGE_SHIFT;
	q->out_grow_max = READ_ONCE(pod->grow_max) << PAGE_SHIFT;
	q->out_waiting = atomic_read(&pod->shortage.waiting);
	q->out_flags = pod->pinnable ? KVM_POD_F_PINNABLE : 0;
}

static long file_query(struct file *file, void *arg)
{
	struct kvm_pod_query *q = arg;

	if (q->flags)
		return -EOPNOTSUPP;
	query_fill(q, pod_of_file(file));
	return 0;
}

static long file_set_target(struct file *file, void *arg)
{
	struct kvm_pod_set_target *t = arg;
	struct pod *pod = pod_of_file(file);
	int ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (t->flags)
		return -EOPNOTSUPP;
	if (t->target % PAGE_SIZE)
		return -EINVAL;
	ret = pod_target_set(pod, t->target >> PAGE_SHIFT);
	t->out_target = pod_ledger_glance(&pod->ledger.target) << PAGE_SHIFT;
	return ret;
}

static bool range_ok(const struct kvm_pod_range *r, u64 size)
{
	return r->length && !(r->offset % PAGE_SIZE) &&
	       !(r->length % PAGE_SIZE) && r->offset < size &&
	       r->length <= size - r->offset;
}

static struct kvm_pod_range *get_ranges(const struct kvm_pod_balloon *b,
					u64 size)
{
	struct kvm_pod_range *ranges;
	u32 i;

	if (!b->nr_ranges || b->nr_ranges > KVM_POD_BALLOON_MAX_RANGES)
		return ERR_PTR(-EINVAL);
	ranges = memdup_array_user(u64_to_user_ptr(b->ranges_ptr),
				   b->nr_ranges, sizeof(*ranges));
	if (IS_ERR(ranges))
		return ranges;
	for (i = 0; i < b->nr_ranges; i++) {
		if (!range_ok(&ranges[i], size)) {
			kfree(ranges);
			return ERR_PTR(-EINVAL);
		}
	}
	return ranges;
}

static long balloon_ranges(struct pod *pod, struct kvm_pod_balloon *b)
{
	struct kvm_pod_range *ranges;
	unsigned long first, nr;
	long ret = 0;

	ranges = get_ranges(b, pod->ledger.size << PAGE_SHIFT);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	pod_ledger_announce(&pod->ledger);
	for (b->out_done = 0; b->out_done < b->nr_ranges; b->out_done++) {
		if (task_sigpending(current)) {
			ret = -EINTR;
			break;
		}
		first = ranges[b->out_done].offset >> PAGE_SHIFT;
		nr = ranges[b->out_done].length >> PAGE_SHIFT;
		if (b->op == KVM_POD_BALLOON_DEFLATE)
			ret = pod_deflate(pod, first, nr);
		else
			ret = pod_discard(pod, first, nr, true);
		if (ret)
			break;
	}
	kfree(ranges);
	return ret;
}

static long file_balloon(struct file *file, void *arg)
{
	struct kvm_pod_balloon *b = arg;
	struct pod *pod = pod_of_file(file);

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (b->flags || b->__reserved || b->op > KVM_POD_BALLOON_RESET)
		return -EOPNOTSUPP;
	if (pod->pinnable)
		return -EBUSY;
	b->out_done = 0;
	if (b->op != KVM_POD_BALLOON_RESET)
		return balloon_ranges(pod, b);
	if (b->nr_ranges || b->ranges_ptr)
		return -EINVAL;
	pod_ledger_announce(&pod->ledger);
	return pod_balloon_reset(pod);
}

static long sweep_regions(struct pod *pod, struct kvm_pod_sweep *s, u64 end)
{
	unsigned int how = s->flags & KVM_POD_SWEEP_DEMOTE ?
			   POD_SWEEP_DEMOTE : POD_SWEEP_HUGE;
	struct pod_sweep_count count = {};
	unsigned long region;
	long ret = 0;

	how |= POD_SWEEP_SMALL;
	while (s->out_next < end) {
		if (task_sigpending(current)) {
			ret = -EINTR;
			break;
		}
		region = pod_region(s->out_next >> PAGE_SHIFT);
		pod_sweep_region(pod, region, how, &count);
		s->out_next = min_t(u64, end, (u64)pod_region_first(region + 1)
					      << PAGE_SHIFT);
		cond_resched();
	}
	s->out_scanned = count.scanned << PAGE_SHIFT;
	s->out_reclaimed = count.reclaimed << PAGE_SHIFT;
	return ret;
}

static long file_sweep(struct file *file, void *arg)
{
	struct kvm_pod_sweep *s = arg;
	struct pod *pod = pod_of_file(file);
	struct kvm_pod_range range = { s->offset, s->length };
	u64 size = pod->ledger.size << PAGE_SHIFT;
	long ret;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (s->flags & ~KVM_POD_SWEEP_DEMOTE)
		return -EOPNOTSUPP;
	if (!s->length && s->offset < size)
		range.length = size - s->offset;
	if (!range_ok(&range, size))
		return -EINVAL;
	if (pod->pinnable)
		return -EBUSY;
	s->out_next = s->offset;
	ret = sweep_regions(pod, s, range.offset + range.length);
	pod_sweep_done(pod);
	return ret;
}

/* A limit that is set is whole pages and at most the pod; one that is not, 0. */
static bool limit_ok(const struct pod *pod, u64 bytes, bool set)
{
	return set ? !(bytes % PAGE_SIZE) &&
		     bytes >> PAGE_SHIFT <= pod->ledger.size : !bytes;
}

static long file_set_policy(struct file *file, void *arg)
{
	struct kvm_pod_set_policy *p = arg;
	struct pod *pod = pod_of_file(file);
	bool overdraft = p->flags & KVM_POD_SET_OVERDRAFT_MAX;
	bool grow = p->flags & KVM_POD_SET_GROW_MAX;

	if (!(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (p->flags & ~(KVM_POD_SET_OVERDRAFT_MAX | KVM_POD_SET_GROW_MAX) ||
	    p->__reserved || p->policy > KVM_POD_POLICY_FAIL)
		return -EOPNOTSUPP;
	if (!limit_ok(pod, p->overdraft_max, overdraft) ||
	    !limit_ok(pod, p->grow_max, grow))
		return -EINVAL;
	if (overdraft)
		WRITE_ONCE(pod->overdraft_max, p->overdraft_max >> PAGE_SHIFT);
	if (grow)
		WRITE_ONCE(pod->grow_max, p->grow_max >> PAGE_SHIFT);
	pod_set_policy(pod, p->policy);
	return 0;
}

static long put_event(struct kvm_pod_event __user *to,
		      const struct pod_journal_entry *entry)
{
	struct kvm_pod_event event = {
		.seq = entry->seq,
		.time_ns = entry->time_ns,
		.type = entry->news,
		.reserve = entry->reserve << PAGE_SHIFT,
		.offset = (u64)entry->index << PAGE_SHIFT,
	};

	return copy_to_user(to, &event, sizeof(event)) ? -EFAULT : 0;
}

static long file_read_events(struct file *file, void *arg)
{
	struct kvm_pod_read_events *r = arg;
	struct kvm_pod_event __user *to = u64_to_user_ptr(r->events_ptr);
	struct pod_journal_entry entry;
	u64 place, lost, missed = 0;
	long ret = 0;

	if (r->flags || r->__reserved)
		return -EOPNOTSUPP;
	if (!r->nr_events)
		return -EINVAL;
	r->out_nr = 0;
	while (r->out_nr < r->nr_events &&
	       pod_file_next_event(file, &place, &entry, &lost)) {
		ret = put_event(to + r->out_nr, &entry);
		if (ret)
			break;
		/* Another thread was faster: the slot is for the next one. */
		if (!pod_file_saw_event(file, place, &entry))
			continue;
		missed += lost;
		r->out_nr++;
	}
	r->out_lost = min_t(u64, missed, U32_MAX);
	/* What was written counts; what could not be is for the next call. */
	return r->out_nr ? 0 : ret;
}

static const struct pod_ioctl file_ioctls[] = {
	POD_IOCTL(KVM_POD_QUERY, kvm_pod_query, out_retired, file_query),
	POD_IOCTL(KVM_POD_SET_TARGET, kvm_pod_set_target, out_target,
		  file_set_target),
	POD_IOCTL(KVM_POD_BALLOON, kvm_pod_balloon, __reserved, file_balloon),
	POD_IOCTL(KVM_POD_SWEEP, kvm_pod_sweep, out_next, file_sweep),
	POD_IOCTL(KVM_POD_SET_POLICY, kvm_pod_set_policy, grow_max,
		  file_set_policy),
	POD_IOCTL(KVM_POD_READ_EVENTS, kvm_pod_read_events, __reserved,
		  file_read_events),
};

static long file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	if (READ_ONCE(pod_of_file(file)->dead))
		return -EIO;
	return pod_ioctl_dispatch(file, cmd, arg, file_ioctls,
				  ARRAY_SIZE(file_ioctls));
}

const struct file_operations pod_file_fops = {
	.owner = THIS_MODULE,
	.open = pod_file_open,
	.mmap = pod_file_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.fallocate = pod_file_fallocate,
	.fadvise = pod_file_fadvise,
	.llseek = pod_file_llseek,
	.read_iter = pod_file_read_iter,
	.write_iter = pod_file_write_iter,
	.splice_read = copy_splice_read,
	.poll = pod_file_poll,
	.fsync = noop_fsync,
	.unlocked_ioctl = file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
