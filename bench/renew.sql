-- For a run that meets what bench/tokens.sql has left: new tokens of the same
-- sessions, again to `file`. Run by a superuser.
SET client_min_messages = warning;
BEGIN;
CREATE TEMPORARY TABLE renewed AS
SELECT r.access_token, r.refresh_token, p.username, p.email, p.user_id, p.domain_id
  FROM person AS p, LATERAL users_refresh(p.refresh_token) AS r WHERE r.status = 'ok';
SELECT 1 / (count(*) = (SELECT count(*) FROM person))::integer FROM renewed;
DELETE FROM person;
INSERT INTO person TABLE renewed;
COPY person TO :'file';
COMMIT;
VACUUM (ANALYZE) person, users.session, users.audit_event, users.event_position, users.signing_key;
