#include "pg.h"

#include "access/xlog_internal.h"
#include "caller.h"
#include "errors.h"
#include "events.h"
#include "ids.h"
#include "position.h"
#include "query.h"
#include "settings.h"

#define ROWS_MAX 1000

/* So many marks a retention: what is forgotten is at most so much younger than
 * what might be. */
#define MARKS 24

/* xid and event_id, then those of users_event after its position. */
#define SPAN_COLUMNS 7

enum
{
	NOW,
	SPAN,
	KEPT,
	NEWEST_MARK,
	INSERT_MARK,
	RIPE_MARK,
	USE_MARK,
	DELETE_MARKS,
	FORGET
};

/*
 * SPAN takes the events of some transactions in order, from the index alone,
 * and then the rest of each by its key: whatever the planner thinks of limits
 * that it does not know, OFFSET keeps it from joining otherwise.
 */
/* clang-format off */
static UsersQuery queries[] = {
	[NOW] = {
		.sql = "SELECT pg_catalog.pg_current_snapshot()::pg_catalog.text" },
	[SPAN] = {
		.sql = "SELECT p.xid, p.event_id, e.occurred_at, e.event, e.user_id, e.session_id, e.domain_id"
			   "  FROM (SELECT o.xid, o.event_id, o.user_id FROM users.event_position o"
			   "         WHERE o.xid" GE "$1 AND o.xid" LT "$2"
			   "           AND (o.xid, o.event_id)" GT "($3, $4)"
			   "           AND pg_catalog.pg_visible_in_snapshot(o.xid, $5)"
			   "         ORDER BY o.xid, o.event_id LIMIT $6) p"
			   "  LEFT JOIN LATERAL (SELECT a.occurred_at, a.event,"
			   "                CASE WHEN NOT a.nobody THEN a.user_id END AS user_id, a.session_id, a.domain_id"
			   "          FROM users.audit_event a"
			   "         WHERE a.user_id" EQ "p.user_id AND a.id" EQ "p.event_id OFFSET 0) e ON true"
			   " ORDER BY p.xid, p.event_id",
		.types = { XID8OID, XID8OID, XID8OID, UUIDOID, PG_SNAPSHOTOID, INT8OID } },
	[KEPT] = {
		.sql = "SELECT snapshot::pg_catalog.text FROM users.event_mark WHERE used ORDER BY taken_at DESC" },
	[NEWEST_MARK] = {
		.sql = "SELECT pg_catalog.max(taken_at) FROM users.event_mark" },
	[INSERT_MARK] = {
		.sql = "INSERT INTO users.event_mark (taken_at, snapshot) VALUES (pg_catalog.clock_timestamp(), $1)"
			   " ON CONFLICT DO NOTHING",
		.types = { PG_SNAPSHOTOID } },
	[RIPE_MARK] = {
		.sql = "SELECT taken_at, snapshot::pg_catalog.text FROM users.event_mark"
			   " WHERE taken_at" LT "$1 ORDER BY taken_at DESC LIMIT 1",
		.types = { TIMESTAMPTZOID } },
	[USE_MARK] = {
		.sql = "UPDATE users.event_mark SET used = true WHERE taken_at" EQ "$1 AND NOT used",
		.types = { TIMESTAMPTZOID } },
	[DELETE_MARKS] = {
		.sql = "DELETE FROM users.event_mark WHERE taken_at" LT "$1",
		.types = { TIMESTAMPTZOID } },
	[FORGET] = {
		.sql = "DELETE FROM users.event_position p USING"
			   " (SELECT o.xid, o.event_id FROM users.event_position o WHERE o.xid" LT "$1"
			   "     AND pg_catalog.pg_visible_in_snapshot(o.xid, $2)"
			   "   ORDER BY o.xid, o.event_id LIMIT $3) d"
			   " WHERE p.xid" EQ "d.xid AND p.event_id" EQ "d.event_id",
		.types = { XID8OID, PG_SNAPSHOTOID, INT8OID } },
};
/* clang-format on */

/* A call of users_events. */
typedef struct Reading
{
	ReturnSetInfo *result;
	UsersPosition at;
	int64 wanted; /* rows */
	/* The last row of SPAN, which is not returned before it is known whether
	 * its window ends there. */
	bool held;
	Datum row[SPAN_COLUMNS];
	bool nulls[SPAN_COLUMNS];
} Reading;

static Datum
snapshot_datum(const UsersSeen *seen)
{
	return DirectFunctionCall1(pg_snapshot_in,
							   CStringGetDatum(users_seen_text(seen)));
}

/* A column of the last result that holds a snapshot, as text. */
static void
seen_of_column(UsersSeen *seen, uint64 row, int column)
{
	char *text = users_column_text(row, column, CurrentMemoryContext);

	if (text == NULL || !users_seen_parse(seen, text, strlen(text)))
		elog(ERROR, "not a snapshot: %s", text == NULL ? "NULL" : text);
}

