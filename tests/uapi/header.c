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

PROMISE_SIZE(kvm_pod_query, 120);
PROMISE_OFFSET(kvm_pod_query, out_id, 8);
PROMISE_OFFSET(kvm_pod_query, out_size, 16);
PROMISE_OFFSET(kvm_pod_query, out_given, 72);
PROMISE_OFFSET(kvm_pod_query, out_retired, 112);

PROMISE_SIZE(kvm_pod_set_target, 24);
PROMISE_OFFSET(kvm_pod_set_target, target, 8);
PROMISE_OFFSET(kvm_pod_set_target, out_target, 16);

PROMISE_SIZE(kvm_pod_range, 16);

PROMISE_SIZE(kvm_pod_balloon, 32);
PROMISE_OFFSET(kvm_pod_balloon, op, 8);
PROMISE_OFFSET(kvm_pod_balloon, ranges_ptr, 16);
PROMISE_OFFSET(kvm_pod_balloon, out_done, 24);

PROMISE(policies, KVM_POD_POLICY_WAIT == 0 && KVM_POD_POLICY_GROW == 1 &&
	KVM_POD_POLICY_FAIL == 2);
PROMISE(balloon_ops, KVM_POD_BALLOON_INFLATE == 0 &&
	KVM_POD_BALLOON_DEFLATE == 1 && KVM_POD_BALLOON_RESET == 2);
