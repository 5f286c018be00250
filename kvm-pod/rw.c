// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading and writing a pod file, and seeking in it. Reading never populates.
 */
#include "file.h"

#include <linux/err.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/uio.h>

#include "populate.h"
#include "reclaim.h"
#include "reserve.h"
#include "short.h"
#include "wait.h"

static struct page *page_of(struct folio *folio, unsigned long index)
{
	return folio_page(folio, index % folio_nr_pages(folio));
}

/* The folio behind @index with a reference, or NULL if there is no memory. */
static struct folio *look_steady(struct pod *pod, unsigned long index,
				 struct pod_slot *slot)
{
	struct folio *folio;

	for (;;) {
		folio = pod_look(pod, index, slot);
		if (!slot->frozen)
			return folio;
		pod_wait_thawed(pod, pod_region(index));
	}
}

/*
 * The reference keeps the page in place, so that no lock is needed while the
 * user's buffer faults; it may be pod memory itself.
 */
static ssize_t read_page(struct pod *pod, loff_t pos, struct iov_iter *to)
{
	size_t offset = offset_in_page(pos);
	size_t len = min_t(size_t, PAGE_SIZE - offset, iov_iter_count(to));
	unsigned long index = pos >> PAGE_SHIFT;
	struct pod_slot slot;
	struct folio *folio = look_steady(pod, index, &slot);
	ssize_t done = -EIO;

	if (!folio)
		return iov_iter_zero(len, to) ?: -EFAULT;
	if (likely(!PageHWPoison(page_of(folio, index))))
		done = copy_page_to_iter(page_of(folio, index), offset, len,
					 to) ?: -EFAULT;
	folio_put(folio);
	return done;
}

typedef ssize_t (*page_step_fn)(struct pod *pod, loff_t pos,
				struct iov_iter *iter);

/* Page by page, as far as the file and @iter go, or an error does not stop it. */
static ssize_t each_page(struct kiocb *iocb, struct iov_iter *iter,
			 page_step_fn step)
{
	struct inode *inode = file_inode(iocb->ki_filp);
	ssize_t total = 0;
	ssize_t done;

	iov_iter_truncate(iter, i_size_read(inode) - iocb->ki_pos);
	while (iov_iter_count(iter)) {
		done = step(inode->i_private, iocb->ki_pos, iter);
		if (done < 0)
			return total ?: done;
		iocb->ki_pos += done;
		total += done;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return total;
}

ssize_t pod_file_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	if (iocb->ki_pos >= i_size_read(file_inode(iocb->ki_filp)))
		return 0;
	return each_page(iocb, to, read_page);
}

/* What populating came to, if it is worth another attempt: 0. */
static int write_reclaim(struct pod *pod, unsigned long index, bool huge,
			 unsigned int round, struct folio **gift)
{
	int seq = pod_supply_seq(pod);
	enum pod_reclaim reclaim = pod_reclaim(pod, index, round, false);

	if (reclaim == POD_RECLAIM_AGAIN)
		return 0;
	return pod_write_short(pod, index, reclaim, seq, huge, gift);
}

/* The folio behind @index with a reference, from the reserve if need be. */
static struct folio *get_for_write(struct pod *pod, unsigned long index)
{
	const struct pod_touch touch = { .whole_file = true };
	struct folio *folio, *gift = NULL;
	struct pod_slot slot;
	unsigned int round;
	int ret;

	for (round = 0; ; round++) {
		folio = look_steady(pod, index, &slot);
		if (folio)
			break;
		folio = pod_populate(pod, index, &slot, touch, gift);
		gift = NULL;
		if (!IS_ERR(folio)) {
			folio_unlock(folio);
			return folio;
		}
		ret = PTR_ERR(folio);
		if (ret == -ENOSPC)
			ret = write_reclaim(pod, index,
					    pod_populate_wants_huge(&slot, touch),
					    round, &gift);
		if (ret && ret != -EAGAIN)
			return ERR_PTR(ret);
	}
	if (gift)
		pod_reserve_give(pod, gift, true);
	/* Who put it there may still be recalling zeroes. */
	folio_wait_locked(folio);
	return folio;
}

static ssize_t write_page(struct pod *pod, loff_t pos, struct iov_iter *from)
{
	size_t offset = offset_in_page(pos);
	size_t len = min_t(size_t, PAGE_SIZE - offset, iov_iter_count(from));
	unsigned long index = pos >> PAGE_SHIFT;
	struct folio *folio = get_for_write(pod, index);
	size_t done;

	if (IS_ERR(folio))
		return PTR_ERR(folio);
	if (unlikely(PageHWPoison(page_of(folio, index)))) {
		folio_put(folio);
		return -EIO;
	}
	done = copy_page_from_iter(page_of(folio, index), offset, len, from);
	folio_put(folio);
	return done ?: -EFAULT;
}

ssize_t pod_file_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	loff_t size = i_size_read(file_inode(iocb->ki_filp));

	if (READ_ONCE(pod_of_file(iocb->ki_filp)->dead))
		return -EIO;
	if (iocb->ki_flags & IOCB_APPEND)
		iocb->ki_pos = size;
	if (!iov_iter_count(from))
		return 0;
	if (iocb->ki_pos >= size)
		return -EFBIG;
	return each_page(iocb, from, write_page);
}

/*
 * The first page from @index on that has memory, or that has none. A region
 * is looked at under one hold of its lock; only SMALL ones page by page.
 */
static unsigned long seek_region(struct pod *pod, unsigned long index,
				 bool data)
{
	unsigned long region = pod_region(index);
	unsigned long end = pod_region_first(region + 1);
	struct pod_slot slot;

	pod_lock_region(pod, region);
	for (; index < end; index++) {
		slot = pod_pmt_lookup(&pod->pmt, index);
		if ((slot.page == POD_PAGE_RAM) == data)
			break;
		if (slot.region != POD_SMALL)
			index = end - 1;
	}
	pod_unlock_region(pod, region);
	return index;
}

static loff_t seek(struct pod *pod, loff_t offset, loff_t size, bool data)
{
	unsigned long index = offset >> PAGE_SHIFT;
	unsigned long end = size >> PAGE_SHIFT;
	unsigned long next;

	if (offset < 0 || offset >= size)
		return -ENXIO;
	while (index < end) {
		next = seek_region(pod, index, data);
		if (next != pod_region_first(pod_region(index) + 1))
			return max_t(loff_t, (loff_t)next << PAGE_SHIFT, offset);
		index = next;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return data ? -ENXIO : size;
}

loff_t pod_file_llseek(struct file *file, loff_t offset, int whence)
{
	loff_t size = i_size_read(file_inode(file));

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return generic_file_llseek_size(file, offset, whence, size,
						size);
	offset = seek(pod_of_file(file), offset, size, whence == SEEK_DATA);
	return offset < 0 ? offset : vfs_setpos(file, offset, size);
}
