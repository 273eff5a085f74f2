#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "core/grammar.h"
#include "errors.h"
#include "outcome.h"
#include "query.h"
#include "settings.h"
#include "site.h"
#include "text.h"

#define SITE_COLUMNS	7
#define SITE_NAME_MAX	63 /* characters */
#define SITE_NAME_BYTES (4 * SITE_NAME_MAX)

enum
{
	FIND_SITE,
	DEFINE_SITE
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_SITE] = {
		.sql = "SELECT name, reset_url, verify_url, invitation_url, registration_url, sender, product_name"
			   "  FROM users.site WHERE name" EQ "$1",
		.types = { TEXTOID } },
	[DEFINE_SITE] = {
		.sql = "INSERT INTO users.site"
			   " (name, reset_url, verify_url, invitation_url, registration_url, sender, product_name)"
			   " VALUES ($1, $2, $3, $4, $5, $6, $7)"
			   " ON CONFLICT (name) DO UPDATE"
			   "   SET reset_url = excluded.reset_url, verify_url = excluded.verify_url,"
			   "       invitation_url = excluded.invitation_url,"
			   "       registration_url = excluded.registration_url,"
			   "       sender = excluded.sender, product_name = excluded.product_name",
		.types = { TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID } },
};
/* clang-format on */

/* ---- what a site says ---- */

static void
override(const char **value, int column, MemoryContext context)
{
	const char *own = users_column_text(0, column, context);

	if (own != NULL)
		*value = own;
}

static bool
read_site(UsersSite *site, const char *name, MemoryContext context)
{
	Datum value = CStringGetTextDatum(name);

	if (users_read(&queries[FIND_SITE], &value, NULL) == 0)
		return false;
	site->name = users_column_text(0, 1, context);
	override(&site->reset_url, 2, context);
	override(&site->verify_url, 3, context);
	override(&site->invitation_url, 4, context);
	override(&site->registration_url, 5, context);
	override(&site->sender, 6, context);
	override(&site->product_name, 7, context);
	return true;
}

void
users_find_site(UsersSite *site, const char *name, MemoryContext context)
{
	site->name = NULL;
	site->reset_url = users_settings.reset_url;
	site->verify_url = users_settings.verify_url;
	site->invitation_url = users_settings.invitation_url;
	site->registration_url = users_settings.registration_url;
	site->sender = users_settings.mail_sender;
	site->product_name = users_settings.product_name;
	if (name != NULL)
		(void) read_site(site, name, context);
}

char *
users_site_argument(FunctionCallInfo fcinfo, int n)
{
	char *name = users_text_argument(fcinfo, n);
	UsersSite site;

	if (name != NULL && (strlen(name) > SITE_NAME_BYTES ||
						 !read_site(&site, name, CurrentMemoryContext)))
		users_raise(USERS_E_SITE, "site");
	return name;
}

/* ---- what is made of it ---- */

static const char *
page_of(const UsersSite *site, UsersMailKind kind)
{
	if (kind == USERS_MAIL_VERIFY_EMAIL)
		return site->verify_url;
	if (kind == USERS_MAIL_REGISTRATION)
		return site->registration_url;
	if (kind == USERS_MAIL_INVITATION)
		return site->invitation_url;
	return site->reset_url;
}

char *
users_site_link(const UsersSite *site, UsersMailKind kind, const char *token)
{
	const char *page = page_of(site, kind);
	const char *place = strstr(page, USERS_LINK_PLACE);

	if (place == NULL) /* cannot be: both ways in have checked it */
		return psprintf("%s%s", page, token);
	return psprintf("%.*s%s%s", (int) (place - page), page, token,
					place + strlen(USERS_LINK_PLACE));
}

char *
users_site_host(const UsersSite *site)
{
	const char *at = strrchr(site->sender, '@');
	const char *host = at != NULL ? at + 1 : strstr(site->reset_url, "://") + 3;

	size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyz"
							  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							  "0123456789.-");

	/* As of [::1]. */
	return len == 0 ? pstrdup("localhost") : pnstrdup(host, len);
}

