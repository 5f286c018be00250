// SPDX-License-Identifier: GPL-2.0-only
#include "container.h"

#include <unistd.h>

int container_begin(struct container *c, enum container_kind kind,
		    const char *sysfs)
{
	int ret;

	*c = (struct container){
		.ops = kind == TYPE1 ? &type1_ops : &iommufd_ops,
		.sysfs = sysfs, .fd = -1, .group = -1, .device = -1,
	};
	ret = c->ops->begin(c);
	if (ret)
		container_end(c);
	return ret;
}

static void end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void container_end(struct container *c)
{
	end(&c->device);
	end(&c->group);
	end(&c->fd);
}

int container_map(struct container *c, uint64_t iova, const void *addr,
		  size_t len, int prot)
{
	return c->ops->map(c, iova, addr, len, prot);
}

int container_unmap(struct container *c, uint64_t iova, size_t len)
{
	return c->ops->unmap(c, iova, len);
}
