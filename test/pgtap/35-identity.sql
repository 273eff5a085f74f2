-- The identity: what sets it, what does not, and how it ends. Most of this
-- needs transactions of its own, so there is none around the file.
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

DROP ROLE IF EXISTS regress_users_35, regress_users_35_owner;
CREATE ROLE regress_users_35 LOGIN NOINHERIT;
CREATE ROLE regress_users_35_owner LOGIN;
SELECT users_setup_login('regress_users_35', admin => true) IS NULL AS ignored, users_setup_owner('regress_users_35_owner') IS NULL AS ignored_too \gset
SELECT access_token AS ann, refresh_token AS ann_refresh, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT access_token AS eve, user_id AS eve_id FROM users_register('eve@example.org', 'eve', 'seven wet horses sing', 'Eve', 'Elm') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob, session_id AS bob_session FROM users_login('bob', 'seven wet horses sing') \gset

-- Who one is: the identity, its role, and the role that one has.
SELECT format($$ CREATE FUNCTION who() RETURNS text LANGUAGE sql STABLE AS $f$
	SELECT concat_ws(' ', coalesce(CASE users_current_user_id() WHEN %L THEN 'ann' WHEN %L THEN 'bob' WHEN %L THEN 'eve' END, 'nobody'), substr(users_current_role(), 7), 'as', current_user) $f$ $$,
	:'ann_id', :'bob_id', :'eve_id') \gexec
CREATE TABLE note (id integer, owner uuid NOT NULL DEFAULT users_current_user_id(), PRIMARY KEY (owner, id));
ALTER TABLE note OWNER TO regress_users_35_owner;
ALTER TABLE note ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON note TO users_member USING (owner = (SELECT users_current_user_id()));
CREATE POLICY everything ON note TO users_admin USING ((SELECT users_is_admin()));
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO users_member;
INSERT INTO note SELECT n, :'ann_id'::uuid FROM generate_series(1, 3) n UNION ALL SELECT n, :'bob_id'::uuid FROM generate_series(11, 15) n;

SET SESSION AUTHORIZATION regress_users_35;
SELECT is(who(), 'nobody as regress_users_35', 'before a token one is nobody');

---- how it ends (S60 P14)

