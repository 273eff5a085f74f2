-- users_health(): each check both ways, as far as SQL can provoke it.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(105);
\ir ../lib/story.sql

CREATE ROLE regress_users_40 LOGIN NOINHERIT;
CREATE ROLE regress_users_40_dba LOGIN IN ROLE users_dba;
CREATE ROLE regress_users_40_other LOGIN;
-- What a check says: its verdict, and of which of these words its detail.
CREATE FUNCTION pg_temp.check(what text, word text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT ok || coalesce('' '' || substring(detail FROM %L), '''') FROM users_health() WHERE name = %L', word, what) $$;
-- Nobody's memberships from elsewhere in the cluster; this is rolled back.
SELECT format('REVOKE users_proxy FROM %s', member::regrole) FROM pg_auth_members WHERE roleid = 'users_proxy'::regrole \gexec

---- what there is, and for whom

SELECT set_eq('SELECT name FROM users_health()', $$ VALUES ('preload'), ('encoding'), ('root_key'), ('signing_key'), ('client_address'), ('mail'), ('inheriting_logins'), ('owner_members'), ('foreign_objects'), ('foreign_keys'),
              ('table_grants'), ('protected_tables'), ('open_views'), ('bypass_rls'), ('parameter_log'), ('maintenance'), ('temporary_objects'), ('notification_queue'), ('statement_log') $$, 'these are the checks');
SELECT is_empty('SELECT * FROM users_health() WHERE name IS NULL OR ok IS NULL OR coalesce(detail, '''') = ''''', 'each has a name, a verdict and what was found');
SELECT is((SELECT count(*) FROM users_health()), (SELECT count(DISTINCT name) FROM users_health()), 'and is made once');
SELECT is((SELECT count(*) FROM users.root_key), 0::bigint, 'asking makes no key');
SELECT is(pg_temp.story(NULL, pg_temp.check('root_key', 'none yet'), pg_temp.check('signing_key')), 'true none yet | false', 'before the first call there is none, which is well');
SELECT access_token AS ann, user_id AS ann_id FROM users_register('ann@example.org', 'ann', 'seven wet horses sing', 'Ann', 'Ash') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@example.org', 'bob', 'Bob', 'Ash', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset
SELECT users_setup_login('regress_users_40', admin => true) IS NULL AS ignored, users_setup_owner('regress_users_40_other') IS NULL AS ignored_too \gset
SELECT is(pg_temp.story(who, 'SELECT count(*) > 10 FROM users_health()'), answer, what)
  FROM (VALUES (NULL, 'true', 'a superuser may ask'), ('=regress_users_40_dba', 'true', 'a DBA'), ('=regress_users_40 ' || :'bob', 'true', 'an administrator by token'), ('=regress_users_40 ' || :'ann', '42501', 'no member'),
               ('=regress_users_40 users_anon', '42501', 'nobody who is not signed in'), ('=regress_users_40 users_admin', '42501', 'not users_admin without a token'), ('users_service', '42501', 'no service')) v (who, answer, what);
SELECT is(pg_temp.story('=regress_users_40 ' || :'bob', 'SELECT string_agg(name || ok, '','' ORDER BY name) FROM users_health()'), pg_temp.story('=regress_users_40_dba', 'SELECT string_agg(name || ok, '','' ORDER BY name) FROM users_health()'), 'all hear the same');
SAVEPOINT read_only;
SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, 'SELECT count(*) > 10 FROM users_health()'), 'true', 'it works READ ONLY');
ROLLBACK TO read_only;

---- server and keys

SELECT is(pg_temp.story(NULL, pg_temp.check('preload')), 'true', 'preload');
SELECT is(pg_temp.story(NULL, pg_temp.check('encoding')), (getdatabaseencoding() = 'UTF8')::text, 'encoding');
SELECT is(pg_temp.story(NULL, pg_temp.check('root_key', 'users\.key_file')), 'false users.key_file', 'root_key: one that is kept in a table is no good');
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET secret = NULL', pg_temp.check('root_key', 'nobody can sign in')), 'done | false nobody can sign in', 'root_key: one whose file is not named');
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET secret = sha256(secret)', pg_temp.check('root_key', 'nobody can sign in')), 'done | false nobody can sign in', 'root_key: one that is not the one');
SELECT is(pg_temp.story(NULL, 'UPDATE users.root_key SET secret = ''\x00''', pg_temp.check('root_key', 'nobody can sign in')), 'done | false nobody can sign in', 'root_key: a damaged one');
SELECT is(pg_temp.story(NULL, pg_temp.check('root_key', (SELECT encode(secret, 'hex') FROM users.root_key))), 'false', 'root_key: it is not shown');
SELECT is(pg_temp.story(NULL, pg_temp.check('signing_key'), 'UPDATE users.signing_key SET revoked_at = now()', pg_temp.check('signing_key', 'users_rotate_key\(\)'), 'SELECT (users_rotate_key()).state', pg_temp.check('signing_key')), 'true | done | false users_rotate_key() | active | true', 'signing_key');

