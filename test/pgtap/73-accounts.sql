-- What administrators change in accounts: address, names, status; and the view
-- users_accounts, which shows nobody else a row.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(119);
\ir ../lib/story.sql

\set password '''seven wet horses sing'''
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', :password, platform_role => 'admin') \gset
SELECT user_id AS eve_id FROM users_create_user('eve@example.org', 'eve', 'Eve', 'Elm', :password, platform_role => 'admin') \gset
SELECT user_id AS ann_id FROM users_create_user('ann@example.org', 'ann', 'Ann', 'Ash', :password) \gset
SELECT user_id AS ben_id FROM users_create_user('ben@example.org', 'ben', 'Ben', 'Oak', :password) \gset
SELECT access_token AS bob FROM users_login('bob', :password) \gset
SELECT access_token AS ann, refresh_token AS ann_refresh FROM users_login('ann', :password) \gset
\set nobody '''00000000-0000-0000-0000-000000000000'''

CREATE FUNCTION pg_temp.update(who uuid, arguments text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT (users_update_account(%L, %s)).id IS NOT NULL', who, arguments) $$;
CREATE FUNCTION pg_temp.shown(who uuid, what text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT concat_ws('' '', %s) FROM users_accounts WHERE id = %L', what, who) $$;
CREATE FUNCTION pg_temp.sign_in(username text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, ''seven wet horses sing'')', username) $$;
CREATE FUNCTION pg_temp.mails(who uuid) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(concat_ws('' '', kind, recipient), '', '' ORDER BY kind, recipient) FROM users_outbox WHERE user_id = %L', who) $$;
CREATE FUNCTION pg_temp.events(who uuid) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(event, '' '' ORDER BY event) FROM users.audit_event WHERE user_id = %L AND event NOT IN (''account_created'', ''login'')', who) $$;

---- the view

SELECT is(string_agg(attname, ' ' ORDER BY attnum), 'id email username first_name last_name status platform_role email_verified_at language theme tags metadata admin_metadata created_at updated_at last_login_at sessions throttled_until reset_required disabled_reason deleted_at purge_at', 'the columns of users_accounts')
  FROM pg_attribute WHERE attrelid = 'users_accounts'::regclass;
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_accounts'), answer, what)
  FROM (VALUES (NULL, '4', 'a DBA sees all'), (:'bob', '4', 'an administrator too'), (:'ann', '42501', 'a member none'), ('users_anon', '42501', 'nor who is not signed in'), ('users_service', '42501', 'nor a service'),
               ('users_member', '42501', 'nor a role alone'), ('users_admin', '0', 'whoever only takes on the role sees none')) v (who, answer, what);
SELECT is(pg_temp.story(NULL, pg_temp.shown(:'ann_id', 'email, username, status, platform_role, sessions, last_login_at IS NOT NULL, tags, metadata, admin_metadata, reset_required')), 'ann@example.org ann enabled user 1 t {} {} {} f', 'one row an account');
SELECT is(pg_temp.story(NULL, 'SELECT users_logout_all(user_id => ' || quote_literal(:'ann_id') || ')', pg_temp.shown(:'ann_id', 'sessions, last_login_at IS NOT NULL')), '1 | 0 t', 'sessions are those that live');
SELECT is(pg_temp.story(NULL, pg_temp.shown(:'ben_id', 'sessions, last_login_at IS NULL')), '0 t', 'who never signed in');

-- No function of the reader's meets a row. (S19)
CREATE SEQUENCE seen;
GRANT ALL ON SEQUENCE seen TO PUBLIC;
CREATE FUNCTION public.leak(t text) RETURNS boolean LANGUAGE plpgsql VOLATILE COST 0.0001 AS $$ BEGIN IF t IS NOT NULL THEN PERFORM nextval('seen'); END IF; RETURN true; END $$;
CREATE TABLE public.mine (t text);
INSERT INTO public.mine VALUES ('bob'), ('x');
GRANT SELECT ON public.mine TO PUBLIC;
CREATE FUNCTION pg_temp.attempt(query text) RETURNS text LANGUAGE sql AS $$ SELECT substr(pg_temp.story('users_admin', 'SELECT setval(''seen'', 1, false)', 'SELECT count(*) FROM (' || query || ' OFFSET 0) x', 'SELECT is_called FROM seen'), 5) $$;
SELECT is(pg_temp.attempt(query), answer, query)
  FROM (VALUES ('SELECT 1 FROM users_accounts WHERE public.leak(email)', '0 | false'), ('SELECT public.leak(username) FROM users_accounts', '0 | false'),
               ('SELECT 1 FROM public.mine m LEFT JOIN users_accounts a ON public.leak(a.email)', '2 | false'), ('SELECT 1 FROM public.mine m LEFT JOIN users_accounts a ON public.leak(a.email) AND a.username = m.t', '2 | false'),
               ('SELECT 1 FROM users_accounts a RIGHT JOIN public.mine m ON public.leak(a.email || m.t)', '2 | false'), ('SELECT 1 FROM users_accounts a FULL JOIN public.mine m ON a.username = m.t WHERE public.leak(a.email)', '2 | false'),
               ('SELECT 1 FROM public.mine m WHERE NOT EXISTS (SELECT FROM users_accounts a WHERE public.leak(a.email))', '2 | false'), ('SELECT 1 FROM public.mine m WHERE EXISTS (SELECT FROM users_accounts a WHERE public.leak(a.email) AND a.username = m.t)', '0 | false'),
               ('SELECT 1 FROM users_accounts a, LATERAL (SELECT public.leak(a.email) AS l) l WHERE l.l', '0 | false'), ('SELECT max(email) FROM users_accounts WHERE public.leak(email) HAVING count(*) > 0', '0 | false'),
               ('SELECT 1 FROM public.mine m WHERE m.t IN (SELECT username FROM users_accounts WHERE public.leak(email))', '0 | false'), ('SELECT 1 FROM public.mine m WHERE m.t NOT IN (SELECT username FROM users_accounts WHERE public.leak(email))', '2 | false'),
               ('SELECT 1 FROM users_accounts UNION ALL SELECT 1 FROM users_accounts WHERE public.leak(email)', '0 | false'), ('SELECT sum(1 / (length(email) - length(email))) FROM users_accounts GROUP BY email', '0 | false')) v (query, answer);
SELECT is(pg_temp.story(:'bob', 'SELECT count(*) FROM users_accounts WHERE public.leak(email)', 'SELECT is_called FROM seen'), '4 | true', 'which it would, for an administrator');
SELECT is(pg_temp.story('users_admin', 'SELECT users.throttled_until(' || quote_literal(:'ann_id') || ')'), '42501', 'what the view asks is not told either');
-- While it plans, the planner shows samples to operators of the reader's.
SELECT is_empty($$ SELECT attrelid::regclass, attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND coalesce(attstattarget, -1) <> 0
                    AND (attrelid IN ('users.account'::regclass, 'users.person'::regclass)
                      OR EXISTS (SELECT FROM pg_index WHERE indexrelid = attrelid AND indkey[attnum - 1] = 0 AND indrelid IN ('users.account'::regclass, 'users.person'::regclass))) $$, 'so there are none');

---- users_update_account: each argument

SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', arguments), pg_temp.shown(:'ann_id', what), pg_temp.events(:'ann_id')), answer, arguments)
  FROM (VALUES ('username => '' Anna ''', 'username', 'true | Anna | account_updated username_changed'), ('username => ''ANN''', 'username', 'true | ANN | account_updated username_changed'), ('username => ''ann''', 'username', 'true | ann | account_updated'),
               ('first_name => '' Anne '', last_name => ''Oak''', 'first_name, last_name, username', 'true | Anne Oak ann | account_updated'),
               ('language => ''de'', theme => ''TealTide''', 'language, theme', 'true | de TealTide | account_updated'), ('tags => ''{a, b }''', 'tags', 'true | {a,b} | account_updated'), ('metadata => ''{"a": 1}''', 'metadata, admin_metadata', 'true | {"a": 1} {} | account_updated'),
               ('admin_metadata => ''{"b": 2}''', 'metadata, admin_metadata', 'true | {} {"b": 2} | account_updated'), ('email_verified => true', 'email_verified_at IS NOT NULL', 'true | t | account_updated'),
               ('email_verified => NULL', 'email_verified_at IS NOT NULL, updated_at = created_at', 'true | f t | NULL'), ('email => ''Anna@Example.org''', 'email, email_verified_at IS NULL', 'true | Anna@Example.org t | account_updated email_changed'),
               ('email => ''anna@example.org'', email_verified => true', 'email, email_verified_at IS NULL', 'true | anna@example.org f | account_updated email_changed'), ('email => ''ann@example.org''', 'email', 'true | ann@example.org | account_updated')) v (arguments, what, answer);
SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', 'email_verified => true'), pg_temp.update(:'ann_id', arguments), pg_temp.shown(:'ann_id', 'email_verified_at IS NOT NULL')), answer, 'verified, then ' || arguments)
  FROM (VALUES ('email => ''anna@example.org''', 'true | true | f'), ('email_verified => false', 'true | true | f'), ('first_name => ''A''', 'true | true | t'), ('email => ''ANN@example.org''', 'true | true | f')) v (arguments, answer);
SELECT is(pg_temp.story(NULL, format('SELECT concat_ws('' '', email, username, sessions, status) FROM users_update_account(%L, ''anna@example.org'', ''anna'')', :'ann_id')), 'anna@example.org anna 1 enabled', 'it returns the row of the view');
SELECT is(pg_temp.story(NULL, format('SELECT u = a FROM users_update_account(%L, last_name => ''Yew'') u, users_accounts a WHERE a.id = %1$L AND false', :'ann_id'), format('SELECT ROW(u.*)::text = (SELECT ROW(a.*)::text FROM users_accounts a WHERE id = %L) FROM users_update_account(%1$L) u', :'ann_id')), 'NULL | true', 'the same in every column');
SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', arguments)), answer, arguments || ': ' || answer)
  FROM (VALUES ('email => ''x''', 'US001 email'), ('email => ''''', 'US001 email'), ('email => ''BEN@example.org''', '23505 email users_email_key'), ('username => ''a b''', 'US002 username'), ('username => ''''', 'US002 username'), ('username => ''BEN''', '23505 username users_username_key'),
               ('first_name => ''''', 'US005 first_name'), ('last_name => repeat(''x'', 101)', 'US005 last_name'), ('language => ''fr''', 'US007 language'), ('language => ''''', 'US007 language'), ('theme => ''Dark''', 'US007 theme'),
               ('tags => array_fill(''x''::text, ARRAY[33])', 'US005 tags'), ('metadata => ''[]''', 'US005 metadata'), ('admin_metadata => ''1''', 'US005 admin_metadata'), ('admin_metadata => jsonb_build_object(''a'', repeat(''x'', 17000))', 'US005 admin_metadata')) v (arguments, answer);
SELECT is(pg_temp.story(NULL, pg_temp.update(id, 'first_name => ''X''')), 'US014 user_id', 'nobody''s') FROM (VALUES (:nobody::uuid), (NULL)) v (id);
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.update(:'ann_id', 'first_name => ''X''')), 'true | US011 user_id', 'a deleted one''s is not changed');
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L)', :'ann_id'), pg_temp.update(:'ann_id', 'first_name => ''X''')), 'true | true', 'a disabled one''s is');
SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', 'email => ''anna@example.org'', username => ''anna'''), pg_temp.sign_in('ann'), pg_temp.sign_in('ann@example.org'), pg_temp.sign_in('anna'), pg_temp.sign_in('Anna@example.org'), 'SELECT status FROM users_register(''ann@example.org'', ''ann'', ''seven wet horses sing'', ''A'', ''B'')'),
          'true | invalid_credentials | invalid_credentials | ok | ok | ok', 'one signs in with what is new, and what was is free');
SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', 'email => ''ben@example.org'', username => ''anna'''), pg_temp.sign_in('ann'), pg_temp.sign_in('anna')), '23505 email users_email_key | ok | invalid_credentials', 'all of it or nothing');
SELECT is(pg_temp.story(NULL, format('SELECT count(*) FROM users_accounts WHERE id = %L AND sessions = 1', :'ann_id'), pg_temp.update(:'ann_id', 'email => ''anna@example.org'''), format('SELECT users_authenticate(%L) IS NOT NULL', :'ann')), '1 | true | true', 'sessions go on');

---- mails and links

SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', arguments), pg_temp.mails(:'ann_id')), answer, 'mailed: ' || arguments)
  FROM (VALUES ('email => ''anna@example.org''', 'true | email_changed ann@example.org, email_changed anna@example.org'), ('email => ''anna@example.org'', email_verified => true', 'true | email_changed ann@example.org, email_changed anna@example.org'),
               ('email_verified => true', 'true | NULL'), ('username => ''anna''', 'true | NULL')) v (arguments, answer);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.require_verified_email = on', pg_temp.update(:'ann_id', 'email => ''anna@example.org'''), pg_temp.mails(:'ann_id'), 'SELECT status FROM users_verify_email((SELECT data ->> ''token'' FROM users_claim_mail() WHERE kind = ''verify_email''), ''seven wet horses sing'')', pg_temp.sign_in('ann@example.org'), pg_temp.sign_in('anna@example.org')),
          'done | true | email_changed ann@example.org, email_changed anna@example.org, verify_email anna@example.org | ok | invalid_credentials | ok', 'where nobody signs in without it, a link too');
CREATE FUNCTION pg_temp.late_link(id uuid, change text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.story(NULL, format('CREATE TEMP TABLE l AS SELECT substring(url FROM ''token=(.*)'') AS token FROM users_issue_reset(%L, send_mail => false)', id), pg_temp.update(id, change), 'SELECT status FROM users_reset_password((SELECT token FROM l), ''six dry goats mumble'', ''six dry goats mumble'')') $$;
SELECT is(pg_temp.late_link(:'ann_id', change), answer, 'a link, then ' || change)
  FROM (VALUES ('email => ''anna@example.org''', 'done | true | invalid_token'), ('first_name => ''A''', 'done | true | ok'), ('username => ''anna''', 'done | true | ok')) v (change, answer);

