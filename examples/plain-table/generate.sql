-- A table of users as many applications have one, with bcrypt hashes; needs
-- pgcrypto. The password of user n is 'old password ' || n % 10.
CREATE EXTENSION IF NOT EXISTS pgcrypto;

CREATE TABLE app_user (
	id bigint PRIMARY KEY,
	email text NOT NULL UNIQUE,
	password text,
	confirmed boolean NOT NULL,
	created timestamptz NOT NULL);
CREATE TABLE app_order (
	id bigint PRIMARY KEY,
	user_id bigint NOT NULL REFERENCES app_user);

WITH hash AS MATERIALIZED (
	SELECT n, crypt('old password ' || n, '$2a$10$' || left(md5('salt ' || n), 22)) AS password FROM generate_series(0, 9) n)
INSERT INTO app_user (id, email, password, confirmed, created)
SELECT u,
	CASE WHEN u = 21 THEN 'User20@example.org' WHEN u = 22 THEN 'no address' WHEN u % 10 = 3 THEN format('user%s@example.net', u - 1)
		ELSE format('user%s@example.org', u) END,
	-- $2y$, as PHP and htpasswd write it, is the same hash.
	CASE WHEN u % 4 = 1 THEN replace(password, '$2a$', '$2y$') ELSE password END, u % 5 > 0, timestamptz '2024-01-01 00:00+00' + u * interval '1 hour'
  FROM generate_series(1, 100) u JOIN hash h ON h.n = u % 10;
INSERT INTO app_order SELECT o, 1 + o % 100 FROM generate_series(1, 300) o;