---- where clients are

SELECT is(pg_temp.story(NULL, pg_temp.check('client_address', 'anybody can throttle anybody')), 'false anybody can throttle anybody', 'client_address: unknown');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.client_address_header = ''X-Real-IP''', pg_temp.check('client_address')), 'done | true', 'client_address: by a header');
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.trust_socket_address = on', pg_temp.check('client_address')), 'done | true', 'client_address: by the socket');
SELECT is(pg_temp.story(NULL, 'SELECT users_setup_login(''regress_users_40'', trusted_client => true) IS NULL', pg_temp.check('client_address'), 'SELECT users_setup_login(''regress_users_40'') IS NULL', pg_temp.check('client_address')), 'false | true | false | false', 'client_address: by a trusted login');

---- mail

SELECT is(pg_temp.story(NULL, pg_temp.check('mail')), 'true', 'mail: none waits');
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''ann@example.org'')', pg_temp.check('mail'), 'UPDATE users.mail_request SET created_at = now() - interval ''9 minutes''', pg_temp.check('mail'), 'UPDATE users.mail_request SET created_at = now() - interval ''11 minutes''', pg_temp.check('mail', 'is a mail relay running')),
          'accepted | true | done | true | done | false is a mail relay running', 'mail: what was asked for waits for long');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''ann''))', pg_temp.check('mail'), 'UPDATE users.mail SET next_attempt_at = now() - interval ''11 minutes''', pg_temp.check('mail', 'is a mail relay running')), 'true | true | done | false is a mail relay running', 'mail: what is due waits for long');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''ann''))', 'UPDATE users.mail SET next_attempt_at = now() + interval ''6 hours'', created_at = now() - interval ''1 day''', pg_temp.check('mail')), 'true | done | true', 'mail: what is tried again later does not');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''ann''))', 'SELECT users_mail_failed(id, ''no'', true) FROM users_claim_mail()', pg_temp.check('mail', '^1 mails? ha.*users_retry_mail'), 'SELECT users_discard_mail(id) FROM users_outbox', pg_temp.check('mail')) ~ '^true \| true \| false 1 mails? ha.*users_retry_mail \| true \| true$', true, 'mail: one has failed');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''ann''))', 'SELECT users_mail_failed(id, ''no'', true) FROM users_claim_mail()', 'UPDATE users.mail SET id = ''01900000-0000-7000-8000-000000000000''', pg_temp.check('mail')), 'true | true | done | true', 'mail: failures of long ago are not told for ever');
SELECT is(pg_temp.story(NULL, 'SELECT status FROM users_request_reset(''secret-name@example.org'')', 'UPDATE users.mail_request SET created_at = now() - interval ''1 hour''', pg_temp.check('mail', 'secret-name')), 'accepted | done | false', 'mail: nobody''s address is shown');

---- roles (P1 P50)

SELECT is(pg_temp.story(NULL, pg_temp.check('inheriting_logins')), (NOT EXISTS (
	SELECT FROM pg_roles WHERE rolcanlogin AND NOT rolsuper AND NOT pg_has_role(oid, 'users_dba', 'MEMBER') AND pg_has_role(oid, 'users_member', 'USAGE')))::text, 'inheriting_logins: none, unless the cluster has some');
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_40_x ' || attributes, pg_temp.check('inheriting_logins', '\mregress_users_40_x\M')), answer, 'inheriting_logins: ' || attributes)
  FROM (VALUES ('LOGIN IN ROLE users_member', 'done | false regress_users_40_x'), ('LOGIN IN ROLE users_admin', 'done | false regress_users_40_x')) v (attributes, answer);
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_40_x ' || attributes, pg_temp.check('inheriting_logins', '\mregress_users_40_x\M')) ~ 'regress_users_40_x', false, 'inheriting_logins: not ' || attributes)
  FROM unnest('{NOLOGIN IN ROLE users_member,LOGIN NOINHERIT,LOGIN SUPERUSER IN ROLE users_member,"LOGIN IN ROLE users_dba","LOGIN IN ROLE users_anon","LOGIN IN ROLE users_service"}'::text[]) attributes;
