// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many processes do all there is to do on a few pods, and some of them are
 * killed at any moment and start again. Who changes a page owns it, and what
 * it is to hold is known outside of all processes (arena.h). After a while all
 * is looked at, given up, and starts again with new pods.
 *
 * Each process has a thread for deeds, which change pages that it owns, and one
 * for errands, which change nothing (deeds.c, errands.c).
 *
 *	SEED=n	the choices of an earlier run; the order of processes differs
 *	OPS=n	operations of all together, at most: a slow machine stops after
 *		some time, which KVM_POD_TIMEOUT_SCALE makes longer
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "block.h"
#include "deeds.h"
#include "pod_test.h"
#include "uring.h"

#define NR_PROCESSES	5
#define SECONDS_MAX	14
#define TICK_MS		20

/*
 * Single pages never become blocks again as long as the target stays: new pods
 * after this many operations.
 */
#define OPS_PER_ROUND	2000

/* Ticks without an operation after which those who wait get memory. */
#define STUCK_TICKS	10

static unsigned long from_env(const char *name, unsigned long otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static bool goes_on(struct arena *arena)
{
	return !__atomic_load_n(&arena->failed, __ATOMIC_ACQUIRE) &&
	       __atomic_sub_fetch(&arena->left, 1, __ATOMIC_RELAXED) >= 0 &&
	       time(NULL) < arena->end;
}

static void *new_buffer(void)
{
	void *p = mmap(NULL, BUFFER_PAGES * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void *run_errands(void *arg)
{
	struct actor *actor = arg;

	while (goes_on(actor->arena))
		do_errand(actor);
	return NULL;
}

/* A process, from fork() to its end or its death. */
static void process(struct arena *arena, unsigned int nr, unsigned int seed)
{
	struct actor deeds = { arena, nr, seed };
	struct actor errands = {
		arena, nr + MAX_ACTORS / 2, seed + MAX_ACTORS / 2,
	};
	pthread_t thread;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	trap_signals();
	/* First, or something else lies where the pods are to be. */
	if (arena_map(arena))
		_exit(1);
	deeds.ring = uring_open();
	deeds.buffer = new_buffer();
	if (!deeds.buffer ||
	    pipe2(deeds.pipe, O_CLOEXEC | O_NONBLOCK) ||
	    pthread_create(&thread, NULL, run_errands, &errands))
		_exit(1);
	__atomic_store_n(&arena->slots[nr].pid, getpid(), __ATOMIC_RELEASE);
	while (goes_on(arena))
		do_deed(&deeds);
	pthread_join(thread, NULL);
	_exit(0);
}

/* Summed up over all pods: was anything going on? */
static const char *const figures[] = {
	"populate_2m", "populate_4k", "zero_mapped", "discarded", "demoted",
	"sweep_scanned", "sweep_reclaimed", "waits", "exhausted",
	"events_parked",
};

#define NR_FIGURES	ARRAY_SIZE(figures)

/**
 * struct storm - what the test itself knows
 * @actor: for what it looks at, and its choices
 * @disk: what struct arena knows, too
 * @ops: done in rounds that are over
 * @refused: in them
 * @sum: of the figures, in them
 * @pids: of the processes, 0 = none
 * @life: how many processes there have been
 * @kills: of which so many were killed
 * @inherited: pages that they owned
 * @torn: of which so many were between old and new
 * @relieved: times that all waited for memory
 */
struct storm {
	struct arena *arena;
	struct actor actor;
	int disk;
	long ops;
	unsigned long refused;
	u64 sum[NR_FIGURES];
	pid_t pids[NR_PROCESSES];
	unsigned int life;
	unsigned int kills;
	unsigned int inherited;
	unsigned int torn;
	unsigned int relieved;
};

FIXTURE(storm) {
	struct storm storm;
	long long pods;
	long long owned;
};

static int make_disk(void)
{
	int file = memfd_create("disk", MFD_CLOEXEC), disk;

	if (file < 0 || ftruncate(file, MAX_ACTORS * BUFFER_PAGES * PAGE))
		return -1;
	disk = block_open_loop(file);
	if (disk < 0)
		return file;
	close(file);
	return disk;
}

FIXTURE_SETUP(storm)
{
	struct storm *s = &self->storm;

	self->pods = pod_class_attr("pods");
	self->owned = pod_class_attr("total_owned");
	s->arena = mmap(NULL, sizeof(struct arena), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, s->arena);
	s->disk = make_disk();
	ASSERT_LE(0, s->disk);
	s->actor = (struct actor){
		s->arena, MAX_ACTORS / 2 - 1, from_env("SEED", time(NULL)),
		.buffer = new_buffer(),
	};
	ASSERT_NE(NULL, s->actor.buffer);
	trap_signals();
}

/* Whoever is left of a round that failed dies with this process. */
FIXTURE_TEARDOWN(storm)
{
	close(self->storm.disk);
}

static void start(struct __test_metadata *_metadata, struct storm *s,
		  unsigned int nr)
{
	unsigned int seed = s->actor.seed + ++s->life * MAX_ACTORS + nr;

	s->pids[nr] = fork();
	ASSERT_LE(0, s->pids[nr]);
	if (!s->pids[nr])
		process(s->arena, nr, seed);
}

/* Gone, and how it ended: 0, an exit code or 128 + a signal; -1 if not gone. */
static int reap(struct storm *s, unsigned int nr)
{
	int status;

	if (!s->pids[nr] || waitpid(s->pids[nr], &status, WNOHANG) <= 0)
		return -1;
	s->pids[nr] = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

static void kill_nr(struct __test_metadata *_metadata, struct storm *s,
		    unsigned int nr)
{
	int how = -1;

	__atomic_store_n(&s->arena->slots[nr].pid, 0, __ATOMIC_RELEASE);
	kill(s->pids[nr], SIGKILL);
	ASSERT_TRUE(POD_WAIT((how = reap(s, nr)) >= 0)) {
		TH_LOG("a process survives SIGKILL");
	}
	/* Or it had come to its end. */
	EXPECT_TRUE(how == 0 || how == 128 + SIGKILL);
	s->kills += how != 0;
	s->inherited += arena_inherit(&s->actor, nr, &s->torn);
}

/* The end of a round may be that of all its processes in one moment. */
static void kill_all(struct __test_metadata *_metadata, struct storm *s)
{
	unsigned int nr;

	for (nr = 0; nr < NR_PROCESSES; nr++)
		if (s->pids[nr])
			kill(s->pids[nr], SIGKILL);
	for (nr = 0; nr < NR_PROCESSES; nr++)
		if (s->pids[nr])
			kill_nr(_metadata, s, nr);
}

static void kill_one(struct __test_metadata *_metadata, struct storm *s)
{
	unsigned int nr = pick(&s->actor, NR_PROCESSES);

	if (!s->pids[nr])
		return;
	kill_nr(_metadata, s, nr);
	if (!s->pids[nr])
		start(_metadata, s, nr);
}

/* Recounts while all goes on; what does not come to rest is no verdict. */
static void audit(struct storm *s)
{
	char path[64], text[256];
	struct arena_pod *p;

	for (p = s->arena->pods; p < s->arena->pods + ARENA_NR; p++) {
		snprintf(path, sizeof(path),
			 "/sys/kernel/debug/kvm-pod/pod%u/audit", p->pod.id);
		if (file_read(path, text, sizeof(text)))
			complain(&s->actor, (struct run){ p }, "no audit",
				 errno);
		else if (!strncmp(text, "BAD", 3))
			complain(&s->actor, (struct run){ p },
				 strdup(text), 0);
	}
}

/* Holds at any moment, by one reading. */
static void check_owned(struct storm *s)
{
	struct kvm_pod_query q;
	struct arena_pod *p;

	for (p = s->arena->pods; p < s->arena->pods + ARENA_NR; p++) {
		pod_must(pod_query(&p->pod, &q), "KVM_POD_QUERY");
		if (q.out_owned > q.out_target + q.out_overdraft +
				  q.out_to_shrink)
			complain(&s->actor, (struct run){ p },
				 "more is owned than may be", q.out_owned);
	}
}

/* All who could give memory back may be among those who wait for it. */
static void relieve(struct storm *s)
{
	struct arena_pod *p = &s->arena->pods[ARENA_SHORT];

	if (!POD_GET(&p->pod, waiting))
		return;
	if (pick(&s->actor, 2))
		pod_set_target(&p->pod, p->pod.size, NULL);
	else
		pod_set_policy(&p->pod, KVM_POD_POLICY_FAIL);
	s->relieved++;
}

static unsigned int reap_all(struct __test_metadata *_metadata,
			     struct storm *s)
{
	unsigned int nr, alive = 0;
	int how;

	for (nr = 0; nr < NR_PROCESSES; nr++) {
		how = reap(s, nr);
		if (how > 0)
			complain(&s->actor, (struct run){ s->arena->pods },
				 "a process ended by itself", how);
		alive += !!s->pids[nr];
	}
	return alive;
}

/* Every TICK_MS until all are through. */
static void watch(struct __test_metadata *_metadata, struct storm *s)
{
	unsigned int tick, stuck = 0;
	long left = 0, was, last = pick(&s->actor, OPS_PER_ROUND);

	for (tick = 1; reap_all(_metadata, s); tick++) {
		pod_sleep_ms(TICK_MS);
		was = left;
		left = __atomic_load_n(&s->arena->left, __ATOMIC_RELAXED);
		stuck = left == was || left < 0 ? stuck + 1 : 0;
		if (stuck && stuck % STUCK_TICKS == 0)
			relieve(s);
		ASSERT_GT(SECONDS_MAX * time_scale() * 1000 / TICK_MS, stuck);
		check_owned(s);
		if (tick % 50 == 0)
			audit(s);
		if (left > 0 && left < last / 4 && s->life % 2)
			kill_all(_metadata, s);
		else if (left > 0 && !pick(&s->actor, 12))
			kill_one(_metadata, s);
	}
}

static void sum_up(struct storm *s)
{
	struct arena_pod *p;
	unsigned int i;

	for (p = s->arena->pods; p < s->arena->pods + ARENA_NR; p++)
		for (i = 0; i < NR_FIGURES; i++)
			s->sum[i] += pod_attr(&p->pod, figures[i]);
}

static void show(struct __test_metadata *_metadata, const struct pod *pod)
{
	struct kvm_pod_query q;

	pod_must(pod_query(pod, &q), "KVM_POD_QUERY");
	TH_LOG("target %llu, owned %llu, populated %llu, reserve %llu, given %llu, parked %llu, overdraft %llu, to shrink %llu",
	       q.out_target, q.out_owned, q.out_populated, q.out_reserve,
	       q.out_given, q.out_parked, q.out_overdraft, q.out_to_shrink);
}

/* Nobody acts any more: all is there, and goes when it is given up. */
static void settle(struct __test_metadata *_metadata, struct arena_pod *p)
{
	const struct pod *pod = &p->pod;

	ASSERT_GOOD(pod_healthy(pod));
	if (p->kind == ARENA_PINNABLE) {
		EXPECT_EQ(pod->size, POD_GET(pod, populated));
		return;
	}
	EXPECT_EQ(0, pod_set_target(pod, pod->size, NULL));
	EXPECT_EQ(0, pod_inflate(pod, 0, pod->size));
	EXPECT_EQ(0, pod_sweep(pod, 0, 0, 0, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == pod->size)) {
		show(_metadata, pod);
	}
	EXPECT_EQ(0, pod_set_target(pod, REGION, NULL));
	EXPECT_TRUE(POD_WAIT(POD_GET(pod, owned) == REGION)) {
		show(_metadata, pod);
	}
	EXPECT_EQ(0, POD_GET(pod, populated));
	EXPECT_EQ(pod->size, POD_GET(pod, given));
	EXPECT_EQ(0, POD_GET(pod, overdraft));
	EXPECT_EQ(0, POD_GET(pod, retired));
	ASSERT_GOOD(pod_healthy(pod));
}

static void round_begin(struct __test_metadata *_metadata, struct storm *s,
			long ops, long end)
{
	struct arena *a = s->arena;
	unsigned int nr;

	ASSERT_GOOD(arena_begin(a));
	a->disk = s->disk;
	a->left = ops;
	a->end = end;
	a->slots[s->actor.nr].doing = "look";
	for (nr = 0; nr < NR_PROCESSES; nr++)
		start(_metadata, s, nr);
}

/* All pods of the round are ended, with all that they owned. */
static void round_end(struct __test_metadata *_metadata, struct storm *s,
		      long ops)
{
	struct arena *a = s->arena;
	unsigned int nr;

	s->ops += a->left > 0 ? ops - a->left : ops;
	s->refused += a->refused;
	sum_up(s);
	arena_check_all(&s->actor);
	ASSERT_STREQ("", a->error);
	for (nr = 0; nr < ARENA_NR; nr++)
		settle(_metadata, &a->pods[nr]);
	arena_end(a);
}

TEST_F_TIMEOUT(storm, all, 60)
{
	struct storm *s = &self->storm;
	long end = time(NULL) + SECONDS_MAX * time_scale();
	long left = from_env("OPS", 20000), ops;
	unsigned int i;

	TH_LOG("SEED=%u", s->actor.seed);
	for (; left > 0 && time(NULL) < end; left -= ops) {
		ops = left < OPS_PER_ROUND ? left : OPS_PER_ROUND;
		round_begin(_metadata, s, ops, end);
		watch(_metadata, s);
		round_end(_metadata, s, ops);
		EXPECT_TRUE(POD_WAIT(pod_class_attr("pods") == self->pods));
		EXPECT_TRUE(POD_WAIT(pod_class_attr("total_owned") ==
				     self->owned));
	}
	TH_LOG("%ld operations, %u processes, %u killed with %u pages (%u between old and new), %lu writes refused, relieved %u times",
	       s->ops, s->life, s->kills, s->inherited, s->torn, s->refused,
	       s->relieved);
	for (i = 0; i < NR_FIGURES; i++)
		TH_LOG("%s %lu", figures[i], s->sum[i]);
}

TEST_HARNESS_MAIN
