-- Passwords: how long, how strong, compared how, and how they are kept.
\set ECHO none
\set QUIET 1
\pset format unaligned
\pset tuples_only true
\pset pager off

SET users.argon2_memory = '19MB';
BEGIN;
SELECT plan(171);

\ir ../lib/answer.sql

-- A call of users_register with a password; who signs up is always the same.
CREATE FUNCTION pg_temp.register(password text, name text DEFAULT 'xelvimor7') RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_register(%L, %L, %L, ''Miroslava'', ''Zimmermann'')', name || '.kline@example.org', name, password) $$;
CREATE FUNCTION pg_temp.login(name text, password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT status FROM users_login(%L, %L)', name, password) $$;
CREATE FUNCTION pg_temp.hash(name text) RETURNS text LANGUAGE sql AS
$$ SELECT password_hash FROM users.credential c JOIN users.person p USING (user_id) WHERE p.username = name $$;
-- Characters that nobody guesses; of two bytes each, if wanted.
CREATE FUNCTION pg_temp.noise(n integer, wide boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT left(CASE WHEN wide THEN translate(t, '0123456789abcdef', U&'\0430\0431\0432\0433\0434\0435\0436\0437\0438\0439\043A\043B\043C\043D\043E\043F') ELSE t END, n)
     FROM (SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, 70) i) v (t) $$;

---- length, in characters (S4)

SELECT is(pg_temp.answer(pg_temp.register(password), undo => true), wanted, name || ': ' || wanted)
  FROM (VALUES ('seven characters', 'x7!kQ2#', 'US003 password too_short'), ('eight', 'x7!kQ2#v', 'ok'), ('seven of four bytes', U&'\+01F600\+01F692\+01F33A\+01F40D\+01F4A1\+01F511\+01F680', 'US003 password too_short'),
               ('eight of four bytes', U&'\+01F600\+01F692\+01F33A\+01F40D\+01F4A1\+01F511\+01F680\+01F30D', 'ok'),
               ('fifteen', U&'\+01F600\+01F692\+01F33A\+01F40D\+01F4A1\+01F511\+01F680\+01F30D\+01F41D\+01F525\+01F3BB\+01F9E9\+01F6B2\+01F344\+01F4BE', 'ok'),
               ('seven with accents of their own', U&'a\0308o\0308u\0308e\0301a\0301o\0301u\0301', 'US003 password too_short'),
               ('1024', pg_temp.noise(1024), 'ok'), ('1025', pg_temp.noise(1025), 'US003 password too_long'), ('1024 of two bytes', pg_temp.noise(1024, true), 'ok'), ('1025 of two bytes', pg_temp.noise(1025, true), 'US003 password too_long'),
               ('1024 that are more before they are joined', repeat(U&'x7!ka\0308Q2#', 128), 'ok'),
               ('a million', repeat('x', 1000000), 'US003 password too_long'), ('a million of three bytes', repeat(U&'\20AC', 1000000), 'US003 password too_long'), ('none', '', 'US003 password too_short'), ('NULL', NULL, 'US003 password too_short')) v (name, password, wanted);
SET LOCAL users.password_min_length = 15;
SELECT is(pg_temp.answer(pg_temp.register(pg_temp.noise(n)), undo => true), wanted, n || ' where fifteen are asked for: ' || wanted) FROM (VALUES (14, 'US003 password too_short'), (15, 'ok')) v (n, wanted);
RESET users.password_min_length;

---- strength (S7)

SELECT is(pg_temp.answer(pg_temp.register(password), undo => true), 'US003 password ' || reason, reason || ': ' || left(password, 20))
  FROM (VALUES ('password1', 'common'), ('P@ssw0rd', 'common'), ('iloveyou', 'common'), ('12345678', 'common'), ('passwort', 'common'), ('monkey monkey', 'common'), ('correcthorse', 'common'), (repeat('a', 200), 'common'),
               ('00000000', 'repeated'), ('         ', 'repeated'), ('kqkqkqkq', 'repeated'), ('xq9xq9xq9', 'repeated'), (U&'\044F\044F\044F\044F\044F\044F\044F\044F', 'repeated'),
               ('abcdefgh', 'sequence'), ('abcdefghijklmnopqrstuvwxyz', 'sequence'), ('zxcvbnm,', 'keyboard'), ('13.05.1987', 'date'), ('1987-05-13', 'date'),
               ('Miroslava', 'contains_name'), ('m1r0slava', 'contains_name'), ('Zimmermann1', 'contains_name'), ('xelvimor7', 'contains_name'), ('xelvimor7.kline', 'contains_name'), ('xelvimor7.kline@example.org', 'contains_name'),
               ('UsersUsers', 'contains_name')) v (password, reason);
SELECT is(pg_temp.answer(pg_temp.register(password), undo => true), 'ok', 'strong: ' || password)
  FROM (VALUES ('seven wet horses sing'), ('correcthorsebattery'), ('x7!kQ2#v'), ('vhkrzplq'), (U&'\0432\043E\0433\043D\0435\0433\0430\0441\043D\0438\043A'), (E'kz\tq7\x01wv\x7f')) v (password);
SET LOCAL users.product_name = 'Kerfuffle';
SELECT is(pg_temp.answer(pg_temp.register('kerfuffle2'), undo => true), 'US003 password contains_name', 'the product''s name is a name');
RESET users.product_name;
SELECT is((SELECT status FROM users_register('short@example.org', 'short', 'xelvimor7', 'A', 'B')), 'ok', 'what is somebody''s name is not everybody''s');
SELECT is(pg_temp.answer('SELECT users_create_user(''z@example.org'', ''z'', ''A'', ''B'', ''password1'')', undo => true), 'US003 password common', 'an administrator gives no weak one either');
SET LOCAL users.password_min_length = 1;
SELECT is(pg_temp.answer(pg_temp.register('kx'), undo => true), 'US003 password guessable', 'guessable, for no other reason');
RESET users.password_min_length;
SELECT is(pg_temp.answer('SET LOCAL users.password_min_strength = ' || n || '; ' || pg_temp.register(password), undo => true), wanted, password || ' at ' || n || ': ' || wanted)
  FROM (VALUES (0, 'password1', 'ok'), (1, 'password1', 'US003 password common'), (2, 'correcthorse', 'ok'), (3, 'correcthorse', 'US003 password common'), (4, 'vhkrzplq', 'ok')) v (n, password, wanted);
SELECT is_empty('SELECT said FROM heard WHERE said LIKE ''US003%'' AND said !~ ''\nargument: password\nreason: [a-z_]+\nscore: [0-4]\n''', 'each says argument, reason and score, a line each');
SELECT is_empty('SELECT said FROM heard WHERE said LIKE ''US003%'' AND said !~ ''too_'' AND said !~ ''\nscore: [0-3]\n''', 'what is weak has no full score');
SELECT is_empty('SELECT said FROM heard WHERE said ~* ''password1|horse|xelvi|mirosl|zimmer|kline|kerf|monkey|argon''', 'none says the password or whose it was');
SELECT is_empty('SELECT said FROM heard WHERE hint = ''''', 'each has a HINT');

---- compared how (S5 S6)

SELECT is(pg_temp.answer(pg_temp.register(password, name)), 'ok', name || ' signs up')
  FROM (VALUES ('nfc', U&'gr\00FCne w\00F6lfe sch\00E4men sich'), ('nfd', U&'gru\0308ne wo\0308lfe scha\0308men sich'), ('hangul', U&'\D55C\AD6D\C5B4 \BE44\BC00\BC88\D638 \C608\C81C'), ('ligature', U&'the \FB01rst \FB02oor bathes'),
               ('space', ' seven wet horses sing '), ('inside', 'seven  wet horses sing'), ('zero', U&'seven\200Bwet horses sing'), ('long', pg_temp.noise(1024)), ('wide', pg_temp.noise(1024, true)), ('tab', E'seven\twet\nhorses')) v (name, password);
SELECT is(pg_temp.answer(pg_temp.login(name, password)), wanted, name || ', ' || form || ': ' || wanted)
  FROM (VALUES ('nfc', 'composed', U&'gr\00FCne w\00F6lfe sch\00E4men sich', 'ok'), ('nfc', 'decomposed', U&'gru\0308ne wo\0308lfe scha\0308men sich', 'ok'), ('nfc', 'half of it', U&'gr\00FCne wo\0308lfe sch\00E4men sich', 'ok'), ('nfc', 'without accents', 'grune wolfe schamen sich', 'invalid_credentials'),
               ('nfc', 'spelt out', 'gruene woelfe schaemen sich', 'invalid_credentials'), ('nfd', 'composed', U&'gr\00FCne w\00F6lfe sch\00E4men sich', 'ok'), ('nfd', 'decomposed', U&'gru\0308ne wo\0308lfe scha\0308men sich', 'ok'),
               ('hangul', 'syllables', U&'\D55C\AD6D\C5B4 \BE44\BC00\BC88\D638 \C608\C81C', 'ok'), ('hangul', 'letters', normalize(U&'\D55C\AD6D\C5B4 \BE44\BC00\BC88\D638 \C608\C81C', NFD), 'ok'),
               ('ligature', 'as it was', U&'the \FB01rst \FB02oor bathes', 'ok'), ('ligature', 'letter by letter', 'the first floor bathes', 'invalid_credentials'),
               ('space', 'as it was', ' seven wet horses sing ', 'ok'), ('space', 'without the first', 'seven wet horses sing ', 'invalid_credentials'), ('space', 'without the last', ' seven wet horses sing', 'invalid_credentials'), ('space', 'without', 'seven wet horses sing', 'invalid_credentials'),
               ('space', 'a hard one', U&'\00A0seven wet horses sing ', 'invalid_credentials'), ('inside', 'as it was', 'seven  wet horses sing', 'ok'), ('inside', 'one of two', 'seven wet horses sing', 'invalid_credentials'),
               ('zero', 'as it was', U&'seven\200Bwet horses sing', 'ok'), ('zero', 'without', 'sevenwet horses sing', 'invalid_credentials'), ('tab', 'as it was', E'seven\twet\nhorses', 'ok'), ('tab', 'another line end', E'seven\twet\r\nhorses', 'invalid_credentials'),
               ('long', 'as it was', pg_temp.noise(1024), 'ok'), ('long', 'another 73rd', overlay(pg_temp.noise(1024) PLACING '~' FROM 73), 'invalid_credentials'), ('long', 'another 129th', overlay(pg_temp.noise(1024) PLACING '~' FROM 129), 'invalid_credentials'),
               ('long', 'another last', left(pg_temp.noise(1024), 1023) || '~', 'invalid_credentials'), ('long', 'without the last', left(pg_temp.noise(1024), 1023), 'invalid_credentials'), ('long', 'one more', pg_temp.noise(1024) || 'x', 'invalid_credentials'),
               ('long', '72 of them', left(pg_temp.noise(1024), 72), 'invalid_credentials'), ('long', 'a million', rpad(pg_temp.noise(1024), 1000000, 'x'), 'invalid_credentials'),
               ('wide', 'as it was', pg_temp.noise(1024, true), 'ok'), ('wide', 'without the last', pg_temp.noise(1023, true), 'invalid_credentials')) v (name, form, password, wanted);
SELECT is(pg_temp.answer(format('SELECT status FROM users_confirm_password(%L)', U&'gru\0308ne wo\0308lfe scha\0308men sich'), access_token), 'ok', 'confirming: decomposed') FROM users_login('nfc', U&'gr\00FCne w\00F6lfe sch\00E4men sich');
SELECT is(pg_temp.answer(format('SELECT status FROM users_change_password(%L, %L, %L)', U&'gru\0308ne wo\0308lfe scha\0308men sich', U&'bl\00E4uliche \00C4pfel br\00FCten', U&'bla\0308uliche A\0308pfel bru\0308ten')), 'ok', 'changing: the new one once composed, once not');
SELECT is(pg_temp.answer(pg_temp.login('nfc', password)), 'ok', 'and signing in with either') FROM (VALUES (U&'bl\00E4uliche \00C4pfel br\00FCten'), (U&'bla\0308uliche A\0308pfel bru\0308ten')) v (password);
COMMIT; -- and with it the identity
BEGIN;

---- kept how (S1 S2)

SELECT matches(pg_temp.hash('nfd'), '^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$', 'Argon2id in its PHC form, with two passes over 19 MB and a salt of 16 bytes');
SELECT is((SELECT count(DISTINCT split_part(password_hash, '$', 5)) FROM users.credential), (SELECT count(*) FROM users.credential), 'no two salts are the same');
SELECT is_empty('SELECT FROM users.credential WHERE password_hash ~ ''wet|horse''', 'no password is kept');
SELECT is(pg_temp.answer(statement, who, true), wanted, coalesce(who, 'a superuser') || ': ' || statement || ': ' || wanted)
  FROM (VALUES (NULL, 'SET LOCAL users.argon2_memory = ''18MB''', '22023'), (NULL, 'SET LOCAL users.argon2_memory = 19455', '22023'), (NULL, 'SET LOCAL users.argon2_memory = 0', '22023'), (NULL, 'SET LOCAL users.argon2_memory = ''2GB''', '22023'),
               (NULL, 'SET LOCAL users.argon2_iterations = 0', '22023'), (NULL, 'SET LOCAL users.argon2_iterations = 11', '22023'), (NULL, 'SET LOCAL users.argon2_memory = ''19MB''; SELECT 1', '1'),
               ('users_anon', 'SET LOCAL users.argon2_memory = ''64MB''', '42501'), ('users_member', 'SET LOCAL users.argon2_iterations = 10', '42501'), ('users_dba', 'SET LOCAL users.argon2_memory = ''64MB''', '42501'),
               ('users_anon', 'SET LOCAL users.password_min_strength = 0', '42501')) v (who, statement, wanted);

SELECT is((SELECT status FROM users_register('mia@example.org', 'mia', 'seven wet horses sing', 'A', 'B')), 'ok', 'somebody signs up');
CREATE TEMP TABLE before AS SELECT c.*, a.version, a.updated_at FROM users.credential c JOIN users.account a USING (user_id) JOIN users.person p USING (user_id) WHERE username = 'mia';
SELECT is(pg_temp.answer(pg_temp.login('mia', 'seven wet horses sing')), 'ok', 'and in');
SELECT is(pg_temp.hash('mia'), password_hash, 'the hash stays while the settings do') FROM before;
SET LOCAL users.argon2_iterations = 3;
SELECT is(pg_temp.answer(pg_temp.login('mia', 'eight wet horses sing')), 'invalid_credentials', 'they change; a wrong password');
SELECT is(pg_temp.hash('mia'), password_hash, 'changes nothing') FROM before;
CREATE TEMP TABLE open AS SELECT * FROM users.session;
SELECT is(pg_temp.answer(pg_temp.login('mia', 'seven wet horses sing')), 'ok', 'the right one');
SELECT matches(pg_temp.hash('mia'), '^\$argon2id\$v=19\$m=19456,t=3,p=1\$', 'makes a hash as it is made now');
SELECT isnt(split_part(pg_temp.hash('mia'), '$', 5), split_part(password_hash, '$', 5), 'with another salt') FROM before;
SELECT is((c.nonce, c.changed_at, a.version, a.updated_at)::text, (b.nonce, b.changed_at, b.version, b.updated_at)::text, 'and changes nothing else') FROM before b JOIN users.credential c USING (user_id) JOIN users.account a USING (user_id);
SELECT is_empty('TABLE open EXCEPT TABLE users.session', 'no session ends');
SELECT is_empty('SELECT FROM users.audit_event WHERE event ~ ''password'' AND user_id = users_id(''mia'')', 'nobody is told that it was changed');
RESET users.argon2_iterations;
SELECT is(pg_temp.answer(pg_temp.login('mia', 'seven wet horses sing')), 'ok', 'with the settings back');
SELECT matches(pg_temp.hash('mia'), '^\$argon2id\$v=19\$m=19456,t=2,p=1\$', 'it is made again');
SELECT is(pg_temp.answer('SET LOCAL users.argon2_memory = ''46MB''; SELECT users_login(''mia'', ''seven wet horses sing''); SELECT pg_temp.hash(''mia'') ~ ''^\$argon2id\$v=19\$m=47104,t=1,p=1\$''', undo => true), 'true', 'over 46 MB one pass is enough');
SELECT is(pg_temp.answer('SET LOCAL users.argon2_memory = ''45MB''; SELECT users_login(''mia'', ''seven wet horses sing''); SELECT pg_temp.hash(''mia'') ~ ''^\$argon2id\$v=19\$m=46080,t=2,p=1\$''', undo => true), 'true', 'below there are two');

---- hashes that somebody planted (S3)

SET LOCAL statement_timeout = '20s'; -- what they ask for would take longer
CREATE FUNCTION pg_temp.planted(hash text, password text) RETURNS text LANGUAGE sql AS
$$ SELECT format('UPDATE users.credential SET password_hash = %L WHERE user_id = users_id(''mia''); SELECT l::text FROM users_login(''mia'', %L) l', hash, password) $$;
SET LOCAL users.max_failed_logins = 100;
SELECT is(pg_temp.answer(pg_temp.planted(replace(replace(h, 'm=19456,t=2,p=1', cost), '$argon2id$', kind), 'seven wet horses sing'), undo => true), '(invalid_credentials,,,,,,,,,,)', 'refused: ' || kind || cost)
  FROM (SELECT pg_temp.hash('mia')) v (h),
       (VALUES ('$argon2id$', 'm=4294967295,t=1,p=1'), ('$argon2id$', 'm=4294967296,t=1,p=1'), ('$argon2id$', 'm=1048577,t=1,p=1'), ('$argon2id$', 'm=19456,t=11,p=1'), ('$argon2id$', 'm=19456,t=4294967295,p=1'), ('$argon2id$', 'm=19456,t=2,p=17'),
               ('$argon2id$', 'm=19456,t=2,p=16777215'), ('$argon2id$', 'm=0,t=2,p=1'), ('$argon2id$', 'm=19456,t=0,p=1'), ('$argon2id$', 'm=19456,t=2,p=0'), ('$argon2id$', 'm=-1,t=2,p=1'), ('$argon2id$', 'm=19456,t=2'), ('$argon2id$', ''),
               ('$argon2i$', 'm=19456,t=2,p=1'), ('$argon2d$', 'm=19456,t=2,p=1'), ('$argon2$', 'm=19456,t=2,p=1'), ('', 'm=19456,t=2,p=1')) w (kind, cost);
SELECT is(pg_temp.answer(pg_temp.planted(hash, password), undo => true), '(invalid_credentials,,,,,,,,,,)', 'refused: ' || name)
  FROM (SELECT pg_temp.hash('mia')) v (h),
       LATERAL (VALUES ('the password itself', 'seven wet horses sing', 'seven wet horses sing'), ('nothing, with nothing', '', ''), ('NULL, with NULL', NULL, NULL), ('the hash as a password', h, h), ('another version', replace(h, 'v=19', 'v=16'), 'seven wet horses sing'),
	('no version', replace(h, 'v=19$', ''), 'seven wet horses sing'), ('half of it', left(h, 60), 'seven wet horses sing'), ('something after', h || 'A', 'seven wet horses sing'), ('a line end after', h || E'\n', 'seven wet horses sing'), ('a space before', ' ' || h, 'seven wet horses sing'),
	('no salt', regexp_replace(h, '\$[^$]{22}\$', '$$'), 'seven wet horses sing'), ('a huge one', h || repeat('A', 1000000), 'seven wet horses sing'), ('many dollars', repeat('$', 100), 'seven wet horses sing'), ('MD5', md5('seven wet horses sing'), 'seven wet horses sing'),
	('scrypt', '$7$C6..../....SodiumChloride$kBGj9fHznVYFQMEn/qDCfrDevf9YDtcDdKvEqHJLV8D', 'pleaseletmein'), ('yescrypt', '$y$j9T$abc$def', 'x')) w (name, hash, password);
SELECT is(pg_temp.answer(pg_temp.login('mia', 'seven wet horses sing')), 'ok', 'what was there before is as good as ever');

SELECT is_empty('SELECT said FROM heard WHERE said ~* ''horse|argon2id|eyJ|mia''', 'no error shows a password, a hash, a token or a name');

SELECT * FROM finish();
ROLLBACK;
