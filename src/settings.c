#include "pg.h"

#include <limits.h>

#include "core/grammar.h"
#include "core/jwt.h"
#include "kind.h"
#include "settings.h"

UsersSettings users_settings;
bool users_preloaded = false;
uint32 users_claims_generation = 1;

#define DAY	  (24 * 60 * 60)
#define YEARS (50 * 365 * DAY)

typedef struct IntegerSetting
{
	const char *name;
	const char *description;
	const char *detail;
	int *variable;
	int value;
	int lowest;
	int highest;
	int flags;
} IntegerSetting;

#define SET(name) &users_settings.name

static const IntegerSetting integers[] = {
	{ "users.access_token_ttl", "How long an access token is valid.",
	  "A token of an ended session is refused by the database at once; services that check signatures alone go on accepting it for so long.",
	  SET(access_token_ttl), 15 * 60, 30, DAY, GUC_UNIT_S },
	{ "users.refresh_token_ttl",
	  "How long a session lives without being refreshed.", NULL,
	  SET(refresh_token_ttl), 7 * DAY, 60, YEARS, GUC_UNIT_S },
	{ "users.session_ttl", "How long a session lives whatever happens.", NULL,
	  SET(session_ttl), 30 * DAY, 60, YEARS, GUC_UNIT_S },
	{ "users.refresh_grace",
	  "How long a spent refresh token gives the same successor again.",
	  "For lost answers and second tabs; a spent token used later ends the session.",
	  SET(refresh_grace), 10, 0, 300, GUC_UNIT_S },
	{ "users.reset_token_ttl",
	  "How long a password reset link is valid, from its mail's first sending.",
	  NULL, SET(reset_token_ttl), 3600, 60, 7 * DAY, GUC_UNIT_S },
	{ "users.verification_token_ttl",
	  "How long a link that verifies an address is valid.", NULL,
	  SET(verification_token_ttl), DAY, 60, 30 * DAY, GUC_UNIT_S },
	{ "users.invitation_ttl", "How long an invitation is valid.", NULL,
	  SET(invitation_ttl), 7 * DAY, 60, 365 * DAY, GUC_UNIT_S },
	{ "users.deletion_grace",
	  "How long a deleted account or domain can be restored.", NULL,
	  SET(deletion_grace), 30 * DAY, 0, YEARS, GUC_UNIT_S },
	{ "users.max_failed_logins",
	  "Failed sign-ins of one identifier from one address in a window.", NULL,
	  SET(max_failed_logins), 10, 1, 1000, 0 },
	{ "users.max_failed_logins_per_identifier",
	  "Failed sign-ins of one identifier, from wherever, in a window.", NULL,
	  SET(max_failed_logins_per_identifier), 100, 1, 10000, 0 },
	{ "users.max_failed_logins_per_address",
	  "Failed sign-ins from one client address in a window.",
	  "Of IPv6 a /64 counts as one address.",
	  SET(max_failed_logins_per_address), 300, 1, 1000000, 0 },
	{ "users.failed_login_window",
	  "The window in which failed sign-ins and requests are counted.",
	  "It is also the longest time that one is throttled.",
	  SET(failed_login_window), 15 * 60, 30, DAY, GUC_UNIT_S },
	{ "users.max_mail_requests",
	  "Mails that may be asked for one address in a window.", NULL,
	  SET(max_mail_requests), 5, 1, 1000, 0 },
	{ "users.max_registrations",
	  "Sign-ups from one client address in a window.", NULL,
	  SET(max_registrations), 20, 1, 1000000, 0 },
	{ "users.max_invitations", "Invitations that one person may send in a day.",
	  NULL, SET(max_invitations), 100, 0, 1000000, 0 },
	{ "users.max_domains", "Domains that one person may create.", NULL,
	  SET(max_domains), 100, 0, 1000000, 0 },
	{ "users.mail_max_attempts",
	  "Attempts to send a mail before it is given up.", NULL,
	  SET(mail_max_attempts), 12, 1, 100, 0 },
	{ "users.max_waiting_requests",
	  "Mails asked for by address that may wait unclaimed; beyond it everybody hears busy.",
	  NULL, SET(max_waiting_requests), 100000, 1, INT_MAX, 0 },
	{ "users.password_min_length", "Characters that a password has at least.",
	  NULL, SET(password_min_length), 8, 1, 128, 0 },
	{ "users.password_min_strength",
	  "The zxcvbn score that a password has at least.",
	  "Of 0 (guessed at once) to 4: how many of 10^3, 10^6, 10^8 and 10^10 guesses it withstands.",
	  SET(password_min_strength), 3, 0, 4, 0 },
	{ "users.argon2_memory", "Memory that Argon2id fills for one password.",
	  "Below 46 MB two iterations are made even where users.argon2_iterations is 1.",
	  SET(argon2_memory), 46 * 1024, 19 * 1024, 1024 * 1024, GUC_UNIT_KB },
	{ "users.argon2_iterations", "Passes that Argon2id makes over its memory.",
	  NULL, SET(argon2_iterations), 1, 1, 10, 0 },
	{ "users.hash_queue_timeout",
	  "How long a call waits for its turn to hash before it answers busy.",
	  NULL, SET(hash_queue_timeout), 5, 0, 300, GUC_UNIT_S },
	{ "users.picture_max_size", "Size that a profile picture has at most.",
	  NULL, SET(picture_max_size), 1024, 1, 64 * 1024, GUC_UNIT_KB },
	{ "users.audit_retention", "How long audit events are kept.", NULL,
	  SET(audit_retention), 365 * DAY, DAY, YEARS, GUC_UNIT_S },
	{ "users.event_retention", "How long users_events can go back.", NULL,
	  SET(event_retention), 30 * DAY, 3600, YEARS, GUC_UNIT_S },
};

