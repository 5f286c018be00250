// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the host's administrator sees: attributes, totals, events, and a
 * module that stays while a pod lives.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "pod_test.h"

#define SIZE	(32 * MiB)
#define TARGET	(8 * MiB)

POD_FIXTURE(SIZE, TARGET)

static void attr_path(char *path, size_t len, const struct pod *pod,
		      const char *name)
{
	snprintf(path, len, "/sys/class/kvm-pod/pod%u/%s", pod->id, name);
}

/* Fit to be read by programs: one line each, and not for all to write. */
TEST_F(pod, attributes_are_one_line)
{
	char path[320], text[4096];
	struct dirent *entry;
	DIR *dir;
	int nr = 0;

	attr_path(path, sizeof(path), &self->pod, "");
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_REG || !strcmp(entry->d_name, "uevent"))
			continue;
		nr++;
		attr_path(path, sizeof(path), &self->pod, entry->d_name);
		EXPECT_EQ(0, file_read(path, text, sizeof(text)));
		EXPECT_EQ(NULL, strchr(text, '\n')) {
			TH_LOG("%s has several lines", path);
		}
	}
	closedir(dir);
	EXPECT_LT(20, nr);
}

TEST_F(pod, figures_cannot_be_written)
{
	const char *names[] = { "size", "owned", "populated", "reserve",
				"outstanding", "given", "parked", "float",
				"label", "owner_pid", "exhausted" };
	int i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_GT(0, pod_attr_write(&self->pod, names[i], "1")) {
			TH_LOG("%s was written", names[i]);
		}
	}
}

TEST_F(pod, policy)
{
	char path[128], text[32];

	attr_path(path, sizeof(path), &self->pod, "policy");
	ASSERT_EQ(0, file_read(path, text, sizeof(text)));
	EXPECT_STREQ("fail", text);
	EXPECT_EQ(0, pod_attr_write(&self->pod, "policy", "wait\n"));
	ASSERT_EQ(0, file_read(path, text, sizeof(text)));
	EXPECT_STREQ("wait", text);
	EXPECT_EQ(-EINVAL, pod_attr_write(&self->pod, "policy", "hope\n"));
	ASSERT_EQ(0, file_read(path, text, sizeof(text)));
	EXPECT_STREQ("wait", text);
}

TEST_F(pod, low_mark)
{
	EXPECT_EQ(0, pod_attr_write(&self->pod, "low_mark", "1048576"));
	EXPECT_EQ(MiB, pod_attr(&self->pod, "low_mark"));
	EXPECT_GT(0, pod_attr_write(&self->pod, "low_mark", "1048577"));
	EXPECT_GT(0, pod_attr_write(&self->pod, "low_mark", "-4096"));
	EXPECT_GT(0, pod_attr_write(&self->pod, "low_mark", "68719476736"));
	EXPECT_EQ(MiB, pod_attr(&self->pod, "low_mark"));
}

TEST_F(pod, totals_add_up)
{
	long long reserve = pod_class_attr("total_reserve");
	long long owned = pod_class_attr("total_owned");

	EXPECT_LE(TARGET, owned);
	fill(self->pod.mem, REGION, 1);
	EXPECT_EQ(owned, pod_class_attr("total_owned"));
	EXPECT_EQ(reserve - REGION, pod_class_attr("total_reserve"));
	ASSERT_EQ(0, pod_set_target(&self->pod, 2 * TARGET, NULL));
	EXPECT_EQ(owned + TARGET, pod_class_attr("total_owned"));
}

static int event_socket(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC,
			NETLINK_KOBJECT_UEVENT);

	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) ? -1 : fd;
}

static bool has_field(const char *message, ssize_t len, const char *field)
{
	const char *p;

	for (p = message; p < message + len; p += strlen(p) + 1)
		if (!strcmp(p, field))
			return true;
	return false;
}

/* Waits for a uevent of this pod that carries @field. */
static bool saw_event(int fd, const struct pod *pod, const char *field)
{
	struct pollfd p = { fd, POLLIN };
	char message[2048], path[32];
	ssize_t len;

	snprintf(path, sizeof(path), "/pod%u", pod->id);
	while (poll(&p, 1, 3000) > 0) {
		len = recv(fd, message, sizeof(message) - 1, 0);
		if (len <= 0)
			return false;
		message[len] = '\0';
		if (strstr(message, path) && has_field(message, len, field))
			return true;
	}
	return false;
}

