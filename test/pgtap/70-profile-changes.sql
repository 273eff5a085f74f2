-- What people change of themselves: users_update_profile, users_set_preferences;
-- and what administrators give them to choose from.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = warning;
SELECT plan(171);

\ir ../lib/answer.sql
\ir ../lib/domain.sql

SELECT pg_temp.add_person('mia') \g /dev/null
SELECT pg_temp.add_person('lea') \g /dev/null
SELECT pg_temp.add_person('root', 'admin') \g /dev/null
-- What is changed, as mia, and then some columns of the profile.
CREATE FUNCTION pg_temp.change(arguments text, columns text DEFAULT 'username, first_name, last_name, tags, metadata', undo boolean DEFAULT true)
	RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell('mia', format('SELECT ROW(%s)::text FROM users_update_profile(%s)', columns, arguments), undo) $$;
CREATE FUNCTION pg_temp.events(who text DEFAULT 'mia') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(event || coalesce(' ' || (detail ->> 'changed'), ''), '; ' ORDER BY occurred_at), 'none') FROM users.audit_event
	 WHERE user_id = pg_temp.person(who) AND outcome = 'success' AND actor_id = user_id AND session_id IS NOT NULL AND event NOT IN ('login') $$;
CREATE FUNCTION pg_temp.names() RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(identifier, ' ' ORDER BY identifier) FROM users.identifier WHERE kind = 'username' $$;

---- who, and how

SELECT is(pg_temp.answer(call, who, true), CASE WHEN who IN ('users_member', 'users_admin', 'users_dba') OR who IS NULL THEN '28000' ELSE '42501' END, coalesce(who, 'a superuser') || ' without a token: ' || call)
  FROM (VALUES (NULL), ('users_member'), ('users_admin'), ('users_dba'), ('users_anon'), ('users_service'), ('users_relay')) v (who),
       (VALUES ('SELECT users_update_profile(first_name => ''x'')'), ('SELECT users_set_preferences(theme => ''Default'')')) w (call);
SELECT is(pg_temp.tell('mia', 'SET LOCAL transaction_read_only = on; SELECT users_update_profile(''' || name || ''')', true), '25006', 'not READ ONLY, ' || what)
  FROM (VALUES ('x', 'be it right'), ('', 'or wrong')) v (name, what);
SELECT is((SELECT string_agg(concat(proname, ' ', provolatile, proisstrict), ' ' ORDER BY proname) FROM pg_proc WHERE proname IN ('users_update_profile', 'users_set_preferences')),
          'users_set_preferences vf users_update_profile vf', 'VOLATILE, and never STRICT');

---- names

SELECT is(pg_temp.change(''), '(mia,Mia,Ash,{},{})', 'nothing given, nothing changes');
SELECT is(pg_temp.change('NULL, NULL, NULL, NULL, NULL'), '(mia,Mia,Ash,{},{})', 'nor by NULL');
SELECT is(pg_temp.change('''Mia'', ''Ash'', ''mia'', ''{}'', ''{}''') || pg_temp.events(), '(mia,Mia,Ash,{},{})none', 'nor by what it is');
SELECT is(pg_temp.change('first_name => '' Mía '''), '(mia,Mía,Ash,{},{})', 'a first name, trimmed');
SELECT is(pg_temp.change('last_name => ''Birch'''), '(mia,Mia,Birch,{},{})', 'a last name');
SELECT is(pg_temp.change(format('%s => %L', name, repeat('é', 100)), name), '(' || repeat('é', 100) || ')', name || ' of 100 characters') FROM unnest('{first_name,last_name}'::text[]) name;
SELECT is(pg_temp.change(format('%s => %L', name, bad)), 'US005 ' || name, name || ' cannot be: ' || left(quote_literal(bad), 12))
  FROM unnest('{first_name,last_name}'::text[]) name, (VALUES (''), ('  '), (repeat('x', 101)), (E'a\nb'), (U&'a\202Eb')) v (bad);

---- usernames