BEGIN;
SELECT users_authenticate(:'ann') AS id \gset
SELECT is(:'id'::uuid, :'ann_id'::uuid, 'a token says who one is');
SELECT is(who(), 'ann member as users_member', 'for the statements that follow');
SELECT is(users_current_session_id(), (SELECT id FROM users_sessions WHERE is_current), 'in a session');
COMMIT;
SELECT is(who(), 'nobody as regress_users_35', 'to COMMIT');
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
ROLLBACK;
SELECT is(who(), 'nobody as regress_users_35', 'to ROLLBACK');
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
COMMIT AND CHAIN;
SELECT is(who(), 'nobody as regress_users_35', 'to COMMIT AND CHAIN');
SELECT users_authenticate(:'ann') AS id \gset
ROLLBACK AND CHAIN;
SELECT is(who(), 'nobody as regress_users_35', 'to ROLLBACK AND CHAIN');
ROLLBACK;
SELECT users_authenticate(:'ann') AS id \gset
SELECT is(who(), 'nobody as regress_users_35', 'to the end of the statement, where that is a transaction');
SELECT users_authenticate(:'ann') AS id \; SELECT is(who(), 'ann member as users_member', 'to the end of a batch, where that is one') \g (format=unaligned)
SELECT is(who(), 'nobody as regress_users_35', 'and no longer');
\set ON_ERROR_STOP 0
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT 1 / 0;
COMMIT;
SELECT is(:'LAST_ERROR_SQLSTATE'::text || ' ' || who(), '22012 nobody as regress_users_35', 'to an error');
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
CREATE TEMP TABLE late (n integer UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP;
INSERT INTO late VALUES (1), (1);
COMMIT;
SELECT is(:'LAST_ERROR_SQLSTATE'::text || ' ' || who(), '23505 nobody as regress_users_35', 'also of the commit itself');
\set ON_ERROR_STOP 1

BEGIN;
CREATE TEMP TABLE heard (n serial, what text);
GRANT ALL ON heard, heard_n_seq TO PUBLIC;
COMMIT;
CREATE PROCEDURE pg_temp.two_transactions(token text) LANGUAGE plpgsql AS $$
DECLARE
	was text[];
BEGIN
	PERFORM users_authenticate(token);
	was := was || who();
	COMMIT;
	was := was || who();
	PERFORM users_authenticate(token);
	was := was || who();
	ROLLBACK;
	was := was || who();
	INSERT INTO heard (what) SELECT unnest(was);
END
$$;
CALL pg_temp.two_transactions(:'ann');
SELECT is(string_agg(what, ', ' ORDER BY n), 'ann member as users_member, nobody as regress_users_35, ann member as users_member, nobody as regress_users_35', 'a procedure''s COMMIT and ROLLBACK end it too') FROM heard;
TRUNCATE heard;

CREATE FUNCTION pg_temp.note_who() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO heard (what) VALUES (who()); RETURN NULL; END $$;
CREATE TEMP TABLE deferred (n integer);
GRANT ALL ON deferred TO PUBLIC;
CREATE CONSTRAINT TRIGGER late AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.note_who();
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
INSERT INTO deferred VALUES (1);
COMMIT;
SELECT is(string_agg(what, ', '), 'ann member as users_member', 'deferred triggers still run with it') FROM heard;
TRUNCATE heard;

---- what does not set or change it (S59)

BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT is(pg_temp.story(NULL, statement, 'SELECT who()'), answer, 'no: ' || left(statement, 60))
  FROM (VALUES (format('SELECT set_config(''request.jwt.claims'', %L, true) IS NULL', json_build_object('sub', :'bob_id', 'role', 'users_admin')), 'false | ann member as users_member'),
               (format('SELECT set_config(''request.jwt.claim.sub'', %L, true) IS NULL', :'bob_id'), 'false | ann member as users_member'),
               ('SET LOCAL users.user_id = ''x''', '42602 | ann member as users_member'),
               ('RESET ALL', 'done | ann member as users_member'),
               ('SET ROLE users_admin', 'done | ann member as users_admin'),
               ('SET ROLE users_anon', 'done | ann member as users_anon'),
               ('SET ROLE NONE', 'done | ann member as regress_users_35'),
               ('RESET ROLE', 'done | ann member as regress_users_35'),
               ('SET SESSION AUTHORIZATION DEFAULT', 'done | ann member as postgres'),
               ('SET SESSION AUTHORIZATION regress_users_35_owner', 'done | ann member as regress_users_35_owner')) v (statement, answer);
SELECT is(pg_temp.story(NULL, 'SET ROLE users_admin', 'SELECT users_is_admin()', 'SELECT count(*) FROM note', 'SELECT users_id(''bob'')', 'SELECT count(*) FROM users_keys', 'RESET SESSION AUTHORIZATION', 'SELECT users_is_admin()', 'SELECT users_id(''bob'')'),
          'done | false | 3 | 42501 | 0 | done | false | 42501', 'another role is no other person, and a superuser''s neither');
ROLLBACK;
SELECT is(pg_temp.story(NULL, format('SELECT set_config(''request.jwt.claims'', %L, true) IS NULL', json_build_object('sub', :'bob_id', 'role', 'users_admin')), 'SELECT who()', 'SET ROLE users_admin', 'SELECT who()'),
          'false | nobody as regress_users_35 | done | nobody as users_admin', 'without a token nothing makes one somebody');

BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT users_authenticate(:'bob') AS id \gset
SELECT is(who(), 'bob admin as users_admin', 'another token makes one another person');
SELECT is((SELECT count(*) FROM note), 8::bigint, 'with other rights');
SELECT users_authenticate(:'ann') AS id \gset
SELECT is(who(), 'ann member as users_member', 'and back');
SELECT is((SELECT count(*) FROM note), 3::bigint, 'to the old ones');
COMMIT;

-- In the statement that authenticates, the rights of the rest are decided before. (P10)
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM note, users_authenticate(%L)', :'ann'), 'SELECT who()'), '42501 | nobody as regress_users_35', 'a token is a statement of its own');

---- a token that is refused

RESET SESSION AUTHORIZATION;
SELECT access_token AS ended, refresh_token AS ended_refresh FROM users_login('ann', 'seven wet horses sing') \gset
SELECT status AS ignored FROM users_logout(:'ended_refresh') \gset
SET SESSION AUTHORIZATION regress_users_35;
CREATE TEMP TABLE bad (what text, token text);
INSERT INTO bad VALUES ('NULL', NULL), ('empty', ''), ('nonsense', 'nonsense'), ('a refresh token', :'ann_refresh'), ('a longer token', :'ann' || 'A'), ('a shorter token', left(:'ann', -1)), ('a token and a space', :'ann' || ' '),
	('of an ended session', :'ended'), ('without a signature', regexp_replace(:'ann', '[^.]*$', '')), ('with another''s claims', split_part(:'ann', '.', 1) || '.' || split_part(:'bob', '.', 2) || '.' || split_part(:'ann', '.', 3)),
	('much too long', repeat('x', 1000000)), ('two tokens', :'ann' || '.' || :'bob');
GRANT SELECT ON bad TO PUBLIC;
BEGIN;
SELECT is(pg_temp.story(:'ann', format('SELECT users_authenticate(%L)', token), 'SELECT who()'), '28000 | ann member as users_member', what || ' leaves the former identity') FROM bad;
SELECT is(count(DISTINCT pg_temp.story(NULL, format('!SELECT users_authenticate(%L)', token)))::integer, 1, 'and all refusals are alike') FROM bad;
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', token), 'SELECT who()'), '28000 | nobody as regress_users_35', what || ' makes nobody somebody') FROM bad WHERE what IN ('NULL', 'of an ended session');
ROLLBACK;

---- savepoints (P8)

CREATE FUNCTION pg_temp.now(wanted text, description text) RETURNS text LANGUAGE sql AS $$ SELECT is(who(), CASE wanted WHEN 'nobody' THEN 'nobody as regress_users_35' WHEN 'ann' THEN 'ann member as users_member' ELSE 'bob admin as users_admin' END, description) $$;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SAVEPOINT s; SELECT users_authenticate(:'bob') AS id \gset
ROLLBACK TO s;
SELECT pg_temp.now('ann', 'A, savepoint, B, rollback to: A');
SELECT users_authenticate(:'bob') AS id \gset
RELEASE s;
SELECT pg_temp.now('bob', 'A, savepoint, B, release: B');
ROLLBACK;
BEGIN;
SAVEPOINT s; SELECT users_authenticate(:'ann') AS id \gset
ROLLBACK TO s;
SELECT pg_temp.now('nobody', 'savepoint, A, rollback to: nobody');
SAVEPOINT t; SELECT users_authenticate(:'ann') AS id \gset
RELEASE t;
SELECT pg_temp.now('ann', 'savepoint, savepoint, A, release: A');
ROLLBACK TO s;
SELECT pg_temp.now('nobody', 'and then rollback to: nobody');
SAVEPOINT t; SAVEPOINT u; SELECT users_authenticate(:'ann') AS id \gset
SAVEPOINT v; SAVEPOINT w; SELECT users_authenticate(:'bob') AS id \gset
RELEASE v;
SELECT pg_temp.now('bob', 'released twice at once: B');
ROLLBACK TO u;
SELECT pg_temp.now('nobody', 'and rolled back past both: nobody');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SAVEPOINT s;
SET LOCAL ROLE NONE;
ROLLBACK TO s;
SELECT pg_temp.now('ann', 'a role that was put aside comes back');
SAVEPOINT t; SET LOCAL ROLE users_anon; RELEASE t;
SELECT is(who(), 'ann member as users_anon', 'a role that one has taken stays');
ROLLBACK TO s;
SELECT pg_temp.now('ann', 'until it is rolled back');
\set ON_ERROR_STOP 0
SELECT 1 / 0;
\set ON_ERROR_STOP 1
ROLLBACK TO s;
SELECT pg_temp.now('ann', 'an error between savepoints ends nothing');
COMMIT;
SELECT pg_temp.now('nobody', 'the end does');

-- A long walk: any of two tokens, savepoint, rollback to and release, in any
-- order; after each step the state is compared with what it should be. The
-- sequences count what went wrong, and how much was done.
CREATE TEMP SEQUENCE wrong MINVALUE 0 START 0;
CREATE TEMP SEQUENCE steps MINVALUE 0 START 0;
GRANT ALL ON SEQUENCE wrong, steps TO PUBLIC;
CREATE FUNCTION pg_temp.walk(ann text, bob text, length integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	states text[] := '{nobody as regress_users_35}'; -- what each open savepoint found; the last is the present one
	depth integer := 1;
	target integer;
BEGIN
	RETURN NEXT 'BEGIN';
	FOR i IN 1..length LOOP
		CASE floor(random() * 6)::integer
			WHEN 0 THEN
				RETURN NEXT format('SELECT users_authenticate(%L)', ann);
				states[depth] := 'ann member as users_member';
			WHEN 1 THEN
				RETURN NEXT format('SELECT users_authenticate(%L)', bob);
				states[depth] := 'bob admin as users_admin';
			WHEN 2 THEN
				RETURN NEXT 'SET LOCAL ROLE users_anon';
				states[depth] := regexp_replace(states[depth], '\w+$', 'users_anon');
			WHEN 3 THEN
				RETURN NEXT format('SAVEPOINT s%s', depth);
				states[depth + 1] := states[depth];
				depth := depth + 1;
			WHEN 4 THEN
				CONTINUE WHEN depth = 1;
				target := 1 + floor(random() * (depth - 1))::integer;
				RETURN NEXT format('ROLLBACK TO s%s', target);
				depth := target + 1;
				states[depth] := states[target];
			WHEN 5 THEN
				CONTINUE WHEN depth = 1;
				target := 1 + floor(random() * (depth - 1))::integer;
				RETURN NEXT format('RELEASE s%s', target);
				states[target] := states[depth];
				depth := target;
		END CASE;
		RETURN NEXT format('SELECT nextval(CASE who() WHEN %L THEN ''steps'' ELSE ''wrong'' END)', states[depth]);
		IF i % 100 = 0 THEN
			RETURN NEXT (ARRAY['COMMIT', 'ROLLBACK'])[1 + i / 100 % 2];
			RETURN NEXT 'SELECT nextval(CASE who() WHEN ''nobody as regress_users_35'' THEN ''steps'' ELSE ''wrong'' END)';
			RETURN NEXT 'BEGIN';
			states := '{nobody as regress_users_35}';
			depth := 1;
		END IF;
	END LOOP;
	RETURN NEXT 'COMMIT';
END
$$;
SELECT setseed(0.35) IS NULL AS ignored \gset
\o /dev/null
SELECT step FROM pg_temp.walk(:'ann', :'bob', 3000) step \gexec
\o
SELECT is(nextval('wrong'), 0::bigint, 'in three thousand steps nobody is the wrong person or has the wrong role');
SELECT cmp_ok(nextval('steps'), '>', 2000::bigint, 'which were made');

---- caught errors (P8)

CREATE FUNCTION pg_temp.catch(token text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	inside text;
BEGIN
	BEGIN
		PERFORM users_authenticate(token);
		inside := who();
		RAISE EXCEPTION 'now';
	EXCEPTION WHEN raise_exception THEN
		RETURN inside || ', ' || who();
	END;
END
$$;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT is(pg_temp.catch(:'bob'), 'bob admin as users_admin, ann member as users_member', 'A, a block with B and an error: A');
SELECT pg_temp.now('ann', 'after it too');
ROLLBACK;
SELECT is(pg_temp.catch(:'bob'), 'bob admin as users_admin, nobody as regress_users_35', 'nobody, a block with B and an error: nobody');
BEGIN;
DO $$ BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN NULL; END; END $$;
SELECT pg_temp.now('nobody', 'a block with an error and nobody');
ROLLBACK;

-- A thousand alternations, with errors at any place.
CREATE FUNCTION pg_temp.alternate(ann text, bob text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	state text := 'nobody as regress_users_35';
	next text;
	bad integer := 0;
BEGIN
	FOR i IN 1..1000 LOOP
		next := CASE WHEN i % 2 = 0 THEN 'ann member as users_member' ELSE 'bob admin as users_admin' END;
		BEGIN
			IF i % 7 = 0 THEN PERFORM 1 / 0; END IF;
			PERFORM users_authenticate(CASE WHEN i % 2 = 0 THEN ann ELSE bob END);
			IF i % 3 = 0 THEN PERFORM users_authenticate('nonsense'); END IF;
			bad := bad + (who() <> next)::integer;
			BEGIN
				PERFORM users_authenticate(CASE WHEN i % 5 = 0 THEN ann ELSE bob END);
				RAISE EXCEPTION 'now';
			EXCEPTION WHEN raise_exception THEN
				bad := bad + (who() <> next)::integer;
			END;
			IF i % 11 = 0 THEN RAISE EXCEPTION 'then'; END IF;
			state := next;
		EXCEPTION WHEN OTHERS THEN
			NULL;
		END;
		bad := bad + (who() <> state)::integer + ((SELECT count(*) FROM pg_temp.seen) <> CASE left(state, 3) WHEN 'ann' THEN 3 WHEN 'bob' THEN 8 ELSE 0 END)::integer;
	END LOOP;
	RETURN bad;
END
$$;
CREATE FUNCTION pg_temp.rows() RETURNS SETOF note LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT * FROM note; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;
CREATE TEMP VIEW seen AS SELECT * FROM pg_temp.rows();
GRANT SELECT ON seen TO PUBLIC;
SELECT is(pg_temp.alternate(:'ann', :'bob'), 0, 'a thousand alternations with errors between: each time the right person, the right role, the right rows');
SELECT pg_temp.now('nobody', 'and nobody in the end');

---- functions (P9)

RESET SESSION AUTHORIZATION;
CREATE FUNCTION definer(token text) RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$ SELECT users_authenticate(token) $$;
CREATE FUNCTION invoker(token text) RETURNS uuid LANGUAGE sql AS $$ SELECT users_authenticate(token) $$;
CREATE FUNCTION wrapped(token text) RETURNS uuid LANGUAGE sql SECURITY DEFINER AS $$ SELECT invoker(token) $$;
CREATE FUNCTION with_path(token text) RETURNS uuid LANGUAGE sql SET search_path = public AS $$ SELECT users_authenticate(token) $$;
CREATE FUNCTION with_role(token text) RETURNS text LANGUAGE plpgsql SET role = users_anon AS $$ BEGIN PERFORM users_authenticate(token); RETURN who(); END $$;
CREATE FUNCTION who_in_definer() RETURNS text LANGUAGE sql SECURITY DEFINER AS $$ SELECT who() $$;
SET SESSION AUTHORIZATION regress_users_35;
BEGIN;
SELECT is(pg_temp.story(NULL, format('SELECT definer(%L)', :'ann'), 'SELECT who()'), '42501 | nobody as regress_users_35', 'not in a SECURITY DEFINER function');
SELECT is(pg_temp.story(NULL, format('SELECT wrapped(%L)', :'ann'), 'SELECT who()'), '42501 | nobody as regress_users_35', 'not in a function that one calls');
SELECT is(pg_temp.story(:'ann', format('SELECT definer(%L)', :'bob'), 'SELECT who()'), '42501 | ann member as users_member', 'and a former identity stays');
SELECT is(pg_temp.story(NULL, format('SELECT invoker(%L) IS NULL', :'ann'), 'SELECT who()'), 'false | ann member as users_member', 'in any other function');
SELECT is(pg_temp.story(NULL, format('SELECT with_path(%L) IS NULL', :'ann'), 'SELECT who()'), 'false | ann member as users_member', 'with a search_path of its own too');
SELECT is(pg_temp.story(NULL, format('SELECT with_role(%L)', :'ann'), 'SELECT who()'), 'ann member as users_member | ann member as regress_users_35', 'a function with a role of its own puts the role back');
SELECT is(pg_temp.story(:'ann', 'SELECT who_in_definer()', 'SELECT who()'), 'ann member as postgres | ann member as users_member', 'a SECURITY DEFINER function knows for whom it works');
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.story(NULL, format('CREATE MATERIALIZED VIEW m AS SELECT users_authenticate(%L)', :'ann'), 'SELECT who()', format('CREATE MATERIALIZED VIEW m AS SELECT users_authenticate(%L) WITH NO DATA', :'ann'), 'REFRESH MATERIALIZED VIEW m', 'SELECT who()'),
          '42501 | nobody as postgres | done | 42501 | nobody as postgres', 'not in a materialized view');
SELECT is(pg_temp.story(NULL, format('CREATE FUNCTION always() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN PERFORM public.users_authenticate(%L); RETURN 1; END $f$', :'ann'), 'CREATE INDEX ON note ((id + always()))', 'SELECT who()'),
          'done | 42501 | nobody as postgres', 'not in an index');
SELECT is(pg_temp.story(:'ann', 'RESET ROLE', 'CREATE MATERIALIZED VIEW m AS SELECT users_current_user_id() AS id', format('SELECT id = %L FROM m', :'ann_id')), 'done | done | true', 'there one may be asked for it');
SET SESSION AUTHORIZATION regress_users_35;

---- cursors (P12 P59)

CREATE FUNCTION pg_temp.declare(how text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DECLARE k CURSOR ' || how || ' FOR SELECT who()'; RETURN 'declared'; END $$;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT is(pg_temp.story(NULL, 'DECLARE c CURSOR WITH HOLD FOR SELECT who()', 'DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1', 'SELECT pg_temp.declare(''WITH HOLD'')', 'SELECT count(*) FROM pg_cursors WHERE is_holdable'),
          '55000 | 55000 | 55000 | 0', 'while somebody is signed in no cursor is held');
DECLARE plain CURSOR FOR SELECT who();
DECLARE hidden CURSOR WITHOUT HOLD FOR SELECT id FROM note ORDER BY id;
FETCH FROM plain \gset got_
SELECT is(:'got_who'::text, 'ann member as users_member', 'others are as ever');
SELECT is(pg_temp.declare('WITHOUT HOLD'), 'declared', 'in functions too');
ROLLBACK;
BEGIN;
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM generate_series(1, 2) id;
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'ann'), 'SELECT who()'), '55000 | nobody as regress_users_35', 'who has declared one signs nobody in');
CLOSE c;
SELECT users_authenticate(:'ann') AS id \gset
SELECT pg_temp.now('ann', 'unless it is closed');
ROLLBACK;
BEGIN;
SAVEPOINT s;
DECLARE c CURSOR WITH HOLD FOR SELECT 1;
ROLLBACK TO s;
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann')), 'false', 'or rolled back');
DECLARE c CURSOR FOR SELECT 1;
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann')), 'false', 'even when another is called like it');
CLOSE c;
DECLARE c CURSOR WITH HOLD FOR SELECT 1;
RELEASE s;
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'ann')), '55000', 'but not when its savepoint is released');
ROLLBACK;
BEGIN;
SELECT is(pg_temp.declare('WITH HOLD'), 'declared', 'one that a function declares');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'ann')), '55000', 'counts too');
ROLLBACK;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SAVEPOINT s; ROLLBACK TO s; ROLLBACK;
BEGIN;
DECLARE "Held ""one" CURSOR WITH HOLD FOR SELECT who();
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'ann')), '55000', 'whatever it is called');
COMMIT;
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SELECT pg_temp.now('ann', 'one that an earlier transaction has filled stands in nobody''s way');
FETCH FROM "Held ""one" \gset got_
SELECT is(:'got_who'::text, 'nobody as regress_users_35', 'and shows what it was filled with');
COMMIT;
BEGIN;
CLOSE "Held ""one";
DECLARE "Held ""one" CURSOR WITH HOLD FOR SELECT who();
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'ann')), '55000', 'made anew it does');
ROLLBACK;
CLOSE ALL;
BEGIN;
DECLARE early CURSOR FOR SELECT (SELECT who());
SELECT users_authenticate(:'ann') AS id \gset
FETCH FROM early \gset got_
SELECT is(:'got_who'::text, 'ann member as users_member', 'a cursor asks when it is read');
ROLLBACK;

