-- Who asks in the figures growth-…: a `sample` of the accounts that
-- bench/load.sql has made, at random, written to `file` with what bench/mint.c
-- makes tokens of. Run by a superuser.
SET client_min_messages = warning;
SELECT users_setup_login('pool');
CREATE TABLE sample AS
SELECT 'user' || n AS username, 'user' || n || '@example.org' AS email
  FROM generate_series(1, :accounts) AS n ORDER BY hashint8(n) LIMIT :sample;
CREATE TABLE session AS
SELECT s.user_id, s.id, encode(s.nonce, 'hex') AS nonce, encode(s.current_random, 'hex') AS random, i.username, i.email, a.domain_id
  FROM (SELECT p.*, (SELECT user_id FROM users.identifier WHERE identifier = 'username:' || username) FROM sample AS p) AS i,
       LATERAL (SELECT * FROM users.session WHERE user_id = i.user_id LIMIT 1) AS s,
       LATERAL (SELECT domain_id FROM users.role_assignment WHERE user_id = i.user_id LIMIT 1) AS a;
SELECT 1 / (count(*) = :sample)::integer FROM session;
COPY session TO :'file';
