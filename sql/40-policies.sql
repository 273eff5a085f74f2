-- What hides a row is a policy. Members read exactly the columns that the
-- views show.

CREATE POLICY users_own ON users.session FOR SELECT TO users_member
	USING (user_id = (SELECT @extschema@.users_current_user_id()));
CREATE POLICY users_all ON users.session FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
GRANT SELECT (user_id, id, label, client_address, user_agent, created_at, authenticated_at, refreshed_at, expires_at, ended_at)
	ON users.session TO users_member;

CREATE POLICY users_listed ON users.language FOR SELECT TO users_anon, users_member USING (true);
GRANT SELECT (code, name) ON users.language TO users_anon, users_member;

CREATE POLICY users_listed ON users.theme FOR SELECT TO users_anon, users_member USING (true);
GRANT SELECT (name) ON users.theme TO users_anon, users_member;

CREATE POLICY users_all ON users.signing_key FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
GRANT SELECT (kid, algorithm, created_at, retires_at, revoked_at) ON users.signing_key TO users_admin;