typedef struct BooleanSetting
{
	const char *name;
	const char *description;
	const char *detail;
	bool *variable;
	bool value;
} BooleanSetting;

static const BooleanSetting booleans[] = {
	{ "users.require_verified_email",
	  "Whether an account needs a verified address.",
	  "Signing up then takes the token of a sign-up link or an invitation.",
	  SET(require_verified_email), false },
	{ "users.trust_socket_address",
	  "Whether the address of the database connection is the client's.",
	  "Not behind a connection pool: everybody would share the pool's.",
	  SET(trust_socket_address), false },
	{ "users.synchronous_revocation",
	  "Whether commits that end sessions or revoke a key wait for remote_apply.",
	  "When such a call returns, no standby in synchronous_standby_names accepts the token any more.",
	  SET(synchronous_revocation), true },
	{ "users.public_pictures", "Whether everybody may see profile pictures.",
	  NULL, SET(public_pictures), false },
	{ "users.refresh_cookie",
	  "Whether refresh tokens travel as a cookie under PostgREST.", NULL,
	  SET(refresh_cookie), false },
	{ "users.allow_drop",
	  "Whether the extension's tables may be dropped or truncated while there are accounts.",
	  NULL, SET(allow_drop), false },
};

typedef struct StringSetting
{
	const char *name;
	const char *description;
	const char *detail;
	char **variable;
	const char *value;
	GucContext context;
	int flags;
	GucStringCheckHook check;
	GucStringAssignHook assign;
} StringSetting;

static bool check_claim_text(char **newval, void **extra, GucSource source);
static void note_claims(const char *newval, void *extra);
static bool check_url(char **newval, void **extra, GucSource source);
static bool check_line(char **newval, void **extra, GucSource source);
static bool check_sender(char **newval, void **extra, GucSource source);
static bool check_mail_kinds(char **newval, void **extra, GucSource source);

