/*
 * A table of accounts that somebody else made: read row by row, without SQL, so
 * that nothing of its owner's runs: no policy, no function, no view's rule.
 */
#ifndef USERS_STAGING_H
#define USERS_STAGING_H

#include "caller.h"
#include "import_row.h"

typedef struct UsersStaging
{
	Relation relation;
	AttrNumber columns[USERS_IMPORT_COLUMNS]; /* 0: it has none of that name */
	bool converted[USERS_IMPORT_COLUMNS];	  /* text, to be of another type */
	Snapshot snapshot;
	TableScanDesc scan;
	TupleTableSlot *slot;
	int64 line; /* of the last row that was read */
	bool at_end;
} UsersStaging;

/* Opens it: 22023 when it does not serve, 42501 when the caller may not read
 * all of it. A WARNING names columns that are left out. */
extern void users_open_staging(UsersStaging *staging, const UsersCall *call,
							   Oid relation);
extern void users_close_staging(UsersStaging *staging);

/* A row as it stands in the table, in the present memory context. */
typedef struct UsersStagedRow
{
	int64 line;
	Size size; /* bytes, about */
	Datum values[USERS_IMPORT_COLUMNS];
	bool nulls[USERS_IMPORT_COLUMNS];
} UsersStagedRow;

/* The next row that the calling statement sees; false at the end. */
extern bool users_read_staged(UsersStaging *staging, UsersStagedRow *row);

/*
 * Reads a row as users_read_import does, texts converted. Raises likewise;
 * *converting is the argument whose text is being converted, NULL when none is.
 */
extern void users_import_staged(UsersImport *import,
								const UsersStaging *staging,
								const UsersStagedRow *row,
								const UsersChoices *choices,
								const char *volatile *converting);

#endif
