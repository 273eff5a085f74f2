-- The public surface as text: whatever changes a signature, a volatility, a
-- right or a summary shows here.
\pset format aligned
\pset null '-'
SET search_path = public;

-- Functions: arguments, result, volatility, parallel, who may call.
SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ')' AS function,
       pg_get_function_result(p.oid) AS result,
       p.provolatile::text || p.proparallel::text AS "vp",
       (SELECT string_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ' ' ORDER BY 1)
          FROM aclexplode(p.proacl) a WHERE a.grantee <> p.proowner) AS "who"
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'users\_%'
 ORDER BY p.proname COLLATE "C";

-- What \df+ says of them, first lines.
SELECT p.proname AS function, split_part(obj_description(p.oid, 'pg_proc'), E'\n', 1) AS summary
  FROM pg_proc p
 WHERE p.pronamespace = 'public'::regnamespace AND p.proname LIKE 'users\_%'
 ORDER BY p.proname COLLATE "C";

-- Views and composite types, column by column.
SELECT c.relname AS name, CASE c.relkind WHEN 'v' THEN 'view' ELSE 'type' END AS kind,
       string_agg(a.attname || ' ' || format_type(a.atttypid, NULL), ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relname LIKE 'users\_%' AND c.relkind IN ('v', 'c')
 GROUP BY 1, 2
 ORDER BY 2, c.relname COLLATE "C";

-- Who may read which columns of which table.
SELECT a.attrelid::regclass AS "table", x.grantee::regrole AS "who",
       string_agg(a.attname || CASE x.privilege_type WHEN 'SELECT' THEN '' ELSE ' ' || x.privilege_type END, ' ' ORDER BY a.attnum) AS columns
  FROM pg_attribute a CROSS JOIN LATERAL aclexplode(a.attacl) x
 WHERE a.attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'users'::regnamespace)
 GROUP BY 1, 2
 ORDER BY 1::text COLLATE "C", 2::text COLLATE "C";

SELECT c.relname AS "table", p.polname AS policy, p.polcmd AS cmd,
       (SELECT string_agg(r::regrole::text, ' ' ORDER BY 1) FROM unnest(p.polroles) r) AS "who",
       pg_get_expr(p.polqual, p.polrelid) AS "using"
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = 'users'::regnamespace
 ORDER BY 1, 2;

