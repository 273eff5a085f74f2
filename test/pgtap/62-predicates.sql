-- What roles give: the predicates of policies, and what pages and services ask.
-- Most of this needs transactions of its own, so there is none around the file.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off
\set ON_ERROR_ROLLBACK off
\set VERBOSITY sqlstate

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
SELECT plan(149);
\ir ../lib/story.sql
\ir ../lib/workers.sql

DROP ROLE IF EXISTS regress_users_62, regress_users_62_service;
CREATE ROLE regress_users_62 LOGIN NOINHERIT;
CREATE ROLE regress_users_62_service LOGIN;
GRANT users_service TO regress_users_62_service;
SELECT users_setup_login('regress_users_62', admin => true) IS NULL AS ignored \gset
SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS eve, user_id AS eve_id FROM users_register('eve@example.org', 'eve', 'seven wet horses sing', 'Eve', 'Elm') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset

-- Domains and objects by number; in each domain the same roles.
CREATE FUNCTION d(n integer) RETURNS uuid IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT ('d0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION o(n integer) RETURNS uuid IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT ('b0000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid $$;
CREATE FUNCTION r(n integer, name text) RETURNS uuid IMMUTABLE PARALLEL SAFE LANGUAGE sql AS $$ SELECT md5(name || n)::uuid $$;
CREATE FUNCTION grant_role(who uuid, n integer, role text, type text DEFAULT '', object integer DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
	INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at)
	VALUES (who, d(n), r(n, role), type, coalesce(o(object), '00000000-0000-0000-0000-000000000000'), now()) $$;
CREATE FUNCTION revoke_role(who uuid, n integer) RETURNS void LANGUAGE sql AS $$
	DELETE FROM users.role_assignment WHERE user_id = who AND domain_id = d(n) $$;
INSERT INTO users.domain (id, name, route, status, created_at, updated_at)
SELECT d(n), 'domain ' || n, 'domain' || n, coalesce((ARRAY['enabled', 'enabled', 'disabled', 'frozen', 'deleted'])[n], 'enabled'), now(), now()
  FROM generate_series(1, 60) n;
INSERT INTO users.role (id, domain_id, name, permissions, built_in, created_at, updated_at)
SELECT r(n, name), d(n), name, permissions, name = 'admin', now(), now()
  FROM generate_series(1, 60) n,
	(VALUES ('admin', '{}'::text[]), ('editor', '{channel:read,device:read,device:update}'), ('star', '{device:*}'),
	('opener', '{device:read,domain:enable}'), ('nothing', '{}')) v (name, permissions);
CREATE TABLE item (n integer, id uuid PRIMARY KEY, domain_id uuid, owner uuid);
INSERT INTO item SELECT n, o(n), d(1 + n % 6), NULL FROM generate_series(1, 60) n;
GRANT SELECT ON item TO PUBLIC;

---- who holds what, where

-- The identity alone counts: with it one may be any role.
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SELECT is(users_can_in('device:read', d(1)), false, 'who holds nothing may nothing');
SELECT grant_role(:'ann_id', 1, 'editor') \gset
SELECT is(users_can_in('device:read', d(1)), true, 'a role gives its permissions');
SELECT is(users_can_in('device:delete', d(1)), false, 'and no others');
SELECT is(users_can_in('device:*', d(1)), false, 'some actions are not all of them');
SELECT is(users_can_in('device:read', d(2)), false, 'in its own domain');
SELECT is(users_can_in('device:read', o(1)), false, 'and in none that is not there');
SELECT is(users_is_member(d(1)), true, 'its holder is a member');
SELECT is(users_is_member(d(2)), false, 'of this domain');
SELECT is(users_can_on('device:read', d(1), o(1)), false, 'a role on the whole domain is none on an object');
SELECT grant_role(:'ann_id', 1, 'star') \gset
SELECT is(users_can_in('device:delete', d(1)), true, 'several roles add up, type:* is every action');
SELECT is(users_can_in('device:*', d(1)), true, 'and itself');
SELECT is(users_can_in('channel:update', d(1)), false, 'of its own type');
SELECT grant_role(:'ann_id', 2, 'admin') \gset
SELECT is(users_can_in('domain:manage_roles', d(2)) AND users_can_in('channel:*', d(2)), true, 'the built-in role is everything');
SELECT grant_role(:'ann_id', 6, 'nothing') \gset
SELECT is(users_is_member(d(6)), true, 'a role without permissions makes a member');
SELECT is(users_can_in('domain:read', d(6)), false, 'and gives nothing');
SELECT is(users_permitted_domains('device:read'), ARRAY[d(1), d(2)], 'the domains in which one holds something, sorted');
SELECT is(users.member_domains(), ARRAY[d(1), d(2), d(6)], 'those of which one is a member');
SELECT is(users_permitted_objects('device:read'), '{}', 'no single objects');
ROLLBACK;

-- On single objects
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SELECT grant_role(:'ann_id', 1, 'editor', 'device', 1) \gset
SELECT is(users_can_on('device:read', d(1), o(1)), true, 'a role on an object gives its permissions there');
SELECT is(users_can_on('device:delete', d(1), o(1)), false, 'and no others');
SELECT is(users_can_on('device:read', d(1), o(2)), false, 'on no other object');
SELECT is(users_can_on('device:read', d(2), o(1)), false, 'nor in another domain');
SELECT is(users_can_on('channel:read', d(1), o(1)), false, 'nor of another type');
SELECT is(users_can_in('device:read', d(1)), false, 'nor on the domain');
SELECT is(users_is_member(d(1)), false, 'and makes no member');
SELECT grant_role(:'ann_id', 2, 'star', 'device', 7) \gset
SELECT grant_role(:'ann_id', 1, 'admin', 'channel', 8) \gset
SELECT is(users_can_on('device:delete', d(2), o(7)), true, 'type:* holds on an object too');
SELECT is(users_can_on('channel:publish', d(1), o(8)), true, 'so does the built-in role');
SELECT is(users_can_on('device:read', d(1), o(8)), false, 'for the object''s type');
SELECT is(users_permitted_objects('device:read'), ARRAY[o(1), o(7)], 'the objects of a type on which one holds something, sorted');
SELECT is(users_permitted_objects('channel:read'), ARRAY[o(8)], 'of another type others');
SELECT is(users_permitted_domains('device:read'), '{}', 'no whole domains');
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at) VALUES (:'ann_id', d(6), r(2, 'admin'), 'device', o(9), now());
SELECT is(users_can_on('device:read', d(6), o(9)), false, 'a role of another domain counts for nothing');
ROLLBACK;