static bool is_urgent(const struct pod *pod)
{
	struct pollfd p = { pod->fd, POLLPRI };

	return poll(&p, 1, 0) == 1 && p.revents & POLLPRI;
}

/* Announced, to be read, and counted. events.c has the rest. */
static void check_event(struct __test_metadata *_metadata, int fd,
			const struct pod *pod, const char *field,
			const char *count)
{
	struct kvm_pod_event events[8];

	EXPECT_TRUE(saw_event(fd, pod, field));
	EXPECT_TRUE(is_urgent(pod));
	EXPECT_LT(0, pod_read_events(pod->fd, events, 8, NULL));
	EXPECT_FALSE(is_urgent(pod));
	EXPECT_EQ(1, pod_attr(pod, count));
}

TEST_F(pod, events)
{
	struct iovec iov = { self->pod.mem + TARGET, PAGE };
	int fd = event_socket(), fds[2];

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, pod_attr_write(&self->pod, "low_mark", "4194304"));
	EXPECT_FALSE(is_urgent(&self->pod));
	fill(self->pod.mem, TARGET - REGION, 1);
	check_event(_metadata, fd, &self->pod, "POD_EVENT=LOW", "events_low");
	fill(self->pod.mem + TARGET - REGION, REGION, 1);
	EXPECT_EQ(SIGBUS, try_write(self->pod.mem + TARGET, 1));
	check_event(_metadata, fd, &self->pod, "POD_EVENT=EXHAUSTED",
		    "events_exhausted");
	ASSERT_EQ(0, pod_set_target(&self->pod, SIZE, NULL));
	/* Told right after the other: neither is to come in between its checks. */
	EXPECT_TRUE(POD_WAIT(pod_attr(&self->pod, "events_normal") == 1));
	check_event(_metadata, fd, &self->pod, "POD_EVENT=RESUMED",
		    "events_resumed");
	fill(self->pod.mem + TARGET, PAGE, 1);
	ASSERT_EQ(PAGE, vmsplice(fds[1], &iov, 1, 0));
	ASSERT_EQ(0, pod_punch(&self->pod, TARGET, REGION));
	check_event(_metadata, fd, &self->pod, "POD_EVENT=PARKED",
		    "events_parked");
	close(fds[0]);
	close(fds[1]);
	close(fd);
}

/* Sleeps in poll() and is woken. */
TEST_F(pod, poll_wakes_up)
{
	struct pollfd p = { self->pod.fd, POLLPRI };
	pid_t child = fork();
	u8 *mem;

	ASSERT_LE(0, child);
	if (!child) {
		pod_sleep_ms(300);
		mem = map_aligned(self->pod.fd, 0, SIZE, PROT_READ | PROT_WRITE);
		fill(mem, TARGET, 1);
		_exit(try_write(mem + TARGET, 1) != SIGBUS);
	}
	EXPECT_EQ(1, poll(&p, 1, 10000));
	EXPECT_TRUE(p.revents & POLLPRI);
	EXPECT_EQ(child, waitpid(child, NULL, 0));
}

TEST_F(pod, module_stays)
{
	EXPECT_EQ(-1, syscall(SYS_delete_module, "kvm_pod", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
	EXPECT_EQ(0, try_write(self->pod.mem, 1));
}

/* A mapping without any descriptor is enough. */
TEST_F(pod, mapping_keeps_the_module)
{
	u8 *mem = self->pod.mem;

	fill(mem, REGION, 1);
	close(self->pod.fd);
	EXPECT_EQ(-1, syscall(SYS_delete_module, "kvm_pod", O_NONBLOCK));
	EXPECT_EQ(EWOULDBLOCK, errno);
	EXPECT_EQ(-1, mismatch(mem, REGION, 1));
	EXPECT_EQ(TARGET, pod_attr(&self->pod, "owned"));
	munmap(mem, SIZE);
	EXPECT_EQ(NULL, pod_gone(self->pod.id));
	self->pod.fd = -1;
}

TEST_HARNESS_MAIN
