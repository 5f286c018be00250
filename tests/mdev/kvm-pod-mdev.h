/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test, or a guest, sees of the device of kvm-pod-mdev.ko.
 *
 * A PCI device with one memory BAR, BAR 0, of registers of 64 bits each. They
 * may be written in pieces; the write to COMMAND does what it says.
 */
#ifndef KVM_POD_MDEV_H
#define KVM_POD_MDEV_H

#define POD_MDEV_VENDOR		0x1b36
#define POD_MDEV_DEVICE		0x00fe

/* Offsets in BAR 0. */
#define POD_MDEV_IOVA		0x00	/* of COMMAND, a multiple of 4096 */
#define POD_MDEV_LENGTH		0x08	/* of COMMAND, a multiple of 4096 */
#define POD_MDEV_VALUE		0x10	/* what the device writes, or read */
#define POD_MDEV_COMMAND	0x18
#define POD_MDEV_RESULT		0x20	/* of COMMAND: 0 or -errno */
#define POD_MDEV_PINNED		0x28	/* pages pinned now */
#define POD_MDEV_UNMAPPED	0x30	/* pages taken from us by an unmap */
#define POD_MDEV_REGS		0x38

/*
 * Values of COMMAND, for the pages from IOVA on. PIN is all or nothing, and
 * EBUSY for a page that is pinned already. A DMA goes to the pinned pages
 * themselves (ENXIO if one is not pinned), COPY asks VFIO to copy, by the CPU
 * and without a pin. A read finds one value in all words, or EILSEQ.
 */
enum pod_mdev_command {
	POD_MDEV_PIN = 1,
	POD_MDEV_PIN_READ = 2,
	POD_MDEV_UNPIN = 3,
	POD_MDEV_DMA_WRITE = 4,
	POD_MDEV_DMA_READ = 5,
	POD_MDEV_COPY_WRITE = 6,
	POD_MDEV_COPY_READ = 7,
};

#endif /* KVM_POD_MDEV_H */
