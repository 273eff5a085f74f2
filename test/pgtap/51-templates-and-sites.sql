-- What mails say, in which language, and to which front end they link.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
SET client_min_messages = error;
BEGIN;
SELECT plan(704);
\ir ../lib/story.sql
\ir ../lib/mails.sql
SET LOCAL users.max_mail_requests = 1000;
SET LOCAL users.mail_kinds_off = '';

CREATE ROLE regress_users_51 LOGIN NOINHERIT;
CREATE ROLE regress_users_51_dba LOGIN IN ROLE users_dba;
SELECT users_setup_login('regress_users_51', admin => true) IS NULL AS ignored \gset
SELECT user_id AS mia_id FROM users_create_user('mia@mails.example', 'mia', 'Mia', 'Ash', 'seven wet horses sing') \gset
SELECT user_id AS bob_id FROM users_create_user('bob@mails.example', 'bob', 'Bob', 'Birch', 'seven wet horses sing', platform_role => 'admin') \gset
SELECT access_token AS mia FROM users_login('mia', 'seven wet horses sing') \gset
SELECT access_token AS bob FROM users_login('bob', 'seven wet horses sing') \gset
DELETE FROM users.mail;
-- A script of its own, as users_define_language will make it.
INSERT INTO users.language (code, name) VALUES ('sr-Cyrl', 'Српски'), ('fr', 'Français');

CREATE FUNCTION pg_temp.speak(language text) RETURNS text LANGUAGE sql AS
$$ SELECT format('UPDATE users.account SET language = %L WHERE user_id = users_id(''mia'')', language) $$;
-- For stories: what a claim answers of the mails of a kind.
CREATE FUNCTION pg_temp.claim(what text, kind text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT string_agg(%s, '','') FROM users_claim_mail(1000)%s', what, ' WHERE kind = ' || quote_literal(kind)) $$;
-- What is wrong with a rendered mail; NULL when nothing is.
CREATE FUNCTION pg_temp.faults(subject text, body_text text, body_html text, link text) RETURNS text LANGUAGE sql AS $$
	SELECT nullif(concat_ws(', ',
		CASE WHEN subject || body_text || body_html ~ '[{][{]|[}][}]' THEN 'braces' END,
		CASE WHEN body_html ~ '\[[A-Z]+\]' THEN 'a mark of the layout' END,
		CASE WHEN subject !~ '^Users: \S.*\S$' OR subject ~ '[\r\n]' OR length(subject) > 78 THEN 'the subject' END,
		CASE WHEN body_text !~ '^\S[^\n]*[,!]\n\n' OR body_text !~ '\n\n-- \n\S' THEN 'the form of body_text' END,
		CASE WHEN body_text ~ '[<>]|&(amp|lt|gt|quot|#)' THEN 'markup in body_text' END,
		CASE WHEN subject || body_text ~ '  | [.,:;!)]|\([ )]' THEN 'a hole' END,
		CASE WHEN body_html !~ '^<!DOCTYPE html>\n<html lang="[a-zA-Z-]+">' OR body_html !~ '</html>\n$' THEN 'the form of body_html' END,
		CASE WHEN body_html ~* '<(script|img|style|link|iframe|form)\M|\mon[a-z]+=|javascript:|url\(' THEN 'what loads or runs' END,
		CASE WHEN body_html ~ '&(?!(amp|lt|gt|quot|#39);)' THEN 'a bare ampersand' END,
		CASE WHEN link IS NULL AND body_text || body_html ~ 'https?:' THEN 'a link that it has not' END,
		CASE WHEN position(E'\n' || link || E'\n' IN body_text) = 0 OR position('<a href="' || link || '"' IN body_html) = 0 OR position('>' || link || '</a>' IN body_html) = 0 THEN 'no link' END), '') $$;

---- what comes with the extension

SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users_templates'::regclass), 'kind text, language text, subject text, body_text text, body_html text, built_in boolean', 'the columns of users_templates');
SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, NULL), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = 'users_sites'::regclass), 'name text, reset_url text, verify_url text, invitation_url text, registration_url text, sender text, product_name text', 'the columns of users_sites');
SELECT set_eq('SELECT kind, language, built_in FROM users_templates', $$ SELECT kind, language, true FROM kinds, unnest('{en,de,sr,sr-Cyrl}'::text[]) language $$, 'every kind is there in every language');
SELECT is_empty('SELECT * FROM users_sites', 'and no site');
SELECT is(pg_temp.faults(p.subject, p.body_text, p.body_html, CASE WHEN has_link THEN 'https://example.org/page?token=XXXXXXXXXXXXXXXX' END), NULL, format('%s, %s: shown', k.kind, p.language))
  FROM kinds k, unnest('{en,de,sr,sr-Cyrl}'::text[]) l, LATERAL users_preview_template(k.kind, l) p;
