// SPDX-License-Identifier: GPL-2.0-only
/*
 * The zero scans in the kernel, each that this CPU has: one bit anywhere is
 * data, and whoever was using the vector registers finds them as they were.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "pod_test.h"

#define PARAM	"/sys/module/kvm_pod/parameters/zero_scan"

#define SIZE	(32 * MiB)
#define RW	(PROT_READ | PROT_WRITE)
#define PAGES	(REGION / PAGE)

static bool cpu_has(const char *scan)
{
	if (!strcmp(scan, "avx2"))
		return __builtin_cpu_supports("avx2");
	if (!strcmp(scan, "avx512"))
		return __builtin_cpu_supports("avx512f");
	return true;
}

static bool is_used(const char *scan)
{
	char used[16] = "";

	return !file_read(PARAM, used, sizeof(used)) && !strcmp(used, scan);
}

/* Bytes that went back to the reserve, or -errno. */
static long long sweep(const struct pod *pod, u64 offset, u64 length,
		       uint32_t flags)
{
	struct kvm_pod_sweep args = {
		.size = sizeof(args),
		.flags = flags,
		.offset = offset,
		.length = length,
	};

	if (ioctl(pod->fd, KVM_POD_SWEEP, &args) < 0)
		return -errno;
	return args.out_reclaimed;
}

TEST(parameter)
{
	static const char *const scans[] = { "generic", "avx2", "avx512" };
	int i;

	for (i = 0; i < 3; i++) {
		EXPECT_EQ(0, file_write(PARAM, "generic"));
		EXPECT_EQ(cpu_has(scans[i]) ? 0 : -ENODEV,
			  file_write(PARAM, scans[i]));
		EXPECT_TRUE(is_used(cpu_has(scans[i]) ? scans[i] : "generic"));
	}
	EXPECT_EQ(0, file_write(PARAM, "auto\n"));
	EXPECT_TRUE(is_used(cpu_has("avx2") ? "avx2" : "generic"));
	EXPECT_EQ(-EINVAL, file_write(PARAM, "avx"));
	EXPECT_EQ(-EINVAL, file_write(PARAM, "avx1024"));
	EXPECT_EQ(-EINVAL, file_write(PARAM, "\n"));
	EXPECT_TRUE(is_used(cpu_has("avx2") ? "avx2" : "generic"));
}

FIXTURE(pod) {
	struct pod pod;
};

FIXTURE_VARIANT(pod) {
	const char *scan;
};

FIXTURE_VARIANT_ADD(pod, generic) { .scan = "generic" };
FIXTURE_VARIANT_ADD(pod, avx2) { .scan = "avx2" };
FIXTURE_VARIANT_ADD(pod, avx512) { .scan = "avx512" };

FIXTURE_SETUP(pod)
{
	if (!cpu_has(variant->scan))
		SKIP(return, "this CPU has no %s", variant->scan);
	ASSERT_EQ(0, file_write(PARAM, variant->scan));
	ASSERT_GOOD(pod_begin(&self->pod, SIZE, SIZE));
}

FIXTURE_TEARDOWN(pod)
{
	EXPECT_TRUE(is_used(variant->scan));
	EXPECT_EQ(0, file_write(PARAM, "auto"));
	ASSERT_GOOD(pod_finish(&self->pod));
}

/* The first look, the edges of its 128 bytes, of steps and of pages. */
static const unsigned int offsets[] = {
	0, 127, 128, 191, 192, 255, 256, 1000, 2047, 2048, 4032, 4095,
};

#define NR_OFFSETS	(sizeof(offsets) / sizeof(offsets[0]))

/* Offset in a block of the one bit of round @i: all pages, edges of slices. */
static u64 lone_offset(unsigned int i)
{
	static const unsigned int pages[] = { 0, 1, 15, 16, 17, 255, 510, 511 };
	unsigned int page = i % 3 ? pages[i % 8] : i * 37 % PAGES;

	return page * PAGE + offsets[i % NR_OFFSETS];
}

TEST_F_TIMEOUT(pod, one_bit_keeps_a_block, 120)
{
	volatile u8 *mem = self->pod.mem;
	unsigned int i;
	u64 at;

	for (i = 0; i < 192; i++) {
		at = lone_offset(i);
		mem[at] = 1 << i % 8;
		ASSERT_EQ(0, sweep(&self->pod, 0, REGION, 0));
		ASSERT_EQ(1 << i % 8, mem[at]);
		mem[at] = 0;
	}
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(REGION, sweep(&self->pod, 0, REGION, 0));
	EXPECT_EQ(0, POD_GET(&self->pod, populated));
	EXPECT_EQ(-1, nonzero(self->pod.mem, REGION));
}

