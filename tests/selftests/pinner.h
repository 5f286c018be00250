/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Users of long-term pins that a stock kernel has without any hardware.
 *
 * Everything in 6.12 that pins user memory for as long as it likes
 * (FOLL_LONGTERM), as far as it can be built for x86; W: for writing, R: for
 * reading when that is all that was asked for.
 *
 *	who				pins	where it is tried
 *	io_uring: registered buffers	W	here
 *	io_uring: list of buffers	W	here
 *	io_uring: ring in user memory	W	here
 *	AF_XDP: UMEM			W	here
 *	video4linux: USERPTR		W, R	here, by vivid
 *	RDMA: memory regions		W, R	here, by rdma_rxe
 *	VFIO type 1			W, R	scenes with a device
 *	iommufd				W, R	on a kernel that has it
 *	vhost-vdpa, without shared	W, R	on a kernel with a simulator
 *	virtual addresses
 *	KVM: SEV, memory of a guest	R	needs such a processor
 *	RDS: memory regions		W, R	as RDMA, needs an RDMA network
 *	hfi1, mthca, qib, usnic		W, R	need such hardware
 *	habanalabs			W	needs such hardware
 *	vmwgfx: statistics		R	needs VMware
 *	acrn				W	needs ACRN
 *	VDUSE: bounce pages		W	needs a virtio driver that uses them
 *	gup_test			W, R	on a kernel that has it
 *
 * All of them come through pin_user_pages() and differ in nothing but the
 * flags, so what holds for one of a kind holds for the others.
 */
#ifndef POD_SELFTEST_PINNER_H
#define POD_SELFTEST_PINNER_H

#include <stdbool.h>
#include <stddef.h>

enum pinner {
	PIN_URING_BUFFERS,
	PIN_URING_LIST,
	PIN_URING_RING,
	PIN_XDP,
	PIN_VIDEO_CAPTURE,
	PIN_RDMA,
	/* From here on for reading. */
	PIN_VIDEO_OUTPUT,
	PIN_RDMA_READ,
};

/* Bytes that all of them take, and pin at least the first page of. */
#define PINNER_LEN	(1UL << 20)

static inline bool pinner_writes(enum pinner who)
{
	return who < PIN_VIDEO_OUTPUT;
}

/*
 * Pin PINNER_LEN bytes at a page. Returns a file whose closing ends the pin,
 * soon; -ENODEV if this machine has no such pinner; else -errno.
 */
int pinner_pin(enum pinner who, void *addr);

/* Does it work on ordinary memory? 0 or -errno. */
int pinner_try(enum pinner who);

/* Pages pinned, by anybody, and not yet given back. */
long long pinner_pages(void);
/* Wait until there are so many. */
bool pinner_settled(long long pages);

#endif /* POD_SELFTEST_PINNER_H */
