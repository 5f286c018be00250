// SPDX-License-Identifier: GPL-2.0-only
/*
 * The names of policies: those of sysfs and of QEMU's exhaust-policy=, too.
 */
#include "policy.h"

#include <linux/kvm_pod.h>
#include <string.h>

static const char *const names[] = {
	[KVM_POD_POLICY_WAIT] = "wait",
	[KVM_POD_POLICY_GROW] = "grow",
	[KVM_POD_POLICY_FAIL] = "fail",
};

#define NR_POLICIES (sizeof(names) / sizeof(names[0]))

bool policy_parse(const char *name, uint32_t *policy)
{
	uint32_t i;

	for (i = 0; i < NR_POLICIES; i++) {
		if (!strcmp(names[i], name)) {
			*policy = i;
			return true;
		}
	}
	return false;
}

const char *policy_name(uint32_t policy)
{
	return names[policy];
}
