/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * kvm-pod: populate-on-demand guest memory.
 *
 * Two kinds of file answer these calls: the device /dev/kvm-pod, and a *pod
 * file*, the memory of one virtual machine, which KVM_POD_CREATE returns.
 *
 * All sizes, offsets and lengths are in bytes. A *page* is 4096 bytes, a
 * *region* is 2 MiB of the pod file at a multiple of 2 MiB.
 */
#ifndef _UAPI_LINUX_KVM_POD_H
#define _UAPI_LINUX_KVM_POD_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KVM_POD_TYPE			0xB9

/**
 * DOC: General ioctl format
 *
 * Every structure starts with its own size, as in iommufd. The kernel copies
 * what the caller has; what the caller does not have reads as zero, and what
 * the kernel does not know must be zero. The ioctl numbers therefore never
 * change when a structure grows.
 *
 * All calls share this errno dictionary:
 *
 *  - ENOTTY: the kernel has no such call, or not on this kind of file
 *  - EINVAL: @size is too small, or a value, an alignment or a combination of
 *    values is not allowed
 *  - E2BIG: bytes beyond what the kernel knows are not zero, or @size is more
 *    than 4096
 *  - EOPNOTSUPP: a flag, a policy or an operation unknown to this kernel is
 *    asked for, or a reserved field is not zero
 *  - EFAULT: a pointer is not readable or writable memory
 *  - EPERM: the caller lacks the right named with the call
 *  - EBUSY: the pod is KVM_POD_F_PINNABLE, and the call would move its memory
 *  - ENOMEM: the host, the memory cgroup, RLIMIT_MEMLOCK or the module's
 *    limit does not allow it
 *  - EINTR: a signal arrived; what was done so far is reported and stays
 *  - EIO: the pod is dead, because the kernel found it inconsistent
 *
 * A call that fails with anything but EINTR or a reported partial success has
 * changed nothing; but if the structure is unmapped during the call, EFAULT
 * may come after the deed. KVM_POD_CREATE leaves nothing even then.
 */
enum {
	KVM_POD_CMD_BASE = 0x80,
	KVM_POD_CMD_GET_INFO = KVM_POD_CMD_BASE,
	KVM_POD_CMD_CREATE,
	KVM_POD_CMD_QUERY,
	KVM_POD_CMD_SET_TARGET,
	KVM_POD_CMD_BALLOON,
	KVM_POD_CMD_SWEEP,
	KVM_POD_CMD_SET_POLICY,
	KVM_POD_CMD_READ_EVENTS,
};

#define KVM_POD_ABI_VERSION		1
#define KVM_POD_LABEL_LEN		64

/**
 * enum kvm_pod_policy - what happens when the reserve is empty
 * @KVM_POD_POLICY_WAIT: a vCPU waits until memory is there: a higher target,
 *	a discard, or pages that a sweep found to be zero. Others, which may
 *	hold locks that the VMM needs, get pages beyond the target, up to
 *	overdraft_max, and then wait too.
 * @KVM_POD_POLICY_GROW: take from the host beyond the target, up to grow_max;
 *	after that as WAIT.
 * @KVM_POD_POLICY_FAIL: the toucher gets SIGBUS, KVM_RUN returns EFAULT.
 */
enum kvm_pod_policy {
	KVM_POD_POLICY_WAIT = 0,
	KVM_POD_POLICY_GROW = 1,
	KVM_POD_POLICY_FAIL = 2,
};

/* Feature bits of struct kvm_pod_info::out_features. */
#define KVM_POD_FEATURE_POLICY_WAIT	(1ULL << KVM_POD_POLICY_WAIT)
#define KVM_POD_FEATURE_POLICY_GROW	(1ULL << KVM_POD_POLICY_GROW)
#define KVM_POD_FEATURE_POLICY_FAIL	(1ULL << KVM_POD_POLICY_FAIL)
#define KVM_POD_FEATURE_BALLOON		(1ULL << 8)
#define KVM_POD_FEATURE_SWEEP		(1ULL << 9)
#define KVM_POD_FEATURE_EVENTS		(1ULL << 10)
#define KVM_POD_FEATURE_PINNABLE	(1ULL << 11)

