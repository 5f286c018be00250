// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu: have QEMU's edu device copy pages of this process, both ways.
 *
 *	edu ADDRESS ROUNDS SEED [END]
 *
 * ADDRESS is the device's, as in /sys/bus/pci/devices. Each round fills a block
 * in a new page, has the device read it, and write it to another page. In the
 * end all of both are compared with what they should be. With END there are
 * rounds, and a line for each, only until there is a file of that name. The
 * device takes 100 ms for a block and has 28 address lines. As much as a page it
 * cannot take: until QEMU 8 its check of the range was off by one.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_SIZE 4096
#define PAGE_WORDS (PAGE_SIZE / 8)
#define BLOCK_SIZE 2048
#define BLOCK_WORDS (BLOCK_SIZE / 8)
#define PFN_MASK ((1ULL << 55) - 1)
#define ADDRESS_LIMIT (1ULL << 28)
#define WAIT_MS 20000

#define PCI_COMMAND 4
#define PCI_COMMAND_MEMORY 2
#define PCI_COMMAND_MASTER 4

#define BAR_SIZE 0x100000
#define REG_ID 0x00
#define REG_DMA_SRC 0x80
#define REG_DMA_DST 0x88
#define REG_DMA_COUNT 0x90
#define REG_DMA_CMD 0x98
#define CMD_RUN 1
#define CMD_TO_RAM 2
#define DEVICE_BUFFER 0x40000

static volatile uint8_t *bar;

static void die(const char *what)
{
	fprintf(stderr, "edu: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_file(const char *address, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", address, name);
	fd = open(path, flags);
	if (fd < 0)
		die(path);
	return fd;
}

static void open_device(const char *address)
{
	int fd = open_file(address, "enable", O_WRONLY);
	uint16_t command;

	if (write(fd, "1", 1) != 1 && errno != EBUSY)
		die("enable");
	close(fd);
	fd = open_file(address, "config", O_RDWR);
	if (pread(fd, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		die("config");
	command |= PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
	if (pwrite(fd, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		die("config");
	close(fd);
	fd = open_file(address, "resource0", O_RDWR);
	bar = mmap(NULL, BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bar == MAP_FAILED)
		die("resource0");
	close(fd);
}

static uint64_t read_reg(uint32_t reg)
{
	return *(volatile uint64_t *)(bar + reg);
}

static void write_reg(uint32_t reg, uint64_t value)
{
	*(volatile uint64_t *)(bar + reg) = value;
}

static uint64_t physical(const void *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry, address;

	if (fd < 0 || pread(fd, &entry, sizeof(entry),
			    (uintptr_t)page / PAGE_SIZE * 8) != sizeof(entry))
		die("pagemap");
	close(fd);
	address = (entry & PFN_MASK) * PAGE_SIZE;
	if (!address || address >= ADDRESS_LIMIT) {
		fprintf(stderr, "edu: a page at %#" PRIx64 "\n", address);
		exit(1);
	}
	return address;
}

static void run(uint64_t src, uint64_t dst, uint64_t command)
{
	write_reg(REG_DMA_SRC, src);
	write_reg(REG_DMA_DST, dst);
	write_reg(REG_DMA_COUNT, BLOCK_SIZE);
	write_reg(REG_DMA_CMD, CMD_RUN | command);
	for (unsigned int ms = 0; read_reg(REG_DMA_CMD) & CMD_RUN; ms++) {
		if (ms == WAIT_MS) {
			fprintf(stderr, "edu: no end of the transfer\n");
			exit(1);
		}
		usleep(1000);
	}
}

/* Where the kernel moved a page meanwhile, the device was told the wrong one. */
static int copy(const uint64_t *from, const uint64_t *to)
{
	uint64_t src = physical(from), dst = physical(to);

	run(src, DEVICE_BUFFER, 0);
	run(DEVICE_BUFFER, dst, CMD_TO_RAM);
	return src == physical(from) && dst == physical(to);
}

static uint64_t word(uint64_t seed, unsigned int i)
{
	return (seed * BLOCK_WORDS + i + 1) * 0x9e3779b97f4a7c15ULL;
}

/* The pages of a round, which stay. */
static uint64_t *run_round(uint64_t seed)
{
	uint64_t *from = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint64_t *to = from + PAGE_WORDS;

	if (from == MAP_FAILED || mlock(from, 2 * PAGE_SIZE))
		die("memory");
	do {
		for (unsigned int i = 0; i < BLOCK_WORDS; i++)
			from[i] = word(seed, i);
		memset(to, 0xff, BLOCK_SIZE);
	} while (!copy(from, to));
	return from;
}

static int is_wrong(const uint64_t *from, uint64_t seed)
{
	const uint64_t *to = from + PAGE_WORDS;

	for (unsigned int i = 0; i < BLOCK_WORDS; i++)
		if (from[i] != word(seed, i) || to[i] != word(seed, i))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned long rounds, seed, done, nr_bad = 0;
	const char *end = argc == 5 ? argv[4] : NULL;
	uint64_t **pages;

	if (argc != 4 && argc != 5) {
		fprintf(stderr, "usage: edu ADDRESS ROUNDS SEED [END]\n");
		return 2;
	}
	rounds = strtoul(argv[2], NULL, 0);
	seed = strtoul(argv[3], NULL, 0);
	pages = calloc(rounds, sizeof(*pages));
	if (!pages)
		die("memory");
	setlinebuf(stdout);
	open_device(argv[1]);
	for (done = 0; done < rounds && !(end && !access(end, F_OK)); done++) {
		pages[done] = run_round(seed + done);
		if (end)
			printf("%lu\n", done + 1);
	}
	for (unsigned long i = 0; i < done; i++)
		nr_bad += is_wrong(pages[i], seed + i);
	printf("edu %#x: %lu of %lu blocks wrong\n", *(volatile uint32_t *)(bar + REG_ID),
	       nr_bad, done);
	return nr_bad != 0 || !done;
}
