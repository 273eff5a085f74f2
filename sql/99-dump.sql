-- What the script has done to row types cannot be dumped, and pg_dump would
-- say so each time.
DELETE FROM pg_init_privs i
 WHERE i.classoid = 'pg_type'::regclass
   AND EXISTS (SELECT FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
                 JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'users'
                WHERE t.oid = i.objoid AND c.relkind IN ('r', 'v') AND d.deptype = 'e');