/*
 * Which bit of page @page has data in round @round: over eight rounds each byte
 * of a page, and each bit, has its turn.
 */
static u64 bit_of(unsigned int round, unsigned int page)
{
	unsigned int byte = round * PAGES + page;

	return byte * 8 + (byte / 8 + round) % 8;
}

static void flip_bit(u8 *page, u64 bit)
{
	page[bit / 8] ^= 1 << bit % 8;
}

/* Pages of a region that hold anything but their bit. @every: see below. */
static unsigned int bad_pages(u8 *mem, unsigned int round, unsigned int every)
{
	unsigned int i, bad = 0;
	u8 *page;

	for (i = 0; i < PAGES; i++) {
		page = mem + i * PAGE;
		if (i % every)
			flip_bit(page, bit_of(round, i));
		bad += nonzero(page, PAGE) != -1;
		if (i % every)
			flip_bit(page, bit_of(round, i));
	}
	return bad;
}

/* One bit in each page, but for each @every-th, counted from 0. */
static void set_bits(u8 *mem, unsigned int round, unsigned int every)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++)
		if (i % every)
			flip_bit(mem + i * PAGE, bit_of(round, i));
}

/* Taken apart, a block loses the pages without a bit, and only those. */
TEST_F_TIMEOUT(pod, demotion_tells_the_pages_apart, 120)
{
	unsigned int round;
	long long found;
	u8 *mem;

	for (round = 0; round < 8; round++) {
		mem = self->pod.mem + round * REGION;
		set_bits(mem, round, 4);
		ASSERT_EQ(REGION, POD_GET(&self->pod, populated));
		/* Not while the float gets its pages back. */
		ASSERT_TRUE(POD_WAIT(found = sweep(&self->pod, round * REGION,
						   REGION,
						   KVM_POD_SWEEP_DEMOTE)));
		ASSERT_EQ(REGION / 4, found);
		ASSERT_EQ(REGION - REGION / 4, POD_GET(&self->pod, populated));
		EXPECT_EQ(0, bad_pages(mem, round, 4));
		ASSERT_EQ(0, pod_punch(&self->pod, round * REGION, REGION));
	}
}

TEST_F_TIMEOUT(pod, one_bit_keeps_a_page, 120)
{
	void *reserved;
	u8 *mem = map_unaligned(self->pod.fd, SIZE, RW, &reserved);
	unsigned int round;

	ASSERT_NE(NULL, mem);
	memset(mem, 0, REGION);
	for (round = 0; round < 8; round++) {
		set_bits(mem, round, PAGES);
		mem[0] = 1;
		ASSERT_EQ(0, sweep(&self->pod, 0, REGION, 0));
		mem[0] = 0;
		EXPECT_EQ(0, bad_pages(mem, round, PAGES));
		set_bits(mem, round, PAGES);
	}
	EXPECT_EQ(REGION, POD_GET(&self->pod, populated));
	EXPECT_EQ(REGION, sweep(&self->pod, 0, REGION, 0));
	munmap(mem, SIZE);
}

/**
 * struct vectors - what the vector registers hold
 * @reg: ymm0 to ymm15 in the lower halves, or zmm0 to zmm31
 * @mask: k0 to k7, with AVX-512 only
 * @mxcsr: how floating point is rounded
 */
struct vectors {
	u8 reg[32][64];
	u64 mask[8];
	uint32_t mxcsr;
} __attribute__((aligned(64)));

/* What is done with the registers loaded. */
enum deed { SYSTEM_CALL, STORE };

#define UPTO_7		"0,1,2,3,4,5,6,7"
#define UPTO_15		UPTO_7 ",8,9,10,11,12,13,14,15"
#define UPTO_31		UPTO_15 ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

/* The assembler repeats @what for each of @list, which it knows as \i. */
#define FOR_EACH(list, what)	".irp i," list "\n\t" what "\n\t.endr\n\t"

