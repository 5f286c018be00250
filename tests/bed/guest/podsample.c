// SPDX-License-Identifier: GPL-2.0-only
/*
 * podsample: watch the counters of a pod.
 *
 *	podsample DIRECTORY MILLISECONDS NAME...
 *
 * Prints "TIME VALUE..." (nanoseconds, then each file's number) until a file
 * is gone. The files are read in the order given, one after the other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int read_value(const char *directory, const char *name, unsigned long long *value)
{
	char path[256], text[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (len <= 0)
		return -1;
	text[len] = '\0';
	*value = strtoull(text, NULL, 10);
	return 0;
}

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static int sample(const char *directory, char **names, int nr_names)
{
	char line[1024];
	int len = snprintf(line, sizeof(line), "%llu", now_ns());

	for (int i = 0; i < nr_names; i++) {
		unsigned long long value;

		if (read_value(directory, names[i], &value) < 0)
			return -1;
		len += snprintf(line + len, sizeof(line) - len, " %llu", value);
	}
	puts(line);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 30) {
		fprintf(stderr, "usage: podsample DIRECTORY MILLISECONDS NAME...\n");
		return 2;
	}
	while (sample(argv[1], argv + 3, argc - 3) == 0)
		usleep(strtoul(argv[2], NULL, 0) * 1000);
	return 0;
}