static const StringSetting strings[] = {
	{ "users.issuer", "The iss claim of access tokens.",
	  "Tokens of another issuer are refused.", SET(issuer), "users", PGC_SUSET,
	  0, check_claim_text, note_claims },
	{ "users.audience", "The aud claim of access tokens.",
	  "Empty: no such claim, and none is asked for.", SET(audience), "",
	  PGC_SUSET, 0, check_claim_text, note_claims },
	{ "users.default_language", "The language of who has chosen none.", NULL,
	  SET(default_language), "en", PGC_SUSET, 0, check_line, NULL },
	{ "users.key_file", "File with the 32 bytes of the root key.",
	  "Owned by the server's user and readable for nobody else, outside the data directory, the same on every standby. Empty: a key is generated and kept in a table.",
	  SET(key_file), "", PGC_SIGHUP, GUC_SUPERUSER_ONLY, NULL, NULL },
	{ "users.client_address_header",
	  "HTTP header with the client's address, under PostgREST.",
	  "Name one only that a proxy of your own sets; of a list the last element counts.",
	  SET(client_address_header), "", PGC_SUSET, 0, check_line, NULL },
	{ "users.client_address",
	  "The client's address, as an application says it.",
	  "Believed only from logins set up with trusted_client; use SET LOCAL.",
	  SET(client_address), "", PGC_USERSET, 0, NULL, NULL },
	{ "users.user_agent", "The client's program, as an application says it.",
	  "Believed only from logins set up with trusted_client; use SET LOCAL.",
	  SET(user_agent), "", PGC_USERSET, 0, NULL, NULL },
	{ "users.reset_url",
	  "Page that takes a new password; {token} stands for the token.", NULL,
	  SET(reset_url), "http://localhost:3000/password/reset?token={token}",
	  PGC_SUSET, 0, check_url, NULL },
	{ "users.verify_url",
	  "Page that verifies an address; {token} stands for the token.", NULL,
	  SET(verify_url), "http://localhost:3000/email/verify?token={token}",
	  PGC_SUSET, 0, check_url, NULL },
	{ "users.invitation_url",
	  "Page that shows an invitation; {token} stands for the token.", NULL,
	  SET(invitation_url), "http://localhost:3000/invitation?token={token}",
	  PGC_SUSET, 0, check_url, NULL },
	{ "users.registration_url",
	  "Page that finishes a sign-up; {token} stands for the token.", NULL,
	  SET(registration_url), "http://localhost:3000/register?token={token}",
	  PGC_SUSET, 0, check_url, NULL },
	{ "users.mail_sender", "Sender of mails.", "Empty: the mail relay's own.",
	  SET(mail_sender), "", PGC_SUSET, 0, check_sender, NULL },
	{ "users.product_name", "Name of the product, in mails.", NULL,
	  SET(product_name), "Users", PGC_SUSET, 0, check_line, NULL },
	{ "users.mail_kinds_off",
	  "Kinds of mail that are not sent, separated by commas.", NULL,
	  SET(mail_kinds_off), "new_sign_in", PGC_SUSET, 0, check_mail_kinds,
	  NULL },
};

static const struct config_enum_entry registrations[] = {
	{ "open", USERS_REGISTRATION_OPEN, false },
	{ "invited", USERS_REGISTRATION_INVITED, false },
	{ "closed", USERS_REGISTRATION_CLOSED, false },
	{ NULL, 0, false }
};

static const struct config_enum_entry algorithms[] = {
	{ "EdDSA", USERS_EDDSA, false },
	{ "HS256", USERS_HS256, false },
	{ NULL, 0, false }
};

static const struct config_enum_entry scopes[] = {
	{ "shared", USERS_SEARCH_SHARED, false },
	{ "all", USERS_SEARCH_ALL, false },
	{ NULL, 0, false }
};

