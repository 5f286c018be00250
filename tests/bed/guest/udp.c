// SPDX-License-Identifier: GPL-2.0-only
/*
 * udp: datagrams that pile up at the receiver.
 *
 *	udp send ADDRESS PORT COUNT MICROSECONDS [END]
 *	udp sink PORT MIB END
 *
 * Send sends COUNT datagrams, MICROSECONDS apart, each different; or less, if
 * there is a file END before. Sink leaves
 * them in a socket buffer of MIB until there is a file END; then it reads what
 * has come, tells how many, and fails if one is not what was sent.
 */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORDS 175

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void make(uint64_t *words, uint64_t nr)
{
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = (nr * WORDS + i + 1) * 0x9e3779b97f4a7c15ULL;
	words[0] = nr;
}

static int send_all(const char *address, int port, uint64_t count, unsigned int pause_us,
		    const char *end)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	uint64_t words[WORDS], nr, failed = 0;

	if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		die("udp: address");
	for (nr = 0; nr < count && !(end && !access(end, F_OK)); nr++) {
		make(words, nr);
		if (sendto(fd, words, sizeof(words), MSG_DONTWAIT, (struct sockaddr *)&to,
			   sizeof(to)) != sizeof(words))
			failed++;
		usleep(pause_us);
	}
	printf("%llu of %llu sent\n", (unsigned long long)(nr - failed),
	       (unsigned long long)nr);
	return 0;
}

static int open_sink(int port, int bytes)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	/* The kernel doubles it. */
	bytes /= 2;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)))
		die("udp: sink");
	return fd;
}

static int sink(int port, int mib, const char *end)
{
	unsigned long long came = 0, wrong = 0;
	uint64_t got[WORDS], want[WORDS];
	int fd = open_sink(port, mib << 20);
	ssize_t len;

	while (access(end, F_OK))
		usleep(50000);
	while ((len = recv(fd, got, sizeof(got), MSG_DONTWAIT)) >= 0) {
		make(want, got[0]);
		came++;
		wrong += len != sizeof(got) || memcmp(got, want, sizeof(got)) != 0;
	}
	printf("%llu came, %llu wrong\n", came, wrong);
	return !came || wrong;
}

int main(int argc, char **argv)
{
	if ((argc == 6 || argc == 7) && strcmp(argv[1], "send") == 0)
		return send_all(argv[2], atoi(argv[3]), strtoull(argv[4], NULL, 0), atoi(argv[5]),
				argv[6]);
	if (argc == 5 && strcmp(argv[1], "sink") == 0)
		return sink(atoi(argv[2]), atoi(argv[3]), argv[4]);
	fprintf(stderr, "usage: udp send ADDRESS PORT COUNT MICROSECONDS [END]\n"
		"       udp sink PORT MIB END\n");
	return 2;
}
