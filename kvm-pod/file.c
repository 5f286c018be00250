// SPDX-License-Identifier: GPL-2.0-only
/*
 * The inode of a pod, its pseudo filesystem, and what is not reading, writing
 * or faulting.
 */
#include "file.h"

#include <linux/fadvise.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/huge_mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>

#include "compat.h"
#include "discard.h"
#include "fault.h"
#include "notifier.h"
#include "work.h"

#define POD_FS_MAGIC	0x6b706f64	/* "kpod" */

/*
 * Mounted while there are pods. Each file holds the mount, and the mount the
 * module, until the file's inode is evicted; the reference of the file's
 * operations alone is dropped before that.
 */
static struct vfsmount *pod_mnt;
static int pod_mnt_count;

/* The pages carry no dirty state that anybody would ever write back. */
static bool pod_dirty_folio(struct address_space *mapping, struct folio *folio)
{
	return false;
}

static const struct address_space_operations pod_aops = {
	.dirty_folio = pod_dirty_folio,
};

/* The size is the guest's memory map: it was read once, at boot. */
static int pod_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
		       struct iattr *attr)
{
	struct inode *inode = d_inode(dentry);
	int ret;

	if (attr->ia_valid & ATTR_SIZE && attr->ia_size != i_size_read(inode))
		return -EINVAL;
	ret = setattr_prepare(idmap, dentry, attr);
	if (ret)
		return ret;
	setattr_copy(idmap, inode, attr);
	return 0;
}

static const struct inode_operations pod_iops = {
	.setattr = pod_setattr,
};

/*
 * The last file and the last mapping are gone. What somebody still refers to,
 * a device or a pipe, goes to the host with that reference.
 */
static void pod_evict_inode(struct inode *inode)
{
	struct pod *pod = inode->i_private;

	truncate_inode_pages_final(&inode->i_data);
	clear_inode(inode);
	if (!pod)
		return;
	pod_work_stop(pod);
	if (pod->unpublish)
		pod->unpublish(pod);
	/* A store to sysfs may have queued work before it was drained. */
	pod_work_stop(pod);
	pod_drain(pod);
	put_device(&pod->dev);
}

static const struct super_operations pod_sops = {
	.statfs = simple_statfs,
	.drop_inode = inode_just_drop,
	.evict_inode = pod_evict_inode,
};

static int pod_init_fs_context(struct fs_context *fc)
{
	struct pseudo_fs_context *ctx = init_pseudo(fc, POD_FS_MAGIC);

	if (!ctx)
		return -ENOMEM;
	ctx->ops = &pod_sops;
	fc->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	return 0;
}

static struct file_system_type pod_fs_type = {
	.owner = THIS_MODULE,
	.name = "kvm-pod",
	.init_fs_context = pod_init_fs_context,
	.kill_sb = kill_anon_super,
};

static struct inode *make_inode(struct pod *pod,
				const struct file_operations *fops)
{
	struct inode *inode = new_inode(pod_mnt->mnt_sb);

	if (!inode)
		return NULL;
	inode->i_ino = get_next_ino();
	inode->i_mode = S_IFREG | 0600;
	inode->i_uid = current_fsuid();
	inode->i_gid = current_fsgid();
	inode->i_flags |= S_NOCMTIME;
	inode->i_op = &pod_iops;
	inode->i_fop = fops;
	inode->i_mapping->a_ops = &pod_aops;
	/*
	 * NUMA balancing must not unmap what cannot migrate, over and over:
	 * vma_migratable() takes this zone for a sign of that. Nothing is
	 * allocated with it.
	 */
	mapping_set_gfp_mask(inode->i_mapping, GFP_DMA);
	i_size_write(inode, pod->ledger.size << PAGE_SHIFT);
	pod->mapping = inode->i_mapping;
	return inode;
}