SELECT is(pg_temp.change('username => '' Mia.2 ''', 'username'), '(Mia.2)', 'a username, trimmed');
SELECT is(pg_temp.change(format('username => %L', bad)), 'US002 username', 'no username: ' || left(quote_literal(bad), 12))
  FROM (VALUES (''), (' '), (repeat('x', 33)), ('a b'), ('.a'), ('a.'), ('a..b'), ('a@b'), ('é')) v (bad);
SELECT is(pg_temp.change(format('username => %L', taken)), '23505 username users_username_key', 'taken: ' || taken) FROM (VALUES ('lea'), ('LEA'), ('root')) v (taken);
SELECT is(pg_temp.names(), 'username:lea username:mia username:root', 'a refusal takes nothing');
SELECT is(pg_temp.change('username => ''MIA''', 'username', false), '(MIA)', 'one''s own in another case');
SELECT is(pg_temp.names() || '; ' || pg_temp.events(), 'username:lea username:mia username:root; username_changed', 'is the same identifier, and an event');
SELECT is(pg_temp.change('username => ''otter'', first_name => ''Otter''', 'username', false), '(otter)', 'another one');
SELECT is(pg_temp.names(), 'username:lea username:otter username:root', 'the old one is free');
SELECT is(pg_temp.events(), 'username_changed; username_changed; profile_updated first_name', 'two events, for two things');
SELECT is((SELECT status FROM users_login(who, 'seven wet horses sing')), wanted, who || ' signs in: ' || wanted) FROM (VALUES ('otter', 'ok'), ('OTTER', 'ok'), ('mia', 'invalid_credentials'), ('mia@example.org', 'ok')) v (who, wanted);
SELECT is(pg_temp.tell('lea', 'SELECT username FROM users_update_profile(username => ''mia'')'), 'mia', 'somebody else takes the old one');
SELECT is(pg_temp.change('username => ''mia'''), '23505 username users_username_key', 'and then it is theirs');
SELECT is(pg_temp.tell('lea', 'SELECT username FROM users_update_profile(username => ''lea'')'), 'lea', 'until they give it back');
SELECT is(pg_temp.change('username => ''mia'', first_name => ''Mia''', 'username', false), '(mia)', 'and one is who one was');
SELECT is(pg_temp.tell('mia', 'SELECT username || users_current_user_id()::text FROM users_profile()'), 'mia' || pg_temp.person('mia'), 'the session goes on');

---- tags

SELECT is(pg_temp.change('tags => ''{a, " b ",c}''', 'tags'), '("{a,b,c}")', 'tags, trimmed');
SELECT is(pg_temp.change('tags => ''{x}''', 'tags', false) || pg_temp.change('tags => ''{y}''', 'tags', false) || pg_temp.change('tags => ''{}''', 'tags', false), '({x})({y})({})', 'each time all of them');
SELECT is(pg_temp.change(format('tags => %L::text[]', good), 'cardinality(tags)'), '(' || cardinality(good) || ')', 'may be: ' || left(good::text, 20))
  FROM (VALUES (array_fill('x'::text, '{32}')), (ARRAY[repeat('é', 64)])) v (good);
SELECT is(pg_temp.change(format('tags => %L::text[]', bad)), 'US005 tags', 'may not be: ' || left(quote_literal(bad), 12))
  FROM (VALUES (array_fill('x'::text, '{33}')), (ARRAY[repeat('x', 65)]), (ARRAY['']), (ARRAY[' ']), (ARRAY[NULL::text]), (ARRAY['a', E'b\nc']), ('{{a,b},{c,d}}'::text[])) v (bad);

---- metadata, RFC 7396

