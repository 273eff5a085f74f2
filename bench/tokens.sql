-- The second half of bench/growth.sql: from what bench/mint.c has made, in
-- `file`, the first tokens that the extension itself gives. Again to `file`:
-- access token, refresh token, username, address, user, domain.
SET client_min_messages = warning;
CREATE TABLE minted (token text, LIKE session);
COPY minted FROM :'file';
CREATE TABLE person AS
SELECT r.access_token, r.refresh_token, m.username, m.email, m.user_id, m.domain_id
  FROM minted AS m, LATERAL users_refresh(m.token) AS r WHERE r.status = 'ok';
SELECT 1 / (count(*) = :sample)::integer FROM person;
VACUUM (ANALYZE) users.session, users.audit_event, users.event_position, users.signing_key;
COPY person TO :'file';
