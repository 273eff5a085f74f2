-- For \ir in test/pgtap: what statements answer, to whom.

-- How it went: the answers of some statements, one after the other, as text,
-- put together with " | "; all in one transaction, of which nothing remains.
-- An answer is the first column of the first row, "done" where there is none
-- to come, or the SQLSTATE with the argument and the constraint of ours that it
-- names; for a statement after "!" with message, DETAIL and HINT too. A
-- statement that fails is rolled back to a savepoint.
-- who: NULL, or any of =LOGIN (SET SESSION AUTHORIZATION), ROLE (SET ROLE) and
-- a token (users_authenticate), in that order.
CREATE FUNCTION pg_temp.story(who text, VARIADIC statements text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	word text;
	statement text;
	answers text[];
BEGIN
	FOREACH word IN ARRAY coalesce(string_to_array(who, ' '), '{}') LOOP
		CASE
			WHEN word LIKE '=%' THEN PERFORM set_config('session_authorization', substr(word, 2), true);
			WHEN word LIKE 'ey%' THEN PERFORM users_authenticate(word);
			ELSE PERFORM set_config('role', word, true);
		END CASE;
	END LOOP;
	FOREACH statement IN ARRAY statements LOOP
		answers := answers || pg_temp.deed(statement);
	END LOOP;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	RETURN array_to_string(answers, ' | ');
END
$$;

-- One statement's answer; what it did remains.
CREATE FUNCTION pg_temp.deed(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	plain text := ltrim(statement, E'! \t\n');
	answer text := 'done';
	state text; message text; detail text; hint text; argument text; key text;
BEGIN
	IF plain ~* '^(SELECT|WITH|VALUES|TABLE|FETCH|SHOW|EXPLAIN|EXECUTE)\M' OR plain ~* '\mRETURNING\M' THEN
		EXECUTE plain INTO answer;
	ELSE
		EXECUTE plain;
	END IF;
	RETURN coalesce(answer, 'NULL');
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
		hint = PG_EXCEPTION_HINT, argument = COLUMN_NAME, key = CONSTRAINT_NAME;
	answer := concat_ws(' ', state,
		CASE WHEN argument = '' OR state !~ '^(US|23505|22023)' THEN NULL
		     WHEN detail ~ ('(^|\n)argument: ' || argument || '(\n|$)') THEN argument
		     ELSE '(no DETAIL line)' END,
		CASE WHEN key LIKE 'users\_%' THEN key END);
	IF ltrim(statement, E' \t\n') LIKE '!%' THEN
		answer := concat_ws(E'\n', answer, message, 'DETAIL: ' || nullif(detail, ''), 'HINT: ' || nullif(hint, ''));
	END IF;
	RETURN answer;
END
$$;

-- A call of users_register with only what matters, as text.
CREATE FUNCTION pg_temp.sign_up(username text) RETURNS text LANGUAGE sql AS
$$ SELECT format('SELECT * FROM users_register(%L, %L, ''seven wet horses sing'', ''Ann'', ''Ash'')', username || '@example.org', username) $$;
