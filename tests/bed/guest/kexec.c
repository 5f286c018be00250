// SPDX-License-Identifier: GPL-2.0-only
/*
 * kexec: boot another kernel, without the firmware and without a reset.
 *
 *	kexec KERNEL INITRD [COMMAND LINE]
 *
 * The command line is that of the running kernel if none is given.
 */
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static char line[4096];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int open_read(const char *path)
{
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		die(path);
	return fd;
}

static void read_line(void)
{
	int fd = open_read("/proc/cmdline");
	ssize_t len = read(fd, line, sizeof(line) - 1);

	if (len <= 0)
		die("/proc/cmdline");
	line[len - 1] = '\0';
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc != 4) {
		fprintf(stderr, "usage: kexec KERNEL INITRD [COMMAND LINE]\n");
		return 2;
	}
	if (argc == 4)
		snprintf(line, sizeof(line), "%s", argv[3]);
	else
		read_line();
	if (syscall(SYS_kexec_file_load, open_read(argv[1]), open_read(argv[2]),
		    strlen(line) + 1, line, 0UL))
		die("kexec_file_load");
	reboot(LINUX_REBOOT_CMD_KEXEC);
	die("reboot");
	return 1;
}
