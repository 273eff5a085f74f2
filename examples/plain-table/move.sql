-- From a table with an address and a bcrypt hash. As a member of users_dba who
-- owns app_order and may read app_user; again as often as you like.

-- Accounts have uuids: always the same one for a number. A username is made of the
-- address; of two alike the later gets its number appended.
DROP TABLE IF EXISTS moved_user;
CREATE TABLE moved_user AS
SELECT md5('app_user ' || id)::uuid AS id, email,
	name || CASE WHEN row_number() OVER (PARTITION BY lower(name) ORDER BY id) > 1 THEN '-' || id ELSE '' END AS username,
	password AS password_hash, CASE WHEN confirmed THEN created END AS email_verified_at, created AS created_at
  FROM app_user,
	LATERAL (SELECT coalesce(nullif(trim(BOTH '-_.' FROM left(
		regexp_replace(regexp_replace(split_part(email, '@', 1), '[^A-Za-z0-9_.-]+', '-', 'g'), '\.+', '.', 'g'), 20)), ''), 'user') AS name) n
 ORDER BY app_user.id;

SELECT line, email, sqlstate, argument, message FROM users_import_from('moved_user');

-- The application's own tables refer to accounts by uuid from now on.
ALTER TABLE app_order ADD COLUMN IF NOT EXISTS owner uuid;
UPDATE app_order SET owner = a.id FROM users_accounts a WHERE owner IS NULL AND a.id = md5('app_user ' || user_id)::uuid;
