/* SQL statements of the library: constant texts, prepared once a backend. */
#ifndef USERS_QUERY_H
#define USERS_QUERY_H

#define USERS_QUERY_ARGS 16

/*
 * One statement. Names and operators in it are qualified (EQ and its like
 * below), so that no search_path changes what it means. Only the module that
 * owns a table has statements on it.
 */
typedef struct UsersQuery
{
	const char *sql;
	Oid types[USERS_QUERY_ARGS];
	SPIPlanPtr plan;
} UsersQuery;

#define EQ	 " OPERATOR(pg_catalog.=) "
#define NE	 " OPERATOR(pg_catalog.<>) "
#define LT	 " OPERATOR(pg_catalog.<) "
#define GT	 " OPERATOR(pg_catalog.>) "
#define LE	 " OPERATOR(pg_catalog.<=) "
#define GE	 " OPERATOR(pg_catalog.>=) "
#define PLUS " OPERATOR(pg_catalog.+) "

/* Makes a module's statements known to users_prepare_statements. */
extern void users_register_queries(UsersQuery *queries, int count);

/*
 * Run a statement; the caller is connected to SPI and works as the owner (see
 * caller.h). values and nulls ('n' or ' '; NULL: none) as SPI has them. The
 * result is SPI_tuptable, until the next statement; the return value the number
 * of rows.
 *
 * Both see what is committed now, whatever the transaction's isolation level:
 * a session that somebody opened or ended a moment ago counts. So neither
 * works in parallel mode. At REPEATABLE READ users_write raises 40001 when
 * another transaction changes the same row at the same time. users_read is for
 * SELECT without a lock, and works on a standby.
 */
extern uint64 users_read(UsersQuery *query, const Datum *values,
						 const char *nulls);
extern uint64 users_write(UsersQuery *query, const Datum *values,
						  const char *nulls);

/* What is committed now, whatever the isolation level; the caller unregisters
 * it. Raises in parallel mode, where there is no such snapshot to be had. */
extern Snapshot users_latest_snapshot(void);

/* For users_seen_snapshot. */
extern void users_raise_no_snapshot(void) pg_attribute_noreturn();

/* The active snapshot; raises without one. Whoever evaluates an expression
 * should have one, but in a procedure after its COMMIT there is none at first,
 * and to read NULL would take the server down. */
static inline Snapshot
users_seen_snapshot(void)
{
	if (unlikely(!ActiveSnapshotSet()))
		users_raise_no_snapshot();
	return GetActiveSnapshot();
}

/*
 * Reads what the caller's own statement sees (the active snapshot), at most
 * limit rows (0: all): for what policies and STABLE functions ask. Works in
 * parallel mode, too.
 */
extern uint64 users_read_seen(UsersQuery *query, const Datum *values,
							  const char *nulls, long limit);

/*
 * What is done between these two is not counted: the numbers of rows that were
 * fetched and written, which every SQL role may read, and of buffers, which
 * EXPLAIN shows, would tell whether an identifier is somebody's. An error
 * between ends it too.
 */
typedef struct UsersUncounted
{
	int nest_level;
	BufferUsage buffers;
} UsersUncounted;

extern void users_stop_counting(UsersUncounted *uncounted);
extern void users_count_again(const UsersUncounted *uncounted);

/* Counts n rows as inserted into a table of ours, whatever was: statistics that
 * bring autovacuum to it and tell nothing. */
extern void users_count_inserts(const char *table, int64 n);

/* Column (from 1) of a row of the last result; NULL gives 0 and *isnull. */
extern Datum users_column(uint64 row, int column, bool *isnull);
/* Likewise, with a default for NULL. */
extern bool users_column_is_null(uint64 row, int column);
extern int64 users_column_int64(uint64 row, int column, int64 missing);
extern bool users_column_bool(uint64 row, int column, bool missing);
/* A copy in context; NULL for NULL. */
extern char *users_column_text(uint64 row, int column, MemoryContext context);
/* Copies exactly size bytes of a bytea; false when NULL or of another size. */
extern bool users_column_bytes(uint64 row, int column, void *out, size_t size);
extern bool users_column_uuid(uint64 row, int column, pg_uuid_t *out);

/* Copies a whole row of the last result, its n first columns, into context. */
extern void users_copy_row(uint64 row, Datum *values, bool *nulls, int n,
						   MemoryContext context);

/* A bytea or text datum of n bytes, in the present memory context. */
extern Datum users_bytes_datum(const void *data, size_t n);

#endif
