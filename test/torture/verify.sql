-- Compares the database with ledgers of test/torture/client.c.
-- Variables: people, the ledger of this round; relays, those of all rounds;
-- clock, whether the clock was moved.
-- Prints one line: acknowledged, lost, duplicated, half done, wrong; and before
-- it, one line for each thing that is amiss.
SET client_min_messages = warning;

CREATE TEMP TABLE line (client text, seq integer, how text, what text, who text, a text, b text, c text);
COPY line FROM :'people';
COPY line FROM :'relays';

-- Each transaction, and how it ended: done, refused, wrong or unknown.
CREATE TEMP TABLE fact AS
SELECT t.client, t.seq, t.what, t.who, t.a, t.b, coalesce(o.how, 'unknown') AS how, o.a AS x, o.b AS y
  FROM line t LEFT JOIN line o ON o.client = t.client AND o.seq = t.seq AND o.how <> 'tried'
 WHERE t.how = 'tried';

-- Clients of this name did not wait for the standby, but where sessions end:
-- up to there all is acknowledged, and after it nothing.
UPDATE fact f SET how = 'unknown'
 WHERE client LIKE 'local%' AND how = 'done'
   AND seq > coalesce((SELECT max(seq) FROM fact e WHERE e.client = f.client AND e.how = 'done'
	AND e.what IN ('password', 'logout_all')), 0);

CREATE INDEX ON fact (who, what, how);
ANALYZE fact;

CREATE TEMP TABLE amiss (kind text, what text, detail text);
INSERT INTO amiss SELECT 'wrong', what, x FROM fact
 WHERE how = 'wrong' AND (what NOT IN ('claim', 'sent') OR client LIKE :'round' || '%');

-- ---- people and passwords

CREATE TEMP TABLE person AS
SELECT r.who, r.who || '@example.org' AS email,
       coalesce((SELECT p.b FROM fact p WHERE p.who = r.who AND p.what = 'password' AND p.how = 'done'
		ORDER BY p.seq DESC LIMIT 1), r.a) AS password,
       (SELECT p.a FROM fact p WHERE p.who = r.who AND p.what = 'password' AND p.how = 'done'
		ORDER BY p.seq DESC LIMIT 1) AS former,
       (SELECT p.b FROM fact p WHERE p.who = r.who AND p.what = 'password' AND p.how = 'unknown'
		ORDER BY p.seq DESC LIMIT 1) AS perhaps
  FROM fact r WHERE r.what = 'register' AND r.how = 'done';
ALTER TABLE person ADD user_id uuid;
UPDATE person p SET user_id = i.user_id FROM users.identifier i WHERE i.identifier = 'username:' || lower(p.who);

INSERT INTO amiss SELECT 'lost', 'register', who FROM person WHERE user_id IS NULL;

-- Sessions before people sign in anew: what was ended is refused, what was not
-- goes on. ended: certainly; NULL: perhaps.
CREATE TEMP TABLE session AS
SELECT s.who, s.x AS refresh, s.y AS access,
       (SELECT CASE WHEN bool_or(e.how = 'done') THEN true
		    WHEN bool_or(e.how = 'unknown') THEN NULL ELSE false END
	  FROM fact e
	 WHERE e.who = s.who AND e.seq > s.seq
	   AND (e.what IN ('password', 'logout_all') OR e.what = 'logout' AND e.a = s.x)) AS ended
  FROM fact s JOIN person p USING (who)
 WHERE s.what IN ('register', 'login') AND s.how = 'done';
UPDATE session SET ended = false
 WHERE ended IS NULL AND NOT EXISTS (SELECT FROM fact e WHERE e.who = session.who AND e.how = 'unknown');

INSERT INTO amiss SELECT 'lost', 'the end of a session (access)', who
  FROM session, LATERAL users_validate_token(access) v WHERE ended AND v.status = 'ok';
INSERT INTO amiss SELECT 'lost', 'the end of a session (refresh)', who || ': ' || v.status
  FROM session, LATERAL users_refresh(refresh) v WHERE ended AND v.status <> 'invalid_token';
INSERT INTO amiss SELECT 'lost', 'session', who || ': ' || v.status
  FROM session, LATERAL users_refresh(refresh) v WHERE NOT ended AND v.status <> 'ok' AND NOT :clock;

INSERT INTO amiss SELECT 'lost', 'password', who || ': ' || l.status
  FROM person, LATERAL users_login(who, password) l
 WHERE perhaps IS NULL AND l.status <> 'ok';
INSERT INTO amiss SELECT 'lost', 'password (this or that)', who
  FROM person, LATERAL users_login(who, password) l, LATERAL users_login(who, perhaps) m
 WHERE perhaps IS NOT NULL AND (l.status = 'ok') = (m.status = 'ok');