-- What is said of a mistake.
SELECT users_register('nobody', 'ann', 'seven purple kettles', 'Ann', 'Archer');
SELECT users_register('ann@example.org', 'no spaces', 'seven purple kettles', 'Ann', 'Archer');
SELECT users_register('ann@example.org', 'ann', '12345678', 'Ann', 'Archer');
SELECT users_register('ann@example.org', 'ann', 'seven purple kettles', '', 'Archer');
SELECT users_register('ann@example.org', 'ann', 'seven purple kettles', 'Ann', 'Archer', theme => 'Purple');
SELECT users_profile();
SELECT users_authenticate('nonsense');
SELECT users_id('nobody');
SELECT users_disable_user('00000000-0000-0000-0000-000000000000');
SELECT users_set_platform_role('00000000-0000-0000-0000-000000000000', 'king');
SET users.require_verified_email = on;
SELECT users_register('ann@example.org', 'ann', 'seven purple kettles', 'Ann', 'Archer');
RESET users.require_verified_email;
SET users.registration = invited;
SELECT users_register('ann@example.org', 'ann', 'seven purple kettles', 'Ann', 'Archer');
SELECT users_request_registration('ann@example.org');
SET users.registration = closed;
SELECT users_request_registration('ann@example.org');
RESET users.registration;
SELECT users_request_reset('nobody');
SELECT users_request_reset('ann@example.org', 'nowhere');
SELECT users_request_verification();
SELECT users_claim_mail(0);
SELECT users_claim_mail(lease => '1 second');
SELECT users_mail_failed('00000000-0000-0000-0000-000000000000', 'no', retry_after => '1 year');
SELECT users_define_template('postcard', 'en', 'Hello', 'Hello', 'Hello');
SELECT users_define_template('welcome', 'tlh', 'Hello', '{{link}}', '{{link}}');
SELECT users_define_template('welcome', 'en', 'Hello', 'Hello', '{{link}}');
SELECT users_define_template('welcome', 'en', 'Hello {{time}}', '{{link}}', '{{link}}');
SELECT users_define_template('welcome', 'en', 'Hello {{', '{{link}}', '{{link}}');
SELECT users_define_template('welcome', 'en', E'Hello\nBcc: eve@example.org', '{{link}}', '{{link}}');
SELECT users_preview_template('welcome', 'tlh');
SELECT users_define_site('', NULL, NULL, NULL, NULL, NULL, NULL);
SELECT users_define_site('main', 'https://example.org/', NULL, NULL, NULL, NULL, NULL);
SELECT users_define_site('main', NULL, NULL, NULL, NULL, 'nobody', NULL);
SET users.reset_url = 'https://example.org/';
SET users.mail_sender = 'nobody';
SET users.mail_kinds_off = 'spam';
SELECT users_create_domain('', 'acme');
SELECT users_create_domain('Acme', 'not a route');
SELECT users_create_domain('Acme', 'acme', metadata => '[]');
SELECT users_create_domain('Acme', 'acme', owner_id => '00000000-0000-0000-0000-000000000000');
SELECT users_update_domain('00000000-0000-0000-0000-000000000000', 'Acme');
SELECT users_remove_member('00000000-0000-0000-0000-000000000000');
SELECT users_update_role('00000000-0000-0000-0000-000000000000', 'reader');
SELECT users_can('device:fly');
SELECT users_can('device');
SELECT users_define_object_type('Report');
SELECT users_define_object_type('report', '{sign here}');
SELECT users_define_object_type('device', relation => 'pg_class');
SELECT users_forget_object('report', '00000000-0000-0000-0000-000000000000');
SELECT users_protect('users.account', 'device');
SELECT id AS domain FROM users_create_domain('Acme', 'acme') \gset
SELECT users_create_domain('Acme', 'ACME');
SELECT users_set_domain_status(:'domain', 'asleep');
SELECT users_create_role(:'domain', 'reader', '{device:fly}');
SELECT users_create_role(:'domain', 'VIEWER', '{device:read}');
SELECT id AS admin FROM users_roles WHERE domain_id = :'domain' AND name = 'admin' \gset
SELECT users_update_role(:'admin', 'reader');
SELECT users_delete_role(:'admin');
SELECT users_grant_role(:'admin', '00000000-0000-0000-0000-000000000000');
SELECT users_grant_role(:'admin', '00000000-0000-0000-0000-000000000000', 'device');
SET ROLE users_member;
SELECT users_delete_domain(:'domain');
SELECT users_check('00000000-0000-0000-0000-000000000000', 'device:read');
SELECT users_protect('users_sessions', 'device');
RESET ROLE;

-- What users_protect says of a table.
\pset format unaligned
CREATE ROLE regress_users_surface;
CREATE SCHEMA app AUTHORIZATION regress_users_surface;
SET ROLE regress_users_surface;
CREATE TABLE app.device (id uuid, domain_id uuid, owner uuid, serial integer GENERATED BY DEFAULT AS IDENTITY);
SELECT unnest(users_protect('app.device', 'gadget'));
SELECT unnest(users_protect('app.device', 'device', id_column => 'serial'));
SELECT unnest(users_protect('app.device', 'device', domain_column => 'tenant'));
SELECT unnest(users_protect('app.device', 'device', domain_column => NULL));
RESET ROLE;
SELECT unnest(users_setup_owner('regress_users_surface'));
SET ROLE regress_users_surface;
SELECT unnest(users_protect('app.device', 'device', owner_column => 'owner'));
SELECT unnest(users_protect('app.device', 'device', owner_column => 'owner'));
SELECT users_unprotect('app.device');
SELECT users_unprotect('app.device');
RESET ROLE;
DROP SCHEMA app CASCADE;
DROP OWNED BY regress_users_surface;
DROP ROLE regress_users_surface;