/* ---- SQL ---- */

enum
{
	NAME,
	RESET_URL,
	VERIFY_URL,
	INVITATION_URL,
	REGISTRATION_URL,
	SENDER,
	PRODUCT_NAME
};

static char *
read_url(FunctionCallInfo fcinfo, int n, const char *argument)
{
	char *url = users_text_argument(fcinfo, n);

	if (url != NULL && users_link_url_check(url, strlen(url)) != USERS_OK)
		users_raise(USERS_E_URL, argument);
	return url;
}

/* An address, or a name and an address in angle brackets. */
static char *
read_sender(FunctionCallInfo fcinfo)
{
	char *sender = users_text_argument(fcinfo, SENDER);
	char *utf8;

	if (sender == NULL || sender[0] == '\0')
		return sender;
	utf8 = pg_server_to_any(sender, (int) strlen(sender), PG_UTF8);
	if (users_sender_check(utf8, strlen(utf8)) != USERS_OK)
		users_raise(USERS_E_SENDER, "sender");
	return sender;
}

static char *
read_name(FunctionCallInfo fcinfo, int n, size_t max, const char *argument)
{
	char *name;

	if (PG_ARGISNULL(n))
		return NULL;
	name = users_trimmed_argument(fcinfo, n);
	if (!users_is_name(name, max))
		users_raise(USERS_E_NAME, argument);
	return name;
}

static void
define(char *const texts[SITE_COLUMNS])
{
	Datum values[SITE_COLUMNS] = { 0 };
	char nulls[] = "       ";

	for (int i = 0; i < SITE_COLUMNS; i++)
	{
		nulls[i] = texts[i] == NULL ? 'n' : ' ';
		if (texts[i] != NULL)
			values[i] = CStringGetTextDatum(texts[i]);
	}
	(void) users_write(&queries[DEFINE_SITE], values, nulls);
}

PG_FUNCTION_INFO_V1(users_define_site);

/* users_define_site(name, reset_url, verify_url, invitation_url,
 * registration_url, sender, product_name) users_sites */
Datum
users_define_site(PG_FUNCTION_ARGS)
{
	UsersCall call;
	char *texts[SITE_COLUMNS];
	Datum values[SITE_COLUMNS] = { 0 };
	bool nulls[SITE_COLUMNS];

	users_begin(&call, "users_define_site", USERS_WRITES);
	users_require_dba(&call);
	texts[NAME] = read_name(fcinfo, NAME, SITE_NAME_MAX, "name");
	if (texts[NAME] == NULL)
		users_raise(USERS_E_NAME, "name");
	texts[RESET_URL] = read_url(fcinfo, RESET_URL, "reset_url");
	texts[VERIFY_URL] = read_url(fcinfo, VERIFY_URL, "verify_url");
	texts[INVITATION_URL] = read_url(fcinfo, INVITATION_URL, "invitation_url");
	texts[REGISTRATION_URL] =
		read_url(fcinfo, REGISTRATION_URL, "registration_url");
	texts[SENDER] = read_sender(fcinfo);
	texts[PRODUCT_NAME] =
		read_name(fcinfo, PRODUCT_NAME, USERS_NAME_MAX, "product_name");
	users_enter_owner(&call);
	define(texts);
	users_audit_caller("site_defined", NULL, "site", texts[NAME]);
	users_leave_owner(&call);
	for (int i = 0; i < SITE_COLUMNS; i++)
	{
		nulls[i] = texts[i] == NULL;
		if (texts[i] != NULL)
			values[i] = CStringGetTextDatum(texts[i]);
	}
	return users_row(fcinfo, values, nulls, SITE_COLUMNS);
}

void
users_init_site(void)
{
	users_register_queries(queries, lengthof(queries));
}
