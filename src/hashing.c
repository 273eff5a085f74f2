#include "pg.h"

#include "hashing.h"
#include "settings.h"

/* One backend that hashes or waits to; process id 0: free. */
typedef struct Place
{
	int pid;
	uint64 ticket; /* order of arrival */
	bool hashing;
	bool known;
	uint8 network[8];
} Place;

typedef struct Shared
{
	LWLock *lock;
	ConditionVariable freed;
	uint64 next_ticket;
	int place_count;
	Place places[FLEXIBLE_ARRAY_MEMBER];
} Shared;

static Shared *shared = NULL;
static Place *mine = NULL;

/* Nesting level of the transaction that took it. */
static int taken_at = 0;

/* Every process that could ever ask; MaxBackends is not known this early. */
static int
count_places(void)
{
	return MaxConnections + max_worker_processes + 16;
}

Size
users_hashing_shmem_size(void)
{
	return add_size(offsetof(Shared, places),
					mul_size((Size) count_places(), sizeof(Place)));
}

void
users_hashing_shmem_start(void)
{
	bool found;

	shared =
		ShmemInitStruct("users hashing", users_hashing_shmem_size(), &found);
	if (found)
		return;
	memset(shared, 0, users_hashing_shmem_size());
	shared->lock = &GetNamedLWLockTranche("users")[1].lock;
	shared->place_count = count_places();
	ConditionVariableInit(&shared->freed);
}

static bool
same_network(const Place *a, const Place *b)
{
	return a->known && b->known &&
		   memcmp(a->network, b->network, sizeof(a->network)) == 0;
}

/* Slots that one address may have. */
static int
share_of_one(void)
{
	return Max(1, users_settings.max_concurrent_hashes / 2);
}

/* How many hash, in all and from the network of place. */
static void
count_hashing(const Place *place, int *all, int *theirs)
{
	*all = 0;
	*theirs = 0;
	for (int i = 0; i < shared->place_count; i++)
	{
		const Place *other = &shared->places[i];

		if (other->pid == 0 || !other->hashing)
			continue;
		(*all)++;
		if (same_network(place, other))
			(*theirs)++;
	}
}

/* Whether place may hash now: a slot is free, its address has not its share,
 * and nobody who came before it may. */
static bool
may_hash(const Place *place)
{
	int all;
	int theirs;

	count_hashing(place, &all, &theirs);
	if (all >= users_settings.max_concurrent_hashes || theirs >= share_of_one())
		return false;
	for (int i = 0; i < shared->place_count; i++)
	{
		const Place *other = &shared->places[i];

		if (other->pid == 0 || other->hashing || other->ticket >= place->ticket)
			continue;
		count_hashing(other, &all, &theirs);
		if (theirs < share_of_one())
			return false;
	}
	return true;
}

/* Takes a place in the queue; NULL when there is none, which cannot be. */
static Place *
take_place(const UsersClient *client)
{
	const uint8 *network;
	size_t len = users_client_network(client, &network);

	for (int i = 0; i < shared->place_count; i++)
	{
		Place *place = &shared->places[i];

		if (place->pid != 0)
			continue;
		memset(place, 0, sizeof(*place));
		place->pid = MyProcPid;
		place->ticket = shared->next_ticket++;
		place->known = client->known;
		memcpy(place->network, network, len);
		return place;
	}
	return NULL;
}

/* Waits until mine may hash; false when the time is up. */
static bool
wait_for_turn(TimestampTz deadline)
{
	bool turn = false;

	ConditionVariablePrepareToSleep(&shared->freed);
	for (;;)
	{
		long left;

		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		turn = may_hash(mine);
		if (turn)
			mine->hashing = true;
		LWLockRelease(shared->lock);
		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), deadline);
		if (turn || left <= 0)
			break;
		(void) ConditionVariableTimedSleep(&shared->freed, left,
										   PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	/* Who came after looked before this place was taken; there may be one
	 * more. */
	if (turn)
		ConditionVariableBroadcast(&shared->freed);
	return turn;
}

static void
leave_at_exit(int code, Datum arg)
{
	users_hashing_leave();
}

bool
users_hashing_enter(const UsersClient *client)
{
	static bool registered = false;
	TimestampTz deadline;

	if (!registered)
	{
		before_shmem_exit(leave_at_exit, (Datum) 0);
		registered = true;
	}
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	mine = take_place(client);
	taken_at = GetCurrentTransactionNestLevel();
	if (mine != NULL && may_hash(mine))
		mine->hashing = true;
	LWLockRelease(shared->lock);
	if (mine == NULL)
		return false;
	if (mine->hashing)
		return true;
	deadline = GetCurrentTimestamp() +
			   users_settings.hash_queue_timeout * USECS_PER_SEC;
	if (wait_for_turn(deadline))
		return true;
	users_hashing_leave();
	return false;
}

void
users_hashing_leave(void)
{
	if (mine == NULL)
		return;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	memset(mine, 0, sizeof(*mine));
	LWLockRelease(shared->lock);
	mine = NULL;
	ConditionVariableBroadcast(&shared->freed);
}

void
users_hashing_counts(int *hashing, int *waiting)
{
	*hashing = 0;
	*waiting = 0;
	LWLockAcquire(shared->lock, LW_SHARED);
	for (int i = 0; i < shared->place_count; i++)
	{
		if (shared->places[i].pid == 0)
			continue;
		if (shared->places[i].hashing)
			(*hashing)++;
		else
			(*waiting)++;
	}
	LWLockRelease(shared->lock);
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		users_hashing_leave();
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB &&
		GetCurrentTransactionNestLevel() <= taken_at)
		users_hashing_leave();
}

void
users_init_hashing(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
