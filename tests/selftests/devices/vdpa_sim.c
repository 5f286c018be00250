// SPDX-License-Identifier: GPL-2.0-only
#include "vdpa_sim.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/vdpa.h>
#include <linux/vhost.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEVICE	"/dev/vhost-vdpa-0"

/* A message of generic netlink, and the answer to it. */
struct message {
	struct nlmsghdr head;
	struct genlmsghdr command;
	char attrs[4096];
};

static void begin(struct message *m, int family, int command)
{
	*m = (struct message){
		.head = {
			.nlmsg_len = offsetof(struct message, attrs),
			.nlmsg_type = family,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
		.command = { .cmd = command, .version = 1 },
	};
}

static void add(struct message *m, int type, const char *text)
{
	struct nlattr *attr = (void *)((char *)m + m->head.nlmsg_len);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + strlen(text) + 1;
	memcpy((char *)attr + NLA_HDRLEN, text, strlen(text) + 1);
	m->head.nlmsg_len += NLA_ALIGN(attr->nla_len);
}

static int talk(int sock, struct message *m)
{
	const struct nlmsgerr *error = (void *)&m->command;

	if (send(sock, m, m->head.nlmsg_len, 0) < 0 ||
	    recv(sock, m, sizeof(*m), 0) < 0)
		return -errno;
	return m->head.nlmsg_type == NLMSG_ERROR ? error->error : 0;
}

/* The number of a family, in the answer about it. */
static int family_of(int sock, const char *name)
{
	struct message m;
	struct nlattr *attr = (void *)m.attrs;
	int ret;

	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	add(&m, CTRL_ATTR_FAMILY_NAME, name);
	ret = talk(sock, &m);
	if (ret)
		return ret;
	while (attr->nla_type != CTRL_ATTR_FAMILY_ID)
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	ret = *(uint16_t *)((char *)attr + NLA_HDRLEN);
	/* The acknowledgment comes by itself. */
	return recv(sock, &m, sizeof(m), 0) < 0 ? -errno : ret;
}

static int manage(int command)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int family, ret;
	struct message m;

	if (sock < 0)
		return -errno;
	family = family_of(sock, VDPA_GENL_NAME);
	begin(&m, family, command);
	if (command == VDPA_CMD_DEV_NEW)
		add(&m, VDPA_ATTR_MGMTDEV_DEV_NAME, "vdpasim_net");
	add(&m, VDPA_ATTR_DEV_NAME, "pod-test");
	ret = family < 0 ? family : talk(sock, &m);
	close(sock);
	return ret;
}

static int load(bool shared)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "modprobe vdpa_sim use_va=%d && modprobe vdpa_sim_net && modprobe vhost_vdpa",
		 shared);
	return system(command) ? -ENODEV : 0;
}

static void unload(void)
{
	if (system("rmmod vhost_vdpa vdpa_sim_net vdpa_sim"))
		fprintf(stderr, "# vdpa_sim stays loaded\n");
}

/* udev is not there, devtmpfs may be a moment late. */
static int open_it(void)
{
	uint64_t features = 1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2;
	int fd, tries = 100;

	while (access(DEVICE, F_OK) && --tries)
		usleep(10000);
	fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!ioctl(fd, VHOST_SET_OWNER) &&
	    !ioctl(fd, VHOST_SET_BACKEND_FEATURES, &features))
		return fd;
	close(fd);
	return -EIO;
}

int vdpa_open(bool shared)
{
	int ret = load(shared);

	if (ret)
		return ret;
	ret = manage(VDPA_CMD_DEV_NEW);
	if (ret) {
		unload();
		return ret;
	}
	ret = open_it();
	if (ret < 0)
		vdpa_close(-1);
	return ret;
}

void vdpa_close(int fd)
{
	if (fd >= 0)
		close(fd);
	manage(VDPA_CMD_DEV_DEL);
	unload();
}

static int tell(int fd, const struct vhost_iotlb_msg *iotlb)
{
	struct vhost_msg_v2 message = {
		.type = VHOST_IOTLB_MSG_V2, .iotlb = *iotlb,
	};

	return write(fd, &message, sizeof(message)) < 0 ? -errno : 0;
}

int vdpa_map(int fd, uint64_t iova, const void *addr, size_t len, int prot)
{
	const struct vhost_iotlb_msg update = {
		.type = VHOST_IOTLB_UPDATE,
		.iova = iova, .size = len, .uaddr = (uintptr_t)addr,
		.perm = (prot & PROT_READ ? VHOST_ACCESS_RO : 0) |
			(prot & PROT_WRITE ? VHOST_ACCESS_WO : 0),
	};

	return tell(fd, &update);
}

int vdpa_unmap(int fd, uint64_t iova, size_t len)
{
	const struct vhost_iotlb_msg invalidate = {
		.type = VHOST_IOTLB_INVALIDATE, .iova = iova, .size = len,
	};

	return tell(fd, &invalidate);
}
