/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened, by tracepoints of the module. */
#ifndef POD_SELFTEST_TRACE_H
#define POD_SELFTEST_TRACE_H

/**
 * struct sweep_trace - what the calling thread swept itself
 * @pages: looked at, in all
 * @most: looked at without a pause in between, at most
 * @sweeps: regions looked at
 * @waits: pauses
 */
struct sweep_trace {
	long long pages;
	long long most;
	unsigned int sweeps;
	unsigned int waits;
};

/* Begin: 0, or -errno if there is no such tracepoint. */
int trace_begin(void);
/* End, and tell what there was of the calling thread since. */
void trace_end(struct sweep_trace *sum);

/* The same for touches that were populated: of pod @id, and of all others. */
int trace_populate_begin(void);
void trace_populate_end(unsigned int id, int *its, int *others);

#endif /* POD_SELFTEST_TRACE_H */