---- LOCK TABLE (P53 P63)

RESET SESSION AUTHORIZATION;
CREATE FUNCTION lock_in_definer() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN LOCK TABLE note IN ACCESS EXCLUSIVE MODE; END $$;
SET SESSION AUTHORIZATION regress_users_35;
BEGIN;
SELECT is(pg_temp.story(who, 'LOCK TABLE note', 'LOCK TABLE note IN ACCESS SHARE MODE', 'LOCK TABLE note IN ROW EXCLUSIVE MODE NOWAIT', 'DO ''BEGIN LOCK TABLE note; END'''), '42501 | 42501 | 42501 | 42501', 'no LOCK TABLE: ' || what)
  FROM (VALUES (:'ann', 'a member'), (:'bob', 'an administrator'), ('users_anon', 'users_anon without a token'), ('users_member', 'users_member without a token'), ('users_admin', 'users_admin without a token')) v (who, what);
SELECT is(pg_temp.story(:'ann', 'SELECT lock_in_definer()', 'RESET ROLE', 'LOCK TABLE note', 'RESET SESSION AUTHORIZATION', 'LOCK TABLE note'), '42501 | done | 42501 | done | 42501', 'nor through another role or function, while one is signed in');
SELECT is(pg_temp.story(:'ann', 'SELECT id FROM note WHERE id = 1 FOR UPDATE', 'SELECT count(*) FROM (SELECT FROM note FOR SHARE) n'), '1 | 3', 'rows may be locked');
SELECT is(pg_temp.story('=regress_users_35_owner', 'LOCK TABLE note', 'CREATE TEMP TABLE mine ()', 'LOCK TABLE mine'), 'done | done | done', 'an owner locks as ever');
ROLLBACK;

