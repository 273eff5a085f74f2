#include "pg.h"

#include <math.h>

#include "caller.h"
#include "hashing.h"
#include "mail.h"
#include "query.h"
#include "settings.h"
#include "stats.h"
#include "throttle.h"

/*
 * What is asked for every few seconds must stay cheap however much there is:
 * of a table with more rows than these a part is read, the same blocks each
 * time, and the rest concluded.
 */
#define SAMPLE_ROWS 10000
/* No queue is counted further. */
#define QUEUE_MAX 10000
/* Nor are more events looked at. */
#define EVENTS_MAX 10000

enum
{
	ROWS,
	ACCOUNTS,
	SESSIONS,
	DOMAINS,
	EVENTS,
	MAILS,
	REQUESTS,
	KEY_AGE
};

/* clang-format off */
static UsersQuery queries[] = {
	[ROWS] = {
		.sql = "SELECT c.reltuples::pg_catalog.float8 FROM pg_catalog.pg_class c"
			   " WHERE c.oid" EQ "pg_catalog.to_regclass($1)",
		.types = { TEXTOID } },
	[ACCOUNTS] = {
		.sql = "SELECT pg_catalog.count(*) FILTER (WHERE s.status" EQ "'enabled')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE s.status" EQ "'disabled')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE s.status" EQ "'deleted')::pg_catalog.float8"
			   "  FROM users.account s TABLESAMPLE pg_catalog.system ($1) REPEATABLE (0)",
		.types = { FLOAT4OID } },
	[SESSIONS] = {
		.sql = "SELECT pg_catalog.count(*)::pg_catalog.float8"
			   "  FROM users.session s TABLESAMPLE pg_catalog.system ($1) REPEATABLE (0)"
			   " WHERE s.ended_at IS NULL AND s.expires_at" GT "pg_catalog.now()",
		.types = { FLOAT4OID } },
	[DOMAINS] = {
		.sql = "SELECT pg_catalog.count(*) FILTER (WHERE s.status" NE "'deleted')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE s.status" EQ "'deleted')::pg_catalog.float8"
			   "  FROM users.domain s TABLESAMPLE pg_catalog.system ($1) REPEATABLE (0)",
		.types = { FLOAT4OID } },
	[EVENTS] = {
		.sql = "SELECT pg_catalog.count(*) FILTER (WHERE e.event" EQ "'login' AND e.outcome" EQ "'success')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE e.event" EQ "'login_failed')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE e.event" EQ "'login_throttled')::pg_catalog.float8,"
			   "       pg_catalog.count(*) FILTER (WHERE e.event" EQ "'register')::pg_catalog.float8,"
			   "       pg_catalog.count(*)::pg_catalog.float8,"
			   "       pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.min(e.occurred_at))::pg_catalog.float8"
			   "  FROM (SELECT a.event, a.outcome, a.occurred_at FROM users.audit_event a"
			   "         WHERE a.occurred_at" GT "(pg_catalog.now() OPERATOR(pg_catalog.-) '1 hour'::pg_catalog.interval)"
			   "         ORDER BY a.occurred_at DESC LIMIT $1) e",
		.types = { INT8OID } },
	[MAILS] = {
		.sql = "SELECT pg_catalog.count(*)::pg_catalog.float8 FROM (SELECT FROM users.mail m WHERE m.next_attempt_at IS NOT NULL LIMIT $1) m",
		.types = { INT8OID } },
	[REQUESTS] = {
		.sql = "SELECT pg_catalog.count(*)::pg_catalog.float8 FROM (SELECT FROM users.mail_request r LIMIT $1) r",
		.types = { INT8OID } },
	[KEY_AGE] = {
		.sql = "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) pg_catalog.min(k.activated_at))::pg_catalog.float8"
			   "  FROM users.signing_key k WHERE k.retires_at IS NULL AND k.revoked_at IS NULL" },
};
/* clang-format on */

