-- For calls.py, at its end: what is amiss, and how often. Broken indexes raise.
SELECT 'accounts without person, id or credential', count(*) FROM users.account a
 WHERE NOT EXISTS (SELECT FROM users.person p WHERE p.user_id = a.user_id)
    OR NOT EXISTS (SELECT FROM users.person_id p WHERE p.user_id = a.user_id)
    OR NOT EXISTS (SELECT FROM users.credential c WHERE c.user_id = a.user_id)
UNION ALL SELECT 'accounts without their two identifiers', count(*) FROM users.account a
 WHERE deleted_at IS NULL AND (SELECT string_agg(i.kind, ' ' ORDER BY i.kind) FROM users.identifier i
	WHERE i.user_id = a.user_id AND i.kind IN ('email', 'username')) IS DISTINCT FROM 'email username'
UNION ALL SELECT 'identifiers of nobody', count(*) FROM users.identifier i
 WHERE NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = i.user_id)
UNION ALL SELECT 'sessions of nobody', count(*) FROM users.session s
 WHERE NOT EXISTS (SELECT FROM users.account a WHERE a.user_id = s.user_id)
UNION ALL SELECT 'assignments without their role', count(*) FROM users.role_assignment a
 WHERE NOT EXISTS (SELECT FROM users.role r WHERE r.id = a.role_id AND r.domain_id = a.domain_id)
UNION ALL SELECT 'domains without the role admin', count(*) FROM users.domain d
 WHERE NOT EXISTS (SELECT FROM users.role r WHERE r.domain_id = d.id AND r.built_in)
UNION ALL SELECT 'events without position', count(*) FROM users.audit_event e
 WHERE outcome = 'success' AND NOT EXISTS (SELECT FROM users.event_position p WHERE p.event_id = e.id)
UNION ALL SELECT 'no administrator of the platform', count(*) FROM (VALUES (1)) v
 WHERE NOT EXISTS (SELECT FROM users_accounts WHERE platform_role = 'admin' AND status = 'enabled')
UNION ALL SELECT 'no index was looked at', CASE WHEN count(bt_index_check(c.oid, true)::text) > 0 THEN 0 ELSE 1 END
  FROM pg_class c JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
 WHERE c.relnamespace = 'users'::regnamespace AND c.relkind = 'i';
