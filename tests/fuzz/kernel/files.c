// SPDX-License-Identifier: GPL-2.0-only
/* Ordinary calls on files of pods. */
#define _GNU_SOURCE
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define IO_MAX		(96 * PAGE)
#define PUNCH		(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

static void note_punch(struct pod *pod, u64 offset, u64 len, long ret)
{
	if (!pod || (ret && ret != -EINTR))
		return;
	if (!ret)
		model_zero(pod, offset, len);
	else
		model_maybe(pod, offset, len);
}

static errset punch_broken(const struct slot *slot, const struct pod *pod,
			   int mode, u64 offset, u64 len)
{
	errset broken = 0;

	if (mode != PUNCH)
		broken |= ERR(EOPNOTSUPP) | ERR(EINVAL);
	if (!slot->writes)
		broken |= ERR(EBADF);
	if ((int64_t)offset < 0 || (int64_t)len <= 0)
		broken |= ERR(EINVAL);
	if ((int64_t)(offset + len) < 0)
		broken |= ERR(EFBIG);
	if (pod->pinnable)
		broken |= ERR(EBUSY);
	return broken;
}

CALL(fallocate)
{
	struct slot *slot = slot_of(arg[0]);
	struct pod *pod = pod_of_slot(slot);
	int mode = arg[1];
	long ret = sys_result(fallocate(slot->fd, mode, arg[2], arg[3]));
	errset broken;

	if (slot->type != FILE_POD)
		return ret;
	broken = punch_broken(slot, pod, mode, arg[2], arg[3]);
	if (t->single && !ret && broken)
		complain("fallocate returned 0 for what it should refuse");
	if (t->single && ret && ret != -EINTR && !(broken & ERR(-ret)))
		complain("fallocate: errno %ld, which nothing asks for", -ret);
	if (mode == PUNCH)
		note_punch(pod, arg[2], arg[3], ret);
	return ret;
}

/* Holes read as zero, and content is what was written. */
static void check_read(struct thread *t, const struct pod *pod, u64 offset,
		       const u8 *data, u64 len)
{
	u64 part;

	for (; len; len -= part, data += part, offset += part) {
		part = PAGE - offset % PAGE;
		part = part < len ? part : len;
		model_check(t, pod, offset, data, part);
	}
}

CALL(pread)
{
	struct slot *slot = slot_of(arg[0]);
	u64 len = arg[3] % IO_MAX;
	u8 *at = place_buffer(t, place_of(arg[1]), len, 2);
	long ret = sys_result(pread(slot->fd, at, len, arg[2]));
	struct pod *pod = pod_of_slot(slot);
	unsigned int i;

	if (place_of(arg[1]) == PLACE_POD)
		for (i = 0; i < NR_PODS; i++)
			model_any(&pods[i], 0, pods[i].size);
	else if (pod && ret > 0 && !place_is_bad(place_of(arg[1]), true) && t->single)
		check_read(t, pod, arg[2], at, ret);
	if (pod && t->single && ret > 0 && arg[2] + ret > pod->size)
		complain("pread goes beyond the end");
	return ret;
}

/* Each byte is what its page may hold. */
static void fill(const struct pod *pod, u64 offset, u8 *data, u64 len,
		 bool zero)
{
	u64 i;

	for (i = 0; i < len; i++)
		data[i] = zero ? 0 : model_byte(pod, (offset + i) / PAGE);
}

static void note_write(struct thread *t, struct pod *pod, const u64 *arg,
		       u64 len, long ret)
{
	enum where place = place_of(arg[1]);

	if ((place == PLACE_GOOD || place == PLACE_ODD) && t->single &&
	    ret >= 0)
		return model_write(pod, arg[2], ret, arg[4] & 1);
	model_any(pod, arg[2], len);
}

CALL(pwrite)
{
	struct slot *slot = slot_of(arg[0]);
	struct pod *pod = pod_of_slot(slot);
	enum where place = place_of(arg[1]);
	bool good = place == PLACE_GOOD || place == PLACE_ODD;
	u64 len = arg[3] % IO_MAX;
	u8 *at = place_buffer(t, place_of(arg[1]), len, 2);
	long ret;

	if (good && pod)
		fill(pod, arg[2], at, len, arg[4] & 1);
	if (pod && !t->single)
		model_any(pod, arg[2], len);
	ret = sys_result(pwrite(slot->fd, at, len, arg[2]));
	if (!pod || !t->single)
		return ret;
	note_write(t, pod, arg, len, ret);
	if (ret > 0 && (!slot->writes || arg[2] + ret > pod->size))
		complain("pwrite went where it should not");
	return ret;
}

