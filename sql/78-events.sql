CREATE TYPE @extschema@.users_event AS (
	position text, occurred_at timestamptz, event text, user_id uuid, session_id uuid, domain_id uuid);
COMMENT ON TYPE @extschema@.users_event IS
'Something that happened, and the position to go on from after it.
user_id, session_id and domain_id are NULL where it concerns none.';

CREATE FUNCTION @extschema@.users_events(after text DEFAULT NULL, max_rows integer DEFAULT 100)
	RETURNS SETOF @extschema@.users_event AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 100 COST 1000;
COMMENT ON FUNCTION @extschema@.users_events(text, integer) IS
'What happened after a position.
Each successful event once and none skipped, in no order that means anything.
after: the position of the last row that was dealt with, opaque; NULL begins with
  the oldest that is kept. max_rows: 1 to 1000; fewer rows come only when there are
  no more. Keep the position in the transaction that deals with the rows. An event
  says what to read again, not what it now is. LISTEN users_events wakes, but poll
  as well. Errors: US011 (the position is from before a restore or fail-over, or
  events after it were removed, see users.event_retention: read everything anew),
  22023 after, max_rows, 25006 on a standby, 42501.
For users_service and administrators.';

CREATE TYPE users.metric AS (metric text, value double precision, unit text);
COMMENT ON TYPE users.metric IS 'What users.metrics() returns.';

CREATE FUNCTION users.metrics() RETURNS SETOF users.metric
	AS 'MODULE_PATHNAME', 'users_metrics' LANGUAGE c VOLATILE PARALLEL UNSAFE ROWS 20 COST 1000;
COMMENT ON FUNCTION users.metrics() IS 'Numbers for the view users_stats.';

CREATE VIEW @extschema@.users_stats WITH (security_invoker) AS
	SELECT m.metric, m.value, m.unit FROM users.metrics() m;
COMMENT ON VIEW @extschema@.users_stats IS
'Numbers for monitoring, cheap enough to read every 15 seconds.
For users_service and administrators.
unit: count, estimate (of a table with more than 10000 rows a part is read; of
  events only the newest 10000), count up to 10000, seconds. hashing,
  hashing_waiting and throttled are the whole server''s. doc/monitoring.md explains
  each.';