/**
 * struct kvm_pod_info - ioctl(/dev/kvm-pod, KVM_POD_GET_INFO)
 * @size: sizeof(struct kvm_pod_info)
 * @flags: must be 0
 * @out_abi: KVM_POD_ABI_VERSION, informative; test @out_features instead
 * @__reserved: must be 0
 * @out_features: KVM_POD_FEATURE_*
 * @out_max_size: largest @memory_size that KVM_POD_CREATE takes
 * @out_granularity: what @memory_size must be a multiple of (2 MiB)
 * @out_page_size: what a target, and a balloon range, must be a multiple of
 *
 * Tells what this kernel can do. Needs no right.
 */
struct kvm_pod_info {
	__u32 size;
	__u32 flags;
	__u32 out_abi;
	__u32 __reserved;
	__aligned_u64 out_features;
	__aligned_u64 out_max_size;
	__aligned_u64 out_granularity;
	__aligned_u64 out_page_size;
};
#define KVM_POD_GET_INFO	_IO(KVM_POD_TYPE, KVM_POD_CMD_GET_INFO)

/*
 * Flag of struct kvm_pod_create: memory that devices may pin (VFIO, iommufd,
 * vDPA, RDMA, registered buffers).
 *
 * Devices write to the pages that they pinned, wherever the guest's memory is
 * by then; so nothing that was pinned for long may ever move. On every other
 * pod the kernel refuses a long-term pin for writing (EFAULT from
 * pin_user_pages(), hence from VFIO_IOMMU_MAP_DMA). A pinnable pod has all of
 * its memory populated before KVM_POD_CREATE returns and keeps every page
 * where it is: @target must be @memory_size, and a change of the target, a
 * discard, a balloon operation and a sweep fail with EBUSY.
 */
#define KVM_POD_F_PINNABLE		(1U << 0)

/**
 * struct kvm_pod_create - ioctl(/dev/kvm-pod, KVM_POD_CREATE)
 * @size: sizeof(struct kvm_pod_create)
 * @flags: 0 or KVM_POD_F_PINNABLE
 * @memory_size: the pod file's size, what the guest sees; a multiple of 2 MiB
 * @target: the memory that the guest may hold; a multiple of 4096, at least
 *	2 MiB, at most @memory_size. All of it is taken now, zeroed.
 * @policy: enum kvm_pod_policy, see KVM_POD_SET_POLICY for its limits
 * @open_flags: O_CLOEXEC or 0, for @out_fd
 * @node_mask_ptr: user pointer to an array of __u64, bit n of word n / 64 =
 *	NUMA node n may be used; 0 = any node of the caller's mems_allowed
 * @node_mask_words: number of __u64 behind @node_mask_ptr, 0 if there is none
 * @out_fd: the pod file, readable and writable
 * @out_id: N of /sys/class/kvm-pod/pod<N>
 * @__reserved: must be 0
 * @label: a name for people, NUL-terminated, printable ASCII; may be empty
 *
 * All or nothing: either the whole target is there, or ENOMEM and nothing is
 * kept. Never wakes the OOM killer. A fatal signal ends it (EINTR).
 *
 * The memory is charged to the caller's memory cgroup and, unless the caller
 * has CAP_IPC_LOCK, to the user's RLIMIT_MEMLOCK.
 *
 * Errors beside the general ones: EINVAL for a mask that names no node with
 * memory or one that does not exist, a label that is not terminated or not
 * printable; EMFILE, ENFILE.
 */
