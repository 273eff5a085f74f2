-- For \ir in test/pgtap, after answer.sql: people, a domain and its roles, each
-- by its name. Statements run by themselves, so that an identity ends with each.

CREATE TEMP TABLE person (name text PRIMARY KEY, id uuid, token text);
CREATE TEMP TABLE thing (name text PRIMARY KEY, id uuid);

CREATE FUNCTION pg_temp.sign_in(who text) RETURNS void LANGUAGE sql AS $$
	UPDATE person SET token = (SELECT access_token FROM users_login(who, 'seven wet horses sing')) WHERE name = who;
$$;
CREATE FUNCTION pg_temp.add_person(name text, platform_role text DEFAULT 'user', language text DEFAULT NULL) RETURNS void
	LANGUAGE sql AS $$
	INSERT INTO person SELECT name, (users_create_user(name || '@example.org', name, initcap(name), 'Ash',
		'seven wet horses sing', language, platform_role)).user_id;
	SELECT pg_temp.sign_in(add_person.name);
$$;
CREATE FUNCTION pg_temp.person(who text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM person WHERE name = who $$;

-- A domain with its three roles, as route/admin and so on.
CREATE FUNCTION pg_temp.add_domain(name text, route text, owner text) RETURNS void LANGUAGE sql AS $$
	INSERT INTO thing SELECT route, (users_create_domain(name, route, owner_id => pg_temp.person(owner))).id;
	INSERT INTO thing SELECT add_domain.route || '/' || r.name, r.id FROM users.role r
	 WHERE r.domain_id = (SELECT id FROM thing t WHERE t.name = add_domain.route);
$$;
CREATE FUNCTION pg_temp.add_role(route text, name text, permissions text[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO thing SELECT route || '/' || add_role.name,
		(users_create_role((SELECT id FROM thing t WHERE t.name = route), add_role.name, permissions)).id $$;
CREATE FUNCTION pg_temp.thing(what text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM thing WHERE name = what $$;
CREATE FUNCTION pg_temp.grant_role(role text, who text) RETURNS boolean LANGUAGE sql AS
$$ SELECT (users_grant_role(pg_temp.thing(role), pg_temp.person(who))).user_id IS NOT NULL $$;

-- What a statement answers to somebody, NULL: to a DBA. {name} in it is the id
-- of a thing or person.
CREATE FUNCTION pg_temp.tell(who text, statement text, undo boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	item record;
BEGIN
	FOR item IN SELECT name, id FROM thing UNION ALL SELECT name, id FROM person LOOP
		statement := replace(statement, '{' || item.name || '}', quote_literal(item.id::text));
	END LOOP;
	RETURN pg_temp.answer(statement, coalesce((SELECT token FROM person WHERE name = who), who), undo);
END
$$;

-- Invites; the invitation is a thing called label, if it is given.
CREATE FUNCTION pg_temp.invite(who text, role text, invitee text, label text DEFAULT NULL, more text DEFAULT '') RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	said text := pg_temp.tell(who, format('SELECT concat_ws('' '', status, invitation_id) FROM users_invite(%L, %L%s)',
		pg_temp.thing(role), invitee, more));
BEGIN
	IF label IS NOT NULL THEN
		INSERT INTO thing VALUES (label, split_part(said, ' ', 2)::uuid);
	END IF;
	RETURN CASE WHEN said LIKE 'ok %' THEN 'ok' ELSE said END;
END
$$;
CREATE FUNCTION pg_temp.accept(who text, invitation text, undo boolean DEFAULT false) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.tell(who, format('SELECT status FROM users_accept_invitation({%s})', invitation), undo) $$;
CREATE FUNCTION pg_temp.holds(who text, role text) RETURNS boolean LANGUAGE sql AS
$$ SELECT EXISTS (SELECT FROM users.role_assignment WHERE user_id = pg_temp.person(who) AND role_id = pg_temp.thing(role)) $$;
