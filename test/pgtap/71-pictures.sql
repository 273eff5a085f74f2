-- Pictures: users_set_picture, users_remove_picture, users_picture.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = warning;
SELECT plan(121);

\ir ../lib/answer.sql
\ir ../lib/domain.sql
\ir ../lib/pictures.sql

SELECT pg_temp.add_person(name) FROM unnest('{mia,lea,gus,eve,abe}'::text[]) name \g /dev/null
SELECT pg_temp.add_person('root', 'admin') \g /dev/null
CREATE FUNCTION pg_temp.set_picture(who text, data bytea, undo boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell(who, format('SELECT coalesce(picture_type, ''none'') FROM users_set_picture(%L::bytea)', data), undo) $$;
-- Whose picture somebody sees: its name among the samples.
CREATE FUNCTION pg_temp.see(who text, whose text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT name FROM sample WHERE encode(decode(base64, 'base64'), 'hex') = seen), seen)
	  FROM pg_temp.tell(who, format('SELECT encode(users_picture(%s), ''hex'')', CASE WHEN whose <> '' THEN '{' || whose || '}' ELSE '' END), true) seen $$;
CREATE FUNCTION pg_temp.events(who text) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(detail ->> 'picture', ' ' ORDER BY occurred_at), 'none') FROM users.audit_event
	 WHERE user_id = pg_temp.person(who) AND event = 'picture_changed' AND outcome = 'success' AND actor_id = user_id $$;

---- who, and how

SELECT is(pg_temp.answer(call, who, true), CASE WHEN who IN ('users_member', 'users_admin', 'users_dba') OR who IS NULL THEN '28000' ELSE '42501' END, coalesce(who, 'a superuser') || ' without a token: ' || call)
  FROM (VALUES (NULL), ('users_member'), ('users_dba'), ('users_anon'), ('users_service'), ('users_relay')) v (who), (VALUES ('SELECT users_set_picture(''x'')'), ('SELECT users_remove_picture()')) w (call);
SELECT is(pg_temp.answer('SELECT users_picture()', who, true), CASE WHEN who IN ('users_service', 'users_relay') THEN '42501' ELSE 'NULL' END, who || ' without a token has no picture') FROM unnest('{users_anon,users_member,users_dba,users_service,users_relay}'::text[]) who;
SELECT is((SELECT concat_ws(' ', provolatile, proisstrict, pronargs, proargnames IS NULL, proargtypes::regtype[], prorettype::regtype) FROM pg_proc WHERE proname = 'users_set_picture'), 'v f 1 t [0:0]={bytea} users_person', 'one argument without a name: PostgREST takes the body for it');
SELECT is((SELECT concat_ws(' ', p.provolatile, n.nspname, t.typname, t.typtype, t.typbasetype::regtype) FROM pg_proc p JOIN pg_type t ON t.oid = p.prorettype JOIN pg_namespace n ON n.oid = t.typnamespace WHERE proname = 'users_picture'), 's users_media */* d bytea', 'for GET, of whatever media type');
SELECT is(pg_temp.tell('mia', 'SET LOCAL transaction_read_only = on; SELECT ' || call, true), wanted, 'READ ONLY: ' || call) FROM (VALUES ('users_set_picture(''x'')', '25006'), ('users_remove_picture()', '25006'), ('users_picture()', 'NULL')) v (call, wanted);

---- what is a picture

SELECT is(pg_temp.set_picture('mia', pg_temp.file(name), true), coalesce(type, 'US006 picture'), name || ': ' || coalesce(type, 'none')) FROM sample;
SELECT is(pg_temp.set_picture('mia', pg_temp.file(name) || tail::bytea, true), 'US006 picture', name || ' with ' || tail || ' behind it') FROM (SELECT DISTINCT ON (type) * FROM sample WHERE type IS NOT NULL ORDER BY type, name) s, unnest(ARRAY['PK\003\004', '<script>alert(1)</script>', '\000']) tail;
SELECT is(pg_temp.set_picture('mia', substr(pg_temp.file(name), 1, length(pg_temp.file(name)) - 1), true), 'US006 picture', name || ' without its last byte') FROM sample WHERE type IS NOT NULL;
SELECT is(pg_temp.set_picture('mia', bad::bytea, true), 'US006 picture', 'none: ' || left(bad, 24))
  FROM unnest(ARRAY['', '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', '<?xml version="1.0"?><svg/>', '<!DOCTYPE html><script>alert(1)</script>', 'PK\003\004\024\000', '%PDF-1.7', 'GIF89a/*;*/=1;alert(1);', '\377\330\377\331']) bad;
