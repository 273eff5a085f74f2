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
	uint64 number;	 /* 0: there is none here; never used again */
	uint64 outlived; /* transactions that have ended since it was taken */
	TransactionId xmin;
	TransactionId xmax;
	CommandId curcid;
	bool in_recovery;
	bool suboverflowed;
	TransactionId *running; /* xip; in recovery subxip */
	Size running_size;
	uint64 used;		   /* when, for finding the one to give up */
	MemoryContext context; /* of what is remembered */
	void *memory;		   /* what it is: NULL at first; holder.c's */
} UsersSight;

/* The sight of a snapshot of this transaction. It and all that is in it may go
 * at the next call of users_sight, and when a subtransaction aborts. */
extern UsersSight *users_sight(Snapshot snapshot);

/* Empties a sight; the next call of users_sight begins anew. */
extern void users_sight_clear(UsersSight *sight);

extern void users_init_sight(void);

#endif