-- What state a domain and an account are in
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SELECT grant_role(:'ann_id', n, 'editor'), grant_role(:'ann_id', n, 'editor', 'device', n) FROM generate_series(1, 5) n \g /dev/null
SELECT is(array_agg(n ORDER BY n), '{1,2}', 'only enabled domains are reached') FROM generate_series(1, 6) n WHERE users_can_in('device:read', d(n));
SELECT is(array_agg(n ORDER BY n), '{1,2}', 'by members too') FROM generate_series(1, 6) n WHERE users_is_member(d(n));
SELECT is(array_agg(n ORDER BY n), '{1,2}', 'and their objects') FROM generate_series(1, 6) n WHERE users_can_on('device:read', d(n), o(n));
SELECT is(users_permitted_domains('device:read'), ARRAY[d(1), d(2)], 'and listed');
SELECT is(users_permitted_objects('device:read'), ARRAY[o(1), o(2)], 'with their objects');
SELECT grant_role(:'ann_id', n, 'opener') FROM generate_series(3, 5) n \g /dev/null
SELECT is(array_agg(n ORDER BY n), '{1,2,3}', 'a disabled one by who could enable it') FROM generate_series(1, 6) n WHERE users_can_in('device:update', d(n));
SELECT is(array_agg(n ORDER BY n), '{1,2,3}', 'with its objects') FROM generate_series(1, 6) n WHERE users_can_on('device:read', d(n), o(n));
SELECT is(users_permitted_objects('device:read'), ARRAY[o(1), o(2), o(3)], 'which are listed, too');
SELECT revoke_role(:'ann_id', 3) \gset
SELECT grant_role(:'ann_id', 3, 'opener', 'domain', 3) \gset
SELECT is(users_can_on('domain:enable', d(3), o(3)), false, 'domain:enable on an object opens nothing');
SELECT grant_role(:'ann_id', n, 'admin') FROM generate_series(3, 5) n \g /dev/null
SELECT is(array_agg(n ORDER BY n), '{1,2,3}', 'the built-in role could enable it') FROM generate_series(1, 6) n WHERE users_is_member(d(n));
UPDATE users.domain SET status = 'enabled' WHERE id = d(5);
SELECT is(users_can_in('device:read', d(5)), true, 'a change of status counts at once');
SAVEPOINT a;
UPDATE users.account SET status = 'disabled' WHERE user_id = :'ann_id';
SELECT is(concat(users_can_in('device:read', d(1)), users_can_on('device:read', d(1), o(1)), users_is_member(d(1)), users_permitted_domains('device:read'), users_permitted_objects('device:read'), users_can('device:read')),
          'fff{}{}f', 'a disabled account holds nothing');
UPDATE users.account SET status = 'deleted' WHERE user_id = :'ann_id';
SELECT is(users_can_in('device:read', d(1)), false, 'nor a deleted one');
ROLLBACK TO a;
SELECT is(users_can_in('device:read', d(1)), true, 'until that is taken back');
ROLLBACK;

-- Nobody, and NULL (S62)
SELECT grant_role(:'ann_id', 1, 'editor'), grant_role(:'ann_id', 1, 'editor', 'device', 1), grant_role(:'eve_id', 2, 'editor'), grant_role(:'bob_id', 2, 'editor') \g /dev/null
SET SESSION AUTHORIZATION regress_users_62;
SELECT is(concat(users_can_in('device:read', d(1)), users_can_on('device:read', d(1), o(1)), users_is_member(d(1)), users_permitted_domains('device:read'), users_permitted_objects('device:read')),
          'fff{}{}', 'without identity nobody holds anything');
SELECT is(pg_temp.story(NULL, 'SELECT users_can(''device:read'')', 'SELECT users_permissions(NULL)', 'SELECT users_check(NULL, ''device:read'')', 'SELECT users_check_many(NULL, ''device:read'', NULL)'),
          '42501 | 42501 | 42501 | 42501', 'nor may anybody ask about others');