static void
put(ReturnSetInfo *result, const char *metric, double value, const char *unit)
{
	Datum values[] = { CStringGetTextDatum(metric), Float8GetDatum(value),
					   CStringGetTextDatum(unit) };
	bool nulls[] = { false, false, false };

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static double
column(int number)
{
	bool isnull;
	Datum value = users_column(0, number, &isnull);

	return isnull ? 0 : DatumGetFloat8(value);
}

/* Which part of a table to read, in percent, going by its last ANALYZE. */
static float4
share_of(const char *table)
{
	Datum value = CStringGetTextDatum(table);
	double rows = 0;

	if (users_read(&queries[ROWS], &value, NULL) > 0)
		rows = column(1);
	return rows <= SAMPLE_ROWS ? 100 : (float4) (100 * SAMPLE_ROWS / rows);
}

/* Columns of a query over a part of a table, as metrics. */
static void
put_shares(ReturnSetInfo *result, int query, const char *table,
		   const char *const *metrics, int count)
{
	float4 share = share_of(table);
	Datum value = Float4GetDatum(share);

	(void) users_read(&queries[query], &value, NULL);
	for (int i = 0; i < count; i++)
		put(result, metrics[i], rint(column(i + 1) * 100 / share),
			share < 100 ? "estimate" : "count");
}

/* Of the last hour; what came faster than is looked at is concluded. */
static void
put_events(ReturnSetInfo *result)
{
	static const char *const metrics[] = { "logins_last_hour",
										   "failed_logins_last_hour",
										   "throttled_logins_last_hour",
										   "registrations_last_hour" };
	Datum value = Int64GetDatum(EVENTS_MAX);
	double factor = 1;

	(void) users_read(&queries[EVENTS], &value, NULL);
	if (column(5) >= EVENTS_MAX)
		factor = Max(1.0, SECS_PER_HOUR / Max(column(6), 0.001));
	for (int i = 0; i < (int) lengthof(metrics); i++)
		put(result, metrics[i], rint(column(i + 1) * factor),
			factor > 1 ? "estimate" : "count");
}

static void
put_queues(ReturnSetInfo *result)
{
	Datum value = Int64GetDatum(QUEUE_MAX);
	int64 failed;
	int64 overdue;

	(void) users_read(&queries[MAILS], &value, NULL);
	put(result, "mails_waiting", column(1), "count up to 10000");
	(void) users_read(&queries[REQUESTS], &value, NULL);
	put(result, "mail_requests_waiting", column(1), "count up to 10000");
	overdue = users_mail_overdue(&failed);
	put(result, "mail_overdue", (double) overdue, "seconds");
	put(result, "mails_failed_last_day", (double) failed, "count");
}

static void
put_server(ReturnSetInfo *result)
{
	int hashing;
	int waiting;

	users_hashing_counts(&hashing, &waiting);
	put(result, "hashing", hashing, "count");
	put(result, "hashing_waiting", waiting, "count");
	put(result, "hashing_slots", users_settings.max_concurrent_hashes, "count");
	put(result, "throttled", (double) users_throttled_count(), "count");
	(void) users_read(&queries[KEY_AGE], NULL, NULL);
	put(result, "signing_key_age", Max(column(1), 0), "seconds");
}

PG_FUNCTION_INFO_V1(users_metrics);

/* users.metrics() SETOF users.metric */
Datum
users_metrics(PG_FUNCTION_ARGS)
{
	static const char *const accounts[] = { "accounts_enabled",
											"accounts_disabled",
											"accounts_deleted" };
	static const char *const sessions[] = { "sessions_live" };
	static const char *const domains[] = { "domains", "domains_deleted" };
	UsersCall call;
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	users_begin(&call, "users_stats", USERS_READS);
	users_require_service(&call);
	InitMaterializedSRF(fcinfo, 0);
	users_enter_owner(&call);
	put_shares(result, ACCOUNTS, "users.account", accounts, lengthof(accounts));
	put_shares(result, SESSIONS, "users.session", sessions, lengthof(sessions));
	put_shares(result, DOMAINS, "users.domain", domains, lengthof(domains));
	put_events(result);
	put_queues(result);
	put_server(result);
	users_leave_owner(&call);
	return (Datum) 0;
}

void
users_init_stats(void)
{
	users_register_queries(queries, lengthof(queries));
}