SELECT is(pg_temp.tell('mia', 'SELECT users_set_picture(NULL)'), 'US006 picture', 'nor is NULL');
SELECT is(pg_temp.set_picture('mia', set_byte(pg_temp.file('png'), 16, 127), true), 'US006 picture', 'nor two billion pixels');

---- how large

-- A chunk of text in it: as large as one likes.
CREATE FUNCTION pg_temp.large(n integer) RETURNS bytea LANGUAGE sql AS $$
	SELECT substr(png, 1, length(png) - 12) || int4send(n - length(png) - 12) || 'tEXt'::bytea || convert_to(repeat('x', n - length(png) - 12), 'UTF8') || '\x00000000' || substr(png, length(png) - 11)
	  FROM pg_temp.file('png') png $$;
SELECT is(length(pg_temp.large(1000)), 1000, 'of 1000 bytes');
SELECT is(pg_temp.tell('mia', format('SELECT set_config(''users.picture_max_size'', %L, true)', '64kB')), '42501', 'a member does not say how large');
SELECT is(pg_temp.set_picture('mia', pg_temp.large(n), true), wanted, n || ' bytes: ' || wanted) FROM (VALUES (1048576, 'image/png'), (1048577, 'US006 picture'), (5000000, 'US006 picture')) v (n, wanted);
SET users.picture_max_size = '64kB';
SELECT is(pg_temp.set_picture('mia', pg_temp.large(n), true), wanted, 'of 64 kB, ' || n || ' bytes: ' || wanted) FROM (VALUES (65536, 'image/png'), (65537, 'US006 picture')) v (n, wanted);
SELECT isnt_empty('SELECT FROM heard WHERE said ~ ''It has at most 65536 bytes''', 'the refusal says how large it may be');
-- One that is compressed in a table, and large when it is unpacked.
CREATE TABLE packed AS SELECT pg_temp.large(50000000) AS data;
SELECT cmp_ok(pg_column_size(data), '<', 2000000, 'fifty megabytes in less than two') FROM packed;
GRANT SELECT ON packed TO users_member;
SELECT is(pg_temp.tell('mia', 'SELECT users_set_picture(data) FROM packed'), 'US006 picture', 'are refused');
DROP TABLE packed;
RESET users.picture_max_size;

---- set, replaced, removed

