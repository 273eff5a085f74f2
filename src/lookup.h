/*
 * Reading a row by its primary key without SQL, for what every request asks:
 * key and session of a token. A statement by SPI costs five times as much.
 */
#ifndef USERS_LOOKUP_H
#define USERS_LOOKUP_H

#include <stdbool.h>

#define USERS_LOOKUP_COLUMNS 8

/* What is read, by name; the rest is found out once a backend, and again when
 * the table changes. */
typedef struct UsersLookup
{
	const char *table;						   /* in the schema users */
	const char *columns[USERS_LOOKUP_COLUMNS]; /* the key's first */
	int key_columns;
	RegProcedure equal[2]; /* of the key's columns */
	Oid relation;
	AttrNumber numbers[USERS_LOOKUP_COLUMNS];
} UsersLookup;

/* A row that was read; its values point into it. */
typedef struct UsersFound
{
	HeapTuple tuple;
	Datum values[USERS_LOOKUP_COLUMNS];
	bool nulls[USERS_LOOKUP_COLUMNS];
} UsersFound;

/* Reads the row that a registered snapshot sees, in the present memory
 * context; false when there is none. Asks for no right: only our own tables,
 * and what is read stays in C. Works on a standby. */
extern bool users_lookup(UsersFound *found, UsersLookup *lookup,
						 const Datum *key, Snapshot snapshot);

/* Makes a lookup known, so that it forgets what a change of tables makes
 * wrong; called by the module that owns it, from _PG_init. */
extern void users_register_lookup(UsersLookup *lookup);

extern void users_init_lookup(void);

#endif