SELECT is(count(DISTINCT p.body_text), 52::bigint, 'no two of them are the same') FROM kinds k, unnest('{en,de,sr,sr-Cyrl}'::text[]) l, LATERAL users_preview_template(k.kind, l) p;
SELECT is_empty($$ SELECT kind FROM users_templates WHERE language = 'en' AND subject || body_text || body_html ~ '[^\u0001-\u007f]' $$, 'English is ASCII');
SELECT is_empty($$ SELECT kind FROM users_templates WHERE language = 'sr' AND body_text ~ '[\u0400-\u04ff]' $$, 'Serbian is in Latin script');
SELECT is_empty($$ SELECT kind FROM users_templates WHERE language = 'sr-Cyrl' AND regexp_replace(subject || body_text, '[{][{][a-z_]+[}][}]', '', 'g') ~ '[A-Za-z]' $$, 'or in Cyrillic alone');
SELECT is_empty($$ SELECT kind, language FROM users_templates WHERE body_html !~ format('<html lang="%s">', CASE language WHEN 'sr' THEN 'sr-Latn' ELSE language END) $$, 'the page says which');
SELECT is(pg_temp.story(NULL, format('SELECT concat_ws('' '', d.kind, d.language, d.built_in) FROM users_templates t, LATERAL users_define_template(t.kind, t.language, t.subject, t.body_text, t.body_html) d WHERE t.kind = %L AND t.language = %L', kind, language)), format('%s %s f', kind, language), format('%s, %s: would be accepted as one''s own', kind, language))
  FROM kinds, unnest('{en,de,sr,sr-Cyrl}'::text[]) language;

---- each as it goes out

SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.speak(language), format('SET LOCAL users.default_language = %L', language)] || pg_temp.cause(k.kind) || ARRAY[
		format('SELECT concat_ws('' '', count(*), min(language), string_agg(pg_temp.faults(subject, body_text, body_html, data ->> ''link''), '','')) FROM users_claim_mail() WHERE kind = %L', k.kind)]) ~ format('\| 1 %s$', language), true, format('%s, %s: sent', k.kind, language))
  FROM kinds k, unnest('{en,de,sr,sr-Cyrl}'::text[]) language;
-- The placeholders of built-in templates are few; one's own may name all.
CREATE TEMP TABLE placeholders AS
	SELECT kind, name FROM kinds, unnest('{product_name,email}'::text[]) name
	UNION ALL SELECT kind, name FROM kinds, unnest('{first_name,last_name,username}'::text[]) name WHERE kind NOT IN ('registration', 'invitation')
	UNION ALL SELECT kind, name FROM kinds, unnest('{link,expires_at}'::text[]) name WHERE has_link
	UNION ALL SELECT kind, 'time' FROM kinds WHERE NOT has_link
	UNION ALL SELECT kind, name FROM kinds, unnest('{domain_name,role_name}'::text[]) name WHERE kind LIKE 'invitation%'
	UNION ALL VALUES ('invitation', 'inviter_name'), ('invitation_accepted', 'invitee_name'), ('invitation_rejected', 'invitee_name'), ('new_sign_in', 'device'), ('new_sign_in', 'client_address');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[format('SELECT kind FROM users_define_template(%L, ''en'', %L, %L, %2$L)', kind, 's' || string_agg(format('|{{%s}}', name), '' ORDER BY name), string_agg(format('|{{ %s }}', name), '' ORDER BY name) || '{{link}}')] || pg_temp.cause(kind) || ARRAY[
		format('SELECT count(*) || '' '' || coalesce(bool_and(subject !~ ''[|]([|]|$)|[{]'' AND body_text !~ ''[|]([|]|$)|[{]''), false) FROM users_claim_mail() WHERE kind = %L', kind)]) ~ '\| 1 true$', true, kind || ': each placeholder has a value')
  FROM placeholders JOIN kinds USING (kind) WHERE has_link GROUP BY kind
UNION ALL
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[format('SELECT kind FROM users_define_template(%L, ''en'', %L, %L, %2$L)', kind, 's' || string_agg(format('|{{%s}}', name), '' ORDER BY name), string_agg(format('|{{ %s }}', name), '' ORDER BY name))] || pg_temp.cause(kind) || ARRAY[
		format('SELECT count(*) || '' '' || coalesce(bool_and(subject !~ ''[|]([|]|$)|[{]'' AND body_text !~ ''[|]([|]|$)|[{]''), false) FROM users_claim_mail() WHERE kind = %L', kind)]) ~ '\| 1 true$', true, kind || ': each placeholder has a value')
  FROM placeholders JOIN kinds USING (kind) WHERE NOT has_link GROUP BY kind;
SELECT is(pg_temp.story(NULL, format('SELECT kind FROM users_define_template(%L, ''en'', ''x'', %L, %2$L)', k.kind, CASE WHEN has_link THEN '{{link}} ' ELSE '' END || format('{{%s}}', name))), CASE WHEN EXISTS (SELECT FROM placeholders p WHERE p.kind = k.kind AND p.name = n.name) THEN k.kind ELSE '22023 body_text' END,
          format('%s: {{%s}}%s', k.kind, name, CASE WHEN EXISTS (SELECT FROM placeholders p WHERE p.kind = k.kind AND p.name = n.name) THEN '' ELSE ' is refused' END))
  FROM kinds k, (SELECT DISTINCT name FROM placeholders UNION ALL SELECT unnest('{token,password,user_id,Link,LINK}'::text[])) n;

---- whose language

SELECT is(pg_temp.story(NULL, pg_temp.speak(own), format('SET LOCAL users.default_language = %L', fallback), 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'SELECT concat_ws('' '', language, subject) FROM users_claim_mail()'), 'done | done | accepted | ' || answer, format('%s, by default %s: %s', coalesce(own, 'no choice'), quote_literal(fallback), answer))
  FROM (VALUES ('de', 'en', 'de Users: Neues Passwort wählen'), ('sr', 'de', 'sr Users: izaberite novu lozinku'), ('sr-Cyrl', 'de', 'sr-Cyrl Users: изаберите нову лозинку'), ('en', 'de', 'en Users: choose a new password'), (NULL, 'de', 'de Users: Neues Passwort wählen'), (NULL, 'sr-Cyrl', 'sr-Cyrl Users: изаберите нову лозинку'), (NULL, 'en', 'en Users: choose a new password'),
               ('fr', 'de', 'de Users: Neues Passwort wählen'), ('fr', 'fr', 'en Users: choose a new password'), (NULL, 'tlh', 'en Users: choose a new password'), (NULL, '', 'en Users: choose a new password')) v (own, fallback, answer);
