// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdbread: read a guest's memory through QEMU's gdbstub.
 *
 *	gdbread PORT START LENGTH STRIDE FILE
 *
 * Compares 2 KiB of physical memory in each STRIDE bytes with the same bytes
 * of FILE, and lets the guest go again. Speaks as much of the remote serial
 * protocol as that takes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 2048

static FILE *stub;

static void die(const char *what)
{
	fprintf(stderr, "gdbread: %s\n", what);
	exit(1);
}

static void connect_to(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		die("cannot connect");
	stub = fdopen(fd, "r+");
}

static void send_packet(const char *text)
{
	unsigned char sum = 0;

	for (const char *c = text; *c; c++)
		sum += *c;
	fseek(stub, 0, SEEK_CUR);
	fprintf(stub, "$%s#%02x", text, sum);
	fflush(stub);
}

/* The text of the answer, which is acknowledged. */
static const char *receive(void)
{
	static char text[2 * CHUNK + 16];
	size_t len = 0;
	int c;

	while ((c = getc(stub)) != '$')
		if (c == EOF)
			die("the stub is gone");
	while ((c = getc(stub)) != '#' && len < sizeof(text) - 1) {
		if (c == EOF)
			die("the stub is gone");
		text[len++] = c;
	}
	text[len] = '\0';
	getc(stub);
	getc(stub);
	fseek(stub, 0, SEEK_CUR);
	putc('+', stub);
	fflush(stub);
	return text;
}

static int differs(int file, unsigned long long address)
{
	unsigned char want[CHUNK];
	char request[64], digits[3] = "";
	const char *hex;

	snprintf(request, sizeof(request), "m%llx,%x", address, CHUNK);
	send_packet(request);
	hex = receive();
	if (strlen(hex) != 2 * CHUNK)
		die(hex);
	if (pread(file, want, CHUNK, address) != CHUNK)
		die("the file is too short");
	for (int i = 0; i < CHUNK; i++) {
		memcpy(digits, hex + 2 * i, 2);
		if (strtoul(digits, NULL, 16) != want[i])
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long long address, end, stride;
	unsigned int nr = 0, wrong = 0;
	int file;

	if (argc != 6) {
		fprintf(stderr, "usage: gdbread PORT START LENGTH STRIDE FILE\n");
		return 2;
	}
	address = strtoull(argv[2], NULL, 0);
	end = address + strtoull(argv[3], NULL, 0);
	stride = strtoull(argv[4], NULL, 0);
	file = open(argv[5], O_RDONLY);
	if (file < 0)
		die(argv[5]);
	connect_to(atoi(argv[1]));
	send_packet("Qqemu.PhyMemMode:1");
	if (strcmp(receive(), "OK"))
		die("no physical addresses");
	for (; address < end; address += stride, nr++)
		wrong += differs(file, address);
	send_packet("D");
	receive();
	printf("%u of %u chunks differ\n", wrong, nr);
	return wrong || !nr;
}
