-- What hides a row is a policy. Members read exactly the columns that the
-- views show.

CREATE POLICY users_own ON users.session FOR SELECT TO users_member
	USING (user_id = (SELECT @extschema@.users_current_user_id()));
CREATE POLICY users_all ON users.session FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

CREATE POLICY users_listed ON users.language FOR SELECT TO users_anon, users_member USING (true);

CREATE POLICY users_listed ON users.theme FOR SELECT TO users_anon, users_member USING (true);

CREATE POLICY users_all ON users.signing_key FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));

CREATE POLICY users_all ON users.mail FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
CREATE POLICY users_relay ON users.mail FOR SELECT TO users_relay USING (true);
CREATE POLICY users_all ON users.mail_request FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
CREATE POLICY users_relay ON users.mail_request FOR SELECT TO users_relay USING (true);

CREATE POLICY users_all ON users.mail_template FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
CREATE POLICY users_all ON users.site FOR SELECT TO users_admin
	USING ((SELECT @extschema@.users_is_admin()));