SELECT is(pg_temp.story('users_member', 'SELECT users_can(''device:read'')', 'SELECT users_permissions(NULL)', 'SELECT users_check(NULL, ''device:read'')'),
          'false | {} | 42501', 'the role alone is nobody');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can_in(NULL, d(1)) OR users_can_in(''device:read'', NULL) OR users_can_on(NULL, d(1), o(1)) OR users_can_on(''device:read'', NULL, o(1)) OR users_can_on(''device:read'', d(1), NULL) OR users_is_member(NULL)',
          'SELECT users_can_in(NULL, d(1)) IS NULL', 'SELECT users_permitted_domains(NULL) || users_permitted_objects(NULL)'), 'false | false | {}', 'NULL is false');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(NULL)', 'SELECT users_can(NULL, d(1))', 'SELECT users_can(''device:read'', NULL, NULL)', 'SELECT users_permissions(d(2))'), 'US009 permission | US009 permission | true | {}', 'but a page that asks for nothing has made a mistake');

-- Words
SELECT is(pg_temp.story(:'ann', VARIADIC ARRAY(SELECT format('SELECT %s', call) FROM unnest(ARRAY['users_can_in(%1$L, d(1))', 'users_can_on(%1$L, d(1), o(1))', 'users_permitted_domains(%1$L)', 'users_permitted_objects(%1$L)', 'users_can(%1$L)', 'users_can_in(%1$L, NULL)']) f, format(f, word) call)),
          'US009 permission | US009 permission | US009 permission | US009 permission | US009 permission | US009 permission', 'no such permission: ' || left(word, 20))
  FROM unnest(ARRAY['', ':', 'device', 'device:', ':read', 'device:fly', 'plane:fly', 'plane:*', 'device:Read', ' device:read', 'device:read:', repeat('x', 64) || ':' || repeat('y', 63), repeat('x', 500) || ':y']) word;
SELECT is(pg_temp.story(NULL, 'SELECT users_can_in(''plane:fly'', d(1))', 'SELECT users_can_in(NULL, d(1))'), 'US009 permission | false', 'a mistyped word is told to everybody');
SELECT is(pg_temp.story(:'ann', 'SELECT string_agg(users_can_in(w, d(1))::text, '' '') FROM unnest(''{device:read,device:delete,channel:read,device:read,device:connect}''::text[]) w'), 'true false true true false', 'words from a column');

---- own changes, savepoints, cursors, functions (P56)

RESET SESSION AUTHORIZATION;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SELECT is(users_can_in('device:read', d(2)), false, 'before');
SAVEPOINT a;
SELECT grant_role(:'ann_id', 2, 'editor') \gset
SELECT is(users_can_in('device:read', d(2)), true, 'own changes count');
ROLLBACK TO a;
SELECT is(users_can_in('device:read', d(2)), false, 'until they are rolled back');
SELECT revoke_role(:'ann_id', 1) \gset
SELECT is(users_can_in('device:read', d(1)), false, 'also what is taken away');
ROLLBACK TO a;
SELECT is(users_can_in('device:read', d(1)) AND users_can_on('device:read', d(1), o(1)), true, 'comes back');
SAVEPOINT b;
SELECT grant_role(:'ann_id', 2, 'editor') \gset
RELEASE b;
SELECT is(users_can_in('device:read', d(2)), true, 'a savepoint that is released keeps them');
SAVEPOINT b;
SELECT grant_role(:'ann_id', 6, 'editor') \gset
SAVEPOINT c;
SELECT is(users_can_in('device:read', d(6)), true, 'an inner savepoint sees them');
RELEASE c;
SELECT is(users_permitted_domains('device:read'), ARRAY[d(1), d(2), d(6)], 'and lists them');
ROLLBACK TO b;
SELECT is(users_permitted_domains('device:read'), ARRAY[d(1), d(2)], 'not after a rollback');
ROLLBACK TO a;
DO $$ BEGIN
	PERFORM grant_role(users_current_user_id(), 2, 'star');
	IF NOT users_can_in('device:delete', d(2)) THEN RAISE 'not seen'; END IF;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	IF users_can_in('device:delete', d(2)) THEN RAISE 'still seen'; END IF;
END $$;
SELECT pass('a caught error takes back what a block saw');
ROLLBACK;

