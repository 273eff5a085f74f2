-- users_audit: whose events one sees, what of them, how fast; that nobody
-- writes it; and that only the contract's events are written.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = warning;
\set words `test/lib/event-words | tr '\n' ' '`
BEGIN;
SELECT plan(51);
\ir ../lib/story.sql

CREATE ROLE regress_users_76 LOGIN NOINHERIT;
CREATE ROLE regress_users_76_dba LOGIN IN ROLE users_dba;
SELECT users_setup_login('regress_users_76', admin => true, trusted_client => true) IS NULL AS ignored \gset

SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS ben, user_id AS ben_id FROM users_register('ben@example.org', 'ben', 'seven wet horses sing', 'Ben', 'Ash') \gset
SELECT user_id AS root_id FROM users_create_user('root@example.org', 'root', 'Rita', 'Root', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS root FROM users_login('root', 'seven wet horses sing') \gset
SELECT status FROM users_login('ann', 'a wrong one') \gset ignored_
SELECT status FROM users_login('nobody', 'a wrong one') \gset ignored_

-- root does something to ben, from an address.
INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome, actor_id, session_id, client_address, user_agent)
VALUES (:'ben_id', gen_random_uuid(), now(), 'account_unlocked', 'success', :'root_id', gen_random_uuid(), '192.0.2.99', 'the console');

---- rows

SELECT is(pg_temp.story('=regress_users_76 ' || :'ann', 'SELECT string_agg(concat_ws('' '', event, outcome, user_id = users_current_user_id()), '', '' ORDER BY id) FROM users_audit'),
          'register success t, login_failed failure t', 'a member sees what is about the member');
SELECT is(pg_temp.story('=regress_users_76 ' || :'ben', 'SELECT string_agg(concat_ws('' '', event, outcome), '', '' ORDER BY event DESC) FROM users_audit'),
          'register success, account_unlocked success', 'what others did too');
SELECT is(pg_temp.story('=regress_users_76 ' || :'ben', format('SELECT concat_ws('' '', actor_id = %L, session_id, client_address, user_agent) FROM users_audit WHERE event = ''account_unlocked''', :'root_id')),
          't', 'with who did it, not from where');
SELECT is(pg_temp.story('=regress_users_76 ' || :'ben', 'SELECT (session_id IS NOT NULL)::text FROM users_audit WHERE event = ''register'''), 'true', 'one''s own with all there is');
SELECT is(pg_temp.story('=regress_users_76 ' || :'root', 'SELECT concat_ws('' '', session_id IS NOT NULL, client_address, user_agent) FROM users_audit WHERE event = ''account_unlocked'''),
          't 192.0.2.99 the console', 'who did it sees from where');
SELECT is(pg_temp.story('=regress_users_76 ' || :'root', 'SELECT count(*) = (SELECT count(*) FROM users_audit WHERE user_id IS NOT NULL) + 1 FROM users_audit'), 'true', 'an administrator sees all, nobody''s without a user_id');
SELECT is(pg_temp.story(who, 'SELECT count(*) = ' || (SELECT count(*) FROM users.audit_event) || ' FROM users_audit'), answer, 'all: ' || coalesce(who, 'a superuser'))
  FROM (VALUES (NULL, 'true'), ('=regress_users_76_dba', 'true'), ('=regress_users_76 ' || :'root', 'true'), ('=regress_users_76 ' || :'ann', 'false')) v (who, answer);
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_audit'), answer, 'none: ' || who)
  FROM (VALUES ('users_member', '0'), ('=regress_users_76 users_member', '0'), ('=regress_users_76 users_admin', '0'), ('users_anon', '42501'), ('users_service', '42501'), ('users_relay', '42501'), ('users_proxy', '42501')) v (who, answer);
SELECT is(pg_temp.story('=regress_users_76 ' || :'ann', format('SELECT count(*) FROM users_audit WHERE user_id = %L', :'ben_id')), '0', 'nobody asks for another''s');
SELECT is(pg_temp.story(NULL, 'SELECT count(*) FROM users_audit e WHERE to_jsonb(e)::text ~* ''horses|wrong|nobody''')::integer, 0, 'nothing shows what was typed');
-- Somebody who was an administrator once.
UPDATE users.audit_event SET actor_id = :'ann_id' WHERE event = 'account_unlocked';
SELECT is(pg_temp.story('=regress_users_76 ' || :'ann', format('SELECT concat_ws('' '', user_id = %L, actor_id = %L, client_address) FROM users_audit WHERE event = ''account_unlocked''', :'ben_id', :'ann_id')),
          't t 192.0.2.99', 'one sees what one did to others');
SELECT is(pg_temp.story('=regress_users_76 ' || :'ann', 'SELECT count(*) - count(DISTINCT id) FROM users_audit'), '0', 'each once');

