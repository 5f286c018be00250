/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints, after Xen's pod_populate, pod_zero_reclaim and
 * pod_superpage_splinter. Any layer may include this header.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kvm_pod

#if !defined(POD_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define POD_TRACE_H

#include <linux/tracepoint.h>

TRACE_EVENT(kvm_pod_populate,
	TP_PROTO(u32 pod, unsigned long index, unsigned int order),
	TP_ARGS(pod, index, order),
	TP_STRUCT__entry(
		__field(u32, pod)
		__field(unsigned long, index)
		__field(unsigned int, order)
	),
	TP_fast_assign(
		__entry->pod = pod;
		__entry->index = index;
		__entry->order = order;
	),
	TP_printk("pod%u index=%#lx order=%u", __entry->pod, __entry->index,
		  __entry->order)
);

TRACE_EVENT(kvm_pod_discard,
	TP_PROTO(u32 pod, unsigned long index, unsigned long nr, bool given),
	TP_ARGS(pod, index, nr, given),
	TP_STRUCT__entry(
		__field(u32, pod)
		__field(unsigned long, index)
		__field(unsigned long, nr)
		__field(bool, given)
	),
	TP_fast_assign(
		__entry->pod = pod;
		__entry->index = index;
		__entry->nr = nr;
		__entry->given = given;
	),
	TP_printk("pod%u index=%#lx nr=%lu given=%d", __entry->pod,
		  __entry->index, __entry->nr, __entry->given)
);

TRACE_EVENT(kvm_pod_demote,
	TP_PROTO(u32 pod, unsigned long region, unsigned int copied),
	TP_ARGS(pod, region, copied),
	TP_STRUCT__entry(
		__field(u32, pod)
		__field(unsigned long, region)
		__field(unsigned int, copied)
	),
	TP_fast_assign(
		__entry->pod = pod;
		__entry->region = region;
		__entry->copied = copied;
	),
	TP_printk("pod%u region=%#lx copied=%u", __entry->pod, __entry->region,
		  __entry->copied)
);

TRACE_EVENT(kvm_pod_sweep,
	TP_PROTO(u32 pod, unsigned long region, u64 scanned, u64 reclaimed),
	TP_ARGS(pod, region, scanned, reclaimed),
	TP_STRUCT__entry(
		__field(u32, pod)
		__field(unsigned long, region)
		__field(u64, scanned)
		__field(u64, reclaimed)
	),
	TP_fast_assign(
		__entry->pod = pod;
		__entry->region = region;
		__entry->scanned = scanned;
		__entry->reclaimed = reclaimed;
	),
	TP_printk("pod%u region=%#lx scanned=%llu reclaimed=%llu",
		  __entry->pod, __entry->region, __entry->scanned,
		  __entry->reclaimed)
);

TRACE_EVENT(kvm_pod_wait,
	TP_PROTO(u32 pod, unsigned int state, long timeout),
	TP_ARGS(pod, state, timeout),
	TP_STRUCT__entry(
		__field(u32, pod)
		__field(unsigned int, state)
		__field(long, timeout)
	),
	TP_fast_assign(
		__entry->pod = pod;
		__entry->state = state;
		__entry->timeout = timeout;
	),
	TP_printk("pod%u state=%#x timeout=%ld", __entry->pod, __entry->state,
		  __entry->timeout)
);

#endif /* POD_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
