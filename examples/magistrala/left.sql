-- What did not come along, and why: the view moving.left_behind, a line each.
CREATE OR REPLACE VIEW moving.left_behind (kind, id, what, why) AS
SELECT r.kind, r.id, r.argument, concat_ws(' ', r.sqlstate, r.message) FROM moving.refused r
UNION ALL
SELECT 'person', u.id, 'username', format('is now %s', a.username)
  FROM magistrala.users u JOIN users_accounts a ON a.id::text = u.id WHERE a.username IS DISTINCT FROM u.username
UNION ALL
SELECT 'person', u.id, v.what, v.why
  FROM magistrala.users u
  JOIN users_accounts a ON a.id::text = u.id
  JOIN moving.preference p ON p.id = u.id
  JOIN moving.person s ON s.id = u.id
  JOIN LATERAL (VALUES
	('password', 'has none: signs in after a reset', s.password_hash IS NULL AND a.status <> 'deleted'),
	('auth_provider', u.auth_provider, u.auth_provider IS NOT NULL),
	('profile_picture', 'an address that is not https', u.profile_picture <> '' AND u.profile_picture NOT LIKE 'https://%'),
	('language', 'unknown here: the default one', p.language IS NOT NULL AND a.language IS NULL),
	('theme', 'unknown here: the default one', p.theme IS NOT NULL AND a.theme IS NULL)) v (what, why, so) ON v.so
UNION ALL
-- Actions: of a kind that has none of the name, not carried by any meaning that
-- the role fulfils, or part of one that it does not have.
SELECT 'role', r.id, action, coalesce(a.note, CASE WHEN a.action IS NULL THEN 'no such action' ELSE 'counts with others only' END)
  FROM moving.their_role r
  CROSS JOIN unnest(r.actions) action
  LEFT JOIN moving.action a USING (kind, action)
 WHERE NOT EXISTS (SELECT FROM moving.meaning m WHERE m.kind = r.kind AND m.actions <@ r.actions AND action = ANY (m.actions))
   AND (a.covered_by = ANY (r.actions)) IS NOT TRUE
UNION ALL
SELECT 'role', r.id, NULL, 'holds nothing'
  FROM moving.their_role r WHERE NOT EXISTS (SELECT FROM moving.role o WHERE o.their_id = r.id)
UNION ALL
SELECT 'member', m.role_id || ' ' || m.user_id, NULL,
	CASE WHEN a.id IS NULL THEN 'the person is not here'
		WHEN NOT EXISTS (SELECT FROM users_domains d WHERE d.id::text = r.domain_id) THEN 'the domain is not here'
		ELSE 'holds a role on a thing, and none in its domain: it gave nothing' END
  FROM moving.their_member m
  JOIN moving.their_role r ON r.id = m.role_id
  LEFT JOIN users_accounts a ON a.id::text = m.user_id
 WHERE a.id IS NULL OR NOT EXISTS (SELECT FROM users_domains d WHERE d.id::text = r.domain_id)
	OR m.kind <> 'domains' AND NOT EXISTS (SELECT FROM moving.belongs b WHERE b.user_id = m.user_id AND b.domain_id = r.domain_id)
UNION ALL
SELECT 'invitation', i.invitee_user_id || ' ' || i.domain_id, NULL,
	CASE WHEN i.confirmed_at IS NOT NULL THEN 'was accepted' WHEN i.rejected_at IS NOT NULL THEN 'was rejected'
		ELSE 'the person, the role or the domain is not here' END
  FROM magistrala.invitations i
 WHERE NOT EXISTS (SELECT FROM users_invitations u WHERE u.id = moving.id_of('invitation', i.invitee_user_id, i.domain_id))
   AND NOT EXISTS (SELECT FROM moving.refused r WHERE r.kind = 'invitation' AND r.id = i.invitee_user_id || ' ' || i.domain_id);

SELECT kind, what, CASE WHEN what = 'username' THEN 'is another now' ELSE why END AS why, count(*)
  FROM moving.left_behind GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
