-- Audit and events: what readers look for in them.

-- For administrators, by time and by whom users_audit says it is about; what
-- somebody did to others.
CREATE INDEX audit_event_time ON users.audit_event (occurred_at, id);
CREATE INDEX audit_event_person ON users.audit_event ((CASE WHEN NOT nobody THEN user_id END), id);
CREATE INDEX audit_event_actor ON users.audit_event (actor_id, id) WHERE actor_id <> user_id;

CREATE TABLE users.event_mark (
	taken_at timestamptz PRIMARY KEY,
	snapshot pg_snapshot NOT NULL,
	used boolean NOT NULL DEFAULT false);
COMMENT ON TABLE users.event_mark IS
'queue: what could be read from users_events at a time, so that maintenance removes
  nothing younger. Not dumped: transaction ids mean nothing elsewhere.';
COMMENT ON COLUMN users.event_mark.used IS
'Events that it saw are removed, or will be: a position that has not seen all of
  them is refused.';
ALTER TABLE users.event_mark ENABLE ROW LEVEL SECURITY;
