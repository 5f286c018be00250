/* SPDX-License-Identifier: GPL-2.0-only */
/* A memory cgroup (v2) for one test. */
#ifndef POD_SELFTEST_CGROUP_H
#define POD_SELFTEST_CGROUP_H

struct cgroup {
	char path[64];
};

/* 0, or -1 if this machine has none to offer. Mounts cgroup2 if need be. */
int cgroup_make(struct cgroup *cg);
void cgroup_remove(const struct cgroup *cg);

int cgroup_enter(const struct cgroup *cg);
/* Back to the root cgroup. */
void cgroup_leave(void);

int cgroup_limit(const struct cgroup *cg, unsigned long bytes);
long long cgroup_current(const struct cgroup *cg);
long long cgroup_oom_kills(const struct cgroup *cg);

#endif /* POD_SELFTEST_CGROUP_H */
