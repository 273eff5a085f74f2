-- Every fault of every person of the example, by the rules of doc/migration.md;
-- 23505: somebody has the same, but for its case.
CREATE TABLE fault AS
SELECT u.id, f.sqlstate, f.argument
  FROM magistrala.users u,
	LATERAL (VALUES
		('22P02', 'id', u.id !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'),
		('US001', 'email', u.email !~ '^[A-Za-z0-9.]+@[A-Za-z0-9.]+$'),
		('US002', 'username', u.username IS NULL OR u.username !~ '^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$'),
		('US005', 'first_name', length(u.first_name) > 100),
		('US005', 'last_name', u.last_name ~ '[[:cntrl:]]'),
		('22023', 'password_hash', u.secret !~ '^\$2a\$10\$'),
		('US005', 'tags', cardinality(u.tags) > 32),
		('US005', 'metadata', length(u.metadata::text) > 16384),
		('23505', 'email', EXISTS (SELECT FROM magistrala.users o WHERE o.id <> u.id AND lower(o.email) = lower(u.email))),
		('23505', 'username', EXISTS (SELECT FROM magistrala.users o WHERE o.id <> u.id AND lower(o.username) = lower(u.username))))
		f (sqlstate, argument, so)
 WHERE f.so;
