/*
 * What a snapshot showed, remembered for as long as it is asked about. A
 * statement judges every row under one snapshot, so what was read for the first
 * row is right for the others; but a cursor or a function in between brings
 * another snapshot along, and a rollback takes back what a snapshot has seen of
 * its own transaction. So each thing that is remembered belongs to a sight, and
 * a sight to one snapshot, or to several that see the same: while nobody
 * commits anything the next transaction's does, too.
 */
#ifndef USERS_SIGHT_H
#define USERS_SIGHT_H

#include <stdbool.h>

typedef struct UsersSight
{
	uint64 number;		/* 0: there is none here; never used again */
	uint64 outlived;	/* transactions that have ended since it was taken */
	TransactionId xmin; /* invalid: there is none here */
	TransactionId xmax;
	CommandId curcid;
	bool alone; /* on a primary, and it takes no transaction for running */
	bool in_recovery;
	bool suboverflowed;
	TransactionId *running; /* xip; in recovery subxip */
	Size running_size;
	uint64 used;		   /* when, for finding the one to give up */
	MemoryContext context; /* of what is remembered */
	void *memory;		   /* what it is: NULL at first; holder.c's */
} UsersSight;

/* The one that was asked for last. */
extern UsersSight *users_latest_sight;

/* Whether the snapshot takes the same transactions for running. */
extern bool users_sight_same_running(const UsersSight *sight,
									 Snapshot snapshot);

/* Makes that of a snapshot the latest. */
extern void users_sight_change(Snapshot snapshot);

/*
 * Whether a snapshot of this transaction sees what the sight's saw: the same
 * transactions of others, and of its own the same commands; a rollback clears
 * everything. (The count of completed transactions that GetSnapshotData goes by
 * is lost when a snapshot is copied.) What was kept from an earlier transaction
 * saw the changes of no command, so only a snapshot that sees none fits. At
 * SERIALIZABLE each transaction has to read by itself, as its reads are
 * recorded.
 *
 * curcid tells commands apart when they have ended. A function that a command
 * calls while it is inserting many rows into our tables would be told of the
 * first of them only; our own commands call none, and nobody else writes there.
 */
static inline bool
users_sight_is_of(const UsersSight *sight, Snapshot snapshot)
{
	/* One branch instead of six. */
	if (((sight->xmax ^ snapshot->xmax) | (sight->xmin ^ snapshot->xmin) |
		 (sight->curcid ^ snapshot->curcid)) != 0 ||
		(sight->outlived > 0 && IsolationIsSerializable()))
		return false;
	return likely(sight->alone &&
				  (snapshot->xcnt | (uint32) snapshot->takenDuringRecovery |
				   (uint32) snapshot->suboverflowed) == 0) ||
		   users_sight_same_running(sight, snapshot);
}

/* The sight of a snapshot of this transaction. It and all that is in it may go
 * at the next call of users_sight, and when a subtransaction aborts. Here,
 * since it is asked for with every row. */
static inline UsersSight *
users_sight(Snapshot snapshot)
{
	if (unlikely(!users_sight_is_of(users_latest_sight, snapshot)))
		users_sight_change(snapshot);
	return users_latest_sight;
}

/* Empties a sight; the next call of users_sight begins anew. */
extern void users_sight_clear(UsersSight *sight);

extern void users_init_sight(void);

#endif
