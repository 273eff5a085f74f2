-- For \ir in test/pgtap and for test/tap, after answer.sql: the functions that
-- take a secret, as calls with %L in its place. A function that is new gets a
-- line here: 56-doors.sql finds those that have none.

-- By token. opened_by: the kinds that it is for; refusal: what it says of every
-- other, and of each that holds no more. signed_in: asked by who is signed in,
-- and whose token it is need not be.
CREATE TEMP TABLE doors (door text, argument text, opened_by text[], signed_in boolean, statement text, refusal text);
INSERT INTO doors VALUES
	('users_authenticate',        'token',         '{access}',       false, 'SELECT CASE WHEN users_authenticate(%L) IS NOT NULL THEN ''ok'' END', '28000'),
	('users_validate_token',      'token',         '{access}',       false, 'SELECT status FROM users_validate_token(%L)', 'invalid_token'),
	('users_pre_request',         'authorization', '{access}',       false, 'SELECT pg_temp.pre_request(%L)', 'PGRST'),
	('users_refresh',             'refresh_token', '{refresh}',      false, 'SELECT status FROM users_refresh(%L)', 'invalid_token'),
	('users_login_ticket',        'ticket',        '{ticket}',       false, 'SELECT status FROM users_login_ticket(%L)', 'invalid_token'),
	('users_logout',              'refresh_token', '{refresh}',      false, 'SELECT status FROM users_logout(%L)', 'ok'),
	('users_reset_password',      'token',         '{reset,issued,welcome,welcome by hand}', false, 'SELECT status FROM users_reset_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', 'invalid_token'),
	('users_verify_email',        'token',         '{verify,verify new}', false, 'SELECT status FROM users_verify_email(%L, ''seven wet horses sing'')', 'invalid_token'),
	('users_register',            'token',         '{registration,invitation}', false, 'SELECT status FROM users_register(''new@example.org'', ''new'', ''five red cows whistle'', ''Eve'', ''Elm'', token => %L)', 'invalid_token'),
	('users_invitation',          'token',         '{invitation}',   false, 'SELECT status FROM users_invitation(%L)', 'invalid_token'),
	('users_accept_invitation',   'token',         '{invitation}',   true,  'SELECT status FROM users_accept_invitation(token => %L)', 'invalid_token'),
	('users_reject_invitation',   'token',         '{invitation}',   true,  'SELECT status FROM users_reject_invitation(token => %L)', 'invalid_token');

-- By password, of ann; signed_in: in a session of hers.
CREATE TEMP TABLE password_doors (door text, argument text, signed_in boolean, statement text, refusal text);
INSERT INTO password_doors VALUES
	('users_login',            'password',         false, 'SELECT status FROM users_login(''ann'', %L)', 'invalid_credentials'),
	('users_verify_password',  'password',         false, 'SELECT status FROM users_verify_password(''ann'', %L)', 'invalid_credentials'),
	('users_confirm_password', 'password',         true,  'SELECT status FROM users_confirm_password(%L)', 'invalid_credentials'),
	('users_change_password',  'current_password', true,  'SELECT status FROM users_change_password(%L, ''ten dry goats mumble'', ''ten dry goats mumble'')', 'invalid_credentials'),
	('users_change_email',     'current_password', true,  'SELECT status FROM users_change_email(%L, ''ann@else.example'')', 'invalid_credentials'),
	('users_delete_account',   'current_password', true,  'SELECT status FROM users_delete_account(%L)', 'invalid_credentials');

-- A request of PostgREST's with a token in its header.
CREATE FUNCTION pg_temp.pre_request(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('request.method', 'GET', true), set_config('request.headers', jsonb_build_object('authorization', 'Bearer ' || token)::text, true);
	PERFORM users_pre_request();
	RETURN CASE WHEN users_current_user_id() IS NULL THEN 'nobody' ELSE 'ok' END;
END
$$;

-- Whose session it is where one has to be signed in.
CREATE TEMP TABLE visitor (token text);
CREATE FUNCTION pg_temp.at_door(door doors, secret text) RETURNS text LANGUAGE sql AS
$$ SELECT pg_temp.answer(format(door.statement, secret), CASE WHEN door.signed_in THEN (TABLE visitor) END, true) $$;
-- Which doors a token opens; each by itself, and nothing of it remains.
-- users_logout says the same to all, users_refresh who is disabled.
CREATE FUNCTION pg_temp.opens(token text) RETURNS text LANGUAGE sql AS
$$ SELECT string_agg(d.door, ' ') FROM doors d WHERE d.door <> 'users_logout' AND pg_temp.at_door(d, token) NOT IN (d.refusal, '42501', 'disabled') $$;