#define LOAD_YMM	FOR_EACH(UPTO_15, "vmovdqa 64*\\i(%[in]), %%ymm\\i")
#define SAVE_YMM	FOR_EACH(UPTO_15, "vmovdqa %%ymm\\i, 64*\\i(%[out])")
#define LOAD_ZMM	FOR_EACH(UPTO_31, "vmovdqa64 64*\\i(%[in]), %%zmm\\i")
#define SAVE_ZMM	FOR_EACH(UPTO_31, "vmovdqa64 %%zmm\\i, 64*\\i(%[out])")
#define LOAD_MASK	FOR_EACH(UPTO_7, "kmovw 2048+8*\\i(%[in]), %%k\\i")
#define SAVE_MASK	FOR_EACH(UPTO_7, "kmovw %%k\\i, 2048+8*\\i(%[out])")
#define LOAD_MXCSR	"vldmxcsr 2112(%[in])\n\t"
#define SAVE_MXCSR	"vstmxcsr 2112(%[out])\n\t"

/*
 * The deed, by the number in ebx. Not by the compiler: nothing of its own may
 * come between loading and saving.
 */
#define DO_DEED		"test %%ebx, %%ebx\n\t"			\
			"jnz 1f\n\t"				\
			"syscall\n\t"				\
			"jmp 2f\n\t"				\
			"1: movb $1, (%%rdi)\n\t"		\
			"2:\n\t"

#define CLOBBERED	"rcx", "r11", "memory", "xmm0", "xmm1", "xmm2",	\
			"xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",	\
			"xmm9", "xmm10", "xmm11", "xmm12", "xmm13",	\
			"xmm14", "xmm15"

static long do_with_ymm(enum deed deed, const long *args,
			const struct vectors *in, struct vectors *out)
{
	uint32_t mxcsr = __builtin_ia32_stmxcsr();
	long ret = args[0];

	asm volatile(LOAD_YMM LOAD_MXCSR DO_DEED SAVE_YMM SAVE_MXCSR
		     "vzeroupper"
		     : "+a" (ret)
		     : "b" (deed), "D" (args[1]), "S" (args[2]), "d" (args[3]),
		       [in] "r" (in), [out] "r" (out)
		     : CLOBBERED);
	__builtin_ia32_ldmxcsr(mxcsr);
	return ret;
}

static long do_with_zmm(enum deed deed, const long *args,
			const struct vectors *in, struct vectors *out)
{
	uint32_t mxcsr = __builtin_ia32_stmxcsr();
	long ret = args[0];

	asm volatile(LOAD_ZMM LOAD_MASK LOAD_MXCSR DO_DEED
		     SAVE_ZMM SAVE_MASK SAVE_MXCSR "vzeroupper"
		     : "+a" (ret)
		     : "b" (deed), "D" (args[1]), "S" (args[2]), "d" (args[3]),
		       [in] "r" (in), [out] "r" (out)
		     : CLOBBERED);
	__builtin_ia32_ldmxcsr(mxcsr);
	return ret;
}

/* Different in each byte, and never what a scan leaves behind. */
static void make_vectors(struct vectors *v, unsigned int round)
{
	unsigned int i, k;

	memset(v, 0, sizeof(*v));
	for (i = 0; i < 32; i++)
		for (k = 0; k < 64; k++)
			v->reg[i][k] = 1 + (i * 64 + k + round * 7) % 255;
	for (i = 0; i < 8; i++)
		v->mask[i] = 0xa5a5 ^ (0x101 * i) ^ (round & 0xff);
	/* All exceptions masked; another rounding than the kernel's. */
	v->mxcsr = 0x1f80 | 1 << (13 + round % 2);
}

/* Do the deed; true if the registers are the same after it. */
static bool do_and_compare(enum deed deed, const long *args, unsigned int round,
			   long *ret)
{
	static __thread struct vectors in, out;
	bool zmm = __builtin_cpu_supports("avx512f");
	unsigned int i;
	bool same;

	make_vectors(&in, round);
	memset(&out, 0, sizeof(out));
	*ret = zmm ? do_with_zmm(deed, args, &in, &out) :
		     do_with_ymm(deed, args, &in, &out);
	same = in.mxcsr == out.mxcsr;
	for (i = 0; i < (zmm ? 32 : 16); i++)
		same &= !memcmp(in.reg[i], out.reg[i], zmm ? 64 : 32);
	return same && (!zmm || !memcmp(in.mask, out.mask, sizeof(in.mask)));
}

