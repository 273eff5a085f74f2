/*
 * Reading rows by their primary key without SQL, for what every request asks:
 * key and session of a token, and what somebody holds. A statement by SPI costs
 * five times as much.
 */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include <stdbool.h>

#include "access/skey.h"
#include "storage/buf.h"
#include "storage/itemptr.h"

#define USERS_LOOKUP_COLUMNS 8
#define USERS_LOOKUP_KEYS	 4
#define USERS_LOOKUP_SEEN	 4096

/* Where a row was when it was read last. */
typedef struct UsersWhereabouts
{
	Buffer buffer; /* invalid: not known */
	ItemPointerData at;
} UsersWhereabouts;

/* What is read, by name; the rest is found out in each backend. */
typedef struct UsersLookup
{
	const char *table;						   /* in the schema users */
	const char *columns[USERS_LOOKUP_COLUMNS]; /* the key's first */
	int key_columns;						   /* of the primary key's */
	RegProcedure equal[USERS_LOOKUP_KEYS];	   /* of the key's columns */
	/* Forgotten when the table changes. */
	Oid relation;
	Oid index;
	AttrNumber numbers[USERS_LOOKUP_COLUMNS]; /* in the table */
	AttrNumber places[USERS_LOOKUP_KEYS];	  /* of the key's, in the index */
	/* By a hash of the key; whatever stands here, what is found is right. */
	UsersWhereabouts seen[USERS_LOOKUP_SEEN];
} UsersLookup;

/* The columns of a row that was read. */
typedef struct UsersFound
{
	Datum values[USERS_LOOKUP_COLUMNS];
	bool nulls[USERS_LOOKUP_COLUMNS];
} UsersFound;

/* Reads the row that a registered or active snapshot sees, in the present
 * memory context; false when there is none. Asks for no right: only our own
 * tables, and what is read stays in C. Works on a standby and in a parallel
 * worker. */
extern bool users_lookup(UsersFound *found, UsersLookup *lookup,
						 const Datum *key, Snapshot snapshot);

/* The same for several rows, or one after the other: the table stays open. */
typedef struct UsersScan
{
	UsersLookup *lookup;
	Relation table;
	TupleTableSlot *slot;
	Snapshot snapshot;
	int keys;
	Relation index; /* NULL: not needed so far */
	IndexScanDesc scan;
} UsersScan;

/* By the first so many of the key's columns. An error ends a scan as
 * users_scan_close does. */
extern void users_scan_open(UsersScan *scan, UsersLookup *lookup, int keys,
							Snapshot snapshot);
/* Looks for the rows of a key; may be called again and again. */
extern void users_scan_find(UsersScan *scan, const Datum *key);
/* The next of them, in the order of the primary key; false when there is none.
 * What is found lasts until another row is asked for. */
extern bool users_scan_next(UsersScan *scan, UsersFound *found);
/* The one row of a whole primary key. */
extern bool users_scan_get(UsersScan *scan, UsersFound *found,
						   const Datum *key);
extern void users_scan_close(UsersScan *scan);

/* Makes a lookup known, so that it forgets what a change of tables makes
 * wrong; called by the module that owns it, from _PG_init. */
extern void users_register_lookup(UsersLookup *lookup);

extern void users_init_lookup(void);

#endif