---- append-only (S52)

SELECT is(pg_temp.story(who, statement), '42501', format('%s: %s', who, left(statement, 30)))
  FROM unnest(ARRAY['=regress_users_76 ' || :'root', '=regress_users_76_dba', 'users_service', 'users_relay']) who,
       unnest(ARRAY['INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome) VALUES (gen_random_uuid(), gen_random_uuid(), now(), ''login'', ''success'')',
                    'UPDATE users.audit_event SET detail = ''{}''', 'DELETE FROM users.audit_event', 'TRUNCATE users.audit_event']) statement;
SELECT is(pg_temp.story(who, statement) ~ '^(42501|55000)', true, format('%s: %s', who, left(statement, 20)))
  FROM unnest(ARRAY['=regress_users_76 ' || :'root', '=regress_users_76_dba']) who,
       unnest('{DELETE FROM users_audit,UPDATE users_audit SET event = ''x'',INSERT INTO users_audit (event) VALUES (''x'')}'::text[]) statement;
SELECT is_empty($$ SELECT r.rolname, p.privilege FROM pg_roles r, unnest('{INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER,REFERENCES}'::text[]) p (privilege), unnest('{users.audit_event,users.event_position,users.event_mark}'::text[]) t (name)
                    WHERE r.rolname LIKE 'users\_%' AND r.rolname <> 'users_owner' AND has_table_privilege(r.rolname, t.name, p.privilege) $$, 'no role has such a right');
SELECT is_empty($$ SELECT r.rolname, t.name FROM pg_roles r, unnest('{users.event_position,users.event_mark}'::text[]) t (name)
                    WHERE r.rolname LIKE 'users\_%' AND r.rolname <> 'users_owner' AND has_any_column_privilege(r.rolname, t.name, 'SELECT, INSERT, UPDATE, REFERENCES') $$, 'or reads what positions are made of');

---- words (S52)

SELECT is_empty(format($$ SELECT unnest(string_to_array(trim(%L), ' ')) EXCEPT SELECT unnest(string_to_array('register login login_failed login_throttled refresh_reuse logout session_revoked password_confirmed password_changed password_reset reset_requested reset_issued email_change_requested email_changed email_verified username_changed profile_updated picture_changed account_created account_imported account_updated account_disabled account_enabled account_deleted account_restored account_purged account_unlocked platform_role_changed exported domain_created domain_updated domain_status_changed domain_deleted domain_restored domain_purged role_created role_updated role_deleted role_granted role_revoked member_removed invitation_sent invitation_accepted invitation_rejected invitation_withdrawn key_rotated key_revoked root_key_renewed object_type_defined template_defined site_defined imported', ' ')) $$, :'words'),
                'only the contract''s events are written');
SELECT cmp_ok(array_length(string_to_array(trim(:'words'), ' '), 1), '>', 35, 'and they were found');

---- plans

INSERT INTO users.audit_event (user_id, id, occurred_at, event, outcome, actor_id, nobody)
SELECT md5((g % 2000)::text)::uuid, md5('a' || g)::uuid, now() - g * interval '1 s', 'login', 'success', CASE WHEN g % 10 = 0 THEN md5((g % 3000)::text)::uuid END, g % 50 = 7
  FROM generate_series(1, 40000) g;
ANALYZE users.audit_event;
CREATE FUNCTION pg_temp.plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line text; lines text := '';
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		lines := lines || line || E'\n';
	END LOOP;
	RETURN lines;
END
$$;
GRANT EXECUTE ON FUNCTION pg_temp.plan_of(text) TO PUBLIC;
SELECT is(CASE WHEN plan ~ pattern AND plan !~ 'Seq Scan' THEN 'as wanted' ELSE plan END, 'as wanted', what) FROM (VALUES
	(pg_temp.story(NULL, $$ SELECT pg_temp.plan_of('SELECT * FROM users_audit ORDER BY occurred_at DESC, id DESC LIMIT 50') $$), 'Backward using audit_event_time', 'the newest are found by an index'),
	(pg_temp.story(NULL, $$ SELECT pg_temp.plan_of('SELECT * FROM users_audit WHERE occurred_at > now() - interval ''1 minute''') $$), 'audit_event_time', 'those of a time'),
	(pg_temp.story(NULL, $$ SELECT pg_temp.plan_of('SELECT * FROM users_audit WHERE user_id = md5(''1'')::uuid') $$), 'audit_event_person', 'those of somebody'),
	(pg_temp.story('=regress_users_76 ' || :'ann', $$ SELECT pg_temp.plan_of('SELECT * FROM users_audit') $$), 'BitmapOr.*audit_event_pkey.*audit_event_actor', 'and one''s own')) v (plan, pattern, what);

SELECT * FROM finish();
ROLLBACK;