-- The expressions of a function keep their state from one snapshot to the next.
CREATE FUNCTION ups_and_downs(who uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answers text := '';
	word text;
BEGIN
	FOR i IN 1 .. 3 LOOP
		answers := answers || users_can_in('device:read', d(2))::integer || users_is_member(d(2))::integer;
		PERFORM grant_role(who, 2, 'editor');
		answers := answers || users_can_in('device:read', d(2))::integer || users_is_member(d(2))::integer;
		FOREACH word IN ARRAY '{device:read,device:delete,device:update}'::text[] LOOP
			answers := answers || users_can_in(word, d(2))::integer;
		END LOOP;
		PERFORM revoke_role(who, 2);
		answers := answers || ' ';
	END LOOP;
	RETURN answers;
END
$$;
CREATE FUNCTION stable_look(n integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN users_can_in('device:read', d(n)); END $$;
CREATE FUNCTION volatile_look(n integer) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$ BEGIN RETURN users_can_in('device:read', d(n)); END $$;
CREATE FUNCTION granting(who uuid, n integer, role text) RETURNS boolean VOLATILE LANGUAGE plpgsql AS $$ BEGIN PERFORM grant_role(who, n, role); RETURN volatile_look(n); END $$;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SELECT is(ups_and_downs(:'ann_id'), '0011101 0011101 0011101 ', 'a function sees each change');
SELECT is(ups_and_downs(:'ann_id'), '0011101 0011101 0011101 ', 'also when it is called again');
SELECT is(concat(granting(:'ann_id', 2, 'editor'), stable_look(2), volatile_look(2), users_can_in('device:read', d(2)), users_permitted_domains('device:read') = ARRAY[d(1)]), 'tftft',
          'a statement keeps its own snapshot, a volatile function in it takes a new one');
SELECT is(stable_look(2), true, 'the next statement sees it');
ROLLBACK;

-- Cursors keep the snapshot that they were opened with.
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
DECLARE before CURSOR FOR SELECT n FROM item WHERE users_can_in('device:read', domain_id) ORDER BY n;
FETCH 2 FROM before \g /dev/null
SELECT revoke_role(:'ann_id', 1) \gset
SELECT grant_role(:'ann_id', 2, 'editor') \gset
DECLARE after CURSOR FOR SELECT n FROM item WHERE users_can_in('device:read', domain_id) ORDER BY n;
SET LOCAL enable_sort = off;
DECLARE slow_before NO SCROLL CURSOR FOR SELECT n FROM item WHERE users_can_in('device:read', domain_id);
CREATE FUNCTION next_of(which refcursor) RETURNS integer LANGUAGE plpgsql AS $$ DECLARE n integer; BEGIN FETCH which INTO n; RETURN n; END $$;
SELECT is(next_of('slow_before'), 1, 'a cursor goes row by row');
SELECT revoke_role(:'ann_id', 2) \gset
SELECT is(concat_ws(' ', next_of('slow_before'), (SELECT count(*) FROM item WHERE users_can_in('device:read', domain_id)), next_of('slow_before'), users_can_in('device:read', d(2))),
          '7 0 13 f', 'and sees what it saw, others in between what is');
SAVEPOINT a;
SELECT grant_role(:'ann_id', 6, 'editor') \gset
DECLARE inner_one NO SCROLL CURSOR FOR SELECT n FROM item WHERE users_can_in('device:read', domain_id);
SELECT is(concat_ws(' ', next_of('inner_one'), next_of('slow_before'), next_of('inner_one')), '5 19 11', 'three snapshots at once');
ROLLBACK TO a;
SELECT is(concat_ws(' ', next_of('slow_before'), users_can_in('device:read', d(6)), next_of('slow_before')), '25 f 31', 'a rollback leaves an older cursor what it saw');
SELECT is(concat_ws(' ', next_of('before'), next_of('after')), '18 1', 'and those that were sorted first');
COMMIT;
SELECT grant_role(:'ann_id', 1, 'editor'), grant_role(:'ann_id', 1, 'editor', 'device', 1) \g /dev/null

-- Plans serve everybody.
SET plan_cache_mode = force_generic_plan;
CREATE INDEX item_domain ON item (domain_id);
PREPARE count_them (text) AS SELECT count(*) FROM item WHERE users_can_in($1, domain_id) OR users_can_on($1, domain_id, id);
PREPARE count_objects AS SELECT count(*) FROM item WHERE users_can_on('device:read', domain_id, id);
SET enable_seqscan = off;
EXECUTE count_them('device:read') \g /dev/null
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
EXECUTE count_them('device:read') \gset
SELECT is(:count, 10, 'a generic plan, for one');
SELECT users_authenticate(:'eve') AS id \gset
EXECUTE count_them('device:read') \gset
SELECT is(:count, 10, 'for another');
EXECUTE count_them('device:delete') \gset
SELECT is(:count, 0, 'for another permission');
EXECUTE count_objects \gset
SELECT is(:count, 0, 'on objects');
ROLLBACK;
EXECUTE count_them('device:read') \gset
SELECT is(:count, 0, 'and for nobody');
RESET enable_seqscan;
RESET plan_cache_mode;

-- Triggers, also those of the end of the transaction (P15)
CREATE TEMP TABLE heard_of (what text);
CREATE FUNCTION pg_temp.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO heard_of VALUES (users_can_in('device:read', d(2))::text); RETURN NULL; END $$;
CREATE TEMP TABLE watched (n integer);
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON watched DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.look();
CREATE CONSTRAINT TRIGGER soon AFTER INSERT ON watched FOR EACH ROW EXECUTE FUNCTION pg_temp.look();
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
INSERT INTO watched VALUES (1);
SELECT grant_role(:'ann_id', 2, 'editor') \gset
COMMIT;
SELECT is(string_agg(what, ' '), 'false true', 'a deferred trigger sees what came after its row') FROM heard_of;
SELECT revoke_role(:'ann_id', 2) \gset

-- A view's owner and a restricted operation change nothing about who one is.
CREATE MATERIALIZED VIEW mine AS SELECT n FROM item WHERE users_can_in('device:read', domain_id) WITH NO DATA;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
REFRESH MATERIALIZED VIEW mine;
SELECT is((SELECT count(*) FROM mine), 10::bigint, 'in a materialized view');
SET LOCAL row_security = off;
SELECT is(users_can_in('device:read', d(1)), true, 'with row_security off');
SET LOCAL search_path = '';
SET LOCAL default_transaction_read_only = on;
SET TRANSACTION READ ONLY;
SELECT public.users_can_in('device:read', public.d(1)) AS answer \gset
SET LOCAL search_path = public;
SELECT is(:'answer'::text, 't', 'in a read-only transaction, without search_path');
ROLLBACK;
DROP MATERIALIZED VIEW mine;

---- many at once

-- Against a judgement written otherwise, for people with few assignments and many.
CREATE TABLE person_with (user_id uuid, assignments integer);
INSERT INTO person_with SELECT user_id, 1 FROM users_register('p1@example.org', 'p1', 'seven wet horses sing', 'P', 'P');
INSERT INTO person_with SELECT user_id, 20 FROM users_register('p2@example.org', 'p2', 'seven wet horses sing', 'P', 'P');
INSERT INTO person_with SELECT user_id, 60 FROM users_register('p3@example.org', 'p3', 'seven wet horses sing', 'P', 'P');
INSERT INTO person_with SELECT user_id, 600 FROM users_register('p4@example.org', 'p4', 'seven wet horses sing', 'P', 'P');
SELECT setseed(0.62) \g /dev/null
UPDATE users.domain SET status = (ARRAY['enabled', 'enabled', 'disabled', 'frozen', 'deleted'])[1 + floor(random() * 5)::integer] WHERE id > d(6);
INSERT INTO users.role_assignment (user_id, domain_id, role_id, object_type, object_id, granted_at)
SELECT user_id, d(n), r(n, role), CASE WHEN whole THEN '' ELSE type END, CASE WHEN whole THEN '00000000-0000-0000-0000-000000000000' ELSE o(object) END, now()
  FROM (SELECT p.user_id, 7 + floor(random() * 54)::integer AS n, (ARRAY['admin', 'editor', 'star', 'opener', 'nothing'])[1 + floor(random() * 5)::integer] AS role,
	random() < 0.3 AS whole, (ARRAY['device', 'channel'])[1 + floor(random() * 2)::integer] AS type, floor(random() * 20)::integer AS object
	FROM person_with p, generate_series(1, p.assignments)) a
ON CONFLICT DO NOTHING;
CREATE FUNCTION role_holds(given uuid, word text) RETURNS boolean STABLE LANGUAGE sql AS $$
	SELECT built_in OR word = ANY (permissions) OR split_part(word, ':', 1) || ':*' = ANY (permissions) FROM users.role WHERE id = given $$;
CREATE FUNCTION is_open(who uuid, place uuid) RETURNS boolean STABLE LANGUAGE sql AS $$
	SELECT status = 'enabled' OR status = 'disabled' AND EXISTS (SELECT FROM users.role_assignment WHERE user_id = who AND domain_id = place AND object_type = '' AND role_holds(role_id, 'domain:enable'))
	  FROM users.domain WHERE id = place $$;
CREATE FUNCTION holds_in(who uuid, word text, place uuid) RETURNS boolean STABLE LANGUAGE sql AS $$
	SELECT is_open(who, place) AND EXISTS (SELECT FROM users.role_assignment WHERE user_id = who AND domain_id = place AND object_type = '' AND role_holds(role_id, word)) $$;
CREATE FUNCTION holds_on(who uuid, word text, place uuid, object uuid) RETURNS boolean STABLE LANGUAGE sql AS $$
	SELECT is_open(who, place) AND EXISTS (SELECT FROM users.role_assignment WHERE user_id = who AND domain_id = place AND object_type = split_part(word, ':', 1) AND object_id = object AND role_holds(role_id, word)) $$;
CREATE TABLE word (word text PRIMARY KEY);
INSERT INTO word VALUES ('device:read'), ('device:delete'), ('channel:read'), ('domain:enable'), ('device:*');
SELECT is(count(*), 0::bigint, 'on domains, all of them') FROM person_with, word, generate_series(1, 61) n
 WHERE users_check(user_id, word, d(n)) IS DISTINCT FROM coalesce(holds_in(user_id, word, d(n)), false);
SELECT is(count(*), 0::bigint, 'on objects, all of them') FROM person_with, word, generate_series(7, 61) n, generate_series(0, 20, 3) m
 WHERE users_check(user_id, word, d(n), o(m)) IS DISTINCT FROM coalesce(holds_in(user_id, word, d(n)) OR holds_on(user_id, word, d(n), o(m)), false);
-- One question a statement: each reads for itself.
CREATE FUNCTION mistakes() RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	found integer := 0;
	question record;
	answer boolean;
BEGIN
	FOR question IN SELECT user_id, word, n, m FROM person_with, word, generate_series(7, 60, 9) n, generate_series(0, 19, 6) m LOOP
		EXECUTE 'SELECT users_check($1, $2, $3)' INTO answer USING question.user_id, question.word, d(question.n);
		found := found + (answer IS DISTINCT FROM holds_in(question.user_id, question.word, d(question.n)))::integer;
		-- Another snapshot, so nothing is remembered.
		INSERT INTO heard_of VALUES ('');
		EXECUTE 'SELECT users_check($1, $2, $3, $4)' INTO answer USING question.user_id, question.word, d(question.n), o(question.m);
		found := found + (answer IS DISTINCT FROM (holds_in(question.user_id, question.word, d(question.n)) OR holds_on(question.user_id, question.word, d(question.n), o(question.m))))::integer;
	END LOOP;
	RETURN found;
END
$$;
SELECT is(mistakes(), 0, 'and one by one');
SELECT is(count(*), 0::bigint, 'lists of domains') FROM person_with, word
 WHERE users_permitted_domains(word, user_id) IS DISTINCT FROM ARRAY(SELECT d(n) FROM generate_series(1, 60) n WHERE holds_in(user_id, word, d(n)) ORDER BY 1);
SELECT is(count(*), 0::bigint, 'lists of objects') FROM person_with, word
 WHERE users_permitted_objects(word, user_id) IS DISTINCT FROM ARRAY(SELECT DISTINCT o(m) FROM generate_series(1, 60) n, generate_series(0, 19) m WHERE holds_on(user_id, word, d(n), o(m)) ORDER BY 1);
SELECT is(count(*), 0::bigint, 'and whether anywhere') FROM person_with, word
 WHERE users_check(user_id, word) IS DISTINCT FROM (users_permitted_domains(word, user_id) || users_permitted_objects(word, user_id) <> '{}');
SELECT is(count(*), 80::bigint, 'of more people than are remembered at once')
  FROM generate_series(1, 40) n, unnest(ARRAY[gen_random_uuid(), :'ann_id']) who WHERE users_check(who, 'device:read', d(1)) = (who = :'ann_id');

---- words that are defined later

BEGIN; SELECT users_authenticate(:'ann') AS id \gset
RESET ROLE;
SAVEPOINT a;
SELECT is(pg_temp.deed('SELECT users_can_in(''printer:print'', d(1))'), 'US009 permission', 'no such type yet');
INSERT INTO users.object_type VALUES ('printer');
INSERT INTO users.permission VALUES ('printer', 'print');
UPDATE users.role SET permissions = '{printer:*}' WHERE id = r(1, 'editor');
SELECT is(concat(users_can_in('printer:print', d(1)), users_can_on('printer:print', d(1), o(1)), users_can_in('device:read', d(1))), 'tff', 'a type of one''s own');
SELECT is(pg_temp.deed('SELECT users_can_in(''printer:scan'', d(1))'), 'US009 permission', 'with its actions');
INSERT INTO users.permission VALUES ('printer', 'scan');
SELECT is(users_can_in('printer:scan', d(1)), true, 'type:* gives those that come later');
SELECT is(users_permissions(d(1)), '{printer:print,printer:scan}', 'and stands as them');
ROLLBACK TO a;
SELECT is(pg_temp.story(NULL, 'SELECT users_can_in(''printer:print'', d(1))', 'SELECT users_can_in(''printer:*'', d(1))', 'SELECT users_can_in(''device:read'', d(1))'), 'US009 permission | US009 permission | true', 'one that is taken back is gone');
ROLLBACK;

---- pages and services

SELECT to_regproc('users_protect') IS NOT NULL AS protects \gset
\if :protects
SELECT users_protect('item', 'device', owner_column => 'owner') IS NULL AS ignored, users_define_object_type('device', relation => 'item') IS NULL AS ignored_too \gset
\else
INSERT INTO users.object_place VALUES ('device', 'item');
\endif
UPDATE item SET owner = :'ann_id' WHERE n IN (1, 6, 7);
-- ann: editor of domain 1 and of device 1, which lies in domain 2. Devices 6 and 12 lie in domain 1, 7 in domain 2.
SET SESSION AUTHORIZATION regress_users_62;
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:read'', d(1))', 'SELECT users_can(''device:read'', d(2))', 'SELECT users_can(''device:delete'', d(1))'), 'true | false | false', 'on a domain');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:read'')', 'SELECT users_can(''device:delete'')', 'SELECT users_can(''channel:read'')'), 'true | false | true', 'anywhere');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:read'', NULL, o(12))', 'SELECT users_can(''device:read'', d(1), o(12))', 'SELECT users_can(''device:read'', d(2), o(12))', 'SELECT users_can(''device:delete'', NULL, o(12))'),
          'true | true | false | false', 'an object is judged by the domain in which it lies');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:read'', NULL, o(1))', 'SELECT users_can(''device:read'', d(1), o(1))', 'SELECT users_can_on(''device:read'', d(1), o(1))'),
          'false | false | true', 'an assignment on one that lies elsewhere proves nothing');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:read'', NULL, o(99))', 'SELECT users_can(''device:read'', d(1), o(99))'), 'false | false', 'one that is not there');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''device:delete'', NULL, o(6))', 'SELECT users_can(''device:manage_roles'', NULL, o(6))', 'SELECT users_can(''device:*'', NULL, o(6))', 'SELECT users_can(''device:delete'', NULL, o(7))'),
          'true | false | false | false', 'the owner holds every action but manage_roles, while a member');