/*
 * What is committed now. This very transaction is not, whatever it has written
 * already: its own events are for later, and may never come.
 */
static void
read_now(UsersSeen *now)
{
	FullTransactionId mine = GetTopFullTransactionIdIfAny();

	(void) users_read(&queries[NOW], NULL, NULL);
	seen_of_column(now, 0, 1);
	if (FullTransactionIdIsValid(mine))
		users_seen_without(now, U64FromFullTransactionId(mine));
}

/*
 * What a position calls seen must stay so. With synchronous_commit off a crash
 * forgets transactions that others have seen, and gives their ids again: so the
 * log is written up to here first.
 */
static void
make_durable(void)
{
	XLogRecPtr end = GetXLogInsertRecPtr();

	/* Behind a page's header nothing of the page is there to be written. */
	if (end % XLOG_BLCKSZ == SizeOfXLogShortPHD ||
		XLogSegmentOffset(end, wal_segment_size) == SizeOfXLogLongPHD)
		end -= end % XLOG_BLCKSZ;
	XLogFlush(end);
}

static void
read_origin(UsersOrigin *origin)
{
	memset(origin, 0, sizeof(*origin));
	origin->system = GetSystemIdentifier();
	origin->timeline = GetWALInsertionTimeLine();
	origin->database = MyDatabaseId;
	origin->table =
		get_relname_relid("event_position", get_namespace_oid("users", false));
}

/* Whether nothing that was forgotten is news to who has seen so much. Asked
 * after reading: what is forgotten meanwhile counts. */
static bool
all_kept(const UsersSeen *seen)
{
	uint64 count = users_read(&queries[KEPT], NULL, NULL);

	for (uint64 i = 0; i < count; i++)
	{
		UsersSeen forgotten;

		seen_of_column(&forgotten, i, 1);
		if (!users_sees_all(seen, &forgotten))
			return false;
	}
	return true;
}

/* Returns the row that is held, with the position that it has. */
static void
let_go(Reading *reading)
{
	Datum values[SPAN_COLUMNS - 1];
	bool nulls[SPAN_COLUMNS - 1];

	if (!reading->held)
		return;
	reading->held = false;
	memcpy(&values[1], &reading->row[2], sizeof(values) - sizeof(values[0]));
	memcpy(&nulls[1], &reading->nulls[2], sizeof(nulls) - sizeof(nulls[0]));
	values[0] = CStringGetTextDatum(users_position_text(&reading->at));
	nulls[0] = false;
	tuplestore_putvalues(reading->result->setResult, reading->result->setDesc,
						 values, nulls);
}

/* One event of the last result, which the position then stands at; nothing for
 * one of which the audit keeps no more. */
static void
take_event(Reading *reading, uint64 row)
{
	bool isnull;
	bool gone = users_column_is_null(row, 3);

	if (!gone)
		let_go(reading);
	reading->at.xid = U64FromFullTransactionId(
		DatumGetFullTransactionId(users_column(row, 1, &isnull)));
	(void) users_column_uuid(row, 2, &reading->at.id);
	if (gone)
		return;
	users_copy_row(row, reading->row, reading->nulls, SPAN_COLUMNS,
				   CurrentMemoryContext);
	reading->held = true;
	reading->wanted--;
}

/* Delivers what the window's end sees of the transactions from first to before
 * end, as far as it is wanted. */
static void
deliver_span(Reading *reading, uint64 first, uint64 end)
{
	uint64 count;
	int64 asked;

	do
	{
		Datum values[] = {
			FullTransactionIdGetDatum(FullTransactionIdFromU64(first)),
			FullTransactionIdGetDatum(FullTransactionIdFromU64(end)),
			FullTransactionIdGetDatum(
				FullTransactionIdFromU64(reading->at.xid)),
			UUIDPGetDatum(&reading->at.id),
			snapshot_datum(&reading->at.until),
			Int64GetDatum(reading->wanted)
		};

		if (reading->wanted == 0)
			return;
		CHECK_FOR_INTERRUPTS();
		asked = reading->wanted;
		count = users_read(&queries[SPAN], values, NULL);
		for (uint64 row = 0; row < count; row++)
			take_event(reading, row);
	} while (count == (uint64) asked);
}

/* Delivers the rest of a window: of what was running at its beginning, then of
 * what began later. Ids of transactions are in order throughout. */
static void
deliver_window(Reading *reading)
{
	const UsersSeen *seen = &reading->at.seen;

	for (int i = 0; i < seen->count; i++)
	{
		uint64 xid = seen->running[i];

		if (xid >= reading->at.xid && users_sees(&reading->at.until, xid))
			deliver_span(reading, xid, xid + 1);
	}
	deliver_span(reading, seen->end, reading->at.until.end);
	if (reading->wanted > 0)
	{
		/* All of it is delivered: its last row stands at its end. */
		reading->at.seen = reading->at.until;
		reading->at.paging = false;
	}
	let_go(reading);
}