---- plans that are kept (S61)

SET plan_cache_mode = force_generic_plan;
PREPARE rows AS SELECT coalesce(string_agg(id::text, ',' ORDER BY id), 'none') AS ids FROM note WHERE id > $1;
CREATE FUNCTION pg_temp.first_row() RETURNS integer LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT min(id) FROM note); END $$;
BEGIN;
SELECT is(pg_temp.story(token, 'EXECUTE rows(0)', 'EXECUTE rows(2)', 'SELECT pg_temp.first_row()', 'SELECT count(*) FROM note'), answer, 'a generic plan gives ' || what)
  FROM (VALUES (1, :'ann', '1,2,3 | 3 | 1 | 3', 'A''s rows to A'), (2, :'eve', 'none | none | NULL | 0', 'C''s to C'), (3, 'users_member', 'none | none | NULL | 0', 'nobody''s to nobody'), (4, :'ann', '1,2,3 | 3 | 1 | 3', 'A''s to A again'),
               (5, :'bob', '1,2,3,11,12,13,14,15 | 3,11,12,13,14,15 | 1 | 8', 'all to an administrator'), (6, :'ann', '1,2,3 | 3 | 1 | 3', 'A''s to A after that')) v (n, token, answer, what) ORDER BY n;
ROLLBACK;
SELECT cmp_ok(generic_plans, '>=', 12::bigint, 'it was the generic one') FROM pg_prepared_statements WHERE name = 'rows';
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
EXECUTE rows(1) \gset got_
SELECT is(:'got_ids'::text, '2,3', 'in one transaction as A');
SELECT users_authenticate(:'eve') AS id \gset
EXECUTE rows(1) \gset got_
SELECT is(:'got_ids'::text, 'none', 'and as C in the same');
ROLLBACK;
RESET plan_cache_mode;