---- who

SELECT is(pg_temp.story(who, pg_temp.update(:'ann_id', 'first_name => ''X'''), format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_restore_user(%L)', :'ann_id'), format('SELECT users_purge_user(%L)', :'ann_id')), answer, what)
  FROM (VALUES (NULL, 'true | true | true | US011 user_id', 'a DBA'), (:'bob', 'true | true | true | US011 user_id', 'an administrator'), (:'ann', '42501 | 42501 | 42501 | 42501', 'not oneself'), ('users_anon', '42501 | 42501 | 42501 | 42501', 'nobody'),
               ('users_admin', '42501 | 42501 | 42501 | 42501', 'not the role alone'), ('users_service', '42501 | 42501 | 42501 | 42501', 'no service')) v (who, answer, what);
SELECT is(pg_temp.story(:'bob', pg_temp.update(:'eve_id', arguments)), '42501', 'by token not another administrator: ' || arguments) FROM unnest(ARRAY['email => ''e@example.org''', 'email_verified => true', 'first_name => ''X''', 'admin_metadata => ''{}''']) arguments;
SELECT is(pg_temp.story(NULL, pg_temp.update(:'eve_id', arguments)), 'true', 'a DBA may: ' || arguments) FROM unnest(ARRAY['email => ''e@example.org''', 'email_verified => true', 'first_name => ''X''']) arguments;
SELECT is(pg_temp.story(:'bob', format('SELECT users_delete_user(%L)', :'eve_id')), '42501', 'nor deletes one');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'eve_id'), format('SELECT users_authenticate(%L) IS NOT NULL', :'bob'), format('SELECT users_restore_user(%L)', :'eve_id'), format('SELECT users_purge_user(%L)', :'eve_id')), 'true | true | 42501 | 42501', 'nor restores one, or purges');
SELECT is(pg_temp.story(:'bob', pg_temp.update(:'bob_id', arguments)), answer, 'by one''s own token ' || arguments)
  FROM (VALUES ('email => ''robert@example.org''', '42501'), ('email_verified => true', '42501'), ('email_verified => false', 'true'), ('email => ''bob@example.org'', first_name => ''Robert''', 'true'), ('username => ''robert''', 'true')) v (arguments, answer);
