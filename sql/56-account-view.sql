-- The one view that reads as its owner. Under a policy no LIKE could use an
-- index, since it is not leakproof; so what hides the rows is one condition
-- without a column in it, which the planner makes the gate above everything
-- that reads the tables: asked once, and while it is false nothing below runs,
-- no function of the reader's either. Not security_barrier, which would keep
-- LIKE from the index again. And two items in FROM, not one JOIN: since PostgreSQL
-- 16 the planner moves the WHERE of a single one into the ON of an outer join
-- around the view, where it is no gate, but one condition among the reader's. The
-- tables are joined by users.same_id: what was found in one is looked up in the
-- other, all of which = would have read, since the planner has no samples of these
-- columns (below).
CREATE VIEW @extschema@.users_accounts AS
	SELECT a.user_id AS id, a.email, p.username, p.first_name, p.last_name, a.status, a.platform_role, a.email_verified_at,
	       a.language, a.theme, a.tags, a.metadata, a.admin_metadata, a.created_at, a.updated_at,
	       greatest(a.last_login_at,
	                (SELECT s.created_at FROM users.session s WHERE s.user_id = a.user_id ORDER BY s.id DESC LIMIT 1)) AS last_login_at,
	       (SELECT count(*) FROM users.session s
	         WHERE s.user_id = a.user_id AND s.ended_at IS NULL AND s.expires_at > now()) AS sessions,
	       users.throttled_until(a.user_id) AS throttled_until,
	       a.reset_required, a.disabled_reason, a.deleted_at,
	       a.deleted_at + make_interval(secs => extract(epoch FROM current_setting('users.deletion_grace')::interval)::float8) AS purge_at
	  FROM users.account a, users.person p
	 WHERE users.same_id(p.user_id, a.user_id) AND (SELECT @extschema@.users_is_admin());
COMMENT ON VIEW @extschema@.users_accounts IS
'All accounts, deleted ones too until they are purged. For administrators.
status: enabled, disabled (disabled_reason says why), deleted (since deleted_at;
  purged after purge_at). platform_role: user or admin. sessions counts where
  somebody is signed in now; throttled_until is when sign-ins of the account are
  heard again, from one address or all, on this server; reset_required: the
  password has to be reset first. metadata is the person''s own, admin_metadata
  administrators''.
Searching by the beginning is fast: email, username, first_name or last_name LIKE
  ''ann%'', or lower(...) of one of them LIKE ''ann%'' in any case; so are = and ORDER
  BY ... LIMIT by id, which is by time. Of what was searched sort all, as WITH
  found AS MATERIALIZED (SELECT ...) SELECT * FROM found ORDER BY id LIMIT 20:
  otherwise the accounts are read by id until twenty are found. For two columns
  take UNION, not OR. Change one with users_update_account.';

-- For LIKE 'ann%', as written and in any case.
CREATE INDEX account_email ON users.account (email text_pattern_ops);
CREATE INDEX account_email_lower ON users.account (lower(email) text_pattern_ops);
CREATE INDEX person_username ON users.person (username text_pattern_ops);
CREATE INDEX person_username_lower ON users.person (lower(username) text_pattern_ops);
CREATE INDEX person_first_name ON users.person (first_name text_pattern_ops);
CREATE INDEX person_first_name_lower ON users.person (lower(first_name) text_pattern_ops);
CREATE INDEX person_last_name ON users.person (last_name text_pattern_ops);
CREATE INDEX person_last_name_lower ON users.person (lower(last_name) text_pattern_ops);

-- No samples of what people are called are kept: while it plans a query on a
-- view that reads as its owner, the planner shows them to the operators of
-- whoever wrote it, before it is asked who may read anything.
DO $do$
DECLARE
	part record;
BEGIN
	FOR part IN
		SELECT c.oid::regclass AS relation, c.relkind, a.attname, a.attnum
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		 WHERE c.oid IN ('users.account'::regclass, 'users.person'::regclass)
		    -- Only what an index computes has statistics of its own.
		    OR EXISTS (SELECT FROM pg_index i
		                WHERE i.indexrelid = c.oid AND i.indrelid IN ('users.account'::regclass, 'users.person'::regclass)
		                  AND i.indkey[a.attnum - 1] = 0)
	LOOP
		IF part.relkind = 'r' THEN
			EXECUTE format('ALTER TABLE %s ALTER COLUMN %I SET STATISTICS 0', part.relation, part.attname);
		ELSE
			EXECUTE format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS 0', part.relation, part.attnum);
		END IF;
	END LOOP;
END
$do$;
