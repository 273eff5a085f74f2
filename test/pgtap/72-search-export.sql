-- users_search: who finds whom, by an index among many; users_export: all that
-- is held about somebody, and no secret.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = warning;
SELECT plan(122);

\ir ../lib/answer.sql
\ir ../lib/domain.sql
\ir ../lib/pictures.sql

SELECT pg_temp.add_person(name) FROM unnest('{mia,lea,gus,eve,abe,max,per_cent}'::text[]) name \g /dev/null
SELECT pg_temp.add_person('root', 'admin') \g /dev/null
UPDATE users.person SET first_name = v.first_name, last_name = v.last_name
  FROM (VALUES ('mia', 'Miranda', 'Ashcroft'), ('lea', 'Leandra', 'Miracle'), ('gus', 'Gustav', 'Birch'), ('eve', 'Mirabelle', 'van der Ash'),
               ('abe', 'Äbé', 'O''Mira'), ('max', '100% Max', 'a\b'), ('per_cent', 'Per', 'Cent'), ('root', 'Root', 'Mirror')) v (name, first_name, last_name)
 WHERE username = name;
-- Whom somebody finds, in the order of the answer.
CREATE FUNCTION pg_temp.find(who text, query text, rest text DEFAULT '') RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell(who, format('SELECT string_agg(username, '' '') FROM users_search(%L%s)', query, rest), true) $$;

---- who, and how

SELECT is(pg_temp.answer('SELECT count(*) FROM users_search(''mira'')', who, true), wanted, coalesce(who, 'a superuser') || ' without a token: ' || wanted)
  FROM (VALUES (NULL, '3'), ('users_dba', '3'), ('users_member', '28000'), ('users_admin', '28000'), ('users_anon', '42501'), ('users_service', '42501'), ('users_relay', '42501')) v (who, wanted);
SELECT is(pg_temp.find('root', 'mira', rest), wanted, 'rows' || rest || ': ' || wanted)
  FROM (VALUES ('', 'eve mia lea'), (', NULL', 'eve mia lea'), (', 2', 'eve mia'), (', max_rows => 1', 'eve'), (', 1000000', 'eve mia lea'), (', 0', '22023 max_rows'), (', -1', '22023 max_rows')) v (rest, wanted);
SELECT is(pg_temp.tell('root', 'SET LOCAL transaction_read_only = on; SELECT count(*) FROM users_search(''mira'')', true), '3', 'READ ONLY is good enough');
SELECT is(pg_temp.tell('root', 'SELECT row_to_json(f)::text FROM users_search(''leandra'') f', true)::jsonb, jsonb_build_object('id', pg_temp.person('lea'), 'username', 'lea', 'first_name', 'Leandra', 'last_name', 'Miracle'), 'id and names, and nothing else');

---- what is found

SELECT is(pg_temp.find('root', query), wanted, coalesce(quote_literal(query), 'NULL') || ' finds ' || wanted)
  FROM (VALUES ('mia', 'mia'), ('MIA', 'mia'), (' mia ', 'mia'), ('mi', 'NULL'), ('mi ', 'NULL'), ('', 'NULL'), (NULL, 'NULL'), ('   ', 'NULL'), ('mir', 'eve mia lea root'), ('iranda', 'NULL'),
               ('Miranda A', 'mia'), ('Miranda Ashcroft', 'mia'), ('Miranda Ashcrofts', 'NULL'), ('ashcroft m', 'NULL'), ('ash', 'mia'), ('van der', 'eve'), ('o''mira', 'abe'),
               ('%%%', 'NULL'), ('___', 'NULL'), ('100%', 'max'), ('100_', 'NULL'), ('per_', 'per_cent'), ('per%', 'NULL'), ('a\b', 'max'), ('a\\b', 'NULL'), ('mia@', 'NULL'), ('mia@example.org', 'NULL'),
               (repeat('x', 1000000), 'NULL'), (E'mia\n', 'mia'), ('éàü', 'NULL'), (U&'\FFFF\FFFF\FFFF', 'NULL'), ('mi''; DROP TABLE x', 'NULL')) v (query, wanted);