SELECT is(pg_temp.story(:'ann', 'SELECT users_can(''channel:read'', d(1), o(1))', 'SELECT users_can(''channel:read'', d(2), o(1))', 'SELECT users_can(''channel:read'', NULL, o(1))'),
          'true | false | 22023 domain_id', 'a type without a table needs the domain');
SELECT is(pg_temp.story(:'ann', 'SELECT users_permissions(d(1))', 'SELECT users_permissions(d(2))', 'SELECT users_permissions(NULL)'), '{channel:read,device:read,device:update} | {} | {channel:read,device:read,device:update}', 'what a page needs to know');
SELECT is(pg_temp.story(:'ann', 'SELECT users_permissions(d(1), o(6))', 'SELECT users_permissions(NULL, o(6))', 'SELECT users_permissions(d(2), o(6))', 'SELECT users_permissions(d(1), o(99))'),
          '{channel:read,device:connect,device:create,device:delete,device:read,device:update} | {device:connect,device:create,device:delete,device:read,device:update} | {} | {channel:read}', 'of an object');
SELECT is(pg_temp.story(:'ann', format('SELECT users_permitted_domains(''device:read'', %L) = ARRAY[d(1)]', :'ann_id'), format('SELECT users_permitted_domains(''device:read'', %L)', :'eve_id'), format('SELECT users_permitted_objects(''device:read'', %L)', :'eve_id'), format('SELECT users_check(%L, ''device:read'')', :'ann_id')),
          'true | 42501 | 42501 | 42501', 'others are nobody''s business');
