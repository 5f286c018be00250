// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "vnet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_ring.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

#define ETHERTYPE	0x88b5	/* for experiments */
#define RING_GPA	(1ULL << 40)

/* One ring as it lies in memory; the used part has a page of its own. */
struct vnet_ring {
	struct vring_desc desc[VNET_RING];
	struct {
		uint16_t flags;
		uint16_t idx;
		uint16_t ring[VNET_RING + 1];
	} avail;
	struct {
		uint16_t flags;
		uint16_t idx;
		struct vring_used_elem ring[VNET_RING];
		uint16_t event;
	} used __attribute__((aligned(4096)));
	int kick;
	int call;
} __attribute__((aligned(4096)));

static int make_tap(struct vnet *net)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	net->tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (net->tap < 0 || ioctl(net->tap, TUNSETIFF, &ifr)) {
		ret = -errno;
		goto out;
	}
	ifr.ifr_flags = IFF_UP;
	if (ioctl(sock, SIOCSIFFLAGS, &ifr) || ioctl(sock, SIOCGIFINDEX, &ifr))
		ret = -errno;
	net->ifindex = ifr.ifr_ifindex;
out:
	close(sock);
	return ret;
}

static int make_wire(struct vnet *net)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE),
		.sll_ifindex = net->ifindex,
	};

	net->wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC,
			   htons(ETHERTYPE));
	return bind(net->wire, (struct sockaddr *)&addr, sizeof(addr)) ?
	       -errno : 0;
}

static uint64_t ring_gpa(const struct vnet *net, int nr)
{
	return RING_GPA + nr * sizeof(*net->ring[0]);
}

static int set_memory(struct vnet *net, size_t size)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region regions[2];
	} table = {
		.head.nregions = 2,
		.regions = {
			{ 0, size, (uintptr_t)net->mem, 0 },
			{ RING_GPA, 2 * sizeof(*net->ring[0]),
			  (uintptr_t)net->ring[0], 0 },
		},
	};

	return ioctl(net->vhost, VHOST_SET_MEM_TABLE, &table) ? -errno : 0;
}

static int set_ring(struct vnet *net, int nr)
{
	struct vnet_ring *ring = net->ring[nr];
	struct vhost_vring_state num = { nr, VNET_RING }, base = { nr, 0 };
	struct vhost_vring_addr addr = {
		.index = nr,
		.desc_user_addr = (uintptr_t)ring->desc,
		.avail_user_addr = (uintptr_t)&ring->avail,
		.used_user_addr = (uintptr_t)&ring->used,
		.log_guest_addr = ring_gpa(net, nr),
	};
	struct vhost_vring_file kick, call;

	ring->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ring->call = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	kick = (struct vhost_vring_file){ nr, ring->kick };
	call = (struct vhost_vring_file){ nr, ring->call };
	if (ioctl(net->vhost, VHOST_SET_VRING_NUM, &num) ||
	    ioctl(net->vhost, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(net->vhost, VHOST_SET_VRING_ADDR, &addr) ||
	    ioctl(net->vhost, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(net->vhost, VHOST_SET_VRING_CALL, &call))
		return -errno;
	return 0;
}

static int make_rings(struct vnet *net, size_t size)
{
	struct vnet_ring *rings = mmap(NULL, 2 * sizeof(*rings),
				       PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int ret;

	if (rings == MAP_FAILED)
		return -ENOMEM;
	net->ring[VNET_RX] = &rings[VNET_RX];
	net->ring[VNET_TX] = &rings[VNET_TX];
	ret = set_memory(net, size);
	if (!ret)
		ret = set_ring(net, VNET_RX);
	return ret ?: set_ring(net, VNET_TX);
}

static int open_vhost(struct vnet *net)
{
	uint64_t features = 0;

	if (system("modprobe tun 2>/dev/null && modprobe vhost_net 2>/dev/null"))
		return -ENODEV;
	net->vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	if (net->vhost < 0 || ioctl(net->vhost, VHOST_SET_OWNER) ||
	    ioctl(net->vhost, VHOST_SET_FEATURES, &features))
		return -errno;
	return 0;
}

int vnet_begin(struct vnet *net, void *mem, size_t size)
{
	int ret;

	memset(net, 0, sizeof(*net));
	net->tap = -1;
	net->wire = -1;
	net->mem = mem;
	ret = open_vhost(net);
	if (!ret)
		ret = make_tap(net);
	if (!ret)
		ret = make_wire(net);
	return ret ?: make_rings(net, size);
}

void vnet_end(struct vnet *net)
{
	close(net->vhost);
	close(net->tap);
	close(net->wire);
	if (net->ring[0])
		munmap(net->ring[0], 2 * sizeof(*net->ring[0]));
}

int vnet_run(struct vnet *net, bool on)
{
	struct vhost_vring_file file = { .fd = on ? net->tap : -1 };

	for (file.index = 0; file.index < 2; file.index++)
		if (ioctl(net->vhost, VHOST_NET_SET_BACKEND, &file))
			return -errno;
	return 0;
}

void vnet_post(struct vnet *net, int nr, uint64_t offset, uint32_t len)
{
	struct vnet_ring *ring = net->ring[nr];
	uint16_t idx = ring->avail.idx;

	ring->desc[idx % VNET_RING] = (struct vring_desc){
		.addr = offset, .len = len,
		.flags = nr == VNET_RX ? VRING_DESC_F_WRITE : 0,
	};
	ring->avail.ring[idx % VNET_RING] = idx % VNET_RING;
	__atomic_store_n(&ring->avail.idx, idx + 1, __ATOMIC_RELEASE);
	eventfd_write(ring->kick, 1);
}

bool vnet_done(struct vnet *net, int nr, uint32_t *len)
{
	struct vnet_ring *ring = net->ring[nr];
	uint16_t seen = net->seen[nr];

	if (__atomic_load_n(&ring->used.idx, __ATOMIC_ACQUIRE) == seen)
		return false;
	*len = ring->used.ring[seen % VNET_RING].len;
	net->seen[nr]++;
	return true;
}

void vnet_frame(void *frame, uint64_t tag)
{
	static const uint8_t start[14] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1,
		ETHERTYPE >> 8, ETHERTYPE & 0xff,
	};
	uint64_t payload[VNET_PAYLOAD / 8];

	fill(payload, VNET_PAYLOAD, tag);
	payload[0] = tag;
	memcpy(frame, start, sizeof(start));
	memcpy((char *)frame + sizeof(start), payload, VNET_PAYLOAD);
}

uint64_t vnet_tag(const void *frame)
{
	uint8_t expected[VNET_FRAME];
	uint64_t tag;

	memcpy(&tag, (const char *)frame + 14, sizeof(tag));
	vnet_frame(expected, tag);
	return memcmp(frame, expected, VNET_FRAME) ? 0 : tag;
}

int vnet_send(struct vnet *net, uint64_t tag)
{
	uint8_t frame[VNET_FRAME];

	vnet_frame(frame, tag);
	return send(net->wire, frame, sizeof(frame), 0) < 0 ? -errno : 0;
}

uint64_t vnet_receive(struct vnet *net)
{
	struct pollfd p = { net->wire, POLLIN };
	uint8_t frame[2 * VNET_FRAME];
	struct sockaddr_ll from;
	socklen_t len;

	while (poll(&p, 1, 5000) == 1) {
		len = sizeof(from);
		if (recvfrom(net->wire, frame, sizeof(frame), 0,
			     (struct sockaddr *)&from, &len) != VNET_FRAME)
			continue;
		if (from.sll_pkttype != PACKET_OUTGOING)
			return vnet_tag(frame);
	}
	return 0;
}