static void check_seek(const struct pod *pod, u64 offset, long ret)
{
	if (ret >= 0 && ((u64)ret < offset || (u64)ret > pod->size))
		complain("lseek from %lx for data or a hole gives %lx", offset,
			 ret);
}

CALL(lseek)
{
	struct slot *slot = slot_of(arg[0]);
	struct pod *pod = pod_of_slot(slot);
	int whence = arg[2];
	long ret = sys_result(lseek(slot->fd, arg[1], whence));

	if (t->single && pod && (whence == SEEK_DATA || whence == SEEK_HOLE))
		check_seek(pod, arg[1], ret);
	return ret;
}

CALL(ftruncate)
{
	struct slot *slot = slot_of(arg[0]);
	struct pod *pod = pod_of_slot(slot);
	long ret = sys_result(ftruncate(slot->fd, arg[1]));

	if (t->single && pod && !ret && arg[1] != pod->size)
		complain("ftruncate changed the size of a pod");
	return ret;
}

static long stat_file(struct slot *slot)
{
	struct pod *pod = pod_of_slot(slot);
	struct stat st;

	if (fstat(slot->fd, &st))
		return -errno;
	if (pod && (u64)st.st_size != pod->size)
		complain("fstat tells %lx of a pod of %lx", st.st_size,
			 pod->size);
	return 0;
}

CALL(meta)
{
	struct slot *slot = slot_of(arg[0]);
	int fd = slot->fd;
	struct statfs fs;

	switch (arg[1] % 11) {
	case 0:
		return t->single ? stat_file(slot) : 0;
	case 1:
		return sys_result(fstatfs(fd, &fs));
	case 2:
		return sys_result(fchmod(fd, arg[2] & 0777));
	case 3:
		return sys_result(futimens(fd, NULL));
	case 4:
		return sys_result(fsync(fd));
	case 5:
		return sys_result(fdatasync(fd));
	case 6:
		return sys_result(sync_file_range(fd, 0, 0, arg[2]));
	case 7:
		return sys_result(fchown(fd, arg[2] & 0xfff, -1));
	case 8:
		return sys_result(fsetxattr(fd, "user.fuzz", "", 0, 0));
	case 9:
		return sys_result(readahead(fd, 0, arg[2]));
	default:
		return sys_result(syncfs(fd));
	}
}

CALL(fadvise)
{
	return -posix_fadvise(slot_of(arg[0])->fd, arg[1], arg[2], (int)arg[3]);
}

CALL(sendfile)
{
	struct slot *out = slot_of(arg[0]), *in = slot_of(arg[1]);
	struct pod *pod = pod_of_slot(out);
	off_t offset = arg[2];

	/* Content of other pages: nothing is known of it. */
	if (pod)
		model_any(pod, 0, pod->size);
	return sys_result(sendfile(out->fd, in->fd, &offset, arg[3] % IO_MAX));
}

/* Into a pipe and out of it again, or left there until it is closed. */
static long through_pipe(long (*put)(int fd, void *arg), void *arg, bool empty)
{
	static __thread u8 page[PAGE];
	int fds[2];
	long ret;

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	ret = put(fds[1], arg);
	while (empty && read(fds[0], page, sizeof(page)) > 0)
		;
	close(fds[0]);
	close(fds[1]);
	return ret;
}

struct splice_arg {
	int fd;
	loff_t offset;
	u64 len;
	u8 *at;
};

