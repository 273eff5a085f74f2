-- As a superuser, when everything was compared: nobody may import any more, and
-- nothing with a hash in it is left but the accounts. Save what is not carried
-- over first: moving.left_behind.
SET client_min_messages = warning;
DROP SCHEMA moving CASCADE;
DROP SCHEMA magistrala CASCADE;
DROP SCHEMA IF EXISTS remote CASCADE;
REVOKE users_dba, app_owner FROM mover;
REVOKE ALL ON SCHEMA app FROM mover;
DROP ROLE mover;
