// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE
#include "rdma.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"

/* The first is what it asks for by another name, where it is a module. */
#define MODPROBE	"modprobe crc32_generic 2>/dev/null;"		\
			"modprobe ib_uverbs 2>/dev/null;"		\
			"modprobe rdma_rxe 2>/dev/null"

#define DEVICE		"podrxe"
#define NODES_MAX	8

/* IB_ACCESS_LOCAL_WRITE, which no header of user space has. */
#define LOCAL_WRITE	1

struct message {
	struct nlmsghdr head;
	char attrs[128];
};

static void add_attr(struct message *m, int type, const char *text)
{
	struct nlattr *attr;

	attr = (void *)((char *)m + NLMSG_ALIGN(m->head.nlmsg_len));
	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + strlen(text) + 1;
	strcpy((char *)attr + NLA_HDRLEN, text);
	m->head.nlmsg_len = NLMSG_ALIGN(m->head.nlmsg_len) +
			    NLA_ALIGN(attr->nla_len);
}

/* As "rdma link add podrxe type rxe netdev lo" does. */
static int add_link(void)
{
	struct message m = {
		.head = {
			.nlmsg_len = NLMSG_HDRLEN,
			.nlmsg_type = RDMA_NL_GET_TYPE(RDMA_NL_NLDEV,
						       RDMA_NLDEV_CMD_NEWLINK),
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		},
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
		char more[256];
	} answer;
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_RDMA);
	int ret = -EIO;

	add_attr(&m, RDMA_NLDEV_ATTR_DEV_NAME, DEVICE);
	add_attr(&m, RDMA_NLDEV_ATTR_LINK_TYPE, "rxe");
	add_attr(&m, RDMA_NLDEV_ATTR_NDEV_NAME, "lo");
	if (send(sock, &m, m.head.nlmsg_len, 0) < 0)
		ret = -errno;
	else if (recv(sock, &answer, sizeof(answer), 0) > 0)
		ret = answer.error.error;
	close(sock);
	return ret;
}

static int open_node(void)
{
	char path[64], name[64];
	int i;

	for (i = 0; i < NODES_MAX; i++) {
		snprintf(path, sizeof(path),
			 "/sys/class/infiniband_verbs/uverbs%d/ibdev", i);
		if (file_read(path, name, sizeof(name)) ||
		    strcmp(name, DEVICE))
			continue;
		snprintf(path, sizeof(path), "/dev/infiniband/uverbs%d", i);
		return open(path, O_RDWR | O_CLOEXEC);
	}
	return -1;
}

static int submit(int context, uint32_t command, void *request, size_t len,
		  size_t answer_len)
{
	struct {
		struct ib_uverbs_cmd_hdr head;
		char body[sizeof(struct ib_uverbs_reg_mr)];
	} m = {
		.head = {
			.command = command,
			.in_words = (sizeof(m.head) + len) / 4,
			.out_words = answer_len / 4,
		},
	};

	memcpy(m.body, request, len);
	return write(context, &m, sizeof(m.head) + len) < 0 ? -errno : 0;
}

static int begin(int context)
{
	struct ib_uverbs_get_context_resp answer;
	struct ib_uverbs_get_context request = {
		.response = (uintptr_t)&answer,
	};
	int ret = submit(context, IB_USER_VERBS_CMD_GET_CONTEXT, &request,
			 sizeof(request), sizeof(answer));

	if (!ret)
		close(answer.async_fd);
	return ret;
}

int rdma_open(void)
{
	int context = open_node();

	if (context < 0) {
		if (system(MODPROBE) || add_link())
			return -1;
		context = open_node();
	}
	if (context < 0 || !begin(context))
		return context;
	close(context);
	return -1;
}

int rdma_register(int context, void *addr, size_t len, bool writable)
{
	struct ib_uverbs_alloc_pd_resp domain;
	struct ib_uverbs_alloc_pd alloc = { .response = (uintptr_t)&domain };
	struct ib_uverbs_reg_mr_resp region;
	struct ib_uverbs_reg_mr reg = {
		.response = (uintptr_t)&region,
		.start = (uintptr_t)addr, .length = len,
		.hca_va = (uintptr_t)addr,
		.access_flags = writable ? LOCAL_WRITE : 0,
	};
	int ret = submit(context, IB_USER_VERBS_CMD_ALLOC_PD, &alloc,
			 sizeof(alloc), sizeof(domain));

	if (ret)
		return ret;
	reg.pd_handle = domain.pd_handle;
	return submit(context, IB_USER_VERBS_CMD_REG_MR, &reg, sizeof(reg),
		      sizeof(region));
}
