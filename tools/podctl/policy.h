/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The names of policies.
 */
#ifndef PODCTL_POLICY_H
#define PODCTL_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* @policy gets one of enum kvm_pod_policy. Returns false if it has no such. */
bool policy_parse(const char *name, uint32_t *policy);

const char *policy_name(uint32_t policy);

#endif /* PODCTL_POLICY_H */
