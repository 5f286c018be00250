/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block device whose reads take as long as we like: a network block device
 * with its server in this process. What is read into memory by O_DIRECT is DMA
 * in flight until the server answers.
 */
#ifndef POD_SELFTEST_NBD_H
#define POD_SELFTEST_NBD_H

#include <stdbool.h>
#include <stdint.h>

#include "touch.h"

#define NBD_BYTES	(1UL << 20)
#define NBD_TAG		99

/**
 * struct nbd - the device and its server
 * @device: for NBD_* calls
 * @sock: the server's end
 * @theirs: the kernel's end
 * @runner: the thread that lends itself to the kernel
 * @server: the thread that answers
 * @hold: do not answer reads for now; atomic
 * @held: reads that wait for their answer; atomic
 */
struct nbd {
	int device;
	int sock;
	int theirs;
	struct job runner;
	struct job server;
	bool hold;
	unsigned int held;
};

/* 0, or -errno if this kernel has no such device. Holds no reads. */
int nbd_begin(struct nbd *nbd);
void nbd_end(struct nbd *nbd);

/* Opens it for O_DIRECT. It holds NBD_BYTES of fill() with NBD_TAG. */
int nbd_open(void);

void nbd_hold(struct nbd *nbd, bool hold);
bool nbd_holds(const struct nbd *nbd);

#endif /* POD_SELFTEST_NBD_H */
