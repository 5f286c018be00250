/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pod file: a regular-file inode that is one virtual machine's memory.
 */
#ifndef POD_FILE_H
#define POD_FILE_H

#include <linux/fs.h>
#include <linux/poll.h>

#include "pod.h"

/*
 * Make the file of @pod. From its success on the file owns the pod: the last
 * fput() tears it down.
 */
struct file *pod_file_create(struct pod *pod, unsigned int open_flags,
			     const struct file_operations *fops);

static inline struct pod *pod_of_file(const struct file *file)
{
	return file_inode(file)->i_private;
}

/* What the file can do; the table that names them is the interface's. */
int pod_file_open(struct inode *inode, struct file *file);
int pod_file_mmap(struct file *file, struct vm_area_struct *vma);
long pod_file_fallocate(struct file *file, int mode, loff_t offset, loff_t len);
int pod_file_fadvise(struct file *file, loff_t offset, loff_t len, int advice);
loff_t pod_file_llseek(struct file *file, loff_t offset, int whence);
ssize_t pod_file_read_iter(struct kiocb *iocb, struct iov_iter *to);
ssize_t pod_file_write_iter(struct kiocb *iocb, struct iov_iter *from);
__poll_t pod_file_poll(struct file *file, poll_table *wait);

/*
 * The next event that this open file has not read, and its @place, which is
 * given back once the event was delivered: false if another thread did that.
 */
bool pod_file_next_event(struct file *file, u64 *place,
			 struct pod_journal_entry *entry, u64 *lost);
bool pod_file_saw_event(struct file *file, u64 place,
			const struct pod_journal_entry *entry);

#endif /* POD_FILE_H */