static long put_file(int fd, void *arg)
{
	struct splice_arg *a = arg;

	return sys_result(splice(a->fd, &a->offset, fd, NULL, a->len,
				 SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
}

static long put_memory(int fd, void *arg)
{
	struct splice_arg *a = arg;
	struct iovec iov = { a->at, a->len };

	return sys_result(vmsplice(fd, &iov, 1, SPLICE_F_NONBLOCK));
}

/* From a pipe with zeroes. */
static long splice_into(struct slot *slot, u64 offset, u64 len)
{
	static const u8 zeroes[PAGE];
	struct pod *pod = pod_of_slot(slot);
	loff_t to = offset;
	int fds[2];
	long ret;

	if (pipe2(fds, O_NONBLOCK | O_CLOEXEC))
		return -errno;
	ret = write(fds[1], zeroes, len % (PAGE + 1));
	if (pod)
		model_any(pod, offset, PAGE);
	ret = sys_result(splice(fds[0], NULL, slot->fd, &to, PAGE,
				SPLICE_F_NONBLOCK));
	close(fds[0]);
	close(fds[1]);
	return ret;
}

CALL(splice)
{
	struct slot *slot = slot_of(arg[0]);
	struct splice_arg a = { slot->fd, arg[1], arg[2] % IO_MAX };

	if (arg[3] & 2)
		return splice_into(slot, arg[1], arg[2]);
	return through_pipe(put_file, &a, arg[3] & 1);
}

static struct splice_arg memory_of(const u64 *arg)
{
	struct map *map = map_of(arg[0]);
	u64 at = map->len ? arg[1] % map->len : 0;

	return (struct splice_arg){ .at = map->at + at,
				    .len = arg[2] % IO_MAX };
}

CALL(vmsplice)
{
	struct splice_arg a = memory_of(arg);

	return through_pipe(put_memory, &a, arg[3] & 1);
}

/* What is referred to must not go, whatever becomes of the mapping. */
CALL(hold)
{
	static __thread u8 page[PAGE];
	struct splice_arg a = memory_of(arg);

	if (arg[3] == 3)
		return sys_result(read(held[0], page, sizeof(page)));
	return put_memory(held[1], &a);
}

/* Never onto the device or the other file: the program needs them. */
static struct slot *target_slot(u64 arg)
{
	return &slots[arg % SLOT_DEVICE];
}

CALL(dup)
{
	struct slot *from = slot_of(arg[1]);
	int fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return -errno;
	slot_set(target_slot(arg[0]), fd, from->type, from->writes, from->pod);
	return 0;
}

CALL(reopen)
{
	static const int flags[] = { O_RDWR, O_RDONLY, O_PATH, O_RDWR | O_TRUNC };
	struct slot *from = slot_of(arg[1]);
	enum file_type type = from->type;
	int how = flags[arg[2] % 4];
	char path[32];
	int fd;

	/* Behind a path is what it was made of: a pod, or not known any more. */
	if (type == FILE_PATH && from->pod < 0)
		return -EBADF;
	if (how == O_PATH)
		type = FILE_PATH;
	else if (type == FILE_PATH)
		type = FILE_POD;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", from->fd);
	fd = open(path, how | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	slot_set(target_slot(arg[0]), fd, type, how & O_RDWR, from->pod);
	return 0;
}

CALL(fcntl)
{
	static const int cmds[] = { F_GETFL, F_SETFL, F_GETFD, F_SETFD,
				    F_ADD_SEALS, F_GET_SEALS, F_SETLEASE,
				    F_GETLEASE, F_SETSIG, F_SET_RW_HINT,
				    F_NOTIFY, F_SETPIPE_SZ, F_GETOWN };
	int fd = slot_of(arg[0])->fd;

	return sys_result(fcntl(fd, cmds[arg[1] % 13], arg[2]));
}

CALL(poll)
{
	struct pollfd p = { slot_of(arg[0])->fd, arg[1] ? arg[1] : POLLPRI };
	struct epoll_event event = { .events = EPOLLPRI | EPOLLET };
	int fd;

	if (!(arg[2] & 1))
		return sys_result(poll(&p, 1, arg[2] & 2 ? 5 : 0));
	fd = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(fd, EPOLL_CTL_ADD, p.fd, &event);
	epoll_wait(fd, &event, 1, arg[2] & 2 ? 5 : 0);
	close(fd);
	return 0;
}

CALL(close)
{
	struct slot *slot = target_slot(arg[0]);

	if (slot->fd < 0)
		return -EBADF;
	slot_set(slot, -1, FILE_NONE, false, -1);
	return 0;
}