SELECT is(pg_temp.find('root', 'äbé'), CASE WHEN lower('Ä') = 'ä' THEN 'abe' ELSE 'NULL' END, 'other letters as the locale has them');
SELECT is(pg_temp.find('root', 'Äbé'), 'abe', 'as they are written, always');
SELECT users_disable_user(pg_temp.person('mia')) \g /dev/null
SELECT is(pg_temp.find('root', 'mira'), 'eve lea', 'not who is disabled');
SELECT users_enable_user(pg_temp.person('mia')), pg_temp.sign_in('mia') \g /dev/null
SELECT is(pg_temp.find('root', 'mira'), 'eve mia lea', 'but who is enabled again');

---- among whom

SELECT pg_temp.add_domain('One', 'one', 'mia'), pg_temp.add_domain('Two', 'two', 'eve'), pg_temp.grant_role('one/viewer', 'lea') \g /dev/null
SELECT users_grant_role(pg_temp.thing('one/viewer'), pg_temp.person('gus'), 'device', gen_random_uuid()) \g /dev/null
SELECT is(concat_ws(', ', pg_temp.find(who, 'mira'), pg_temp.find(who, 'gus')), wanted, who || ' finds ' || wanted)
  FROM (VALUES ('mia', 'mia lea, gus'), ('lea', 'mia lea, gus'), ('gus', 'NULL, NULL'), ('eve', 'eve, NULL'), ('abe', 'NULL, NULL'), ('root', 'eve mia lea, gus')) v (who, wanted);
SELECT users_set_domain_status(pg_temp.thing('one'), 'disabled') \g /dev/null
SELECT is(pg_temp.find('lea', 'mira') || ', ' || pg_temp.find('mia', 'mira'), 'NULL, mia lea', 'in a disabled domain, who reaches it');
SELECT users_set_domain_status(pg_temp.thing('one'), 'enabled') \g /dev/null
SET users.search_scope = 'all';
SELECT is(pg_temp.find(who, 'mira'), 'eve mia lea', 'among all, ' || who) FROM unnest('{mia,gus,abe}'::text[]) who;
RESET users.search_scope;
SELECT is(pg_temp.tell('mia', 'SET LOCAL users.search_scope = ''all'''), '42501', 'a member does not choose');

---- among many, by an index

\getenv rows TEST_ROWS
\if :{?rows}
\else
\set rows 50000
\endif
INSERT INTO users.person_id SELECT md5('many' || n)::uuid FROM generate_series(1, :rows) n;
INSERT INTO users.account (user_id, email, created_at, updated_at) SELECT md5('many' || n)::uuid, 'many' || n || '@example.org', now(), now() FROM generate_series(1, :rows) n;
INSERT INTO users.person (user_id, username, first_name, last_name)
SELECT md5('many' || n)::uuid, CASE WHEN n <= 50000 THEN 'user' ELSE 'more' END || n, 'First' || md5('f' || n), 'Last' || md5('l' || n) FROM generate_series(1, :rows) n;
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at)
SELECT md5('many' || n)::uuid, pg_temp.thing('two'), pg_temp.thing('two/viewer'), now() FROM generate_series(1, :rows * 2 / 5) n;
VACUUM ANALYZE users.person, users.account, users.role_assignment;
-- How the tables were read in this transaction, by what the server counts.
CREATE FUNCTION pg_temp.cost_of(who text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
	scans bigint;
	rows bigint;
BEGIN
	SELECT sum(seq_scan), sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) INTO scans, rows FROM pg_stat_xact_all_tables WHERE schemaname = 'users' AND relname IN ('person', 'account', 'role_assignment');
	found := pg_temp.find(who, query);
	SELECT sum(seq_scan) - scans, sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) - rows INTO scans, rows FROM pg_stat_xact_all_tables WHERE schemaname = 'users' AND relname IN ('person', 'account', 'role_assignment');
	RETURN format('%s; %s scans; %s', found, scans, CASE WHEN rows < 1000 THEN 'few rows' ELSE rows || ' rows' END);
