-- What the clients need, run once by a superuser in an empty database.
SET client_min_messages = warning;

CREATE EXTENSION users;
CREATE EXTENSION amcheck;

-- The logins of an application's connection pool and of the mail relay, who
-- have no privileges beside, and of somebody who should not matter at all.
CREATE ROLE pool LOGIN NOINHERIT;
SELECT users_setup_login('pool');
CREATE ROLE mailer LOGIN IN ROLE users_relay;
CREATE ROLE stranger LOGIN;
CREATE SCHEMA stranger AUTHORIZATION stranger;