SELECT is(pg_temp.story(:'bob', format('SELECT users_disable_user(%L)', :'bob_id'), format('SELECT users_enable_user(%L)', :'bob_id'), format('SELECT users_update_account(%L, first_name => ''X'')', :'bob_id')), 'true | 42501 | 42501', 'who is disabled in the middle of a transaction does not undo it');
SELECT is(pg_temp.story(:'bob', format('SELECT users_set_platform_role(%L, ''user'')', :'bob_id'), format('SELECT users_set_platform_role(%L, ''admin'')', :'bob_id')), 'true | 42501', 'nor who is demoted');
SELECT is(pg_temp.story(:'bob', format('SELECT users_delete_user(%L)', :'bob_id'), format('SELECT users_restore_user(%L)', :'bob_id')), 'true | 42501', 'nor who is deleted');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'eve_id'), format('SELECT users_delete_user(%L)', :'bob_id'), format('SELECT users_restore_user(%L)', :'eve_id'), format('SELECT users_delete_user(%L)', :'bob_id')), 'true | US010 user_id | true | true', 'the last administrator stays');

---- deleting and restoring

SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), pg_temp.sign_in('ann'), pg_temp.sign_in('ann@example.org'), format('SELECT users_authenticate(%L)', :'ann'), format('SELECT status FROM users_refresh(%L)', :'ann_refresh'), pg_temp.mails(:'ann_id'),
                        pg_temp.shown(:'ann_id', 'status, deleted_at IS NOT NULL, purge_at - deleted_at, sessions'), pg_temp.events(:'ann_id'), format('SELECT users_delete_user(%L)', :'ann_id')),
          'true | invalid_credentials | invalid_credentials | 28000 | invalid_token | account_deleted ann@example.org | deleted t 30 days 0 | account_deleted | false', 'deleted, one is as if one had never been');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), 'SELECT status FROM users_register(''ann@example.org'', ''ann'', ''seven wet horses sing'', ''A'', ''B'')'), 'true | ok', 'address and username are free at once');
