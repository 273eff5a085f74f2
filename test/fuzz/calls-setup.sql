-- For calls.py: everybody who may connect, tables to protect and to import.
CREATE ROLE application LOGIN NOINHERIT;
SELECT users_setup_login('application', admin => true, trusted_client => true);
CREATE ROLE gateway LOGIN;
GRANT users_service TO gateway;
CREATE ROLE mailer LOGIN;
GRANT users_relay TO mailer;
CREATE ROLE dba LOGIN;
GRANT users_dba TO dba;
CREATE ROLE plain_login LOGIN NOINHERIT;
CREATE ROLE app_owner LOGIN;
SELECT users_setup_owner('app_owner');

CREATE TABLE device (id uuid PRIMARY KEY, domain_id uuid NOT NULL, owner_id uuid, label text);
CREATE TABLE plain (id integer, label text);
CREATE TABLE part (id uuid, domain_id uuid) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE VIEW shown AS SELECT * FROM device;
ALTER TABLE device OWNER TO app_owner;
ALTER TABLE plain OWNER TO app_owner;
ALTER TABLE part OWNER TO app_owner;
ALTER TABLE part_0 OWNER TO app_owner;

-- Some rows can be imported.
CREATE TABLE people (email text, username text, password_hash text, first_name text, last_name text, id text, tags text, created_at text);
INSERT INTO people
SELECT 'p' || n || '@example.org', 'p' || n, NULL, 'P', 'Q', CASE WHEN n % 5 = 0 THEN 'x' END, CASE WHEN n % 7 = 0 THEN '{' END, CASE WHEN n % 3 = 0 THEN 'infinity' END
  FROM generate_series(1, 20) n;

CREATE EXTENSION IF NOT EXISTS amcheck;
SELECT users_define_object_type('thing', '{poke,read}');
SELECT users_define_site('shop', NULL, NULL, NULL, NULL, NULL, NULL);