TEST_F_TIMEOUT(pod, registers_survive_a_system_call, 60)
{
	struct kvm_pod_sweep sweep = { .size = sizeof(sweep) };
	long args[4] = { __NR_ioctl, self->pod.fd, KVM_POD_SWEEP, (long)&sweep };
	unsigned int round, bad = 0;
	long ret;

	if (!cpu_has("avx2"))
		SKIP(return, "this CPU has no avx2");
	for (round = 0; round < 16; round++) {
		self->pod.mem[round * REGION] = 0;
		/* A block that is data, and one that goes. */
		self->pod.mem[3 * PAGE - 1] = 1;
		bad += !do_and_compare(SYSTEM_CALL, args, round, &ret);
		ASSERT_EQ(0, ret);
		EXPECT_EQ(round ? REGION : 0, sweep.out_reclaimed);
	}
	EXPECT_EQ(0, bad);
}

/**
 * struct sleeper - a thread that does nothing but keep its registers
 * @cpu: where
 * @stop: by the main thread
 * @bad: how often they had changed
 */
struct sleeper {
	pthread_t thread;
	int cpu;
	bool stop;
	unsigned int bad;
};

#define MAX_SLEEPERS	8

static void *keep_sleeping(void *arg)
{
	struct timespec ms = { .tv_nsec = 1000000 };
	long args[4] = { __NR_nanosleep, (long)&ms }, ret;
	struct sleeper *s = arg;
	unsigned int round = s->cpu;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(s->cpu, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		s->bad++;
	while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED))
		s->bad += !do_and_compare(SYSTEM_CALL, args, round++, &ret);
	return NULL;
}

static void start_sleepers(struct sleeper *s, int nr)
{
	int i;

	for (i = 0; i < nr; i++) {
		s[i] = (struct sleeper){ .cpu = i };
		if (pthread_create(&s[i].thread, NULL, keep_sleeping, &s[i]))
			abort();
	}
}

static unsigned int stop_sleepers(struct sleeper *s, int nr)
{
	unsigned int bad = 0;
	int i;

	for (i = 0; i < nr; i++) {
		__atomic_store_n(&s[i].stop, true, __ATOMIC_RELAXED);
		pthread_join(s[i].thread, NULL);
		bad += s[i].bad;
	}
	return bad;
}

/*
 * A worker of the pod scans where others are asleep: it has no registers of its
 * own to lose, and what is in the CPU is theirs still.
 */
TEST_F_TIMEOUT(pod, registers_survive_a_worker, 60)
{
	int nr = sysconf(_SC_NPROCESSORS_ONLN), round;
	struct sleeper sleepers[MAX_SLEEPERS];
	u64 target = SIZE, at;

	if (!cpu_has("avx2"))
		SKIP(return, "this CPU has no avx2");
	nr = nr < MAX_SLEEPERS ? nr : MAX_SLEEPERS;
	start_sleepers(sleepers, nr);
	for (round = 0; round < 8; round++) {
		at = round * REGION;
		self->pod.mem[at + REGION - PAGE] = 1;
		ASSERT_EQ(0, pod_inflate(&self->pod, at, REGION - PAGE));
		target -= REGION - PAGE;
		ASSERT_EQ(0, pod_set_target(&self->pod, target, NULL));
		ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == target));
		EXPECT_EQ(1, self->pod.mem[at + REGION - PAGE]);
	}
	EXPECT_EQ(0, stop_sleepers(sleepers, nr));
	EXPECT_EQ(8, pod_attr(&self->pod, "demoted"));
}

/* The reserve is empty: the touch itself has to look for zeroes. */
TEST_F_TIMEOUT(pod, registers_survive_a_touch, 60)
{
	long long before = pod_attr(&self->pod, "sweep_reclaimed");
	long args[4] = {}, ret;
	unsigned int round, bad = 0;

	if (!cpu_has("avx2"))
		SKIP(return, "this CPU has no avx2");
	ASSERT_EQ(0, pod_set_target(&self->pod, 2 * REGION, NULL));
	ASSERT_TRUE(POD_WAIT(POD_GET(&self->pod, owned) == 2 * REGION));
	for (round = 0; round < 16; round++) {
		args[1] = (long)self->pod.mem + round * REGION;
		bad += !do_and_compare(STORE, args, round, &ret);
		EXPECT_EQ(1, self->pod.mem[round * REGION]);
		self->pod.mem[round * REGION] = 0;
	}
	EXPECT_EQ(0, bad);
	EXPECT_LT(before, pod_attr(&self->pod, "sweep_reclaimed"));
	EXPECT_GE(2 * REGION, POD_GET(&self->pod, owned));
}

TEST_HARNESS_MAIN