/* Opens the window that ends now. */
static void
open_window(UsersPosition *at, const UsersSeen *begin, const UsersSeen *end)
{
	at->seen = *begin;
	at->until = *end;
	at->paging = true;
	at->xid = 0;
	memset(&at->id, 0, sizeof(at->id));
}

/* The position that the caller has, or the beginning of what is kept. */
static void
begin_at(UsersPosition *at, const char *after, const UsersSeen *now)
{
	UsersOrigin origin;

	read_origin(&origin);
	if (after == NULL)
	{
		UsersSeen begin = { .end = 1 };

		if (users_read(&queries[KEPT], NULL, NULL) > 0)
			seen_of_column(&begin, 0, 1);
		at->origin = origin;
		open_window(at, &begin, now);
		return;
	}
	if (!users_position_parse(at, after))
		users_raise(USERS_E_POSITION, "after");
	if (memcmp(&at->origin, &origin, sizeof(origin)) != 0 ||
		!users_sees_all(now, &at->seen) ||
		(at->paging && !users_sees_all(now, &at->until)))
		users_raise_detail(USERS_E_POSITION_LOST, "after", "reason: restored");
	if (!at->paging)
		open_window(at, &at->seen, now);
}

static void
read_events(Reading *reading, const char *after)
{
	UsersSeen begin;
	UsersSeen now;

	read_now(&now);
	make_durable();
	begin_at(&reading->at, after, &now);
	begin = reading->at.seen;
	deliver_window(reading);
	if (reading->wanted > 0)
	{
		open_window(&reading->at, &reading->at.seen, &now);
		deliver_window(reading);
	}
	if (!all_kept(&begin))
		users_raise_detail(USERS_E_POSITION_LOST, "after", "reason: removed");
}

PG_FUNCTION_INFO_V1(users_events);

/* users_events(after text, max_rows integer) SETOF users_event */
Datum
users_events(PG_FUNCTION_ARGS)
{
	UsersCall call;
	Reading reading = { .result = (ReturnSetInfo *) fcinfo->resultinfo };
	char *after =
		PG_ARGISNULL(0) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("cannot execute users_events(...) during recovery"),
				 errhint("Call it on the primary."), users_errhide()));
	users_begin(&call, "users_events", USERS_READS | USERS_ANYWHERE);
	users_require_service(&call);
	if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) < 1 ||
		PG_GETARG_INT32(1) > ROWS_MAX)
		users_raise_detail(USERS_E_RANGE, "max_rows", "allowed: 1 to %d",
						   ROWS_MAX);
	reading.wanted = PG_GETARG_INT32(1);
	InitMaterializedSRF(fcinfo, 0);
	users_enter_owner(&call);
	read_events(&reading, after);
	users_leave_owner(&call);
	return (Datum) 0;
}

/* A mark for later, where the newest is old. Its snapshot is taken before its
 * time. */
static void
put_mark(TimestampTz before)
{
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz newest;
	UsersSeen seen;
	Datum value;

	(void) users_read(&queries[NEWEST_MARK], NULL, NULL);
	newest = users_column_int64(0, 1, PG_INT64_MIN);
	if (newest > now - (now - before) / MARKS)
		return;
	read_now(&seen);
	value = snapshot_datum(&seen);
	(void) users_write(&queries[INSERT_MARK], &value, NULL);
}

/*
 * An event may be written long before it is committed, so its age says nothing
 * about whether a reader could have read it. What a mark saw could be read from
 * the mark's time on. The mark then in use tells a reader that comes too late.
 * Marks that were in use an hour before it are left: of two that were made at
 * the same moment, the later time may belong to the earlier snapshot.
 */
int64
users_purge_events(TimestampTz before, int max)
{
	/* The audit has what the events say. */
	TimestampTz audited =
		users_after(GetCurrentTimestamp(),
					-(int64) users_settings.audit_retention * 9 / 10);
	UsersSeen ripe;
	TimestampTz taken_at;
	Datum values[3];

	before = Max(before, audited);
	put_mark(before);
	values[0] = TimestampTzGetDatum(before);
	if (users_read(&queries[RIPE_MARK], values, NULL) == 0)
		return 0;
	taken_at = users_column_int64(0, 1, 0);
	seen_of_column(&ripe, 0, 2);
	values[0] = TimestampTzGetDatum(taken_at);
	(void) users_write(&queries[USE_MARK], values, NULL);
	values[0] = TimestampTzGetDatum(users_after(taken_at, -SECS_PER_HOUR));
	(void) users_write(&queries[DELETE_MARKS], values, NULL);
	values[0] = FullTransactionIdGetDatum(FullTransactionIdFromU64(ripe.end));
	values[1] = snapshot_datum(&ripe);
	values[2] = Int64GetDatum(max);
	return (int64) users_write(&queries[FORGET], values, NULL);
}

void
users_init_events(void)
{
	users_register_queries(queries, lengthof(queries));
}