SELECT is(pg_temp.story(NULL, format('SET LOCAL users.default_language = %L', fallback), 'SELECT status FROM users_request_registration(''new@mails.example'')', 'SELECT language FROM users_claim_mail()'), 'done | accepted | ' || answer, 'who has no account is written to in the default language: ' || fallback) FROM (VALUES ('de', 'de'), ('tlh', 'en')) v (fallback, answer);
SELECT is(pg_temp.story(NULL, pg_temp.speak('fr'), 'SELECT kind FROM users_define_template(''reset_password'', ''fr'', ''Bonjour'', ''{{link}}'', ''{{link}}'')', 'SELECT status FROM users_request_reset(''mia@mails.example'')', 'SELECT concat_ws('' '', language, subject) FROM users_claim_mail()', 'SELECT users_drop_template(''reset_password'', ''fr'')', (pg_temp.cause('already_registered'))[1], 'SELECT language FROM users_claim_mail()'),
          'done | reset_password | accepted | fr Bonjour | true | (accepted,) | en', 'a language of one''s own has the templates that one defines');
SELECT is(pg_temp.story(NULL, pg_temp.speak('de'), 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''))', pg_temp.speak('en'), 'SELECT o.language || '' '' || c.language FROM users_outbox o, users_claim_mail() c'), 'done | true | done | de de', 'the language of a mail is the one when it was caused');

---- one's own, and back