SELECT is(pg_temp.story(NULL, 'CREATE ROLE regress_users_40_g IN ROLE users_member', 'CREATE ROLE regress_users_40_x LOGIN IN ROLE regress_users_40_g', pg_temp.check('inheriting_logins', '\mregress_users_40_x\M')), 'done | done | false regress_users_40_x', 'inheriting_logins: through another role');
SELECT is(pg_temp.story(NULL, $$ DO 'BEGIN FOR n IN 10..25 LOOP EXECUTE format(''CREATE ROLE "0 regress_users_40_%s" LOGIN IN ROLE users_member'', n); END LOOP; END' $$, pg_temp.check('inheriting_logins', '0 regress_users_40_10, .*'), 'SELECT count(*) FROM users_health(), regexp_matches(detail, ''0 regress_users_40_'', ''g'') WHERE name = ''inheriting_logins'''),
          'done | false 0 regress_users_40_10, 0 regress_users_40_11, 0 regress_users_40_12, 0 regress_users_40_13, 0 regress_users_40_14, 0 regress_users_40_15, 0 regress_users_40_16, 0 regress_users_40_17, 0 regress_users_40_18, 0 regress_users_40_19, ... | 10', 'ten are listed, and that there are more');
SELECT is(pg_temp.story(NULL, pg_temp.check('owner_members'), 'GRANT users_owner TO regress_users_40_other', pg_temp.check('owner_members', '\mregress_users_40_other\M')), 'true | done | false regress_users_40_other', 'owner_members');

---- what others have put on the tables