-- The examples of its appendix that are objects on both sides, and more.
SELECT is(pg_temp.tell('mia', format('SELECT users_update_profile(metadata => %L); SELECT metadata FROM users_update_profile(metadata => %L)', before, patch), true)::jsonb, after::jsonb, before || ' with ' || patch)
  FROM (VALUES ('{"a":"b"}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'), ('{"a":"b"}', '{"a":null}', '{}'),
               ('{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'), ('{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'), ('{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'),
               ('{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'), ('{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'),
               ('{"a":"foo"}', '{}', '{"a":"foo"}'), ('{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'), ('{"a":1}', '{"a":{"b":null,"c":2}}', '{"a":{"c":2}}'),
               ('{"a":{"b":{"c":1,"d":2}},"e":3}', '{"a":{"b":{"c":null}},"f":[null,{"g":null}]}', '{"a":{"b":{"d":2}},"e":3,"f":[null,{"g":null}]}'),
               ('{"a":{"b":1}}', '{"a":{}}', '{"a":{"b":1}}'), ('{"a":{"b":1}}', '{"a":[]}', '{"a":[]}'), ('{"":1}', '{"":null}', '{}'), ('{"a":1.50}', '{"b":1e2}', '{"a":1.50,"b":100}'),
               ('{"a":true}', '{"a":false}', '{"a":false}'), ('{"é":"ß"}', '{"ß":"é"}', '{"é":"ß","ß":"é"}')) v (before, patch, after);
SELECT is(pg_temp.tell('mia', format('SELECT users_update_profile(metadata => %L); SELECT metadata FROM users_update_profile(metadata => %L)',
          (SELECT jsonb_object_agg(n, n) FROM generate_series(1, 500) n), (SELECT jsonb_object_agg(n, CASE WHEN n % 2 = 0 THEN n END) FROM generate_series(1, 700) n)), true)::jsonb,
          (SELECT jsonb_object_agg(n, n) FROM generate_series(2, 700, 2) n), 'hundreds of members');
SELECT is(pg_temp.change(format('metadata => %L', bad)), 'US005 metadata', 'not an object: ' || bad) FROM unnest('{"null",1,"\"x\"",[],"[{}]",true}'::text[]) bad;
SELECT is(pg_temp.change(format('metadata => jsonb_build_object(''a'', repeat(''x'', %s))', n), 'length(metadata ->> ''a'')'), wanted, n || ' bytes: ' || wanted)
  FROM (VALUES (16300, '(16300)'), (16384, 'US005 metadata'), (1000000, 'US005 metadata')) v (n, wanted);
SELECT is(pg_temp.change('metadata => jsonb_build_object(''a'', repeat(''x'', 9000))', 'length(metadata ->> ''a'')', false), '(9000)', 'half of it');
SELECT is(pg_temp.change('metadata => jsonb_build_object(''b'', repeat(''x'', 9000))'), 'US005 metadata', 'with another half it is too much');
SELECT is(pg_temp.change('metadata => jsonb_build_object(''a'', NULL, ''b'', repeat(''x'', 9000))', 'length(metadata ->> ''b'')'), '(9000)', 'in its place it is not');
SELECT is(pg_temp.change('first_name => ''Mi''', 'length(metadata ->> ''a'')'), '(9000)', 'nothing of it is lost by another change');
SELECT is(pg_temp.change('metadata => (repeat(''{"a":'', 2500) || ''1'' || repeat(''}'', 2500))::jsonb') IN ('US005 metadata', '54001'), true, 'thousands of levels take nothing down');

---- preferences

