/* Rows for a statement that takes many at once: one array for each column. */
#ifndef USERS_BATCH_H
#define USERS_BATCH_H

#include "query.h"

typedef struct UsersBatch
{
	UsersQuery *query;
	int columns; /* of the query's parameters, all of them arrays */
	int rows;	 /* at most */
	int filled;	 /* cells, row by row */
	Datum *values;
	bool *nulls;
} UsersBatch;

/* In the present memory context. */
extern void users_begin_batch(UsersBatch *batch, UsersQuery *query, int rows);

/* The next cell, from left to right and row by row. */
extern void users_put_cell(UsersBatch *batch, Datum value);
extern void users_put_null(UsersBatch *batch);
extern void users_put_text(UsersBatch *batch, const char *text); /* or NULL */

/* The arrays of what was put, one for each column. */
extern Datum *users_batch_arrays(const UsersBatch *batch);

/* Runs the statement with them; how many rows it wrote. */
extern int64 users_write_batch(const UsersBatch *batch);

#endif
