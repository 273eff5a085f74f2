-- What the figures of single calls need, run once by a superuser after
-- bench/setup.sql and bench/rls.sql.
SET client_min_messages = warning;

-- A broker's login, and one that reads a table by right of its own.
CREATE ROLE broker LOGIN IN ROLE users_service;
CREATE ROLE reader LOGIN;
GRANT reader TO pool;
GRANT USAGE ON SCHEMA rls TO reader, pool;
GRANT SELECT ON rls.plain, rls.membership TO reader;

-- The other side: tokens and passwords in SQL on pgcrypto, after RFC 7515 and 7519
-- and in the form in which such functions are passed on: one for each step, which
-- is too much for the planner to inline.
CREATE SCHEMA handmade;
GRANT USAGE ON SCHEMA handmade TO PUBLIC;
CREATE EXTENSION pgcrypto SCHEMA handmade;

CREATE FUNCTION handmade.encode_url(data bytea) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT translate(encode(data, 'base64'), E'+/=\n', '-_');
$$;
CREATE FUNCTION handmade.decode_url(data text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
	SELECT decode(rpad(base64, (length(base64) + 3) / 4 * 4, '='), 'base64') FROM translate(data, '-_', '+/') AS base64;
$$;
CREATE FUNCTION handmade.signature(signed text, secret text, algorithm text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT handmade.encode_url(handmade.hmac(signed, secret, hash))
	  FROM (VALUES ('HS256', 'sha256'), ('HS384', 'sha384'), ('HS512', 'sha512')) AS known (name, hash)
	 WHERE name = algorithm;
$$;
CREATE FUNCTION handmade.sign(claims json, secret text, algorithm text DEFAULT 'HS256') RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT signed || '.' || handmade.signature(signed, secret, algorithm)
	  FROM concat_ws('.', handmade.encode_url(convert_to(json_build_object('alg', algorithm, 'typ', 'JWT')::text, 'UTF8')),
	                 handmade.encode_url(convert_to(claims::text, 'UTF8'))) AS signed;
$$;
-- The time of a claim; NULL for none, and for what is none.
CREATE FUNCTION handmade.moment(seconds text) RETURNS timestamptz LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN to_timestamp(seconds::float8);
EXCEPTION WHEN data_exception THEN
	RETURN NULL;
END
$$;
CREATE FUNCTION handmade.verify(token text, secret text, algorithm text DEFAULT 'HS256')
RETURNS TABLE (header json, claims json, valid boolean) LANGUAGE sql STABLE AS $$
	SELECT header, claims,
	       part[3] = handmade.signature(part[1] || '.' || part[2], secret, algorithm)
	       AND tstzrange(handmade.moment(claims->>'nbf'), handmade.moment(claims->>'exp')) @> now()
	  FROM string_to_array(token, '.') AS part,
	       LATERAL (SELECT convert_from(handmade.decode_url(part[1]), 'UTF8')::json AS header,
	                       convert_from(handmade.decode_url(part[2]), 'UTF8')::json AS claims) AS read;
$$;

CREATE TABLE handmade.account (username text PRIMARY KEY, password_hash text NOT NULL);
INSERT INTO handmade.account VALUES ('client0', handmade.crypt(:'password', handmade.gen_salt('bf', 10)));
CREATE FUNCTION handmade.login(username text, password text) RETURNS text LANGUAGE sql SECURITY DEFINER AS $$
	SELECT handmade.sign(json_build_object('sub', a.username, 'exp', extract(epoch FROM now()) + 900), 'a secret of thirty-two characters')
	  FROM handmade.account a
	 WHERE a.username = login.username AND a.password_hash = handmade.crypt(login.password, a.password_hash);
$$;

-- Many access tokens of one session: tokens of one second differ in their end.
CREATE FUNCTION handmade.tokens(refresh_token text, count integer) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	next record;
BEGIN
	FOR i IN 1..count LOOP
		PERFORM set_config('users.access_token_ttl', (600 + i) || 's', true);
		SELECT * INTO STRICT next FROM users_refresh(refresh_token) WHERE status = 'ok';
		refresh_token := next.refresh_token;
		RETURN NEXT next.access_token;
	END LOOP;
END
$$;
-- What somebody else writes all the time.
CREATE TABLE handmade.written AS SELECT 0 AS n;
CREATE TABLE handmade.ready ();