/* Whether a text is free of control characters and at most max bytes long. */
static bool
is_line(const char *text, size_t max)
{
	if (strlen(text) > max)
		return false;
	for (; *text; text++)
		if ((unsigned char) *text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static bool
check_claim_text(char **newval, void **extra, GucSource source)
{
	if (is_line(*newval, USERS_JWT_TEXT_MAX))
		return true;
	GUC_check_errdetail("It has at most %d bytes and no control characters.",
						USERS_JWT_TEXT_MAX);
	return false;
}

static void
note_claims(const char *newval, void *extra)
{
	users_claims_generation++;
}

static bool
check_line(char **newval, void **extra, GucSource source)
{
	if (is_line(*newval, 1024))
		return true;
	GUC_check_errdetail("It has at most 1024 bytes and no control characters.");
	return false;
}

static bool
check_url(char **newval, void **extra, GucSource source)
{
	if (users_link_url_check(*newval, strlen(*newval)) == USERS_OK)
		return true;
	GUC_check_errdetail(
		"It begins with https:// or http://, holds {token} once, and is at most %d bytes of printable ASCII.",
		USERS_LINK_URL_MAX);
	return false;
}

static bool
check_sender(char **newval, void **extra, GucSource source)
{
	if ((*newval)[0] == '\0' ||
		users_sender_check(*newval, strlen(*newval)) == USERS_OK)
		return true;
	GUC_check_errdetail(
		"It is an address, or a name and an address as in Example <mail@example.org>.");
	return false;
}

static bool
check_mail_kinds(char **newval, void **extra, GucSource source)
{
	if (users_mail_kinds_valid(*newval))
		return true;
	GUC_check_errdetail(
		"It lists kinds of mail, separated by commas; doc/mail.md names them.");
	return false;
}

static void
define_tables(void)
{
	for (size_t i = 0; i < lengthof(integers); i++)
	{
		const IntegerSetting *s = &integers[i];

		DefineCustomIntVariable(s->name, s->description, s->detail, s->variable,
								s->value, s->lowest, s->highest, PGC_SUSET,
								s->flags, NULL, NULL, NULL);
	}
	for (size_t i = 0; i < lengthof(booleans); i++)
	{
		const BooleanSetting *s = &booleans[i];

		DefineCustomBoolVariable(s->name, s->description, s->detail,
								 s->variable, s->value, PGC_SUSET, 0, NULL,
								 NULL, NULL);
	}
	for (size_t i = 0; i < lengthof(strings); i++)
	{
		const StringSetting *s = &strings[i];

		DefineCustomStringVariable(s->name, s->description, s->detail,
								   s->variable, s->value, s->context, s->flags,
								   s->check, s->assign, NULL);
	}
}

void
users_define_settings(void)
{
	define_tables();
	DefineCustomEnumVariable(
		"users.registration", "Who may sign up.",
		"open: everybody; invited: who has a token; closed: nobody.",
		SET(registration), USERS_REGISTRATION_OPEN, registrations, PGC_SUSET, 0,
		NULL, NULL, NULL);
	DefineCustomEnumVariable(
		"users.signing_algorithm", "Algorithm that signs access tokens.",
		"With HS256, which PostgREST needs the secret for, allow no SQL of strangers on PostgREST's login.",
		SET(signing_algorithm), USERS_EDDSA, algorithms, PGC_SUSET, 0, NULL,
		NULL, NULL);
	DefineCustomEnumVariable("users.search_scope", "Whom users_search finds.",
							 "shared: people of one's domains; all: everybody.",
							 SET(search_scope), USERS_SEARCH_SHARED, scopes,
							 PGC_SUSET, 0, NULL, NULL, NULL);

	/* Defining a setting of server start any later is FATAL. */
	if (process_shared_preload_libraries_in_progress)
		DefineCustomIntVariable(
			"users.max_concurrent_hashes",
			"Passwords that are hashed at the same time, on the whole server.",
			"Each takes a core and users.argon2_memory. The others wait for their turn.",
			SET(max_concurrent_hashes), 4, 1, 1024, PGC_POSTMASTER, 0, NULL,
			NULL, NULL);
	MarkGUCPrefixReserved("users");
}
