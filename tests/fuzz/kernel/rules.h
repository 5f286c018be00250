/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is promised of each field that a caller fills in: which values there
 * are to try, and which are refused. A limit of 0 is the pod's size. What
 * fields promise of each other is in expect.c.
 */
#ifndef POD_FUZZ_RULES_H
#define POD_FUZZ_RULES_H

#define RULE_SIZE		{ .role = ROLE_SIZE, .kind = "ssize" }
#define RULE_OUT		{ .role = ROLE_OUT }
#define RULE_ZERO		{ .kind = "zero", .check = CHECK_ZERO }

#define RULE_POLICY		{ .kind = "policy", .check = CHECK_MOST, \
				  .limit = KVM_POD_POLICY_FAIL }
#define RULE_LIMIT		{ .kind = "limit", .check = CHECK_UNITS, \
				  .unit = PAGE }
#define RULE_PTR		{ .role = ROLE_PTR, .kind = "place" }

#define RULE_create_flags	{ .kind = "cflags", .check = CHECK_MASK, \
				  .limit = KVM_POD_F_PINNABLE }
#define RULE_create_memory_size	{ .kind = "size", .check = CHECK_UNITS, \
				  .unit = REGION, .limit = 1UL << 44 }
#define RULE_create_target	{ .kind = "target", .check = CHECK_UNITS, \
				  .unit = PAGE, .limit = 1UL << 44 }
#define RULE_create_policy	RULE_POLICY
#define RULE_create_open_flags	{ .kind = "oflags", .check = CHECK_MASK, \
				  .limit = O_CLOEXEC }
#define RULE_create_node_mask_ptr	{ .role = ROLE_PTR, .kind = "nplace" }
#define RULE_create_node_mask_words	{ .kind = "words" }
#define RULE_create_label	{ .role = ROLE_LABEL, .kind = "label" }

#define RULE_set_target_target	{ .kind = "target", .check = CHECK_UNITS, \
				  .unit = PAGE }

#define RULE_balloon_op		{ .kind = "bop", .check = CHECK_MOST, \
				  .limit = KVM_POD_BALLOON_RESET }
#define RULE_balloon_nr_ranges	{ .kind = "ranges" }
#define RULE_balloon_ranges_ptr	RULE_PTR

#define RULE_sweep_flags	{ .kind = "sflags", .check = CHECK_MASK, \
				  .limit = KVM_POD_SWEEP_DEMOTE }
#define RULE_sweep_offset	{ .kind = "offset", .check = CHECK_UNITS, \
				  .unit = PAGE }
#define RULE_sweep_length	{ .kind = "slength", .check = CHECK_UNITS, \
				  .unit = PAGE }

#define RULE_set_policy_flags	{ .kind = "pflags", .check = CHECK_MASK, \
				  .limit = KVM_POD_SET_OVERDRAFT_MAX | \
					   KVM_POD_SET_GROW_MAX }
#define RULE_set_policy_policy	RULE_POLICY
#define RULE_set_policy_overdraft_max	RULE_LIMIT
#define RULE_set_policy_grow_max	RULE_LIMIT

#define RULE_read_events_nr_events	{ .kind = "events" }
#define RULE_read_events_events_ptr	RULE_PTR

#endif /* POD_FUZZ_RULES_H */