SELECT is(pg_temp.tell('mia', 'SELECT users_remove_picture()') || pg_temp.events('mia'), 'falsenone', 'there is none yet');
SELECT is(pg_temp.set_picture('mia', pg_temp.file('png')), 'image/png', 'one is set');
SELECT is(pg_temp.see('mia', ''), 'png', 'and is there');
SELECT is(pg_temp.tell('mia', 'SELECT picture_type || '' '' || (picture_updated_at BETWEEN now() - interval ''1 minute'' AND clock_timestamp()) || (updated_at >= picture_updated_at) FROM users_profile()'), 'image/png truetrue', 'the profile says since when');
SELECT picture_updated_at AS first_at FROM users.person WHERE user_id = pg_temp.person('mia') \gset
SELECT is(pg_temp.set_picture('mia', pg_temp.file('webp')), 'image/webp', 'another one in its place');
SELECT is(pg_temp.see('mia', 'mia'), 'webp', 'which is there now');
SELECT cmp_ok(picture_updated_at, '>', :'first_at', 'at another time') FROM users.person WHERE user_id = pg_temp.person('mia');
SELECT is(pg_temp.set_picture('mia', '<svg/>'), 'US006 picture', 'a refused one');
SELECT is(pg_temp.see('mia', ''), 'webp', 'changes nothing');
SELECT is(pg_temp.tell('mia', 'SELECT users_remove_picture()'), 'true', 'it is removed');
SELECT is(pg_temp.see('mia', ''), 'NULL', 'and gone');
SELECT is(pg_temp.tell('mia', 'SELECT (picture_type, picture_updated_at)::text FROM users_profile()'), '(,)', 'the profile says so');
SELECT is(pg_temp.tell('mia', 'SELECT users_remove_picture()'), 'false', 'once');
SELECT is(pg_temp.events('mia'), 'image/png image/webp removed', 'three events');
SELECT is((SELECT count(*) FROM users.picture), 0::bigint, 'and no rows');
SELECT is((SELECT string_agg(concat_ws(' ', attname, attstorage), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users.picture'::regclass AND attnum > 0), 'user_id p, data e', 'kept apart and not compressed');

---- who sees whose

-- mia and lea are members of one, gus holds a role on an object there, eve is
-- in another, abe in none.
SELECT pg_temp.add_domain('One', 'one', 'mia'), pg_temp.add_domain('Two', 'two', 'eve'), pg_temp.grant_role('one/viewer', 'lea') \g /dev/null
SELECT users_grant_role(pg_temp.thing('one/viewer'), pg_temp.person('gus'), 'device', gen_random_uuid()) \g /dev/null
SELECT is(pg_temp.set_picture(name, pg_temp.file('gif')), 'image/gif', name || ' has a picture') FROM person;
CREATE FUNCTION pg_temp.seen() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(w.name || ': ' || (SELECT coalesce(string_agg(p.name, ',' ORDER BY p.name) FILTER (WHERE pg_temp.see(w.name, p.name) = 'gif'), '-') FROM person p), '; ' ORDER BY w.name)
	  FROM (SELECT name FROM person UNION ALL SELECT 'users_anon') w $$;
SELECT is(pg_temp.seen(), 'abe: abe; eve: eve; gus: gus; lea: gus,lea,mia; mia: gus,lea,mia; root: abe,eve,gus,lea,mia,root; users_anon: -', 'members see who holds a role in their domain');
SELECT is(pg_temp.see(NULL, 'abe'), 'gif', 'a DBA everybody''s');
SELECT is(pg_temp.tell('mia', 'SELECT users_picture(gen_random_uuid())'), 'NULL', 'nobody has none');
SELECT users_set_domain_status(pg_temp.thing('one'), 'disabled') \g /dev/null
SELECT is(pg_temp.see('lea', 'mia') || pg_temp.see('mia', 'lea'), 'NULLgif', 'in a disabled domain, who reaches it');
SELECT users_set_domain_status(pg_temp.thing('one'), 'frozen') \g /dev/null
SELECT is(pg_temp.see('lea', 'mia') || pg_temp.see('mia', 'lea'), 'NULLNULL', 'in a frozen one nobody');
SELECT users_set_domain_status(pg_temp.thing('one'), 'enabled') \g /dev/null
SET users.public_pictures = on;
SELECT is(pg_temp.seen(), regexp_replace('abe: *; eve: *; gus: *; lea: *; mia: *; root: *; users_anon: *', '\*', 'abe,eve,gus,lea,mia,root', 'g'), 'public ones everybody, signed in or not');
SELECT is(pg_temp.tell('gus', 'SELECT status FROM users_delete_account(''seven wet horses sing'')'), 'ok', 'somebody goes');
SELECT is(concat_ws(' ', pg_temp.see('mia', 'gus'), pg_temp.see('users_anon', 'gus'), pg_temp.see('root', 'gus'), (SELECT count(*) FROM users.picture)), 'NULL NULL gif 6', 'and their picture, but for administrators');
RESET users.public_pictures;
DELETE FROM users.account WHERE user_id = pg_temp.person('gus');
SELECT is((SELECT count(*) FROM users.picture), 5::bigint, 'it is purged with them');

---- the table

SELECT is(pg_temp.tell(who, 'SELECT 1 FROM users.picture'), '42501', who || ' does not read the table') FROM unnest('{mia,root,users_anon,users_dba,users_relay}'::text[]) who;
SELECT is((SELECT extcondition[array_position(extconfig, 'users.picture'::regclass::oid)] FROM pg_extension WHERE extname = 'users'), '', 'it is dumped');

SELECT * FROM finish();