---- parallel queries (S61 P13)

RESET SESSION AUTHORIZATION;
CREATE TABLE big (id integer, owner uuid);
INSERT INTO big SELECT n, (ARRAY[:'ann_id', :'bob_id', :'eve_id']::uuid[])[1 + n % 3] FROM generate_series(1, 20000) n;
ANALYZE big;
ALTER TABLE big ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON big TO users_member USING (owner = (SELECT users_current_user_id()));
CREATE POLICY everything ON big TO users_admin USING ((SELECT users_is_admin()));
CREATE TABLE open_to_all AS SELECT id FROM big;
ANALYZE open_to_all;
GRANT SELECT ON big, open_to_all TO PUBLIC;
CREATE FUNCTION wrapped_id() RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN users_current_user_id(); END $$;
CREATE FUNCTION wrapped_admin() RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN users_is_admin(); END $$;
CREATE FUNCTION wrapped_sign_on(token text) RETURNS uuid LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$ BEGIN RETURN users_authenticate(token); END $$;
SELECT CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'force_parallel_mode' ELSE 'debug_parallel_query' END AS parallel_mode \gset
SET SESSION AUTHORIZATION regress_users_35;
SET :parallel_mode = on;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
BEGIN;
SELECT is(pg_temp.story(token, 'SELECT count(*) FROM big', 'SELECT count(DISTINCT owner) FROM big WHERE id % 2 = 0'), answer, 'a parallel query over a protected table gives ' || what)
  FROM (VALUES (:'ann', '6666 | 1', 'A''s rows to A'), (:'eve', '6667 | 1', 'C''s to C'), (:'bob', '20000 | 3', 'all to an administrator'), ('users_member', '0 | 0', 'nobody''s to nobody')) v (token, answer, what);