INSERT INTO amiss SELECT 'lost', 'the end of a password', who || ': ' || l.status
  FROM person, LATERAL users_login(who, former) l
 WHERE former IS NOT NULL AND l.status <> 'invalid_credentials';

-- ---- what is counted: between what is acknowledged and what may have happened

CREATE TEMP TABLE counted AS
SELECT p.who, c.what, c.source, c.found,
       count(*) FILTER (WHERE f.how = 'done') AS least, count(*) FILTER (WHERE f.how IN ('done', 'unknown')) AS most
  FROM person p
  CROSS JOIN LATERAL (
	SELECT 'reset' AS what, 'mail' AS source,
	       (SELECT count(*) FROM users.mail m WHERE m.user_id = p.user_id AND m.kind = 'reset_password') +
	       (SELECT count(*) FROM users.mail_request r WHERE r.email = p.email AND r.kind = 'reset_password') AS found
	UNION ALL
	SELECT 'password', 'mail', (SELECT count(*) FROM users.mail m WHERE m.user_id = p.user_id AND m.kind = 'password_changed')
	UNION ALL
	SELECT w.what, w.event, (SELECT count(*) FROM users.audit_event a
		WHERE a.user_id = p.user_id AND a.event = w.event AND a.outcome = 'success')
	  FROM (VALUES ('register', 'register'), ('password', 'password_changed'), ('logout', 'logout'),
		('domain', 'domain_created'), ('update', 'domain_updated'), ('role', 'role_created'),
		('role', 'role_granted')) w (what, event)) c
  LEFT JOIN fact f ON f.who = p.who AND f.what = c.what
 GROUP BY p.who, c.what, c.source, c.found;
-- Ending a session that has ended leaves no event.
UPDATE counted SET least = 0 WHERE what = 'logout';
INSERT INTO amiss SELECT 'lost', what || ' as ' || source, format('%s: %s of %s', who, found, least) FROM counted WHERE found < least;
INSERT INTO amiss SELECT 'duplicated', what || ' as ' || source, format('%s: %s of %s', who, found, most) FROM counted WHERE found > most;

-- ---- domains

INSERT INTO amiss SELECT 'lost', 'domain', f.a FROM fact f JOIN person USING (who)
 WHERE f.what = 'domain' AND f.how = 'done' AND NOT EXISTS (
	SELECT FROM users.domain d JOIN users.role r ON r.domain_id = d.id AND r.name = 'admin'
		JOIN users.role_assignment a ON a.role_id = r.id
	 WHERE d.route = f.a AND a.user_id = person.user_id);
INSERT INTO amiss SELECT 'lost', 'update', f.a FROM fact f JOIN users.domain d ON d.route = f.a
 WHERE f.what = 'update' AND f.how = 'done'
   AND NOT EXISTS (SELECT FROM fact l WHERE l.client = f.client AND l.what = 'update' AND l.a = f.a
	AND l.how IN ('done', 'unknown') AND l.seq >= f.seq AND l.b = d.metadata ->> 'n');
INSERT INTO amiss SELECT 'lost', 'role', f.a FROM fact f JOIN person USING (who)
 WHERE f.what = 'role' AND f.how = 'done' AND NOT EXISTS (
	SELECT FROM users.domain d JOIN users.role r ON r.domain_id = d.id AND r.name = f.b
		JOIN users.role_assignment a ON a.role_id = r.id
	 WHERE d.route = f.a AND a.user_id = person.user_id);

-- ---- mails, of all rounds

INSERT INTO amiss SELECT 'lost', 'sent', f.a FROM fact f
 WHERE f.what = 'sent' AND f.how = 'done' AND f.y = 't'
   AND NOT EXISTS (SELECT FROM users.mail m WHERE m.id = f.a::uuid AND m.state = 'sent');
CREATE TEMP TABLE claim AS
SELECT f.x AS mail, f.a::float8 AS began, f.y::float8 AS ended,
       lead(f.y::float8) OVER (PARTITION BY f.x ORDER BY f.y::float8) AS again,
       lead(f.client) OVER (PARTITION BY f.x ORDER BY f.y::float8) AS by_whom, f.client, f.seq
  FROM fact f WHERE f.what = 'claim' AND f.how = 'done';
-- A lease is ten seconds, unless the clock is moved.
INSERT INTO amiss SELECT 'duplicated', 'claim', mail || ' after ' || round((again - began)::numeric, 3)
  FROM claim WHERE again - began < 10 AND NOT :clock
   AND client NOT LIKE 'clock%' AND by_whom NOT LIKE 'clock%';
-- What is settled is never claimed again.
INSERT INTO amiss SELECT 'duplicated', 'sent', s.a FROM fact s JOIN claim c ON c.mail = s.a
 WHERE s.what = 'sent' AND s.how = 'done' AND (c.client, c.seq) > (s.client, s.seq) AND c.client = s.client;