SELECT is(pg_temp.story(:'bob', 'SELECT users_can(''device:delete'', d(4))', 'SELECT users_can(''device:read'', NULL, o(99))', 'SELECT users_can(''plane:fly'')', 'SELECT users_permissions(d(1)) @> ''{domain:delete,device:manage_roles}''', 'SELECT array_length(users_permissions(NULL), 1)'),
          'true | true | US009 permission | true | 22', 'administrators may everything');
SELECT is(pg_temp.story(:'bob', 'SELECT users_can_in(''device:read'', d(1))', 'SELECT users_can_in(''device:read'', d(2))', 'SELECT users_is_member(d(1))', 'SELECT users_permitted_domains(''device:read'') = ARRAY[d(2)]', format('SELECT users_permitted_domains(''device:read'', %L) = ARRAY[d(1)]', :'ann_id')),
          'false | true | false | true | true', 'but predicates judge them by roles');
RESET SESSION AUTHORIZATION;
SELECT is(concat(users_can('device:read', d(4)), users_can_in('device:read', d(1)), users_permitted_domains('device:read')), 'tf{}', 'and a superuser by none');
SET SESSION AUTHORIZATION regress_users_62_service;
SELECT is(pg_temp.story(NULL, format('SELECT users_check(%L, ''device:read'')', :'ann_id'), format('SELECT users_check(%L, ''device:read'', d(2))', :'ann_id'), format('SELECT users_check(%L, ''device:delete'', NULL, o(6))', :'ann_id'), format('SELECT users_check(%L, ''device:read'', d(4))', :'bob_id'), 'SELECT users_check(NULL, ''device:read'')', 'SELECT users_check(gen_random_uuid(), ''device:read'')', format('SELECT users_check(%L, ''fly'')', :'ann_id'), format('SELECT users_check(%L, NULL)', :'ann_id'), format('SELECT users_check(%L, ''channel:read'', NULL, o(1))', :'ann_id')),
          'true | false | true | true | false | false | US009 permission | US009 permission | 22023 domain_id', 'a service asks about somebody');