CREATE FUNCTION pg_temp.plan(query text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE plan text; BEGIN EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan; RETURN plan; END $$;
SELECT is(pg_temp.story(:'ann', $$ SELECT pg_temp.plan('SELECT count(*) FROM big') ~ '"Workers Planned": 2' $$), 'true', 'by workers');
SET LOCAL parallel_leader_participation = off;
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM big WHERE owner = users_current_user_id()', format('SELECT count(*) FROM big WHERE id %% 1000 = 0 AND who() = %L', 'ann member as users_member')), '6666 | 6', 'asked for each row, it is who it is');
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM big WHERE owner = wrapped_id()', 'SELECT count(*) FROM big WHERE wrapped_admin()', format('SELECT count(wrapped_sign_on(%L)) FROM big', :'bob'), 'SELECT who()'), '6666 | 0 | 25000 | ann member as users_member', 'in a wrapper, too; and no worker signs anybody in');
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM big WHERE owner = (SELECT users_current_user_id()) AND id <= (SELECT max(id) FROM big)', 'SELECT username FROM users_profile()', 'SELECT (users_options()).registration', 'SELECT users_logout_all(true)'),
          '6666 | ann | open | 0', 'the API works where all is parallel');
SELECT is(pg_temp.story(:'ann', 'SELECT count(*) FROM big WHERE (SELECT username FROM users_profile()) = ''ann'''), '6666', 'also within a query over a large table');
SELECT is(pg_temp.story('=regress_users_35 users_anon', 'SELECT count((users_options()).registration) FROM open_to_all WHERE id % 1000 = 0', 'SELECT count(*) FROM open_to_all WHERE id % 1000 = 0 AND users_jwks() IS NOT NULL'), '20 | 20', 'and signed out');
SELECT is(pg_temp.story(:'bob', 'SELECT count(*) FROM big WHERE id % 5000 = 0 AND users_id(''ann'') IS NOT NULL', format('SELECT count(*) FROM big WHERE id %% 5000 = 0 AND (users_validate_token(%L)).status = ''ok''', :'ann'), 'SELECT count(*) > 5 FROM users_health()', 'SELECT count(*) FROM users_keys'),
          '4 | 4 | true | 1', 'and for an administrator');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L) IS NULL', :'ann'), 'SELECT who()'), 'false | ann member as users_member', 'one signs in there too');
