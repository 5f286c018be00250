/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compiles only if the header stands alone and its layout is the promised one.
 * Valid in C90, C11 and C++, for 32 and 64 bits.
 */
#include <linux/kvm_pod.h>

#include <stddef.h>

#define PROMISE(name, condition) \
	typedef char promise_##name[(condition) ? 1 : -1]

#define PROMISE_SIZE(type, bytes) \
	PROMISE(type##_size, sizeof(struct type) == (bytes))

#define PROMISE_OFFSET(type, field, bytes) \
	PROMISE(type##_##field, offsetof(struct type, field) == (bytes))

#define PROMISE_CALL(name, number) \
	PROMISE(name##_number, (name) == ((0xB9 << 8) | (number)))

PROMISE_CALL(KVM_POD_GET_INFO, 0x80);
PROMISE_CALL(KVM_POD_CREATE, 0x81);
PROMISE_CALL(KVM_POD_QUERY, 0x82);
PROMISE_CALL(KVM_POD_SET_TARGET, 0x83);
PROMISE_CALL(KVM_POD_BALLOON, 0x84);
PROMISE_CALL(KVM_POD_SWEEP, 0x85);
PROMISE_CALL(KVM_POD_SET_POLICY, 0x86);
PROMISE_CALL(KVM_POD_READ_EVENTS, 0x87);

PROMISE_SIZE(kvm_pod_info, 48);
PROMISE_OFFSET(kvm_pod_info, out_abi, 8);
PROMISE_OFFSET(kvm_pod_info, out_features, 16);
PROMISE_OFFSET(kvm_pod_info, out_page_size, 40);

PROMISE_SIZE(kvm_pod_create, 120);
PROMISE_OFFSET(kvm_pod_create, memory_size, 8);
PROMISE_OFFSET(kvm_pod_create, target, 16);
PROMISE_OFFSET(kvm_pod_create, policy, 24);
PROMISE_OFFSET(kvm_pod_create, node_mask_ptr, 32);
PROMISE_OFFSET(kvm_pod_create, out_fd, 44);
PROMISE_OFFSET(kvm_pod_create, label, 56);

PROMISE_SIZE(kvm_pod_query, 160);
PROMISE_OFFSET(kvm_pod_query, out_id, 8);
PROMISE_OFFSET(kvm_pod_query, out_policy, 12);
PROMISE_OFFSET(kvm_pod_query, out_size, 16);
PROMISE_OFFSET(kvm_pod_query, out_given, 72);
PROMISE_OFFSET(kvm_pod_query, out_retired, 112);
PROMISE_OFFSET(kvm_pod_query, out_overdraft, 120);
PROMISE_OFFSET(kvm_pod_query, out_overdraft_max, 128);
PROMISE_OFFSET(kvm_pod_query, out_grow_max, 136);
PROMISE_OFFSET(kvm_pod_query, out_waiting, 144);
PROMISE_OFFSET(kvm_pod_query, out_flags, 152);

PROMISE_SIZE(kvm_pod_set_target, 24);
PROMISE_OFFSET(kvm_pod_set_target, target, 8);
PROMISE_OFFSET(kvm_pod_set_target, out_target, 16);

PROMISE_SIZE(kvm_pod_range, 16);

PROMISE_SIZE(kvm_pod_balloon, 32);
PROMISE_OFFSET(kvm_pod_balloon, op, 8);
PROMISE_OFFSET(kvm_pod_balloon, ranges_ptr, 16);
PROMISE_OFFSET(kvm_pod_balloon, out_done, 24);

PROMISE_SIZE(kvm_pod_sweep, 48);
PROMISE_OFFSET(kvm_pod_sweep, offset, 8);
PROMISE_OFFSET(kvm_pod_sweep, length, 16);
PROMISE_OFFSET(kvm_pod_sweep, out_scanned, 24);
PROMISE_OFFSET(kvm_pod_sweep, out_reclaimed, 32);
PROMISE_OFFSET(kvm_pod_sweep, out_next, 40);

PROMISE_SIZE(kvm_pod_set_policy, 32);
PROMISE_OFFSET(kvm_pod_set_policy, policy, 8);
PROMISE_OFFSET(kvm_pod_set_policy, overdraft_max, 16);
PROMISE_OFFSET(kvm_pod_set_policy, grow_max, 24);

/* Arrays of it cross the border: it can never grow. */
PROMISE_SIZE(kvm_pod_event, 40);
PROMISE_OFFSET(kvm_pod_event, time_ns, 8);
PROMISE_OFFSET(kvm_pod_event, type, 16);
PROMISE_OFFSET(kvm_pod_event, reserve, 24);
PROMISE_OFFSET(kvm_pod_event, offset, 32);

PROMISE_SIZE(kvm_pod_read_events, 32);
PROMISE_OFFSET(kvm_pod_read_events, nr_events, 8);
PROMISE_OFFSET(kvm_pod_read_events, out_nr, 12);
PROMISE_OFFSET(kvm_pod_read_events, events_ptr, 16);
PROMISE_OFFSET(kvm_pod_read_events, out_lost, 24);

PROMISE(policies, KVM_POD_POLICY_WAIT == 0 && KVM_POD_POLICY_GROW == 1 &&
	KVM_POD_POLICY_FAIL == 2);
PROMISE(balloon_ops, KVM_POD_BALLOON_INFLATE == 0 &&
	KVM_POD_BALLOON_DEFLATE == 1 && KVM_POD_BALLOON_RESET == 2);
PROMISE(features, KVM_POD_FEATURE_POLICY_WAIT == 0x1 &&
	KVM_POD_FEATURE_POLICY_GROW == 0x2 &&
	KVM_POD_FEATURE_POLICY_FAIL == 0x4 &&
	KVM_POD_FEATURE_BALLOON == 0x100 && KVM_POD_FEATURE_SWEEP == 0x200 &&
	KVM_POD_FEATURE_EVENTS == 0x400 && KVM_POD_FEATURE_PINNABLE == 0x800);
PROMISE(create_flags, KVM_POD_F_PINNABLE == 1);
PROMISE(sweep_flags, KVM_POD_SWEEP_DEMOTE == 1);
PROMISE(policy_flags, KVM_POD_SET_OVERDRAFT_MAX == 1 &&
	KVM_POD_SET_GROW_MAX == 2);
PROMISE(event_types, KVM_POD_EVENT_LOW == 1 && KVM_POD_EVENT_EXHAUSTED == 2 &&
	KVM_POD_EVENT_RESUMED == 3 && KVM_POD_EVENT_PARKED == 4 &&
	KVM_POD_EVENT_NORMAL == 5);