END
$$;
SET track_counts = on;
SELECT is(pg_temp.cost_of(who, query), wanted || '; 0 scans; few rows', who || ' finds ' || query || ', by index, the ' || n || '. time')
  FROM generate_series(1, 12) n, (VALUES ('root', 'user4999', 'user4999 user49990 user49991 user49992 user49993 user49994 user49995 user49996 user49997 user49998'), ('eve', 'user1999', 'user1999 user19990 user19991 user19992 user19993 user19994 user19995 user19996 user19997 user19998'),
       ('mia', 'mira', 'mia lea')) v (who, query, wanted) WHERE n IN (1, 7, 12);
SELECT is((SELECT count(*) FROM users_search('user', 1000)), 50::bigint, 'never more than fifty');
-- Few of the many who begin so share a domain; all but the first are further on than it looks first.
INSERT INTO users.role_assignment (user_id, domain_id, role_id, granted_at)
SELECT md5('many' || n)::uuid, pg_temp.thing('one'), pg_temp.thing('one/viewer'), now() FROM unnest('{1,7,12345,49999,50000,40404}'::integer[]) n;
UPDATE users.person SET listed = false WHERE username = 'user50000';
UPDATE users.account SET status = 'disabled' WHERE email = 'many40404@example.org';
SELECT is(pg_temp.find('mia', query, rest), wanted, 'few of many' || rest || ': ' || wanted)
  FROM (VALUES ('user', '', 'user1 user12345 user49999 user7'), ('user', ', 3', 'user1 user12345 user49999'), ('user', ', 1', 'user1'), ('first', ', 2', (SELECT string_agg(username, ' ') FROM (SELECT username FROM users.person WHERE username IN ('user1', 'user7', 'user12345', 'user49999') ORDER BY first_name LIMIT 2) f))) v (query, rest, wanted);