static struct file *make_file(struct pod *pod, unsigned int open_flags,
			      const struct file_operations *fops)
{
	struct inode *inode = make_inode(pod, fops);
	struct file *file;

	if (!inode)
		return ERR_PTR(-ENOMEM);
	/* alloc_file_pseudo() does not take the reference that fput() drops. */
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(inode, pod_mnt, "kvm-pod",
				 O_RDWR | O_LARGEFILE | open_flags, fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		iput(inode);
		return file;
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	inode->i_private = pod;
	return file;
}

struct file *pod_file_create(struct pod *pod, unsigned int open_flags,
			     const struct file_operations *fops)
{
	struct file *file;
	int ret;

	/* It has a lock of its own, and pod_mnt stays until it is released. */
	ret = simple_pin_fs(&pod_fs_type, &pod_mnt, &pod_mnt_count);
	if (ret)
		return ERR_PTR(ret);
	file = make_file(pod, open_flags, fops);
	simple_release_fs(&pod_mnt, &pod_mnt_count);
	return file;
}

/* Where an open file is in the journal: a number, kept as its private data. */
static u64 event_place(const struct file *file)
{
	return (unsigned long)READ_ONCE(file->private_data);
}

int pod_file_open(struct inode *inode, struct file *file)
{
	struct pod *pod = inode->i_private;

	file->private_data = (void *)pod_journal_last(&pod->journal);
	return generic_file_open(inode, file);
}

bool pod_file_next_event(struct file *file, u64 *place,
			 struct pod_journal_entry *entry, u64 *lost)
{
	*place = event_place(file);
	return pod_journal_read(&pod_of_file(file)->journal, *place, entry,
				lost);
}

bool pod_file_saw_event(struct file *file, u64 place,
			const struct pod_journal_entry *entry)
{
	return cmpxchg(&file->private_data, (void *)place,
		       (void *)entry->seq) == (void *)place;
}

static bool is_congruent(const struct vm_area_struct *vma)
{
	return !(((vma->vm_start >> PAGE_SHIFT) - vma->vm_pgoff) &
		 (POD_REGION_PAGES - 1));
}

/* A region cut in two by a VMA's end would lose its 2 MiB mapping. */
static int pod_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return is_congruent(vma) && !IS_ALIGNED(addr, PMD_SIZE) ? -EINVAL : 0;
}

static int pod_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

/* A split made this VMA of a part of another, whose watch stays there. */
static void pod_vma_open(struct vm_area_struct *vma)
{
	pod_notifier_open(pod_of_file(vma->vm_file), vma);
}

static const struct vm_operations_struct pod_vm_ops = {
	.open = pod_vma_open,
	.close = pod_notifier_close,
	.fault = pod_fault,
	.map_pages = pod_map_pages,
	/* Also what makes the kernel refuse writable long-term pins. */
	.page_mkwrite = pod_page_mkwrite,
	.may_split = pod_may_split,
	.mremap = pod_mremap,
};

/*
 * Without write-notify, so that the kernel allows long-term pins. Nothing that
 * needs the rest happens to it: no zero folio, no page that leaves.
 */
static const struct vm_operations_struct pod_pinnable_vm_ops = {
	.fault = pod_fault,
	.map_pages = pod_map_pages,
	.may_split = pod_may_split,
	.mremap = pod_mremap,
};

int pod_file_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct pod *pod = pod_of_file(file);

	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	vm_flags_set(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY);
	if (pod->pinnable) {
		vma->vm_ops = &pod_pinnable_vm_ops;
		return 0;
	}
	vma->vm_ops = &pod_vm_ops;
	pod_notifier_open(pod, vma);
	return 0;
}

/* Bytes from @start to @end, not crossing a page. */
static void punch_edge(struct pod *pod, loff_t start, loff_t end)
{
	if (start < end)
		pod_discard_partial(pod, start >> PAGE_SHIFT,
				    offset_in_page(start), end - start);
}

static int punch(struct pod *pod, loff_t start, loff_t end)
{
	loff_t first = round_up(start, PAGE_SIZE);
	loff_t last = round_down(end, PAGE_SIZE);

	if (first > last) {
		punch_edge(pod, start, end);
		return 0;
	}
	punch_edge(pod, start, first);
	punch_edge(pod, last, end);
	if (first == last)
		return 0;
	return pod_discard(pod, first >> PAGE_SHIFT,
			   (last - first) >> PAGE_SHIFT, false);
}

long pod_file_fallocate(struct file *file, int mode, loff_t offset, loff_t len)
{
	loff_t size = i_size_read(file_inode(file));
	struct pod *pod = pod_of_file(file);

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (pod->pinnable)
		return -EBUSY;
	if (offset >= size)
		return 0;
	return punch(pod, offset, offset + min(len, size - offset));
}

/* An unpatched VMM says so that the balloon deflated. */
int pod_file_fadvise(struct file *file, loff_t offset, loff_t len, int advice)
{
	loff_t size = i_size_read(file_inode(file));
	loff_t first, last;

	if (offset < 0 || len < 0)
		return -EINVAL;
	/* It changes what may leave. */
	if (advice == POSIX_FADV_WILLNEED && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (advice != POSIX_FADV_WILLNEED || offset >= size)
		return 0;
	if (!len || len > size - offset)
		len = size - offset;
	first = round_down(offset, PAGE_SIZE) >> PAGE_SHIFT;
	last = round_up(offset + len, PAGE_SIZE) >> PAGE_SHIFT;
	return pod_deflate(pod_of_file(file), first, last - first);
}

/* A file is always readable and writable; EPOLLPRI says there are events. */
__poll_t pod_file_poll(struct file *file, poll_table *wait)
{
	struct pod *pod = pod_of_file(file);
	__poll_t mask = EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &pod->changed, wait);
	if (pod_journal_last(&pod->journal) != event_place(file))
		mask |= EPOLLPRI;
	if (READ_ONCE(pod->dead))
		mask |= EPOLLERR;
	return mask;
}