SELECT is(pg_temp.story(NULL, format('SELECT users_check_many(%L, ''device:read'', ARRAY[o(12), NULL, o(1), o(99), o(6), o(7), o(12)]) = ARRAY[o(12), o(6), o(12)]', :'ann_id'), format('SELECT users_check_many(%L, ''device:delete'', ARRAY[o(12), o(6)]) = ARRAY[o(6)]', :'ann_id'), format('SELECT users_check_many(%L, ''device:read'', ARRAY[o(1), NULL, o(99)]) = ARRAY[o(1), o(99)]', :'bob_id'), format('SELECT users_check_many(%L, ''channel:read'', ARRAY[o(1)])', :'ann_id'), format('SELECT users_check_many(%L, ''device:read'', ''{}'')', :'ann_id'), format('SELECT users_check_many(%L, ''device:read'', NULL)', :'ann_id'), 'SELECT users_check_many(NULL, ''device:read'', ARRAY[o(6)])', format('SELECT users_check_many(%L, ''x:y'', NULL)', :'ann_id')),
          'true | true | true | 22023 permission | {} | {} | {} | US009 permission', 'about many objects at once');
SELECT is(pg_temp.story(NULL, format('SELECT users_permitted_domains(''device:read'', %L) = ARRAY[d(1)]', :'ann_id'), 'SELECT users_permitted_domains(''device:read'')', 'SELECT users_can(''device:read'')'), 'true | {} | 42501', 'and has nothing of its own');
RESET SESSION AUTHORIZATION;
UPDATE users.account SET status = 'disabled' WHERE user_id IN (:'bob_id', :'ann_id');
SELECT is(concat(users_check(:'bob_id', 'device:read', d(4)), users_check(:'bob_id', 'device:read', d(2)), users_check(:'ann_id', 'device:read', d(1)), users_check(:'ann_id', 'device:read', NULL, o(6)), users_check_many(:'ann_id', 'device:read', ARRAY[o(6)])), 'ffff{}', 'disabled accounts may nothing');

---- in parallel workers (P13 P44)