struct kvm_pod_create {
	__u32 size;
	__u32 flags;
	__aligned_u64 memory_size;
	__aligned_u64 target;
	__u32 policy;
	__u32 open_flags;
	__aligned_u64 node_mask_ptr;
	__u32 node_mask_words;
	__s32 out_fd;
	__u32 out_id;
	__u32 __reserved;
	char label[KVM_POD_LABEL_LEN];
};
#define KVM_POD_CREATE		_IO(KVM_POD_TYPE, KVM_POD_CMD_CREATE)

/**
 * struct kvm_pod_query - ioctl(pod file, KVM_POD_QUERY)
 * @size: sizeof(struct kvm_pod_query)
 * @flags: must be 0
 * @out_id: N of /sys/class/kvm-pod/pod<N>
 * @out_policy: enum kvm_pod_policy
 * @out_size: M, the pod file's size
 * @out_target: T, what the guest may hold
 * @out_owned: O = populated + reserve, taken from the host
 * @out_populated: P, behind the guest
 * @out_reserve: R, zeroed or about to be, waiting for a touch
 * @out_reserve_huge: part of @out_reserve that is in 2 MiB blocks
 * @out_outstanding: E, reads as zero and has nothing behind it
 * @out_given: B, given up by the guest's balloon, nothing behind it
 * @out_given_huge: Gh, part of @out_populated that the guest gave up inside a
 *	2 MiB block that it still uses
 * @out_parked: part of @out_populated given up but still referenced by
 *	somebody (a device, a system call in flight)
 * @out_float: F, pages lent to 4 KiB requests, charged beside @out_owned
 * @out_to_shrink: what still has to leave after the target was lowered
 * @out_retired: W, taken out of service for hardware memory errors
 * @out_overdraft: X, part of @out_owned that was taken beyond the target; the
 *	first to go back
 * @out_overdraft_max: limit of X for those who must not wait, see WAIT
 * @out_grow_max: limit of X for all, under GROW
 * @out_waiting: number of touches that wait for memory now, not bytes
 * @out_flags: KVM_POD_F_* that the pod was created with
 *
 * The same figures as in sysfs, in bytes, from one reading. Each is exact
 * when nothing moves.
 */
struct kvm_pod_query {
	__u32 size;
	__u32 flags;
	__u32 out_id;
	__u32 out_policy;
	__aligned_u64 out_size;
	__aligned_u64 out_target;
	__aligned_u64 out_owned;
	__aligned_u64 out_populated;
	__aligned_u64 out_reserve;
	__aligned_u64 out_reserve_huge;
	__aligned_u64 out_outstanding;
	__aligned_u64 out_given;
	__aligned_u64 out_given_huge;
	__aligned_u64 out_parked;
	__aligned_u64 out_float;
	__aligned_u64 out_to_shrink;
	__aligned_u64 out_retired;
	__aligned_u64 out_overdraft;
	__aligned_u64 out_overdraft_max;
	__aligned_u64 out_grow_max;
	__aligned_u64 out_waiting;
	__aligned_u64 out_flags;
};
#define KVM_POD_QUERY		_IO(KVM_POD_TYPE, KVM_POD_CMD_QUERY)

/**
 * struct kvm_pod_set_target - ioctl(pod file, KVM_POD_SET_TARGET)
 * @size: sizeof(struct kvm_pod_set_target)
 * @flags: must be 0
 * @target: the new target; a multiple of 4096, at least 2 MiB, at most the
 *	pod's size
 * @out_target: the target now in force, also after ENOMEM and EINTR
 *
 * Raising takes the difference from the host before it returns. With ENOMEM
 * or EINTR the target stays at what could be taken (@out_target); the same
 * call goes on from there. Lowering returns at once: what the guest does not
 * need leaves now, the rest as its balloon gives pages up.
 *
 * Needs a pod file open for writing (EBADF).
 */
struct kvm_pod_set_target {
	__u32 size;
	__u32 flags;
	__aligned_u64 target;
	__aligned_u64 out_target;
};
#define KVM_POD_SET_TARGET	_IO(KVM_POD_TYPE, KVM_POD_CMD_SET_TARGET)

