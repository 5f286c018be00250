/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kselftest harness with a pod for each test.
 */
#ifndef POD_SELFTEST_POD_TEST_H
#define POD_SELFTEST_POD_TEST_H

#include <unistd.h>

#include "pod.h"
#include "sys.h"

/* The harness ends a test that takes too long with alarm(). */
#define alarm(seconds) alarm((seconds) * time_scale())
#include "vendor/kselftest_harness.h"
#undef alarm

/* For what returns NULL or says what is wrong. */
#define ASSERT_GOOD(expr) do {						\
	const char *__bad = (expr);					\
	ASSERT_EQ(NULL, __bad) {					\
		TH_LOG("%s: %s", #expr, __bad);				\
	}								\
} while (0)

/* A fixture "pod" of the given size and target, ended by pod_finish(). */
#define POD_FIXTURE(bytes, target_bytes)				\
	POD_FIXTURE_POLICY(bytes, target_bytes, KVM_POD_POLICY_FAIL)

#define POD_FIXTURE_POLICY(bytes, target_bytes, what)			\
	FIXTURE(pod) {							\
		struct pod pod;						\
	};								\
	FIXTURE_SETUP(pod)						\
	{								\
		struct kvm_pod_create args =				\
			pod_create_args(bytes, target_bytes);		\
									\
		args.policy = what;					\
		ASSERT_GOOD(pod_begin_with(&self->pod, &args));		\
	}								\
	FIXTURE_TEARDOWN(pod)						\
	{								\
		ASSERT_GOOD(pod_finish(&self->pod));			\
	}

#endif /* POD_SELFTEST_POD_TEST_H */
