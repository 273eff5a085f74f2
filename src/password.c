#include "pg.h"

#include "core/phc.h"
#include "core/strength.h"
#include "errors.h"
#include "foreign_hash.h"
#include "password.h"
#include "settings.h"

/* More bytes than any password of USERS_PASSWORD_MAX characters has in any
 * form; what is longer is not looked at. */
#define RAW_MAX (USERS_PASSWORD_MAX * 16)

/* OWASP's minimum: below this memory, two passes. */
#define ONE_PASS_KIB (46 * 1024)

static UsersPassword slots[USERS_PASSWORD_SLOTS];

/* Nesting level of the transaction that took them: a subtransaction of ours
 * that fails within the call must leave them alone. */
static int taken_at = 0;

void
users_wipe_passwords(void)
{
	sodium_memzero(slots, sizeof(slots));
}

static bool
is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (IS_HIGHBIT_SET(text[i]))
			return false;
	return true;
}

/* Appends one code point; false when the password is too long. */
static bool
append_code_point(UsersPassword *password, pg_wchar c)
{
	unsigned char *end = (unsigned char *) password->bytes + password->len;

	if (password->characters >= USERS_PASSWORD_MAX)
		return false;
	unicode_to_utf8(c, end);
	password->len += (size_t) pg_utf_mblen(end);
	password->characters++;
	return true;
}

/* Copies text in normal form C; false when it is too long. */
static bool
copy_normalized(UsersPassword *password, const char *text, size_t len)
{
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	pg_wchar *input = palloc((len + 1) * sizeof(pg_wchar));
	pg_wchar *normal;
	size_t n = 0;
	size_t normal_len = 0;
	bool fits = true;

	while (p < end)
	{
		input[n++] = utf8_to_unicode(p);
		p += pg_utf_mblen(p);
	}
	input[n] = 0;
	normal = input;
	if (unicode_is_normalized_quickcheck(UNICODE_NFC, input) !=
		UNICODE_NORM_QC_YES)
		normal = unicode_normalize(UNICODE_NFC, input);
	for (; fits && normal[normal_len] != 0; normal_len++)
		fits = append_code_point(password, normal[normal_len]);
	while (normal[normal_len] != 0)
		normal_len++;
	sodium_memzero(input, (n + 1) * sizeof(pg_wchar));
	if (normal != input)
	{
		sodium_memzero(normal, normal_len * sizeof(pg_wchar));
		pfree(normal);
	}
	pfree(input);
	return fits;
}

/* Copies text as it is, for ASCII and for encodings other than UTF-8. */
static bool
copy_plain(UsersPassword *password, const char *text, size_t len)
{
	if (len >= sizeof(password->bytes))
		return false;
	memcpy(password->bytes, text, len);
	password->len = len;
	password->characters = (size_t) pg_mbstrlen_with_len(text, (int) len);
	return password->characters <= USERS_PASSWORD_MAX;
}

/* Keeps what was typed as well, if it has a place. */
static void
copy_typed(UsersPassword *password, const char *text, size_t len)
{
	if (len >= sizeof(password->typed))
		return;
	memcpy(password->typed, text, len);
	password->typed_len = len;
}

const UsersPassword *
users_take_password(FunctionCallInfo fcinfo, int n, UsersPasswordSlot slot)
{
	UsersPassword *password = &slots[slot];
	text *given;
	const char *bytes;
	size_t len;
	bool fits;

	sodium_memzero(password, sizeof(*password));
	taken_at = GetCurrentTransactionNestLevel();
	if (PG_ARGISNULL(n))
		return password;
	given = PG_GETARG_TEXT_PP(n);
	bytes = VARDATA_ANY(given);
	len = VARSIZE_ANY_EXHDR(given);
	if (len > RAW_MAX)
		fits = false;
	else if (GetDatabaseEncoding() != PG_UTF8 || is_ascii(bytes, len))
		fits = copy_plain(password, bytes, len);
	else
		fits = copy_normalized(password, bytes, len);
	copy_typed(password, bytes, len);
	if (!fits)
	{
		sodium_memzero(password, sizeof(*password));
		password->too_long = true;
	}
	return password;
}