SELECT is(pg_temp.tell('mia', format('SELECT concat_ws('' '', language, theme) FROM users_set_preferences(%s)', arguments)), wanted, arguments || ': ' || wanted)
  FROM (VALUES (1, '', ''), (2, 'language => ''sr''', 'sr'), (3, 'theme => ''TealTide''', 'sr TealTide'), (4, 'NULL, NULL', 'sr TealTide'), (5, '''de'', ''Default''', 'de Default'),
               (6, 'language => ''tlh''', 'US007 language'), (7, 'theme => ''Purple''', 'US007 theme'), (8, 'theme => ''default''', 'US007 theme'), (9, 'language => ''''', 'US007 language'),
               (10, 'language => repeat(''x'', 1000000)', 'US007 language'), (11, '''en'', ''Purple''', 'US007 theme'), (12, '', 'de Default')) v (n, arguments, wanted) ORDER BY n;
SELECT is((SELECT string_agg(detail ->> 'changed', '; ' ORDER BY occurred_at) FROM users.audit_event WHERE event = 'profile_updated' AND detail ->> 'changed' ~ 'language|theme'), 'language; theme; language, theme', 'each change is an event, and none is none');

---- what there is to choose from

SELECT is(pg_temp.tell(who, call, true), wanted, coalesce(who, 'a DBA') || ': ' || call || ': ' || wanted)
  FROM (VALUES ('users_anon', '42501', '42501'), ('mia', '42501', '42501'), ('users_admin', '42501', '42501'), ('root', '(fr,Français)', '(Purple)'), (NULL, '(fr,Français)', '(Purple)')) v (who, language, theme),
       LATERAL (VALUES ('SELECT users_define_language(''fr'', '' Français '')::text', language), ('SELECT users_define_theme('' Purple '')::text', theme)) w (call, wanted);
SELECT is(pg_temp.tell('root', format('SELECT code FROM users_define_language(%L, ''x'')', code), true), code, 'a code: ' || code) FROM unnest('{fr,FR,gsw,pt-BR,zh-Hant-TW,de-1996,sl-rozaj-biske-1994,abcdefgh}'::text[]) code;
SELECT is(pg_temp.tell('root', format('SELECT code FROM users_define_language(%L, ''x'')', code)), '22023 code', 'no code: ' || coalesce(code, 'NULL'))
  FROM unnest(ARRAY['', 'f', 'f1', '1f', 'fr_FR', 'fr-', '-fr', 'fr--FR', 'abcdefghi', 'fr-abcdefghi', 'fr FR', 'é', 'fr''', repeat('ab-', 12) || 'ab', NULL]) code;
SELECT is(pg_temp.tell('root', call), 'US005 name', call) FROM unnest(ARRAY['SELECT users_define_language(''fr'', '''')', 'SELECT users_define_language(''fr'', NULL)', 'SELECT users_define_theme('' '')', 'SELECT users_define_theme(NULL)', 'SELECT users_define_theme(repeat(''x'', 101))']) call;
SELECT is(pg_temp.tell('root', call), wanted, call || ': ' || wanted)
  FROM (VALUES (1, 'SELECT users_define_language(''pt-BR'', ''Portugues'')::text', '(pt-BR,Portugues)'), (2, 'SELECT users_define_language(''PT-br'', ''Português'')::text', '(pt-BR,Português)'),
               (3, 'SELECT users_define_language(''en'', ''Anglais'')::text', 'US011 code'), (4, 'SELECT users_define_language(''EN'', ''English'')::text', '(en,English)'),
               (5, 'SELECT string_agg(code || '' '' || name, '', '' ORDER BY code) FROM users_languages', 'de Deutsch, en English, pt-BR Português, sr Srpski'),
               (6, 'SELECT users_define_theme(''Purple'')::text', '(Purple)'), (7, 'SELECT users_define_theme(''Purple'')::text', '(Purple)'), (8, 'SELECT users_define_theme(''Default'')::text', '(Default)'),
               (9, 'SELECT (languages, themes)::text FROM users_options()', '("{de,en,pt-BR,sr}","{Default,GrayWave,MidnightSky,TealTide,Purple}")')) v (n, call, wanted) ORDER BY n;
SELECT is(pg_temp.tell('mia', 'SELECT concat_ws('' '', language, theme) FROM users_set_preferences(''pt-BR'', ''Purple'')'), 'pt-BR Purple', 'and people choose it');

---- who is gone changes nothing

SELECT is(pg_temp.tell('lea', 'SELECT users_update_profile(username => ''lea.ash''); SELECT status FROM users_delete_account(''seven wet horses sing'')'), 'ok', 'renamed, and deleted in one');
SELECT is(pg_temp.names(), 'username:mia username:root', 'the present name is free then');
SELECT is(pg_temp.tell('lea', 'SELECT users_update_profile(first_name => ''x'')'), '28000', 'there is no way back');
SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horses|mia@|Purple|eyJ''', 'no error shows what was typed');

SELECT * FROM finish();