SELECT is(pg_temp.story(NULL, pg_temp.check('foreign_objects')), 'true', 'foreign_objects: none');
SELECT is(pg_temp.story(NULL, statement, pg_temp.check('foreign_objects', '\m(?:users_)?(?:evil|login)\M')), 'done | false ' || name, 'foreign_objects: ' || split_part(statement, ' ON', 1))
  FROM (VALUES ('CREATE TRIGGER evil BEFORE UPDATE ON users.session FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'evil'),
               ('CREATE TRIGGER users_evil BEFORE UPDATE ON users.person_id FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'users_evil'),
               ('CREATE RULE evil AS ON DELETE TO users.session DO INSTEAD NOTHING', 'evil'),
               ('CREATE RULE users_evil AS ON DELETE TO users.session DO INSTEAD NOTHING', 'users_evil'),
               ('CREATE POLICY evil ON users.credential USING (true)', 'evil'),
               ('CREATE POLICY users_evil ON users.credential USING (true)', 'users_evil'),
               ('CREATE POLICY users_evil ON users.session FOR SELECT TO users_member USING (true)', 'users_evil'),
               ('CREATE POLICY users_evil ON users.person FOR SELECT TO users_member USING (true)', 'users_evil'),
               ('CREATE FUNCTION users_evil() RETURNS text LANGUAGE sql AS $$ SELECT ''''$$; ALTER FUNCTION users_evil() RENAME TO users_login', 'users_login'),
               ('ALTER POLICY users_viewed ON users.role_assignment RENAME TO users_evil', 'users_evil')) v (statement, name);
SELECT is(pg_temp.story(NULL, 'CREATE SCHEMA app', 'CREATE TABLE app.session (id integer)', 'CREATE TRIGGER evil BEFORE UPDATE ON app.session FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', 'CREATE POLICY evil ON app.session USING (true)', pg_temp.check('foreign_objects')),
          'done | done | done | done | true', 'foreign_objects: not those on others'' tables');
SELECT is(pg_temp.story(NULL, 'CREATE TABLE note (user_id uuid CONSTRAINT note_key REFERENCES users.person_id)', pg_temp.check('foreign_objects'), pg_temp.check('foreign_keys')), 'done | true | true', 'foreign_keys: to people they are well');
-- The guard makes no other; only by hand they come to be.
SELECT is(pg_temp.story(NULL, 'CREATE TABLE note (user_id uuid CONSTRAINT note_key REFERENCES users.person_id)', 'UPDATE pg_constraint SET confrelid = ''users.account''::regclass WHERE conname = ''note_key''', pg_temp.check('foreign_keys', '\mnote_key\M')), 'done | done | false note_key',
          'foreign_keys: to other tables they are not');
SELECT is(pg_temp.story(NULL, 'CREATE DOMAIN person AS uuid', 'CREATE TABLE note (user_id uuid CONSTRAINT note_key REFERENCES users.person_id, other person)', 'UPDATE pg_constraint SET conkey = ''{2}'' WHERE conname = ''note_key''', pg_temp.check('foreign_keys', '\mnote_key\M')),
          'done | done | done | false note_key', 'foreign_keys: nor from columns of other types');
SELECT is(pg_temp.story(NULL, pg_temp.check('table_grants')), 'true', 'table_grants: none, though somebody may refer to people');
SELECT is(pg_temp.story(NULL, format('GRANT %s TO %s', privilege, role), pg_temp.check('table_grants')), 'done | false', format('table_grants: %s to %s', privilege, role))
  FROM (VALUES ('SELECT ON users.account', 'regress_users_40_other'), ('ALL ON users.credential', 'regress_users_40_other'), ('TRIGGER ON users.person_id', 'regress_users_40_other'), ('SELECT ON users.credential', 'PUBLIC'),
               ('UPDATE ON users.account', 'users_member'), ('INSERT ON users.session', 'users_anon')) v (privilege, role);

---- the application's tables (S57 P19)

CREATE SCHEMA app;
CREATE TABLE app.thing (id uuid PRIMARY KEY, domain_id uuid, owner uuid, note text);
CREATE FUNCTION app.pass() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SELECT is(pg_temp.story(NULL, pg_temp.check('protected_tables'), pg_temp.check('open_views')), 'true | true', 'protected_tables, open_views: without any');
SELECT users_protect('app.thing', 'device', owner_column => 'owner') IS NULL AS ignored \gset
SELECT is(pg_temp.story(NULL, pg_temp.check('protected_tables'), pg_temp.check('open_views')), 'true | true', 'protected_tables, open_views: with one as it was made');
SELECT is(pg_temp.story(NULL, statement, pg_temp.check('protected_tables', 'app\.\w+ has [a-z_ ]+|the trigger .* after the guard')), 'done | ' || wanted, 'protected_tables: ' || statement)
  FROM (VALUES ('ALTER TABLE app.thing DISABLE ROW LEVEL SECURITY', 'false app.thing has no row security'),
               ('ALTER TABLE app.thing DISABLE TRIGGER "~users_guard"', 'false app.thing has no working guard'),
               ('ALTER TABLE app.thing ENABLE REPLICA TRIGGER "~users_guard"', 'false app.thing has no working guard'),
               ('DROP TRIGGER "~users_guard" ON app.thing', 'false app.thing has no guard'),
               ('DROP POLICY users_read ON app.thing', 'false app.thing has another policy users_read'),
               ('ALTER POLICY users_read ON app.thing USING (true)', 'false app.thing has another policy users_read'),
               ('ALTER POLICY users_update ON app.thing TO PUBLIC', 'false app.thing has another policy users_update'),
               ('CREATE TRIGGER "~z" BEFORE UPDATE ON app.thing FOR EACH ROW EXECUTE FUNCTION app.pass()', 'false the trigger "~z" on app.thing fires after the guard'),
               ('CREATE TRIGGER a BEFORE UPDATE ON app.thing FOR EACH ROW EXECUTE FUNCTION app.pass()', 'true'),
               ('CREATE TABLE app.more () INHERITS (app.thing)', 'false app.more has no guard'),
               ('ALTER TABLE app.thing RENAME domain_id TO tenant', 'true'),
               ('ALTER TABLE app.thing FORCE ROW LEVEL SECURITY', 'true'),
               ('CREATE POLICY mine ON app.thing FOR SELECT TO regress_users_40_other USING (true)', 'true'),
               ('SET LOCAL search_path = app, public', 'true')) v (statement, wanted);
SELECT is(pg_temp.story(NULL, 'ALTER TABLE app.thing DISABLE ROW LEVEL SECURITY', 'SELECT users_protect(''app.thing'', ''device'', owner_column => ''owner'') IS NULL', pg_temp.check('protected_tables'), 'SELECT users_unprotect(''app.thing'')', pg_temp.check('protected_tables')),
          'done | false | true | true | true', 'protected_tables: mended by another call, or taken back');
SELECT is(pg_temp.story(NULL, $$ DO 'BEGIN FOR n IN 10..25 LOOP EXECUTE format(''CREATE TABLE app.t%s () INHERITS (app.thing)'', n); END LOOP; END' $$, pg_temp.check('protected_tables', '; \.\.\.$'), 'SELECT count(*) FROM users_health(), regexp_matches(detail, ''app[.]t\d+'', ''g'') WHERE name = ''protected_tables'''),
          'done | false ; ... | 10', 'protected_tables: ten are listed, and that there are more');
SELECT is(pg_temp.story(NULL, statement, 'GRANT ' || rights || ' TO ' || role, pg_temp.check('open_views', '\mapp\.open\M')), 'done | done | ' || wanted, format('open_views: %s, GRANT %s TO %s', statement, rights, role))
  FROM (VALUES ('CREATE VIEW app.open AS SELECT * FROM app.thing', 'SELECT ON app.open', 'users_member', 'false app.open'),
               ('CREATE VIEW app.open AS SELECT * FROM app.thing', 'SELECT (note) ON app.open', 'users_member', 'false app.open'),
               ('CREATE VIEW app.open AS SELECT * FROM app.thing', 'DELETE ON app.open', 'users_member', 'false app.open'),
               ('CREATE VIEW app.open AS SELECT * FROM app.thing', 'SELECT ON app.open', 'PUBLIC', 'false app.open'),
               ('CREATE VIEW app.open AS SELECT * FROM app.thing', 'SELECT ON app.open', 'regress_users_40_other', 'true'),
               ('CREATE VIEW app.open WITH (security_invoker) AS SELECT * FROM app.thing', 'SELECT ON app.open', 'users_member', 'true'),
               ('CREATE VIEW app.open WITH (security_invoker = off) AS SELECT * FROM app.thing', 'SELECT ON app.open', 'users_member', 'false app.open'),
               ('CREATE MATERIALIZED VIEW app.open AS SELECT * FROM app.thing', 'SELECT ON app.open', 'users_member', 'false app.open'),
               ('CREATE VIEW app.open AS SELECT 1', 'SELECT ON app.open', 'users_member', 'true'),
               ('CREATE FUNCTION app.open() RETURNS bigint SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM app.thing; END', 'EXECUTE ON FUNCTION app.open', 'users_member', 'false app.open'),
               ('CREATE FUNCTION app.open() RETURNS bigint SECURITY INVOKER BEGIN ATOMIC SELECT count(*) FROM app.thing; END', 'EXECUTE ON FUNCTION app.open', 'users_member', 'true')) v (statement, rights, role, wanted);
SELECT is(pg_temp.story(NULL, 'CREATE FUNCTION app.open() RETURNS bigint SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM app.thing; END', 'REVOKE EXECUTE ON FUNCTION app.open FROM PUBLIC', pg_temp.check('open_views', 'app\.open')), 'done | done | true', 'open_views: not a function that members may not call');

---- the rest (S48 P25 P54)

SELECT is(pg_temp.story(NULL, 'GRANT TEMPORARY ON DATABASE ' || quote_ident(current_database()) || ' TO PUBLIC', pg_temp.check('temporary_objects', 'REVOKE TEMPORARY'), 'REVOKE TEMPORARY ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC', pg_temp.check('temporary_objects')),
          'done | false REVOKE TEMPORARY | done | true', 'temporary_objects');
SELECT is(pg_temp.story(NULL, pg_temp.check('notification_queue')), 'true', 'notification_queue');
SET LOCAL log_statement = 'none';
SET LOCAL log_min_duration_statement = -1;
SET LOCAL log_min_duration_sample = -1;
SELECT is(pg_temp.story(NULL, pg_temp.check('statement_log')), 'true', 'statement_log: none');
SELECT is(pg_temp.story(NULL, format('SET LOCAL %s = %L', name, value), pg_temp.check('statement_log', name)), 'done | ' || answer, format('statement_log: %s = %s', name, value))
  FROM (VALUES ('log_statement', 'all', 'false log_statement'), ('log_statement', 'ddl', 'true'), ('log_min_duration_statement', '0', 'false log_min_duration_statement'), ('log_min_duration_statement', '1h', 'false log_min_duration_statement'),
               ('log_min_duration_sample', '0', 'false log_min_duration_sample')) v (name, value, answer);

SELECT * FROM finish();
ROLLBACK;
