-- PostgREST serves a domain that is named like a media type with that type.
CREATE DOMAIN users_media."application/jwk-set+json" AS text;
COMMENT ON DOMAIN users_media."application/jwk-set+json" IS 'A JWK Set, RFC 7517.';

CREATE FUNCTION @extschema@.users_rotate_key()
	RETURNS @extschema@.users_keys AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_rotate_key() IS
'Sign with another key, of users.signing_algorithm, and return its row of users_keys.
PostgREST knows it before it signs: the one after it is made now, and PostgREST
  told to read it (NOTIFY pgrst). The old key verifies until its last token is
  dead. For administrators.';

CREATE FUNCTION @extschema@.users_revoke_key(kid text)
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_revoke_key(text) IS
'Revoke a signing key: every access token that it signed is void at once.
Sessions stay and refresh.
Returns whether something changed. Errors: US014 unknown. For administrators.';

CREATE FUNCTION @extschema@.users_renew_root_key()
	RETURNS boolean AS 'MODULE_PATHNAME' LANGUAGE c VOLATILE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_renew_root_key() IS
'After a lost or leaked key file: take up the present file (or a newly generated key).
Every session, link and signing key is void; accounts and passwords stay. For
  superusers.';

CREATE FUNCTION @extschema@.users_jwks()
	RETURNS users_media."application/jwk-set+json" AS 'MODULE_PATHNAME' LANGUAGE c STABLE PARALLEL UNSAFE;
COMMENT ON FUNCTION @extschema@.users_jwks() IS
'Public keys for checking access tokens elsewhere, as a JWK Set (RFC 7517).
HS256 keys are never shown. For users_anon, users_member and users_service.';