void
users_require_strong(const UsersPassword *password, const char *argument,
					 const char *const *context)
{
	UsersStrength strength = { 0, USERS_WEAK_GUESSABLE };

	if (password->too_long)
		strength.why = USERS_WEAK_TOO_LONG;
	else if (password->characters < (size_t) users_settings.password_min_length)
	{
		users_strength(&strength, password->bytes, context);
		strength.why = USERS_WEAK_TOO_SHORT;
	}
	else
	{
		users_strength(&strength, password->bytes, context);
		if (strength.score >= users_settings.password_min_strength)
			return;
	}
	users_wipe_passwords();
	users_raise_detail(USERS_E_WEAK_PASSWORD, argument, "reason: %s\nscore: %d",
					   users_weakness_name(strength.why), strength.score);
}

bool
users_same_password(const UsersPassword *a, const UsersPassword *b)
{
	/* What lies behind the end is zero in both. */
	return a->too_long == b->too_long && a->len == b->len &&
		   sodium_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static unsigned long long
opslimit(void)
{
	int iterations = users_settings.argon2_iterations;

	if (users_settings.argon2_memory < ONE_PASS_KIB)
		iterations = Max(iterations, 2);
	return (unsigned long long) iterations;
}

static size_t
memlimit(void)
{
	return (size_t) users_settings.argon2_memory * 1024;
}

/* Under memory pressure nobody's password is wrong: the caller says busy, the
 * log says why. */
static void
log_no_memory(void)
{
	ereport(LOG_SERVER_ONLY,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("users: no memory to hash a password"),
			 errdetail("It takes %d kB, as users.argon2_memory says.",
					   users_settings.argon2_memory),
			 users_errhide()));
}

bool
users_hash_password(UsersPasswordHash out, const UsersPassword *password)
{
	/* Whatever else goes wrong, nobody gets an account without a password. */
	if (password->len == 0)
		elog(ERROR, "no password to hash");
	if (crypto_pwhash_str_alg(out, password->bytes, password->len, opslimit(),
							  memlimit(), crypto_pwhash_ALG_ARGON2ID13) == 0)
		return true;
	log_no_memory();
	return false;
}

/* A hash of nothing that anybody knows, with the present parameters: what an
 * unknown identifier's password is held against. */