INSERT INTO amiss SELECT 'duplicated', 'sent', a FROM fact
 WHERE what = 'sent' AND how = 'done' AND y = 't' GROUP BY a HAVING count(*) > 1;

-- ---- nothing half done

INSERT INTO amiss SELECT 'half done', what, id::text FROM (
	SELECT 'an account without person' AS what, user_id AS id FROM users.account a
	 WHERE NOT EXISTS (SELECT FROM users.person p WHERE p.user_id = a.user_id)
	UNION ALL SELECT 'an account without credential', user_id FROM users.account a
	 WHERE NOT EXISTS (SELECT FROM users.credential c WHERE c.user_id = a.user_id AND c.password_hash IS NOT NULL)
	UNION ALL SELECT 'an account without its id', user_id FROM users.account a
	 WHERE NOT EXISTS (SELECT FROM users.person_id p WHERE p.user_id = a.user_id)
	UNION ALL SELECT 'an id without account', user_id FROM users.person_id p
	 WHERE NOT EXISTS (SELECT FROM users.account a WHERE p.user_id = a.user_id)
	UNION ALL SELECT 'an account without its two identifiers', user_id FROM users.account a
	 WHERE (SELECT string_agg(i.kind, ' ' ORDER BY i.kind) FROM users.identifier i WHERE i.user_id = a.user_id)
		IS DISTINCT FROM 'email username'
	UNION ALL SELECT 'an identifier without account', user_id FROM users.identifier i
	 WHERE NOT EXISTS (SELECT FROM users.account a WHERE i.user_id = a.user_id)
	UNION ALL SELECT 'a session without account', id FROM users.session s
	 WHERE NOT EXISTS (SELECT FROM users.account a WHERE s.user_id = a.user_id)
	UNION ALL SELECT 'an assignment without its role', role_id FROM users.role_assignment a
	 WHERE NOT EXISTS (SELECT FROM users.role r WHERE r.id = a.role_id AND r.domain_id = a.domain_id)
	UNION ALL SELECT 'a domain without its roles', id FROM users.domain d
	 WHERE (SELECT count(*) FROM users.role r WHERE r.domain_id = d.id AND r.name IN ('admin', 'editor', 'viewer')) <> 3
	UNION ALL SELECT 'a domain without administrator', id FROM users.domain d
	 WHERE NOT EXISTS (SELECT FROM users.role_assignment a JOIN users.role r ON r.id = a.role_id
		WHERE a.domain_id = d.id AND r.built_in)
	UNION ALL SELECT 'a role that nobody was given', id FROM users.role r
	 WHERE name LIKE 'role %' AND NOT EXISTS (SELECT FROM users.role_assignment a WHERE a.role_id = r.id)
	UNION ALL SELECT 'a mail without its link', id FROM users.mail m
	 WHERE link_id IS NOT NULL AND NOT EXISTS (SELECT FROM users.link l WHERE l.id = m.link_id)
	UNION ALL SELECT 'an event without its position', id FROM users.audit_event e
	 WHERE outcome = 'success' AND NOT EXISTS (SELECT FROM users.event_position p WHERE p.event_id = e.id)
	UNION ALL SELECT 'a position without its event', event_id FROM users.event_position p
	 WHERE NOT EXISTS (SELECT FROM users.audit_event e WHERE p.event_id = e.id)) half;
INSERT INTO amiss SELECT 'half done', 'changes of password and their notices', format('%s, %s', a, b)
  FROM (SELECT (SELECT count(*) FROM users.audit_event WHERE event = 'password_changed' AND outcome = 'success') AS a,
	       (SELECT count(*) FROM users.mail WHERE kind = 'password_changed') AS b) n WHERE a <> b;
INSERT INTO amiss SELECT 'half done', 'accounts and sign-ups', format('%s, %s', a, b)
  FROM (SELECT (SELECT count(*) FROM users.audit_event WHERE event = 'register' AND outcome = 'success') AS a,
	       (SELECT count(*) FROM users.account) AS b) n WHERE a <> b;

SELECT 'amiss: ' || kind || ': ' || what || ': ' || detail FROM amiss ORDER BY kind, what LIMIT 40;
SELECT (SELECT count(*) FROM fact WHERE how = 'done' AND (what NOT IN ('claim', 'sent') OR client LIKE :'round' || '%')),
       count(*) FILTER (WHERE kind = 'lost'), count(*) FILTER (WHERE kind = 'duplicated'),
       count(*) FILTER (WHERE kind = 'half done'), count(*) FILTER (WHERE kind = 'wrong'),
       (SELECT count(*) FROM fact WHERE how = 'refused' AND x LIKE '57014%')
  FROM amiss;
