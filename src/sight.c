#include "pg.h"

#include "sight.h"

/* A query with a cursor or a function inside goes back and forth between a few
 * snapshots. */
#define SIGHTS 4

/* A sight with more in it, in bytes, is not kept when its transaction ends. */
#define KEPT_MAX ((Size) 1024 * 1024)

static UsersSight sights[SIGHTS];
UsersSight *users_latest_sight = &sights[0];
static uint64 clock_hand = 0;
static uint64 last_number = 0;

/* The transactions that a snapshot takes for running. In recovery all of them
 * stand in subxip. On a primary subxip can be left out: a subtransaction of one
 * that is running is not seen, and when it is not in the list any more it has
 * aborted. */
static const TransactionId *
running_of(Snapshot snapshot, Size *size)
{
	bool in_recovery = snapshot->takenDuringRecovery;

	*size =
		sizeof(TransactionId) * (in_recovery ? (Size) Max(snapshot->subxcnt, 0)
											 : (Size) snapshot->xcnt);
	return in_recovery ? snapshot->subxip : snapshot->xip;
}

bool
users_sight_same_running(const UsersSight *sight, Snapshot snapshot)
{
	Size size;
	const TransactionId *running = running_of(snapshot, &size);

	return sight->in_recovery == snapshot->takenDuringRecovery &&
		   sight->suboverflowed == snapshot->suboverflowed &&
		   size == sight->running_size &&
		   (size == 0 || memcmp(running, sight->running, size) == 0);
}

void
users_sight_clear(UsersSight *sight)
{
	sight->memory = NULL;
	sight->running = NULL;
	sight->number = 0;
	sight->xmin = InvalidTransactionId;
	if (sight->context != NULL)
		MemoryContextReset(sight->context);
}

static void
take(UsersSight *sight, Snapshot snapshot)
{
	const TransactionId *running;

	users_sight_clear(sight);
	if (sight->context == NULL)
		sight->context = AllocSetContextCreate(TopMemoryContext, "users sight",
											   ALLOCSET_SMALL_SIZES);
	sight->xmax = snapshot->xmax;
	sight->curcid = snapshot->curcid;
	sight->in_recovery = snapshot->takenDuringRecovery;
	sight->suboverflowed = snapshot->suboverflowed;
	running = running_of(snapshot, &sight->running_size);
	sight->alone = sight->running_size == 0 && !sight->in_recovery &&
				   !sight->suboverflowed;
	if (sight->running_size > 0)
	{
		sight->running =
			MemoryContextAlloc(sight->context, sight->running_size);
		memcpy(sight->running, running, sight->running_size);
	}
	sight->outlived = 0;
	/* Last: until then nothing is here, should memory have run out. */
	sight->xmin = snapshot->xmin;
	sight->number = ++last_number;
}

static UsersSight *
find(Snapshot snapshot)
{
	UsersSight *oldest = &sights[0];

	for (int i = 0; i < SIGHTS; i++)
	{
		if (users_sight_is_of(&sights[i], snapshot))
			return &sights[i];
		if (sights[i].number == 0 ||
			(oldest->number != 0 && sights[i].used < oldest->used))
			oldest = &sights[i];
	}
	take(oldest, snapshot);
	return oldest;
}

void
users_sight_change(Snapshot snapshot)
{
	users_latest_sight = find(snapshot);
	users_latest_sight->used = ++clock_hand;
}

static void
clear_all(void)
{
	for (int i = 0; i < SIGHTS; i++)
		if (sights[i].number != 0)
			users_sight_clear(&sights[i]);
}

/* A transaction that has changed nothing has seen nothing of its own, and what
 * it saw of others is true until the next of them commits. But commands that
 * found no row to change are counted, too: another transaction's snapshot with
 * the same count may see what that one has changed. */
static void
keep(void)
{
	for (int i = 0; i < SIGHTS; i++)
	{
		UsersSight *sight = &sights[i];

		if (sight->number == 0)
			continue;
		if (sight->curcid > FirstCommandId ||
			MemoryContextMemAllocated(sight->context, true) > KEPT_MAX)
			users_sight_clear(sight);
		else
			sight->outlived++;
	}
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_PRE_COMMIT ||
		event == XACT_EVENT_PARALLEL_PRE_COMMIT ||
		event == XACT_EVENT_PRE_PREPARE)
		return;
	if (event == XACT_EVENT_COMMIT &&
		!TransactionIdIsValid(GetTopTransactionIdIfAny()))
		keep();
	else
		clear_all();
}

/* What was seen of the subtransaction is no more. */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact,
					  SubTransactionId parent, void *arg)
{
	if (event != SUBXACT_EVENT_ABORT_SUB)
		return;
	clear_all();
}

void
users_init_sight(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