static void
make_decoy(UsersPasswordHash out)
{
	unsigned char random[48];
	char salt[32];
	char tag[64];

	randombytes_buf(random, sizeof(random));
	(void) sodium_bin2base64(salt, sizeof(salt), random, 16,
							 sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	(void) sodium_bin2base64(tag, sizeof(tag), random + 16, 32,
							 sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	memset(out, 0, sizeof(UsersPasswordHash));
	snprintf(out, sizeof(UsersPasswordHash),
			 "$argon2id$v=19$m=%d,t=%d,p=1$%s$%s", users_settings.argon2_memory,
			 (int) opslimit(), salt, tag);
}

/* Copies a stored Argon2id hash that may be verified; false for none, another
 * one or one that asks for too much. */
static bool
usable_hash(UsersPasswordHash out, const char *hash)
{
	UsersPhc phc;
	size_t len = hash == NULL ? 0 : strlen(hash);

	if (len == 0 || len >= sizeof(UsersPasswordHash) ||
		users_phc_parse(&phc, hash, len) != USERS_OK)
		return false;
	memset(out, 0, sizeof(UsersPasswordHash));
	memcpy(out, hash, len);
	return true;
}

/* The bytes of a base64 field of a hash that users_phc_parse has accepted;
 * *field moves behind it. */
static bool
read_field(unsigned char *out, size_t size, const char **field)
{
	const char *end = *field + strcspn(*field, "$");
	size_t n = 0;
	bool good = sodium_base642bin(
					out, size, *field, (size_t) (end - *field), NULL, &n, NULL,
					sodium_base64_VARIANT_ORIGINAL_NO_PADDING) == 0 &&
				n == size;

	*field = *end == '$' ? end + 1 : end;
	return good;
}

/* Salt and tag of a hash of our own shape; false for others. */
static bool
read_salt_and_tag(const char *hash, const UsersPhc *phc, unsigned char *salt,
				  unsigned char *tag)
{
	const char *field = hash;

	if (phc->lanes != 1 || phc->salt_len != crypto_pwhash_SALTBYTES)
		return false;
	for (int dollars = 0; dollars < 4; field++)
		dollars += *field == '$';
	return read_field(salt, phc->salt_len, &field) &&
		   read_field(tag, phc->hash_len, &field);
}

/*
 * crypto_pwhash_str_verify says the same of a wrong password and of no memory.
 * So hashes of our own shape are computed and compared here; for others, which
 * were imported, the memory is tried first.
 */
static UsersMatch
compute_and_compare(const char *hash, const char *bytes, size_t len)
{
	UsersPhc phc;
	unsigned char salt[crypto_pwhash_SALTBYTES];
	unsigned char tag[64];
	unsigned char computed[64];
	bool same;

	if (users_phc_parse(&phc, hash, strlen(hash)) != USERS_OK)
		return USERS_NO_MATCH;
	if (!read_salt_and_tag(hash, &phc, salt, tag))
	{
		void *trial = malloc((size_t) phc.memory_kib * 1024);

		if (trial == NULL)
			return USERS_MATCH_UNKNOWN;
		free(trial);
		return crypto_pwhash_str_verify(hash, bytes, len) == 0 ? USERS_MATCH
															   : USERS_NO_MATCH;
	}
	if (crypto_pwhash(computed, phc.hash_len, bytes, len, salt, phc.iterations,
					  (size_t) phc.memory_kib * 1024,
					  crypto_pwhash_ALG_ARGON2ID13) != 0)
		return USERS_MATCH_UNKNOWN;
	same = sodium_memcmp(computed, tag, phc.hash_len) == 0;
	sodium_memzero(computed, sizeof(computed));
	return same ? USERS_MATCH : USERS_NO_MATCH;
}

/* Of Argon2id; or of nothing, which costs as much. */
static UsersMatch
verify_argon2id(const char *hash, const char *bytes, size_t len)
{
	UsersPasswordHash copy;
	bool usable = usable_hash(copy, hash);
	UsersMatch match;

	if (!usable)
		make_decoy(copy);
	match = compute_and_compare(copy, bytes, len);
	sodium_memzero(copy, sizeof(copy));
	if (match == USERS_MATCH_UNKNOWN)
		log_no_memory();
	else if (!usable)
		match = USERS_NO_MATCH;
	return match;
}

UsersMatch
users_verify_hash(const char *hash, bool as_typed,
				  const UsersPassword *password)
{
	bool bcrypt = users_is_bcrypt(hash);
	const char *bytes = bcrypt || as_typed ? password->typed : password->bytes;
	size_t len = bcrypt || as_typed ? password->typed_len : password->len;
	UsersMatch match;

	if (bcrypt)
		match =
			users_bcrypt_matches(hash, bytes) ? USERS_MATCH : USERS_NO_MATCH;
	else
		match = verify_argon2id(hash, bytes, len);
	/* Nobody's password is empty, even where a program has made a hash of
	 * that. */
	if (match == USERS_MATCH && (len == 0 || password->len == 0))
		match = USERS_NO_MATCH;
	return match;
}

bool
users_hash_is_old(const char *hash)
{
	UsersPasswordHash copy;

	if (users_is_bcrypt(hash))
		return true;
	return usable_hash(copy, hash) &&
		   crypto_pwhash_str_needs_rehash(copy, opslimit(), memlimit()) != 0;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_ABORT)
		users_wipe_passwords();
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB &&
		GetCurrentTransactionNestLevel() <= taken_at)
		users_wipe_passwords();
}

void
users_init_password(void)
{
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
