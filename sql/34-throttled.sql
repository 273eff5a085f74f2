-- What the view users_accounts asks.

CREATE FUNCTION users.throttled_until(user_id uuid) RETURNS timestamptz
	AS 'MODULE_PATHNAME', 'users_throttled_until' LANGUAGE c STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION users.throttled_until(uuid) IS
'Until when sign-ins of an account are throttled on this server, from one address or
  from all; NULL when they are not. For administrators.';

CREATE FUNCTION users.same_id_support(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'users_same_id_support' LANGUAGE c STRICT;
COMMENT ON FUNCTION users.same_id_support(internal) IS 'Tells the planner which index finds what users.same_id lets through.';

-- Nothing about it is unsafe, but no statement on users_accounts begins workers
-- then: for who is found by an index they take longer than the answer.
CREATE FUNCTION users.same_id(one uuid, other uuid) RETURNS boolean
	AS 'MODULE_PATHNAME', 'users_same_id' LANGUAGE c STABLE STRICT PARALLEL UNSAFE COST 1 SUPPORT users.same_id_support;
COMMENT ON FUNCTION users.same_id(uuid, uuid) IS
'Whether two ids are the same, for a join that is made by index from either side and
  never by hash. For administrators.';