ROLLBACK;
RESET :parallel_mode;
-- All three by workers alone, through savepoints and without an identity.
SELECT 'SELECT pg_temp.by_workers(''concat_ws('''' '''', users_current_user_id(), users_current_session_id() IS NOT NULL, users_current_role(), users_is_admin())'')' AS known \gset
SELECT is(pg_temp.story(who, :'known'), answer, 'workers know their leader: ' || what)
  FROM (VALUES (:'ann', :'ann_id' || ' t users_member f', 'A'), (:'bob', :'bob_id' || ' t users_admin t', 'an administrator'), (NULL, 'f f', 'nobody'), ('users_admin', 'f f', 'the role alone')) v (who, answer, what);
BEGIN; SELECT users_authenticate(:'ann') AS id \gset
SAVEPOINT a; SELECT users_authenticate(:'bob') AS id \gset
SELECT is(pg_temp.deed(:'known'), :'bob_id' || ' t users_admin t', 'in a savepoint as B');
ROLLBACK TO a;
SELECT is(pg_temp.deed(:'known'), :'ann_id' || ' t users_member f', 'back to it as A');
SELECT users_authenticate(:'bob') AS id \gset
RELEASE a;
SELECT is(pg_temp.deed(:'known'), :'bob_id' || ' t users_admin t', 'as B when it was released');
COMMIT;
SELECT is(pg_temp.deed(:'known'), 'f f', 'and nobody after the transaction');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.story(who, 'SELECT pg_temp.by_workers(''users_is_admin()'')'), answer, 'a worker tells administrators: ' || coalesce(who, 'a superuser'))
  FROM (VALUES (NULL, 'true'), ('users_dba', 'true'), ('users_admin', 'false'), ('=regress_users_35', 'false')) v (who, answer);