SELECT is(pg_temp.story(NULL, format('SELECT users_restore_user(%L)', :'ann_id'), format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_restore_user(%L)', :'ann_id'), pg_temp.sign_in('ann'), pg_temp.sign_in('ann@example.org'), pg_temp.shown(:'ann_id', 'status, deleted_at, purge_at'), pg_temp.events(:'ann_id'), format('SELECT users_authenticate(%L)', :'ann')),
          'false | true | true | ok | ok | enabled | account_deleted account_restored | 28000', 'restored, one signs in again');
SELECT is(pg_temp.story(NULL, format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT status FROM users_register(%L, %L, ''seven wet horses sing'', ''A'', ''B'')', email, username), format('!SELECT users_restore_user(%L)', :'ann_id'), format('SELECT status FROM users_accounts WHERE id = %L', :'ann_id'), 'SELECT count(*) FROM users.identifier WHERE user_id = ' || quote_literal(:'ann_id')),
          format(E'true | ok | US011 user_id\nnot possible in this state\nDETAIL: argument: user_id\ntaken: %s\nThe %s is somebody else''s now.\nHINT: Bring it into a state first in which this is possible. | deleted | 0', what, word), 'not when somebody else has the ' || word)
  FROM (VALUES ('ann@example.org', 'anna', 'email', 'address'), ('anna@example.org', 'ANN', 'username', 'username')) v (email, username, what, word);
SELECT is(pg_temp.story(NULL, format('SELECT users_disable_user(%L, ''spam'')', :'ann_id'), format('SELECT users_delete_user(%L)', :'ann_id'), format('SELECT users_enable_user(%L)', :'ann_id'), format('SELECT users_restore_user(%L)', :'ann_id'), pg_temp.shown(:'ann_id', 'status, disabled_reason'), pg_temp.sign_in('ann')),
          'true | true | US011 user_id | true | disabled spam | disabled', 'who was disabled is so again');
SELECT is(pg_temp.story(NULL, pg_temp.update(:'ann_id', 'username => ''anna'''), format('SELECT users_delete_user(%L)', :'ann_id'), 'SELECT count(*) FROM users.identifier WHERE user_id = ' || quote_literal(:'ann_id')), 'true | true | 0', 'no identifier remains');
SELECT is(pg_temp.story(NULL, format('SELECT %s(%s)', f, coalesce(quote_literal(id), 'NULL'))), 'US014 user_id', f || ': nobody''s') FROM unnest('{users_delete_user,users_restore_user,users_purge_user}'::text[]) f, (VALUES (:nobody), (NULL)) v (id);
SELECT is(pg_temp.story(NULL, format('SET LOCAL transaction_read_only = on; SELECT %s(%L)', f, :'ann_id')), '25006', f || ' writes') FROM unnest('{users_delete_user,users_restore_user,users_purge_user,users_update_account}'::text[]) f;
SELECT is(pg_temp.story(NULL, 'CREATE TEMP TABLE d AS SELECT id FROM users_create_domain(''D'', ''d'', owner_id => ' || quote_literal(:'ann_id') || ')', format('SELECT users_delete_user(%L)', :'ann_id'), 'SELECT count(*) FROM users_members m, d WHERE m.domain_id = d.id', format('SELECT users_restore_user(%L)', :'ann_id'), format('SELECT users_check(%L, ''domain:update'', id) FROM d', :'ann_id')),
          'done | true | 1 | true | true', 'the last administrator of a domain may go, and comes back as one');

SELECT * FROM finish();
ROLLBACK;
