// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mistakes made on purpose, one for each detector: a kernel of tests/kernels
 * that says nothing about them proves nothing about kvm-pod. For tests only.
 */

#include <linux/delay.h>
#include <linux/io.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#define RACE_SECONDS	10

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "the mistake to make");

static void use_after_free(void)
{
	char *victim = kmalloc(64, GFP_KERNEL);

	kfree(victim);
	OPTIMIZER_HIDE_VAR(victim);
	if (victim)
		WRITE_ONCE(victim[8], 1);
}

static void beyond_the_end(void)
{
	char *victim = kmalloc(64, GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(victim);
	if (victim)
		WRITE_ONCE(victim[65], 1);
	kfree(victim);
}

static void shift_too_far(void)
{
	int bits = 40;

	OPTIMIZER_HIDE_VAR(bits);
	pr_info("planted: %d\n", 1 << bits);
}

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);

static void lock_order(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static DEFINE_SPINLOCK(spin);

static void sleep_in_atomic(void)
{
	spin_lock(&spin);
	might_sleep();
	spin_unlock(&spin);
}

static void broken_list(void)
{
	LIST_HEAD(list);
	LIST_HEAD(entry);

	list.next = &entry;
	list_add(&entry, &list);
	list_add(&entry, &list);
}

/* Put once more than it was taken. */
static void free_page_again(void)
{
	struct page *page = alloc_page(GFP_KERNEL);

	if (!page)
		return;
	put_page(page);
	put_page(page);
}

static void lose_memory(void)
{
	unsigned int i;

	/* Several: a stale register or stack slot may still name one. */
	for (i = 0; i < 16; i++) {
		void *lost = kmalloc(1000, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(lost);
	}
}

static void lose_page(void)
{
	struct page *lost = alloc_page(GFP_KERNEL);

	OPTIMIZER_HIDE_VAR(lost);
}

static u64 shared[8];

static int count_up(void *unused)
{
	while (!kthread_should_stop()) {
		shared[0]++;
		cond_resched();
	}
	return 0;
}

/* Writes where nothing is instrumented. */
static int fill(void *unused)
{
	unsigned int value = 0;

	while (!kthread_should_stop()) {
		memset_io((void __iomem *)shared, value++, sizeof(shared));
		cond_resched();
	}
	return 0;
}

static int look(void *unused)
{
	u64 sum = 0;

	while (!kthread_should_stop()) {
		sum += shared[0];
		OPTIMIZER_HIDE_VAR(sum);
		barrier();
		cond_resched();
	}
	return 0;
}

static void race(int (*one)(void *), int (*other)(void *))
{
	struct task_struct *tasks[2] = {
		kthread_run(one, NULL, "planted-one"),
		kthread_run(other, NULL, "planted-other"),
	};
	unsigned int i;

	msleep(RACE_SECONDS * MSEC_PER_SEC);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
}

static void race_of_two(void)
{
	race(count_up, count_up);
}

static void race_with_kernel(void)
{
	race(fill, look);
}

static const struct {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "use-after-free", use_after_free },
	{ "beyond-the-end", beyond_the_end },
	{ "shift-too-far", shift_too_far },
	{ "lock-order", lock_order },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "broken-list", broken_list },
	{ "free-page-again", free_page_again },
	{ "lose-memory", lose_memory },
	{ "lose-page", lose_page },
	{ "race-of-two", race_of_two },
	{ "race-with-kernel", race_with_kernel },
};

static int __init planted_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (!strcmp(what, mistakes[i].name)) {
			mistakes[i].make();
			return 0;
		}
	}
	return -EINVAL;
}
module_init(planted_init);

static void __exit planted_exit(void)
{
}
module_exit(planted_exit);

MODULE_DESCRIPTION("Mistakes that test kernels must notice");
MODULE_LICENSE("GPL");