CREATE FUNCTION pg_temp.as_definer() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN concat_ws(' ', users_is_admin(), pg_temp.by_workers('users_is_admin()')); END $$;
SELECT is(pg_temp.story('users_dba', 'SELECT pg_temp.as_definer()'), 'f false', 'and in somebody else''s definer function none, as its leader does');
SET SESSION AUTHORIZATION regress_users_35;

---- other transactions

BEGIN READ ONLY; SELECT users_authenticate(:'ann') AS id \gset
SELECT pg_temp.now('ann', 'READ ONLY');
SELECT is((SELECT count(*) FROM note), 3::bigint, 'with its rows');
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT users_authenticate(:'ann') AS id \gset
SELECT pg_temp.now('ann', 'REPEATABLE READ');
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; SELECT users_authenticate(:'ann') AS id \gset
SELECT pg_temp.now('ann', 'SERIALIZABLE, READ ONLY, DEFERRABLE');
COMMIT;

RESET SESSION AUTHORIZATION;
SELECT count(*) = 0 AS no_dblink FROM pg_available_extensions WHERE name = 'dblink' \gset
\if :no_dblink
SELECT skip('dblink is not installed', 7);
\else
CREATE EXTENSION dblink;
SELECT format('host=%s port=%s dbname=%s user=%s', split_part(current_setting('unix_socket_directories'), ',', 1), current_setting('port'), current_database(), current_user) AS here \gset
SELECT dblink_connect('other', :'here') AS ignored, dblink_exec('other', 'SET users.argon2_memory = ''19MB''') AS ignored_too \gset
SELECT access_token AS second FROM users_login('ann', 'seven wet horses sing') \gset
GRANT EXECUTE ON FUNCTION dblink(text, text) TO PUBLIC;
SET SESSION AUTHORIZATION regress_users_35;
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT users_authenticate(:'second') AS id \gset
SELECT is((SELECT n FROM dblink('other', format('SELECT users_logout_all(user_id => %L)', :'ann_id')) AS t (n integer)), 2, 'somebody ends the sessions meanwhile');
SELECT pg_temp.now('ann', 'who is signed in in a transaction stays it');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'second')), '28000', 'but does not become it again, with whatever snapshot');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) AS ignored FROM pg_class \gset
SELECT is((SELECT token FROM dblink('other', 'SELECT access_token FROM users_login(''ann'', ''seven wet horses sing'')') AS t (token text)) LIKE 'ey%', true, 'somebody signs in after the snapshot');
SELECT is((SELECT status FROM dblink('other', format('SELECT (users_validate_token(%L)).status', :'second')) AS t (status text)), 'invalid_token', 'the old token is void everywhere');
SELECT is(pg_temp.story(NULL, format('SELECT users_authenticate(%L)', :'second')), '28000', 'here too');
SELECT token AS third FROM dblink('other', 'SELECT access_token FROM users_login(''ann'', ''seven wet horses sing'')') AS t (token text) \gset
SELECT users_authenticate(:'third') AS id \gset
SELECT pg_temp.now('ann', 'a session that is younger than the snapshot is found');
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT dblink_disconnect('other') AS ignored \gset
\endif

-- The commit of a prepared transaction would not wait for standbys. (P14 P45)
SELECT access_token AS fourth, refresh_token AS fourth_refresh FROM users_login('ann', 'seven wet horses sing') \gset
SELECT current_setting('max_prepared_transactions')::integer = 0 AS no_prepared \gset
\if :no_prepared
SELECT skip('max_prepared_transactions is 0', 4);
\else
\set ON_ERROR_STOP 0
SET SESSION AUTHORIZATION regress_users_35;
BEGIN;
SET LOCAL ROLE users_anon;
SELECT status AS ended FROM users_logout(:'fourth_refresh') \gset
PREPARE TRANSACTION 'regress_users_35';
SELECT is(:'ended'::text || ' ' || :'LAST_ERROR_SQLSTATE'::text, 'ok 0A000', 'a transaction that has ended a session cannot be prepared');
SELECT pg_temp.now('nobody', 'and nobody remains');
\set ON_ERROR_STOP 1
BEGIN; SELECT users_authenticate(:'fourth') AS id \gset
PREPARE TRANSACTION 'regress_users_35';
SELECT pg_temp.now('nobody', 'an identity does not outlive PREPARE TRANSACTION');
RESET SESSION AUTHORIZATION;
COMMIT PREPARED 'regress_users_35';
SELECT is(who(), 'nobody as postgres', 'nor come back');
\endif

-- That an identity ends with its token, in the middle of a transaction, takes
-- longer than this may: users.access_token_ttl is 30 s at least. The tests
-- with servers of their own look at that.

SELECT * FROM finish();
RESET SESSION AUTHORIZATION;
DROP OWNED BY regress_users_35, regress_users_35_owner CASCADE;
DROP ROLE regress_users_35, regress_users_35_owner;