CREATE FUNCTION pg_temp.define(kind text DEFAULT 'welcome', language text DEFAULT 'en', subject text DEFAULT 'Hello', body_text text DEFAULT '{{link}}', body_html text DEFAULT '<p>{{link}}</p>') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT kind FROM users_define_template(%L, %L, %L, %L, %L)', kind, language, subject, body_text, body_html) $$;
CREATE FUNCTION pg_temp.listed() RETURNS text LANGUAGE sql AS $$ SELECT 'SELECT count(*) || '' '' || coalesce(string_agg(concat_ws('' '', kind, language, subject), '','') FILTER (WHERE NOT built_in), '''') FROM users_templates'::text $$;
SELECT is(pg_temp.story(NULL, 'SELECT t::text FROM users_define_template(''password_changed'', ''de'', ''Neu: {{username}}'', ''{{email}}'', ''<b>{{email}}</b>'') t', pg_temp.listed(), 'SELECT t::text FROM users_preview_template(''password_changed'', ''de'') t'),
          '(password_changed,de,"Neu: {{username}}",{{email}},<b>{{email}}</b>,f) | 52 password_changed de Neu: {{username}} | (password_changed,de,"Neu: ann",ann.archer@example.org,<b>ann.archer@example.org</b>,f)', 'one''s own goes before the built-in one, which stays');
SELECT is(pg_temp.story(NULL, VARIADIC ARRAY[pg_temp.speak('de'), 'SELECT kind FROM users_define_template(''password_changed'', ''de'', ''Neu: {{username}}'', ''{{email}}'', ''<b>{{email}}</b>'')'] || pg_temp.cause('password_changed') || ARRAY['SELECT concat_ws('' '', language, subject, body_text, body_html) FROM users_claim_mail() WHERE kind = ''password_changed''']) ~ '\| de Neu: mia mia@mails.example <b>mia@mails.example</b>$', true, 'and out');
SELECT is(pg_temp.story(NULL, pg_temp.define(subject => 'One'), pg_temp.define(subject => 'Two'), pg_temp.listed(), 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT users_drop_template(''welcome'', ''en'')', pg_temp.listed(), 'SELECT subject || built_in FROM users_preview_template(''welcome'', ''en'')'), 'welcome | welcome | 52 welcome en Two | true | false | 52  | Users: your new accounttrue', 'it can be defined anew and dropped');
SELECT is(pg_temp.story(NULL, 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT users_drop_template(''welcome'', ''xx'')', 'SELECT users_drop_template(''welcome'', NULL)', 'SELECT users_drop_template(''postcard'', ''en'')', 'SELECT users_drop_template(NULL, ''en'')', 'SELECT count(*) FROM users_templates'), 'false | false | false | 22023 kind | 22023 kind | 52', 'a built-in one is never dropped');
SELECT is(pg_temp.story(NULL, pg_temp.define(), format('SELECT concat_ws('' '', event, outcome, detail, actor_id) FROM users.audit_event WHERE event LIKE ''template%%'''), 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT count(*) FROM users.audit_event WHERE event = ''template_defined'''), 'welcome | template_defined success {"kind": "welcome"} | true | 2', 'both are recorded');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''))', pg_temp.define('reset_password', subject => 'Later'), 'SELECT subject FROM users_claim_mail()'), 'true | reset_password | Later', 'what counts is what it is when the mail is claimed');

---- what is refused

SELECT is(pg_temp.story(NULL, statement), answer, format('%s: %s', what, answer))
  FROM (VALUES (pg_temp.define(), 'welcome', 'as it should be'), (pg_temp.define('postcard'), '22023 kind', 'an unknown kind'), (pg_temp.define('Welcome'), '22023 kind', 'another case'), (pg_temp.define(''), '22023 kind', 'no kind'), (pg_temp.define(NULL), '22023 kind', 'NULL'),
               (pg_temp.define(language => 'tlh'), 'US007 language', 'an unknown language'), (pg_temp.define(language => 'EN'), 'US007 language', 'another case'), (pg_temp.define(language => ''), 'US007 language', 'no language'), (pg_temp.define(language => NULL), 'US007 language', 'NULL'), (pg_temp.define(language => 'fr'), 'welcome', 'one that was added'),
               (pg_temp.define(subject => ''), '22023 subject', 'an empty subject'), (pg_temp.define(subject => NULL), '22023 subject', 'none'), (pg_temp.define(subject => '  '), '22023 subject', 'spaces'), (pg_temp.define(subject => E'Hello\nBcc: eve@example.org'), '22023 subject', 'a line feed'), (pg_temp.define(subject => E'Hello\rBcc: eve@example.org'), '22023 subject', 'a carriage return'),
               (pg_temp.define(subject => E'Hello\r\n'), '22023 subject', 'a line end at the end'), (pg_temp.define(subject => E'Hel\tlo'), '22023 subject', 'a tab'), (pg_temp.define(subject => E'Hel\x1blo'), '22023 subject', 'a control character'), (pg_temp.define(subject => U&'Hel\0085lo'), '22023 subject', 'another'), (pg_temp.define(subject => U&'Hel\2028lo'), '22023 subject', 'a line separator'), (pg_temp.define(subject => U&'Hel\202Elo'), '22023 subject', 'right to left'),
               (pg_temp.define(subject => repeat('ü', 200)), 'welcome', '200 characters'), (pg_temp.define(subject => repeat('ü', 201)), '22023 subject', '201 characters'), (pg_temp.define(subject => 'Hello {{first_name}} {{ link }}'), 'welcome', 'placeholders in the subject'), (pg_temp.define(subject => 'Hello {{time}}'), '22023 subject', 'that the kind has not'), (pg_temp.define(subject => 'Hello {{'), '22023 subject', 'braces'),
               (pg_temp.define(body_text => ''), '22023 body_text', 'an empty text'), (pg_temp.define(body_text => NULL), '22023 body_text', 'none'), (pg_temp.define(body_text => E' \n '), '22023 body_text', 'white space'), (pg_temp.define(body_html => ''), '22023 body_html', 'an empty page'), (pg_temp.define(body_html => NULL), '22023 body_html', 'none'),
               (pg_temp.define(body_text => 'Hello'), '22023 body_text', 'no link in the text'), (pg_temp.define(body_html => '<p>Hello</p>'), '22023 body_html', 'or in the page'), (pg_temp.define(body_text => '{link}'), '22023 body_text', 'one brace'), (pg_temp.define(body_text => 'link'), '22023 body_text', 'no brace'), (pg_temp.define(body_text => '{{ link }}'), 'welcome', 'spaces within the braces'), (pg_temp.define(body_text => E'{{\nlink}}'), '22023 body_text', 'a line end in them'),
               (pg_temp.define('password_changed', body_text => 'x', body_html => 'x'), 'password_changed', 'a notice needs no link'), (pg_temp.define('password_changed'), '22023 body_text', 'and has none'),
               (pg_temp.define(body_text => '{{link}}{{nonsense}}'), '22023 body_text', 'an unknown placeholder'), (pg_temp.define(body_html => '{{link}}{{nonsense}}'), '22023 body_html', 'in the page'), (pg_temp.define(body_text => '{{link}}{{}}'), '22023 body_text', 'an empty one'), (pg_temp.define(body_text => '{{link}}{{first_name}'), '22023 body_text', 'one brace too few'), (pg_temp.define(body_text => '{{link}}{{first_name'), '22023 body_text', 'two'), (pg_temp.define(body_text => '{{link}}{{first name}}'), '22023 body_text', 'a space in the name'),
               (pg_temp.define(body_text => '{{link}}{{{first_name}}}'), '22023 body_text', 'three braces'), (pg_temp.define(body_text => '{{link}}{{#if link}}'), '22023 body_text', 'a program'), (pg_temp.define(body_text => '{{link}}{{'), '22023 body_text', 'braces at the end'), (pg_temp.define(body_text => '{{link}}{{' || repeat('x', 33) || '}}'), '22023 body_text', 'a very long name'), (pg_temp.define(body_text => '{{link}} } }} {x} { {'), 'welcome', 'braces that begin nothing'), (pg_temp.define(body_text => '{{link}}$1 %s \1 ${link}'), 'welcome', 'what others'' templates look like'),
               (pg_temp.define(body_text => '{{link}}' || repeat('x', 102392)), 'welcome', '100 kB'), (pg_temp.define(body_text => '{{link}}' || repeat('x', 102393)), '22023 body_text', 'and one byte'), (pg_temp.define(body_html => '{{link}}' || repeat('x', 102393)), '22023 body_html', 'in the page')) v (statement, answer, what);
SELECT is(pg_temp.story(NULL, '!' || pg_temp.define(body_text => body)) ~ wanted, true, what)
  FROM (VALUES ('Hello', E'\nDETAIL: argument: body_text\nThe placeholder "{{link}}" is missing.\nHINT: .*doc/mail.md'::text, 'the error says that the link is missing'), ('{{link}} {{nonsense}}', E'\nThis kind of mail has no placeholder "{{nonsense}}".\n', 'which placeholder there is not'), ('{{link}} {{a b}} c', E'\nAt "{{a b}}" no placeholder begins.\n', 'and where none begins')) v (body, wanted, what);
SELECT is(pg_temp.story(NULL, 'SELECT kind FROM users_preview_template(' || arguments || ')'), answer, format('preview of %s: %s', arguments, answer))
  FROM (VALUES ('''welcome'', ''de''', 'welcome'), ('''postcard'', ''de''', '22023 kind'), ('''welcome'', ''fr''', 'US007 language'), ('''welcome'', ''DE''', 'US007 language'), ('''welcome'', NULL', 'US007 language'), ('NULL, ''de''', '22023 kind')) v (arguments, answer);
-- One mail that values make too long keeps no other back.
SELECT is(pg_temp.story(NULL, pg_temp.define('reset_password', body_text => repeat('{{link}}', 10000)), 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''))', pg_temp.insert_mail('bob', 1, 'password_changed'), pg_temp.claim('kind'), 'SELECT string_agg(concat_ws('' '', kind, state, last_error), '','' ORDER BY kind) FROM users_outbox', 'SELECT users_preview_template(''reset_password'', ''en'')'),
          'reset_password | true | done | password_changed | password_changed claimed,reset_password failed it has no template, or becomes too long | 54000', 'a mail that would become too long has failed');

---- what others have put in

SELECT user_id AS eve_id FROM users_register('o''hara&co@mails.example', 'eve', 'seven wet horses sing', '<script>alert(1)</script>', '"O''Hara" & {{link}} <b>', label => '<img src=x onerror=alert(1)>') \gset
UPDATE users.mail SET state = 'discarded', next_attempt_at = NULL;
SET LOCAL users.product_name = 'Cats & <Dogs> {{link}}';
CREATE TEMP TABLE hostile (LIKE users_templates INCLUDING ALL, recipient text, recipient_name text, data jsonb);
SELECT (users_issue_reset(:'eve_id')).url IS NULL AS ignored, users_login('eve', 'seven wet horses sing', '"><script>{{first_name}}') IS NULL AS ignored_too \gset
INSERT INTO hostile SELECT kind, language, subject, body_text, body_html, false, recipient, recipient_name, data FROM users_claim_mail();
SELECT is(array_agg(kind ORDER BY kind), '{new_sign_in,reset_password}', 'two mails to somebody with hostile names') FROM hostile;
SELECT is(recipient, 'o''hara&co@mails.example', kind || ': recipient as it is') FROM hostile;
SELECT is(recipient_name, '<script>alert(1)</script> "O''Hara" & {{link}} <b>', kind || ': recipient_name as it is') FROM hostile;
SELECT is(concat_ws('/', data ->> 'first_name', data ->> 'last_name', data ->> 'product_name'), '<script>alert(1)</script>/"O''Hara" & {{link}} <b>/Cats & <Dogs> {{link}}', kind || ': data as they are') FROM hostile;
SELECT ok(position('Hello <script>alert(1)</script>,' IN body_text) = 1 AND position('&lt;' IN body_text) = 0, kind || ': the text is text') FROM hostile;
SELECT ok(subject LIKE 'Cats & <Dogs> {{link}}: %', kind || ': the subject too, and values are not looked at for placeholders') FROM hostile;
SELECT ok(body_html !~* '<script|<dogs|<img|<b>|onerror=[^&]*>', kind || ': no markup of theirs is in the page') FROM hostile;
SELECT ok(body_html !~ '&(?!(amp|lt|gt|quot|#39);)', kind || ': no bare ampersand') FROM hostile;
SELECT ok(position('Hello &lt;script&gt;alert(1)&lt;/script&gt;,' IN body_html) > 0 AND position('Cats &amp; &lt;Dogs&gt; {{link}}' IN body_html) > 0 AND position('o&#39;hara&amp;co@mails.example' IN body_html) > 0, kind || ': but their words') FROM hostile;
SELECT ok(position('&quot;&gt;&lt;script&gt;{{first_name}}' IN body_html) > 0 AND data ->> 'device' = '"><script>{{first_name}}', 'the device''s name too') FROM hostile WHERE kind = 'new_sign_in';
SELECT is(pg_temp.story(NULL, pg_temp.define('reset_password', subject => '{{last_name}}', body_html => '<a href="{{link}}" title="{{last_name}}">'), 'SELECT name FROM users_define_site(''main'', ''https://example.org/?a=b&t={token}&c=d'', NULL, NULL, NULL, NULL, NULL)', format('SELECT url IS NULL FROM users_issue_reset(%L, site => ''main'')', :'eve_id'), 'SELECT replace(concat_ws('' '', subject, body_text, body_html), data ->> ''token'', ''T'') FROM users_claim_mail()'),
          'reset_password | main | true | "O''Hara" & {{link}} <b> https://example.org/?a=b&t=T&c=d <a href="https://example.org/?a=b&amp;t=T&amp;c=d" title="&quot;O&#39;Hara&quot; &amp; {{link}} &lt;b&gt;">', 'in attributes as well');
RESET users.product_name;
SET LOCAL users.mail_kinds_off = '';

---- sites

SELECT is(pg_temp.story(NULL, 'SELECT s::text FROM users_define_site(''main'', ''https://a.example/r?t={token}'', ''https://a.example/v/{token}/x'', ''https://a.example/i#{token}'', ''https://a.example/s?{token}'', ''A Team <post@a.example>'', ''A & B'') s', 'SELECT s::text FROM users_sites s'),
          '(main,https://a.example/r?t={token},https://a.example/v/{token}/x,https://a.example/i#{token},https://a.example/s?{token},"A Team <post@a.example>","A & B") | (main,https://a.example/r?t={token},https://a.example/v/{token}/x,https://a.example/i#{token},https://a.example/s?{token},"A Team <post@a.example>","A & B")', 'a site is defined, and listed as it is');
SELECT name AS ignored FROM users_define_site('main', 'https://a.example/r?t={token}', 'https://a.example/v/{token}/x', 'https://a.example/i#{token}', 'https://a.example/s?{token}', 'A Team <post@A.example>', 'A Team') \gset
SELECT name AS ignored FROM users_define_site('bare', NULL, NULL, NULL, NULL, NULL, NULL) \gset
SELECT name AS ignored FROM users_define_site('Müller & Söhne', 'https://m.example:8443/{token}', NULL, NULL, NULL, NULL, NULL) \gset
SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause(kind, more => ', site => ' || quote_literal('main')) || ARRAY[format('SELECT concat_ws('' '', site, sender, regexp_replace(message_id, ''^<[0-9a-f-]{36}@'', ''<''), split_part(subject, '':'', 1), data ->> ''product_name'', replace(data ->> ''link'', data ->> ''token'', ''T''), position(data ->> ''link'' IN body_text) > 0, position(data ->> ''link'' IN body_html) > 0) FROM users_claim_mail() WHERE kind = %L', kind)])
          ~ ('\| main A Team <post@A\.example> <A\.example> A Team A Team' || page || '$'), true, kind || ' of a site: sender, Message-ID, product and page are its own')
  FROM (VALUES ('welcome', ' https://a\.example/r[?]t=T t t'), ('reset_password', ' https://a\.example/r[?]t=T t t'), ('verify_email', ' https://a\.example/v/T/x t t'), ('registration', ' https://a\.example/s[?]T t t'), ('already_registered', '')) v (kind, page);
SELECT is(pg_temp.story(NULL, VARIADIC pg_temp.cause('email_change_requested', more => ', site => ' || quote_literal('main')) || ARRAY[pg_temp.claim('concat_ws('' '', site, sender, replace(data ->> ''link'', data ->> ''token'', ''T''))', 'verify_email')]) ~ '\| main A Team <post@A\.example> https://a\.example/v/T/x$', true, 'the link to a new address is of the site that was named');
SELECT is(pg_temp.story(NULL, pg_temp.as_person('mia'), 'SELECT status FROM users_request_verification(site => ''main'')', 'RESET ROLE', pg_temp.claim('concat_ws('' '', site, kind)', 'verify_email')), 'true | accepted | done | main verify_email', 'one''s own verification too');
SELECT is(pg_temp.story(NULL, 'SELECT regexp_replace(url, ''[A-Za-z0-9_-]{86}'', ''T'') FROM users_issue_reset(users_id(''mia''), false, site => ''main'')', 'SELECT regexp_replace(url, ''[A-Za-z0-9_-]{86}'', ''T'') FROM users_create_user(''wim@mails.example'', ''wim'', ''Wim'', ''Wolf'', send_mail => false, site => ''main'')', 'SELECT regexp_replace(url, ''[A-Za-z0-9_-]{86}'', ''T'') FROM users_issue_reset(users_id(''mia''), false)'),
          'https://a.example/r?t=T | https://a.example/r?t=T | http://localhost:3000/password/reset?token=T', 'links that are handed over go there too');
SELECT is(pg_temp.story(NULL, VARIADIC settings || ARRAY[format('SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), site => %L)', site), 'SELECT concat_ws('' '', site, coalesce(sender, ''-''), regexp_replace(message_id, ''^<[0-9a-f-]{36}@'', ''<''), split_part(subject, '':'', 1), replace(data ->> ''link'', data ->> ''token'', ''T'')) FROM users_claim_mail()']) ~ ('true \| ' || answer || '$'), true, what)
  FROM (VALUES (NULL, '{}'::text[], '- <localhost> Users http://localhost:3000/password/reset[?]token=T', 'no site: the settings'), ('bare', '{}', 'bare - <localhost> Users http://localhost:3000/password/reset[?]token=T', 'NULL is what they say'),
               ('bare', '{"SET LOCAL users.mail_sender = ''Post <post@b.example>''","SET LOCAL users.product_name = ''B''","SET LOCAL users.reset_url = ''https://b.example/{token}''"}', 'bare Post <post@b.example> <b\.example> B https://b\.example/T', 'at the moment'),
               (NULL, '{"SET LOCAL users.reset_url = ''https://b.example/{token}''"}', '- <b\.example> Users https://b\.example/T', 'without a sender the Message-ID has the host of the page'), ('Müller & Söhne', '{}', 'Müller & Söhne - <m\.example> Users https://m\.example:8443/T', 'without its port'),
               (NULL, '{"SET LOCAL users.reset_url = ''http://[::1]:3000/{token}''"}', '- <localhost> Users http://\[::1\]:3000/T', 'or, where it has no name, localhost'),
               ('main', '{"SET LOCAL users.mail_sender = ''Post <post@b.example>''","SET LOCAL users.reset_url = ''https://b.example/{token}''"}', 'main A Team <post@A\.example> <A\.example> A Team https://a\.example/r[?]t=T', 'what a site says goes before the settings')) v (site, settings, answer, what);
SELECT is(pg_temp.story(NULL, 'SET LOCAL users.mail_sender = ''post@b.example''', 'SELECT sender FROM users_define_site(''quiet'', NULL, NULL, NULL, NULL, '''', NULL)', 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), site => ''quiet'')', 'SELECT sender FROM users_claim_mail()'), 'done |  | true | NULL', 'an empty sender is the relay''s');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), site => ''main'')', 'SELECT name FROM users_define_site(''main'', ''https://c.example/{token}'', NULL, NULL, NULL, NULL, NULL)', 'SELECT concat_ws('' '', coalesce(sender, ''-''), replace(data ->> ''link'', data ->> ''token'', ''T'')) FROM users_claim_mail()', 'SELECT count(*) FROM users_sites'), 'true | main | - https://c.example/T | 3', 'defined anew, it is all new, for mails that wait too');
SELECT is(pg_temp.story(NULL, 'SELECT url IS NULL FROM users_issue_reset(users_id(''mia''), site => ''main'')', 'DELETE FROM users.site', 'SELECT concat_ws('' '', site, replace(data ->> ''link'', data ->> ''token'', ''T'')) FROM users_claim_mail()'), 'true | done | main http://localhost:3000/password/reset?token=T', 'a site that is gone leaves its mails to the settings');
SELECT is(pg_temp.story(NULL, format(call, quote_literal(site))), 'US015 site', format(call, quote_literal(left(site, 20))))
  FROM unnest(ARRAY['other', 'Main', 'main ', '', 'https://a.example/', repeat('x', 64)]) site,
       unnest(ARRAY['SELECT users_request_reset(''mia@mails.example'', %s)', 'SELECT users_request_verification(''mia@mails.example'', %s)', 'SELECT users_request_registration(''new@mails.example'', %s)', 'SELECT users_issue_reset(users_id(''mia''), site => %s)', 'SELECT users_create_user(''wim@mails.example'', ''wim'', ''Wim'', ''Wolf'', site => %s)']) call;
SELECT is(pg_temp.story(:'mia', 'SELECT users_change_email(''seven wet horses sing'', ''other@mails.example'', ''other'')', 'SELECT users_request_verification(site => ''other'')'), 'US015 site | US015 site', 'who is signed in names a site that there is');
SELECT is(pg_temp.story(NULL, format('SELECT name FROM users_define_site(%L, NULL, NULL, NULL, NULL, NULL, NULL)', name), format('SELECT status FROM users_request_reset(''mia@mails.example'', %L)', name)), name || ' | accepted', 'a site may be called ' || left(name, 20)) FROM unnest(ARRAY['a', 'main', 'https://a.example', repeat('x', 63), repeat('ü', 63), repeat('李', 63)]) name;
SELECT is(pg_temp.story(NULL, format('SELECT name FROM users_define_site(%L, NULL, NULL, NULL, NULL, NULL, NULL)', name)), 'US005 name', 'but not ' || coalesce(quote_literal(left(translate(name, E'\n', '/'), 20)), 'NULL')) FROM unnest(ARRAY[NULL, '', '  ', E'a\nb', repeat('x', 64)]) name;
SELECT is(pg_temp.story(NULL, format('SELECT product_name FROM users_define_site(''a'', NULL, NULL, NULL, NULL, NULL, %L)', name)), coalesce(answer, name), 'a product called ' || coalesce(quote_literal(left(translate(name, E'\r\n', '//'), 30)), 'NULL'))
  FROM (VALUES ('A & B <C>', NULL), (repeat('ü', 100), NULL), (NULL, 'NULL'), (repeat('x', 101), 'US005 product_name'), ('', 'US005 product_name'), (E'A\r\nBcc: eve@example.org', 'US005 product_name'), (E'A\nB', 'US005 product_name')) v (name, answer);
SELECT is(pg_temp.story(NULL, format('SELECT coalesce(%s, ''NULL'') FROM users_define_site(''a'', %s, NULL, NULL)', col, list)), CASE WHEN good THEN coalesce(url, 'NULL') ELSE '22023 ' || col END, format('%s %s: %s', col, CASE WHEN good THEN 'may be' ELSE 'is not' END, coalesce(left(translate(url, E'\r\n\t', '///'), 60), 'NULL')))
  FROM (VALUES ('https://example.org/{token}', true), ('http://localhost:3000/x?t={token}', true), ('https://example.org?{token}', true), ('https://example.org/#/reset/{token}', true), ('https://example.org/{token}/a@b:c', true), ('http://[::1]/{token}', true), ('https://example.org/' || repeat('x', 997) || '{token}', true), (NULL, true),
               ('https://example.org/' || repeat('x', 998) || '{token}', false), ('', false), ('javascript:alert("{token}")', false), ('JavaScript://x/%0aalert({token})', false), ('data:text/html,{token}', false), ('ftp://example.org/{token}', false), ('example.org/{token}', false), ('//example.org/{token}', false), ('HTTPS://example.org/{token}', false),
               ('https://example.org/', false), ('https://example.org/{Token}', false), ('https://example.org/token', false), ('https://example.org/{token}?{token}', false), ('https://example.org/ {token}', false), (E'https://example.org/\t{token}', false), (E'https://example.org/{token}\r\nBcc: eve@example.org', false), (' https://example.org/{token}', false), ('https://example.org/{token} ', false),
               ('https://example.org/"{token}', false), ('https://example.org/''{token}', false), ('https://example.org/<{token}>', false), ('https://example.org\{token}', false), ('https://example.org/`{token}`', false), ('https://ann@example.org/{token}', false), ('https://example.org@evil.example/{token}', false), ('https://ann:secret@example.org/{token}', false), ('https://{token}.example.org/', false), ('https://{token}/', false), ('https://example.org{token}/', false), ('https:///{token}', false), ('https://?{token}', false), ('https://bücher.example/{token}', false),
               ('https://example.org/{{token}}', true)) v (url, good),
       LATERAL (VALUES ('reset_url', format('%L, NULL, NULL, NULL', url)), ('registration_url', format('NULL, NULL, NULL, %L', url)), ('verify_url', format('NULL, %L, NULL, NULL', url)), ('invitation_url', format('NULL, NULL, %L, NULL', url))) c (col, list)
 WHERE col = 'reset_url' OR url IN ('https://example.org/{token}', 'javascript:alert("{token}")', 'https://{token}/', 'https://example.org/');
SELECT is(pg_temp.story(NULL, format('SELECT sender FROM users_define_site(''a'', NULL, NULL, NULL, NULL, %L, NULL)', sender)), CASE WHEN good THEN coalesce(sender, 'NULL') ELSE '22023 sender' END, format('a sender %s %s', CASE WHEN good THEN 'may be' ELSE 'is not' END, coalesce(quote_literal(left(translate(sender, E'\r\n\t', '///'), 60)), 'NULL')))
  FROM (VALUES ('post@a.example', true), ('A Team <post@a.example>', true), ('Žika, O''Hara & Co. <post@a.example>', true), ('A Team<post@a.example>', true), (NULL, true), ('A Team', false), ('a.example', false), ('post@', false), ('<post@a.example>', false), (' <post@a.example>', false), ('A Team post@a.example', false), ('post@a.example, eve@a.example', false), ('post@a.example eve@a.example', false), ('post@a.example;eve@a.example', false),
               ('A <post@a.example>, B <eve@a.example>', false), ('A <post@a.example> <eve@a.example>', false), ('A <post@a.example> B', false), ('"A Team" <post@a.example>', false), ('A \ Team <post@a.example>', false), ('A > Team <post@a.example>', false), ('A Team <post@a.example', false), ('A Team <>', false), (E'A Team\r\nBcc: eve@a.example <post@a.example>', false), (E'\r\nBcc: eve@a.example <post@a.example>', false), (E'A Team\r\n<post@a.example>', false), (E'A Team\t<post@a.example>', false),
               (E'post@a.example\r\nBcc: eve@a.example', false), (E'A Team <post@a.example>\r\n', false), (E'A Team <post@a.example\n>', false), (U&'A\202ETeam <post@a.example>', false), ('A Team <pöst@a.example>', false), (repeat('x', 100) || ' <post@a.example>', true), (repeat('x', 101) || ' <post@a.example>', false)) v (sender, good);
SELECT is(pg_temp.story(NULL, 'SELECT name FROM users_define_site(''a'', NULL, NULL, NULL, NULL, NULL, NULL)', 'SELECT concat_ws('' '', event, outcome, detail, nobody) FROM users.audit_event WHERE event = ''site_defined'' ORDER BY id DESC LIMIT 1'), 'a | site_defined success {"site": "a"} t', 'it is recorded');

---- who may

SELECT is(pg_temp.story(who, pg_temp.define(), 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT name FROM users_define_site(''evil'', ''https://evil.example/{token}'', NULL, NULL, NULL, NULL, NULL)'), CASE WHEN may THEN 'welcome | true | evil' ELSE '42501 | 42501 | 42501' END, what || CASE WHEN may THEN ' defines' ELSE ' defines nothing' END)
  FROM (VALUES (NULL, true, 'a superuser'), ('=regress_users_51_dba', true, 'a DBA'), ('=regress_users_51 ' || :'bob', false, 'an administrator by token'), (:'bob', false, 'a superuser with an administrator''s token'), ('=regress_users_51_dba ' || :'bob', false, 'a DBA with one'), ('=regress_users_51 users_admin', false, 'users_admin'),
               ('=regress_users_51 ' || :'mia', false, 'a member'), ('users_anon', false, 'who is not signed in'), ('users_relay', false, 'the relay'), ('users_service', false, 'a service')) v (who, may, what);
SELECT is(pg_temp.story(:'bob', 'RESET ROLE', pg_temp.define(), 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT name FROM users_define_site(''evil'', NULL, NULL, NULL, NULL, NULL, NULL)'), 'done | 42501 | 42501 | 42501', 'not while somebody is signed in');
SELECT is(pg_temp.story(who, 'SELECT count(*) FROM users_templates', 'SELECT count(*) FROM users_sites', 'SELECT subject FROM users_preview_template(''welcome'', ''en'')'), answer, what || ': ' || answer)
  FROM (VALUES (NULL, '52 | 3 | Users: your new account', 'a superuser'), ('=regress_users_51_dba', '52 | 3 | Users: your new account', 'a DBA'), ('=regress_users_51 ' || :'bob', '52 | 3 | Users: your new account', 'an administrator by token reads them'), ('=regress_users_51 users_admin', '0 | 0 | 42501', 'users_admin without a token'),
               ('=regress_users_51 ' || :'mia', '42501 | 42501 | 42501', 'a member'), ('users_anon', '42501 | 42501 | 42501', 'who is not signed in'), ('users_relay', '42501 | 42501 | 42501', 'the relay'), ('users_service', '42501 | 42501 | 42501', 'a service')) v (who, answer, what);
SET TRANSACTION READ ONLY;
SELECT is(pg_temp.story(NULL, pg_temp.define(), 'SELECT users_drop_template(''welcome'', ''en'')', 'SELECT users_define_site(''a'', NULL, NULL, NULL, NULL, NULL, NULL)', 'SELECT kind FROM users_preview_template(''welcome'', ''en'')'), '25006 | 25006 | 25006 | welcome', 'READ ONLY, nothing is defined');

SELECT * FROM finish();
ROLLBACK;
