// SPDX-License-Identifier: GPL-2.0-only
/*
 * scrubber: an operating system that clears all memory when it starts, with
 * all its CPUs, and then gets by with little of it.
 *
 *	scrub=0		leave the memory as it is (default 1)
 *	strides=N	how many pages of each block to clear in strides (2)
 *	work=MIB	memory to work in, whole blocks all over memory (32)
 *	scatter=N	use one page of each Nth other block as well, 0: none (4)
 *	rounds=N	how often to write and check what it works in (4)
 *
 * Clears memory page by page, then block by block, then in strides of a
 * block; sees that it is zero; writes and checks its working memory; sees
 * that all other memory still is zero. Says "SCRUBBER NAME bad=N" after each
 * of these phases, "SCRUBBER wrong ..." for the first words that are wrong,
 * "SCRUBBER exception ..." for what no CPU should ever take, and "SCRUBBER done
 * bad=N" at the end.
 */
#include <stdatomic.h>
#include <stddef.h>

#include "console.h"
#include "guest.h"
#include "io.h"
#include "memory.h"
#include "smp.h"

#define MAX_REPORTS	8

/*
 * Work that all CPUs share: run() is called once for each of units(), on the
 * CPU that comes first.
 */
struct phase {
	const char *name;
	uint64_t (*units)(void);
	void (*run)(uint64_t unit);
};

static _Atomic uint64_t next_unit, nr_bad;
static atomic_flag talking = ATOMIC_FLAG_INIT;
static const struct phase *phase;
static uint64_t phase_units, round;
static uint64_t work_step, scatter, strides;

static void begin_report(const char *what)
{
	while (atomic_flag_test_and_set(&talking))
		cpu_relax();
	say("SCRUBBER ");
	say(what);
}

static void end_report(void)
{
	say("\n");
	atomic_flag_clear(&talking);
}

static void report(uint64_t page, uint64_t word, uint64_t found, uint64_t wanted)
{
	if (atomic_fetch_add(&nr_bad, 1) >= MAX_REPORTS)
		return;
	begin_report("wrong");
	say_hex("address", page * PAGE_SIZE + word * sizeof(uint64_t));
	say_hex("found", found);
	say_hex("wanted", wanted);
	end_report();
}

void guest_exception(uint64_t vector, uint64_t error, uint64_t rip,
		     uint64_t cr2)
{
	begin_report("exception");
	say_number("vector", vector);
	say_hex("error", error);
	say_hex("rip", rip);
	say_hex("cr2", cr2);
	end_report();
}

static void clear_page(uint64_t page)
{
	uint64_t *words = memory_words(page);

	if (!memory_usable(page))
		return;
	for (uint64_t i = 0; i < PAGE_WORDS; i++)
		words[i] = 0;
}

static void expect_zero(uint64_t page)
{
	const uint64_t *words = memory_words(page);

	for (uint64_t i = 0; i < PAGE_WORDS; i++)
		if (words[i])
			report(page, i, words[i], 0);
}

/* Whether the guest works in a page: all of some blocks, a page of others. */
static bool is_work(uint64_t page)
{
	uint64_t block = page / BLOCK_PAGES;

	if (!memory_usable(page))
		return false;
	if (work_step && block % work_step == work_step - 1)
		return true;
	return scatter && block % scatter == 0 &&
	       page % BLOCK_PAGES == block * 37 % BLOCK_PAGES;
}

/* Never zero. */
static uint64_t pattern(uint64_t page, uint64_t word)
{
	uint64_t seed = (page * PAGE_WORDS + word) * 64 + round;

	return (seed * 0x9e3779b97f4a7c15UL) | 1;
}

static void fill(uint64_t page)
{
	uint64_t *words = memory_words(page);

	for (uint64_t i = 0; i < PAGE_WORDS; i++)
		words[i] = pattern(page, i);
}

static void expect_pattern(uint64_t page)
{
	const uint64_t *words = memory_words(page);

	for (uint64_t i = 0; i < PAGE_WORDS; i++)
		if (words[i] != pattern(page, i))
			report(page, i, words[i], pattern(page, i));
}

static uint64_t nr_blocks(void)
{
	return memory_top() / BLOCK_PAGES;
}

static uint64_t nr_strides(void)
{
	return strides * nr_blocks();
}

static bool is_rest(uint64_t page)
{
	return memory_usable(page) && !is_work(page);
}

static void for_pages(uint64_t block, bool (*wanted)(uint64_t page),
		      void (*run)(uint64_t page))
{
	uint64_t first = block * BLOCK_PAGES;

	for (uint64_t page = first; page < first + BLOCK_PAGES; page++)
		if (wanted(page))
			run(page);
}

static void clear_block(uint64_t block)
{
	for_pages(block, memory_usable, clear_page);
}

/* The next block each time, the next page of it after a whole turn. */
static void clear_stride(uint64_t unit)
{
	clear_page(unit % nr_blocks() * BLOCK_PAGES + unit / nr_blocks());
}

static void check_block(uint64_t block)
{
	for_pages(block, memory_usable, expect_zero);
}

static void fill_block(uint64_t block)
{
	for_pages(block, is_work, fill);
}

static void verify_block(uint64_t block)
{
	for_pages(block, is_work, expect_pattern);
}

static void check_rest(uint64_t block)
{
	for_pages(block, is_rest, expect_zero);
}

static const struct phase scrubs[] = {
	{ "pages", memory_top, clear_page },
	{ "blocks", nr_blocks, clear_block },
	{ "strides", nr_strides, clear_stride },
	{ "check", nr_blocks, check_block },
};

#define NR_SCRUBS	(sizeof(scrubs) / sizeof(*scrubs))

static const struct phase filling = { "fill", nr_blocks, fill_block };
static const struct phase verify = { "verify", nr_blocks, verify_block };
static const struct phase rest = { "rest", nr_blocks, check_rest };

/* Every CPU but the first does only this, until phase is NULL. */
static bool take_part(void)
{
	uint64_t unit;

	smp_barrier();
	if (!phase)
		return false;
	while ((unit = atomic_fetch_add(&next_unit, 1)) < phase_units)
		phase->run(unit);
	smp_barrier();
	return true;
}

static void run_phase(const struct phase *next)
{
	phase = next;
	phase_units = next ? next->units() : 0;
	atomic_store(&next_unit, 0);
	if (!take_part())
		return;
	say("SCRUBBER ");
	say(next->name);
	say_number("bad", atomic_load(&nr_bad));
	say("\n");
}

static void read_options(void)
{
	uint64_t work = option("work", 32) / 2;

	work_step = work ? nr_blocks() / work : 0;
	scatter = option("scatter", 4);
	strides = option("strides", 2);
}

static void run_all(void)
{
	uint64_t scrub = option("scrub", 1), rounds = option("rounds", 4);

	for (unsigned int i = 0; scrub && i < NR_SCRUBS; i++)
		run_phase(&scrubs[i]);
	for (round = 1; round <= rounds; round++) {
		run_phase(&filling);
		run_phase(&verify);
	}
	if (scrub)
		run_phase(&rest);
	run_phase(NULL);
}

static void start(const struct hvm_start_info *info)
{
	memory_init(info);
	read_options();
	say("\nSCRUBBER up");
	say_number("cpus", smp_count());
	say_number("pages", memory_usable_pages());
	say("\n");
	smp_start();
}

void guest_main(uint32_t cpu, const struct hvm_start_info *info)
{
	if (!cpu) {
		start(info);
		run_all();
		say("SCRUBBER done");
		say_number("bad", atomic_load(&nr_bad));
		say("\n");
		park();
	}
	while (take_part())
		;
	park();
}