UPDATE users.account SET status = 'enabled' WHERE user_id IN (:'bob_id', :'ann_id');
DELETE FROM users.role_assignment WHERE user_id IN (:'ann_id', :'eve_id');
SELECT grant_role(:'ann_id', 1, 'editor'), grant_role(:'ann_id', 3, 'opener'), grant_role(:'ann_id', 4, 'star'), grant_role(:'ann_id', 2, 'editor', 'device', 7) \gset
-- Each predicate about each domain and some objects, as one expression.
SELECT format('ARRAY[%s]', string_agg(format('(%s)::text', q), ', ')) AS all
  FROM (SELECT format(f, n) FROM generate_series(1, 6) n, unnest('{"users_can_in(''device:read'', d(%s))","users_can_in(''device:*'', d(%s))","users_is_member(d(%s))","users_can_on(''device:update'', d(2), o(%s + 3))"}'::text[]) f
        UNION ALL SELECT unnest('{"users_can_in(NULL, d(1))","users_can_in(''device:read'', NULL)","users_can_on(''device:read'', d(2), NULL)","users_is_member(NULL)","users_permitted_domains(''device:read'')","users_permitted_objects(''device:read'')"}'::text[])) v (q) \gset
SELECT unnest(ARRAY[is(answers[1], answers[2], 'workers answer as their leader does: ' || what),
       is((SELECT count(*) FROM unnest(answers[2]::text[]) a WHERE a NOT IN ('false', '{}')), yes::bigint, format('%s questions have another answer than no', yes))])
  FROM (VALUES (1, :'ann', 7, 'A'), (2, :'eve', 0, 'C, who holds nothing'), (3, 'users_member', 0, 'nobody'), (4, NULL, 0, 'a superuser')) v (n, who, yes, what),
	LATERAL (SELECT string_to_array(pg_temp.story(who, format('SELECT pg_temp.by_workers(%L)', :'all'), format('SELECT (%s)::text', :'all')), ' | ')) s (answers) ORDER BY n;
SELECT is(pg_temp.story(:'ann', 'RESET ROLE', 'SELECT pg_temp.by_workers(''users_is_member(d(2))'')', format('SELECT grant_role(%L, 2, ''star'')', :'ann_id'), 'SELECT pg_temp.by_workers(''users_is_member(d(2))'')', format('DELETE FROM users.role_assignment WHERE user_id = %L', :'ann_id'), 'SELECT pg_temp.by_workers(''users_is_member(d(2))'')'),
          'done | false | NULL | true | done | false', 'what their transaction changed counts');
SELECT is(pg_temp.story(:'ann', format('SELECT pg_temp.by_workers(%L)', e)), answer, e)
  FROM (VALUES ('users_can_in(''fly'', d(1))', 'US009 permission'), ('users_can_in(''plane:fly'', NULL)', 'US009 permission'),
               (format('users_permitted_domains(''device:read'', %L) = ARRAY[d(1), d(3)]', :'ann_id'), 'true'), (format('users_permitted_domains(''device:read'', %L)', :'eve_id'), '42501')) v (e, answer);
SELECT is(pg_temp.story(who, format('SELECT pg_temp.by_workers(%L)', format('users_permitted_domains(''device:read'', %L) = ARRAY[d(1), d(3)]', :'ann_id'))), answer, 'somebody else''s, for ' || what)
  FROM (VALUES ('=regress_users_62_service', 'true', 'a service'), (:'bob', 'true', 'an administrator'), ('=regress_users_62', '42501', 'another login'), ('users_service', 'true', 'a superuser as a service'), ('users_member', '42501', 'a superuser as a member')) v (who, answer, what);
-- Of who has more than are read at once, workers ask one by one, and then for all.
UPDATE users.domain SET status = 'enabled' WHERE id > d(5);
SELECT count(grant_role(:'eve_id', n, 'editor')) FROM generate_series(6, 60) n \gset
SELECT is(pg_temp.story(:'eve', $$ SELECT pg_temp.by_workers('users_can_in(''device:read'', d(1 + n % 60)) = (1 + n % 60 > 5)') $$), 'true', 'of many assignments');
-- A wrapper marked PARALLEL SAFE is one of them; what is not, is refused in it.
CREATE FUNCTION wrapped(expression text) RETURNS text PARALLEL SAFE LANGUAGE plpgsql AS $$ DECLARE answer text; BEGIN EXECUTE 'SELECT ' || expression INTO answer; RETURN answer; END $$;
SELECT is(pg_temp.story(:'ann', format('SELECT pg_temp.by_workers(%L)', format('wrapped(%L)', e))), answer, 'in a wrapper: ' || e)
  FROM (VALUES ('users_can_in(''device:read'', d(1))', 'true'), ('users_can(''device:read'', d(1))', 'true'), ('users_logout()', '25000'), ('users_profile()', '25000'), (format('users_authenticate(%L)', :'eve'), '25000')) v (e, answer);
SELECT is(pg_temp.story(:'ann', $$ SELECT pg_temp.by_workers('wrapped(''users_profile()'')') $$, 'SELECT pg_temp.by_workers(''users_current_user_id()'')'), '25000 | ' || :'ann_id', 'after which one is who one was');
SELECT * FROM finish();
DROP OWNED BY regress_users_62, regress_users_62_service CASCADE;
DROP ROLE regress_users_62, regress_users_62_service;
