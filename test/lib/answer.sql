-- What a statement answers: its first column, or the SQLSTATE it raises with
-- the argument, constraint and reason that it names. who: a role to be, or a
-- token to carry. undo: nothing of it remains, the identity neither.
CREATE TEMP TABLE heard (said text, hint text);
CREATE FUNCTION pg_temp.answer(statement text, who text DEFAULT NULL, undo boolean DEFAULT false)
	RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	state text;
	message text;
	detail text;
	hint text;
	argument text;
	key text;
BEGIN
	BEGIN
		IF who LIKE 'ey%' THEN
			PERFORM users_authenticate(who);
		ELSIF who IS NOT NULL THEN
			PERFORM set_config('role', who, true);
		END IF;
		EXECUTE statement INTO answer;
		PERFORM set_config('role', 'none', true);
		IF undo THEN
			RAISE SQLSTATE 'UNDO0';
		END IF;
	EXCEPTION
		WHEN SQLSTATE 'UNDO0' THEN
			NULL;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
				hint = PG_EXCEPTION_HINT, argument = COLUMN_NAME, key = CONSTRAINT_NAME;
			INSERT INTO heard VALUES (concat_ws(E'\n', state, message, detail, hint, argument, key), hint);
			answer := concat_ws(' ', state,
				CASE WHEN argument = '' THEN NULL
				     WHEN detail ~ ('(^|\n)argument: ' || argument || '(\n|$)') THEN argument
				     ELSE '(no DETAIL line)' END,
				nullif(key, ''), substring(detail FROM 'reason: (\w+)'));
	END;
	RETURN coalesce(answer, 'NULL');
END
$$;