-- However many the planner takes for beginning so, and however few for the domains' people.
CREATE TEMP TABLE counted AS SELECT oid, reltuples FROM pg_class WHERE oid IN ('users.person'::regclass, 'users.role_assignment'::regclass);
UPDATE pg_class c SET reltuples = CASE relname WHEN 'person' THEN 1e8 ELSE 100 END FROM counted t WHERE c.oid = t.oid;
SELECT is(pg_temp.cost_of('eve', 'user1999'), 'user1999 user19990 user19991 user19992 user19993 user19994 user19995 user19996 user19997 user19998; 0 scans; few rows', 'eve finds user1999 without looking at all whose domain she shares');
UPDATE pg_class c SET reltuples = t.reltuples FROM counted t WHERE c.oid = t.oid;
-- And as the planner says it, of the same conditions.
CREATE FUNCTION pg_temp.reads(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || statement INTO plan;
	RETURN (WITH RECURSIVE node (n) AS (
			SELECT plan -> 0 -> 'Plan'
			UNION ALL SELECT json_array_elements(n -> 'Plans') FROM node)
		SELECT string_agg(DISTINCT concat_ws(' ', n ->> 'Node Type', n ->> 'Index Name'), ', ')
		  FROM node WHERE n ->> 'Node Type' ~ 'Scan' AND n ->> 'Node Type' <> 'Bitmap Heap Scan');
END
$$;
SELECT matches(pg_temp.reads(format('SELECT user_id FROM users.person p WHERE %1$s ~>=~ ''first00'' AND %1$s ~<~ ''first01'' ORDER BY %1$s USING ~<~, user_id LIMIT 10', key)), '^Index (Only )?Scan ' || index || '$', index)
  FROM (VALUES ('lower(username COLLATE "C")', 'search_username'), ('lower(first_name || '' '' || last_name)', 'search_name'), ('lower(last_name)', 'person_last_name_lower')) v (key, index);
DELETE FROM users.account WHERE email LIKE 'many%';

---- the export

SELECT pg_temp.tell('mia', format('SELECT users_set_picture(%L)', pg_temp.file('png'))), pg_temp.tell('mia', 'SELECT users_update_profile(metadata => ''{"cat": "Tom"}'', tags => ''{x}'')') \g /dev/null
SELECT users_request_reset('mia@example.org'), pg_temp.invite('mia', 'one/viewer', 'abe'), pg_temp.invite('eve', 'two/viewer', 'mia'), pg_temp.invite('eve', 'two/viewer', 'lea@example.org') \g /dev/null
SELECT count(*) FROM users_claim_mail() \g /dev/null
INSERT INTO users.known_device VALUES (pg_temp.person('mia'), '\xdeadbeef', now());
SELECT is(pg_temp.answer('SELECT users_export()', who, true), wanted, coalesce(who, 'a superuser') || ' without a token: ' || wanted)
  FROM (VALUES (NULL, '28000'), ('users_dba', '28000'), ('users_member', '28000'), ('users_anon', '42501'), ('users_service', '42501'), ('users_relay', '42501')) v (who, wanted);
SELECT is(pg_temp.tell(who, 'SELECT users_export(' || whose || ') -> ''person'' ->> ''username''', true), wanted, coalesce(who, 'a DBA') || ' asks for ' || whose || ': ' || wanted)
  FROM (VALUES ('mia', '', 'mia'), ('mia', '{mia}', 'mia'), ('mia', '{lea}', '42501'), ('mia', 'gen_random_uuid()', '42501'), ('root', '', 'root'), ('root', '{mia}', 'mia'), ('root', 'gen_random_uuid()', 'US014 user_id'), (NULL, '{mia}', 'mia'), (NULL, 'gen_random_uuid()', 'US014 user_id'),
               ('users_member', '{mia}', '42501')) v (who, whose, wanted);
SELECT is(pg_temp.tell('mia', 'SET LOCAL transaction_read_only = on; SELECT users_export()', true), '25006', 'it writes an event');
CREATE TEMP TABLE export AS SELECT pg_temp.tell('mia', 'SELECT users_export()')::jsonb AS e;
SELECT is((SELECT string_agg(k, ' ' ORDER BY k) FROM export, jsonb_object_keys(e) k), 'account audit devices domains_created identifiers invitations_received invitations_sent mails person picture roles sessions', 'its members');
SELECT is(wanted, found, what) FROM export, LATERAL (VALUES
	('the account', '["mia@example.org", {"cat": "Tom"}, ["x"], true]', jsonb_build_array(e -> 'account' -> 'email', e -> 'account' -> 'metadata', e -> 'account' -> 'tags', e -> 'account' -> 'has_password')),
	('the person', '["mia", "Miranda", "Ashcroft", "image/png"]', jsonb_build_array(e -> 'person' -> 'username', e -> 'person' -> 'first_name', e -> 'person' -> 'last_name', e -> 'person' -> 'picture_type')),
	('the picture', jsonb_build_array('image/png', length(pg_temp.file('png')), replace(encode(pg_temp.file('png'), 'base64'), E'\n', ''))::text, jsonb_build_array(e -> 'picture' -> 'type', e -> 'picture' -> 'size', e -> 'picture' -> 'base64')),
	('identifiers', '[{"kind": "email", "identifier": "email:mia@example.org"}, {"kind": "username", "identifier": "username:mia"}]', e -> 'identifiers'),
	('sessions', '2', to_jsonb(jsonb_array_length(e -> 'sessions'))), ('devices', '1', to_jsonb(jsonb_array_length(e -> 'devices'))),
	('roles', '["admin", "One", null]', jsonb_build_array(e #> '{roles,0,role_name}', e #> '{roles,0,domain_name}', e #> '{roles,0,object_id}')),
	('domains', '0', to_jsonb(jsonb_array_length(e -> 'domains_created'))),
	('invitations sent', '["abe"]', (SELECT jsonb_agg(i -> 'invitee') FROM jsonb_array_elements(e -> 'invitations_sent') i)),
	('invitations received', '["mia"]', (SELECT jsonb_agg(i -> 'invitee') FROM jsonb_array_elements(e -> 'invitations_received') i)),
	('mails', '["reset_password", "mia@example.org"]', jsonb_build_array(e #> '{mails,-1,kind}', e #> '{mails,-1,recipient}')),
	('events', '["exported", "login", "picture_changed", "profile_updated"]', (SELECT jsonb_agg(DISTINCT x ORDER BY x) FROM jsonb_array_elements(e -> 'audit') a, LATERAL (SELECT a -> 'event') v (x) WHERE x #>> '{}' IN ('login', 'picture_changed', 'profile_updated', 'exported')))
	) v (what, w, found), LATERAL (SELECT w::jsonb) x (wanted);
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'exported' AND user_id = pg_temp.person('mia') AND actor_id = user_id AND session_id IS NOT NULL), 1::bigint, 'it is an event, of who asked');
SELECT pg_temp.tell('root', 'SELECT users_export({mia})') \g /dev/null
SELECT is((SELECT count(*) FROM users.audit_event WHERE event = 'exported' AND user_id = pg_temp.person('mia') AND actor_id = pg_temp.person('root')), 1::bigint, 'an administrator''s too');
-- Whatever is secret of hers, in any spelling.
CREATE TEMP TABLE secret AS
	SELECT 'hash' AS name, password_hash AS value FROM users.credential WHERE user_id = pg_temp.person('mia')
	UNION ALL SELECT 'nonce', encode(v, f) FROM users.credential, LATERAL (VALUES (nonce)) w (v), unnest('{hex,base64}'::text[]) f WHERE user_id = pg_temp.person('mia')
	UNION ALL SELECT 'session', encode(v, f) FROM users.session s, LATERAL (VALUES (s.nonce), (s.current_random), (s.previous_random)) w (v), unnest('{hex,base64}'::text[]) f WHERE user_id = pg_temp.person('mia')
	UNION ALL SELECT 'link', v FROM users.link l, LATERAL (VALUES (encode(l.nonce, 'hex')), (encode(l.nonce, 'base64')), (l.id::text)) w (v) WHERE user_id = pg_temp.person('mia')
	UNION ALL SELECT 'device', 'deadbeef' UNION ALL SELECT 'argon2', '$argon2' UNION ALL SELECT 'token', 'eyJ' UNION ALL SELECT 'url', 'token=';
SELECT cmp_ok((SELECT count(*) FROM secret WHERE value IS NOT NULL), '>=', 14::bigint, 'there are secrets');
SELECT is_empty('SELECT name FROM export, secret WHERE strpos(e::text, value) > 0', 'and none is in it');
SELECT is(pg_temp.tell('lea', 'SELECT jsonb_array_length(users_export() -> ''invitations_received'')', true), CASE WHEN email_verified_at IS NULL THEN '0' ELSE '1' END, 'what was sent to an address is theirs once it is verified') FROM users.account WHERE email = 'lea@example.org';
UPDATE users.account SET email_verified_at = CASE WHEN email_verified_at IS NULL THEN now() END WHERE email = 'lea@example.org';
SELECT is(pg_temp.tell('lea', 'SELECT jsonb_array_length(users_export() -> ''invitations_received'')', true), CASE WHEN email_verified_at IS NULL THEN '0' ELSE '1' END, 'and the other way round') FROM users.account WHERE email = 'lea@example.org';
SELECT is(pg_temp.tell('lea', 'SELECT users_export() -> ''picture''', true), 'null', 'without a picture there is none');
SELECT is(pg_temp.tell('lea', 'SELECT users_export()::text ~ ''"cat"|Tom|mia@''', true), 'false', 'nothing of somebody else''s');
SELECT is(pg_temp.tell('lea', 'SELECT status FROM users_delete_account(''seven wet horses sing'')'), 'ok', 'somebody goes');
SELECT is(pg_temp.tell('root', 'SELECT (users_export({lea}) #>> ''{account,status}'') || jsonb_array_length(users_export({lea}) -> ''identifiers'')', true), 'deleted0', 'until they are purged administrators export what is left');
SELECT is(pg_temp.find('root', 'lea'), 'NULL', 'and nobody finds them');

SELECT * FROM finish();