/**
 * enum kvm_pod_balloon_op - what the guest's balloon did with a range
 * @KVM_POD_BALLOON_INFLATE: the guest gave it up and will not use it before
 *	it deflates. It reads as zero from now on. A write to it all the same
 *	takes it back.
 * @KVM_POD_BALLOON_DEFLATE: the guest wants to use it again
 * @KVM_POD_BALLOON_RESET: the guest's driver is gone: everything given up is
 *	outstanding again. Takes no ranges.
 */
enum kvm_pod_balloon_op {
	KVM_POD_BALLOON_INFLATE = 0,
	KVM_POD_BALLOON_DEFLATE = 1,
	KVM_POD_BALLOON_RESET = 2,
};

/**
 * struct kvm_pod_range - a part of the pod file
 * @offset: first byte, a multiple of 4096
 * @length: a multiple of 4096, not 0
 */
struct kvm_pod_range {
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define KVM_POD_BALLOON_MAX_RANGES	1024

/**
 * struct kvm_pod_balloon - ioctl(pod file, KVM_POD_BALLOON)
 * @size: sizeof(struct kvm_pod_balloon)
 * @flags: must be 0
 * @op: enum kvm_pod_balloon_op
 * @nr_ranges: number of ranges, 1 to KVM_POD_BALLOON_MAX_RANGES; 0 for RESET
 * @ranges_ptr: user pointer to @nr_ranges struct kvm_pod_range; 0 for RESET
 * @out_done: number of ranges wholly handled, also after EINTR
 * @__reserved: must be 0
 *
 * All ranges are checked before the first is handled (EINVAL for one outside
 * the file). fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE) is the
 * call for a discard that the guest does not announce: such a range is
 * outstanding, not given.
 *
 * Needs a pod file open for writing (EBADF).
 */
struct kvm_pod_balloon {
	__u32 size;
	__u32 flags;
	__u32 op;
	__u32 nr_ranges;
	__aligned_u64 ranges_ptr;
	__u32 out_done;
	__u32 __reserved;
};
#define KVM_POD_BALLOON		_IO(KVM_POD_TYPE, KVM_POD_CMD_BALLOON)

/* Flags of struct kvm_pod_sweep. */
#define KVM_POD_SWEEP_DEMOTE		(1U << 0)

/**
 * struct kvm_pod_sweep - ioctl(pod file, KVM_POD_SWEEP)
 * @size: sizeof(struct kvm_pod_sweep)
 * @flags: 0, or KVM_POD_SWEEP_DEMOTE to take 2 MiB blocks apart of which at
 *	least a quarter is zero; else only blocks that are zero as a whole go
 * @offset: first byte, a multiple of 4096
 * @length: a multiple of 4096; 0 = up to the end of the file. Regions that
 *	the range touches are swept as a whole.
 * @out_scanned: bytes that were populated and looked at
 * @out_reclaimed: bytes found to be zero that went back to the reserve
 * @out_next: first byte not yet looked at, also after EINTR
 *
 * Looks for memory that holds only zeroes and takes it back: it reads as zero
 * after that as before, and is outstanding. What is being used by a device or
 * a system call is left alone. The guest goes on meanwhile.
 *
 * Needs a pod file open for writing (EBADF).
 */
struct kvm_pod_sweep {
	__u32 size;
	__u32 flags;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 out_scanned;
	__aligned_u64 out_reclaimed;
	__aligned_u64 out_next;
};
#define KVM_POD_SWEEP		_IO(KVM_POD_TYPE, KVM_POD_CMD_SWEEP)

/* Flags of struct kvm_pod_set_policy: which limits to set. */
#define KVM_POD_SET_OVERDRAFT_MAX	(1U << 0)
#define KVM_POD_SET_GROW_MAX		(1U << 1)

/**
 * struct kvm_pod_set_policy - ioctl(pod file, KVM_POD_SET_POLICY)
 * @size: sizeof(struct kvm_pod_set_policy)
 * @flags: KVM_POD_SET_*; a limit that is not named stays, its field must be 0
 * @policy: enum kvm_pod_policy; counts for touches that wait already
 * @__reserved: must be 0
 * @overdraft_max: a multiple of 4096, at most the pod's size. 2 MiB at first.
 * @grow_max: a multiple of 4096, at most the pod's size. The pod's size less
 *	the target at first.
 *
 * What is above a lowered limit goes back as pages come free.
 *
 * Needs a pod file open for writing (EBADF).
 */
struct kvm_pod_set_policy {
	__u32 size;
	__u32 flags;
	__u32 policy;
	__u32 __reserved;
	__aligned_u64 overdraft_max;
	__aligned_u64 grow_max;
};
#define KVM_POD_SET_POLICY	_IO(KVM_POD_TYPE, KVM_POD_CMD_SET_POLICY)

/**
 * enum kvm_pod_event_type - what happened
 * @KVM_POD_EVENT_LOW: the reserve fell below the low mark
 * @KVM_POD_EVENT_EXHAUSTED: a touch found the reserve empty and nothing to
 *	take back. Comes again, once a second at most, while touches do.
 * @KVM_POD_EVENT_RESUMED: after EXHAUSTED: there is memory again
 * @KVM_POD_EVENT_PARKED: a discard left pages attached, cleared, as somebody
 *	refers to them
 * @KVM_POD_EVENT_NORMAL: after LOW or RESUMED: the reserve is twice the mark
 *	again, or covers all that is outstanding
 */
enum kvm_pod_event_type {
	KVM_POD_EVENT_LOW = 1,
	KVM_POD_EVENT_EXHAUSTED = 2,
	KVM_POD_EVENT_RESUMED = 3,
	KVM_POD_EVENT_PARKED = 4,
	KVM_POD_EVENT_NORMAL = 5,
};

/**
 * struct kvm_pod_event - one event
 * @seq: counts the events of this pod from 1
 * @time_ns: CLOCK_MONOTONIC
 * @type: enum kvm_pod_event_type; skip what you do not know
 * @__reserved: 0
 * @reserve: R at that time, in bytes
 * @offset: EXHAUSTED: where the last such touch was, in bytes; else 0
 */
struct kvm_pod_event {
	__aligned_u64 seq;
	__aligned_u64 time_ns;
	__u32 type;
	__u32 __reserved;
	__aligned_u64 reserve;
	__aligned_u64 offset;
};

/**
 * struct kvm_pod_read_events - ioctl(pod file, KVM_POD_READ_EVENTS)
 * @size: sizeof(struct kvm_pod_read_events)
 * @flags: must be 0
 * @nr_events: room behind @events_ptr, at least 1
 * @out_nr: events written, oldest first; 0 if there are none
 * @events_ptr: user pointer to struct kvm_pod_event
 * @out_lost: events that were overwritten before this open file read them
 * @__reserved: must be 0
 *
 * Every open file has a place of its own in the sequence, from its open on.
 * poll() reports POLLPRI while there is something to read, here or lost. The
 * same events are counted in sysfs and sent as KOBJ_CHANGE uevents with
 * POD_EVENT=LOW, EXHAUSTED, RESUMED, PARKED, NORMAL. They come within a tenth
 * of a second, and none of a kind more often than that. Never waits.
 */
struct kvm_pod_read_events {
	__u32 size;
	__u32 flags;
	__u32 nr_events;
	__u32 out_nr;
	__aligned_u64 events_ptr;
	__u32 out_lost;
	__u32 __reserved;
};
#define KVM_POD_READ_EVENTS	_IO(KVM_POD_TYPE, KVM_POD_CMD_READ_EVENTS)

#endif /* _UAPI_LINUX_KVM_POD_H */
