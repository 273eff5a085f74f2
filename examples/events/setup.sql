-- A login that follows users_events and erases the rows of purged accounts.
-- app.note (owner uuid) stands for the application's tables.
BEGIN;

CREATE ROLE eraser LOGIN;
GRANT users_service TO eraser;
GRANT USAGE ON SCHEMA app TO eraser;
GRANT SELECT (owner), DELETE ON app.note TO eraser;
-- On a protected table it sees nothing without policies of its own.
CREATE POLICY eraser_sees ON app.note FOR SELECT TO eraser USING (true);
CREATE POLICY eraser_erases ON app.note FOR DELETE TO eraser USING (true);

CREATE SCHEMA eraser AUTHORIZATION eraser;
SET LOCAL ROLE eraser;

-- How far it has come. One row, which a reader locks: of two one waits.
CREATE TABLE eraser.place (
	id boolean PRIMARY KEY DEFAULT true CHECK (id),
	position text);
INSERT INTO eraser.place DEFAULT VALUES;

-- Reads all that there is, a page and a transaction at a time.
CREATE PROCEDURE eraser.follow() LANGUAGE plpgsql AS $$
DECLARE
	here text;
	found_event record;
	was text;
BEGIN
	LOOP
		SELECT p.position INTO here FROM eraser.place p FOR UPDATE;
		was := here;
		FOR found_event IN SELECT * FROM users_events(here, 500) LOOP
			IF found_event.event = 'account_purged' THEN
				DELETE FROM app.note n WHERE n.owner = found_event.user_id;
			END IF;
			here := found_event.position;
		END LOOP;
		EXIT WHEN here IS NOT DISTINCT FROM was;
		UPDATE eraser.place SET position = here;
		COMMIT;
	END LOOP;
END
$$;

COMMIT;
