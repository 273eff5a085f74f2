-- Compressed they are already, and what sits in another table's row would be
-- read along with it.
CREATE TABLE users.picture (
	user_id uuid PRIMARY KEY REFERENCES users.account ON DELETE CASCADE,
	data bytea NOT NULL)
	WITH (toast_tuple_target = 128);
ALTER TABLE users.picture ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE users.picture IS
'by-user: the picture of who has one. Its media type and time are in users.person,
  where others see that there is one.';
ALTER TABLE users.picture ENABLE ROW LEVEL SECURITY;
SELECT pg_extension_config_dump('users.picture', '');

-- What users_search walks along: prefixes as bytes, in lower case.
CREATE INDEX search_username ON users.person (lower(username COLLATE "C") text_pattern_ops, user_id);
CREATE INDEX search_name ON users.person (lower(first_name || ' ' || last_name) text_pattern_ops, user_id);
