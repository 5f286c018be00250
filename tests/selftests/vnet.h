/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network card without a guest: vhost-net between a tap device and two rings
 * of ours, whose buffers lie in memory under test.
 */
#ifndef POD_SELFTEST_VNET_H
#define POD_SELFTEST_VNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VNET_RING	64
#define VNET_PAYLOAD	1024
#define VNET_HEADER	10
/* Of a buffer that takes a whole frame: header, addresses, type, payload. */
#define VNET_FRAME	(14 + VNET_PAYLOAD)

enum { VNET_RX, VNET_TX };

struct vnet_ring;

/**
 * struct vnet - the card
 * @vhost: /dev/vhost-net
 * @tap: the tap device
 * @wire: a packet socket at the other end of it
 * @ifindex: of the tap device
 * @mem: buffers lie here, offsets are relative to it
 * @ring: receive and transmit, shared with the kernel
 * @seen: used entries taken out of each ring
 */
struct vnet {
	int vhost;
	int tap;
	int wire;
	int ifindex;
	uint8_t *mem;
	struct vnet_ring *ring[2];
	uint16_t seen[2];
};

/* 0, or -errno if this kernel has no such device. */
int vnet_begin(struct vnet *net, void *mem, size_t size);
void vnet_end(struct vnet *net);

/* Let the rings run, or stop them: waits for what is under way. */
int vnet_run(struct vnet *net, bool on);

/* Give a buffer, header and frame, at @offset to be filled or sent. */
void vnet_post(struct vnet *net, int ring, uint64_t offset, uint32_t len);

/* Is one done? Takes it out: true, and @len has the bytes received. */
bool vnet_done(struct vnet *net, int ring, uint32_t *len);

/* Frames of ours at the other end: fill() with @tag as payload. */
int vnet_send(struct vnet *net, uint64_t tag);
/* The tag of the next one that arrives there, 0 if none does. */
uint64_t vnet_receive(struct vnet *net);

/* Make a frame of ours at @frame, or look what is in it: its tag, or 0. */
void vnet_frame(void *frame, uint64_t tag);
uint64_t vnet_tag(const void *frame);

#endif /* POD_SELFTEST_VNET_H */
