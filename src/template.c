#include "pg.h"

#include "audit.h"
#include "caller.h"
#include "choice.h"
#include "core/grammar.h"
#include "errors.h"
#include "outcome.h"
#include "query.h"
#include "settings.h"
#include "template.h"
#include "text.h"

#define SUBJECT_MAX 200 /* characters */
/* What a template may grow to with its values. */
#define RENDERED_MAX (4 * USERS_TEMPLATE_MAX)

enum
{
	FIND_TEMPLATE,
	FIND_EXACT,
	DEFINE_TEMPLATE,
	DROP_TEMPLATE
};

/* clang-format off */
static UsersQuery queries[] = {
	[FIND_TEMPLATE] = {
		.sql = "SELECT language, subject, body_text, body_html FROM users.mail_template"
			   " WHERE kind" EQ "$1 AND language" EQ "ANY (ARRAY[$2, $3, 'en'])"
			   " ORDER BY language" EQ "$2 DESC, language" EQ "$3 DESC, built_in LIMIT 1",
		.types = { TEXTOID, TEXTOID, TEXTOID } },
	[FIND_EXACT] = {
		.sql = "SELECT language, subject, body_text, body_html, built_in FROM users.mail_template"
			   " WHERE kind" EQ "$1 AND language" EQ "$2 ORDER BY built_in LIMIT 1",
		.types = { TEXTOID, TEXTOID } },
	[DEFINE_TEMPLATE] = {
		.sql = "INSERT INTO users.mail_template (kind, language, subject, body_text, body_html)"
			   " VALUES ($1, $2, $3, $4, $5)"
			   " ON CONFLICT (kind, language, built_in) DO UPDATE"
			   "   SET subject = excluded.subject, body_text = excluded.body_text,"
			   "       body_html = excluded.body_html",
		.types = { TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID } },
	[DROP_TEMPLATE] = {
		.sql = "DELETE FROM users.mail_template WHERE kind" EQ "$1 AND language" EQ "$2 AND NOT built_in",
		.types = { TEXTOID, TEXTOID } },
};
/* clang-format on */

/* ---- filling ---- */

/* NULL when it would become too long. */
static char *
fill(const char *template, const UsersValue *values, size_t n,
	 UsersEscape escape, MemoryContext context)
{
	size_t len = strlen(template);
	size_t length;
	char *out;

	if (users_template_length(&length, RENDERED_MAX, template, len, values, n,
							  escape) != USERS_OK)
		return NULL;
	out = MemoryContextAlloc(context, length + 1);
	users_template_fill(out, template, len, values, n, escape);
	return out;
}

/* Row 0 of the last result, filled; false when it would become too long. */
static bool
fill_row(UsersRendered *out, const UsersValue *values, size_t n,
		 MemoryContext context)
{
	char *subject = users_column_text(0, 2, CurrentMemoryContext);
	char *text = users_column_text(0, 3, CurrentMemoryContext);
	char *html = users_column_text(0, 4, CurrentMemoryContext);

	out->language = users_column_text(0, 1, context);
	out->subject = fill(subject, values, n, USERS_ESCAPE_NONE, context);
	out->body_text = fill(text, values, n, USERS_ESCAPE_NONE, context);
	out->body_html = fill(html, values, n, USERS_ESCAPE_HTML, context);
	return out->subject != NULL && out->body_text != NULL &&
		   out->body_html != NULL;
}

bool
users_render(UsersRendered *out, UsersMailKind kind, const char *language,
			 const UsersValue *values, size_t n, MemoryContext context)
{
	Datum wanted[] = { CStringGetTextDatum(users_mail_kinds[kind].name),
					   CStringGetTextDatum(language),
					   CStringGetTextDatum(users_settings.default_language) };

	return users_read(&queries[FIND_TEMPLATE], wanted, NULL) > 0 &&
		   fill_row(out, values, n, context);
}

/* ---- SQL ---- */

enum
{
	KIND,
	LANGUAGE,
	SUBJECT,
	BODY_TEXT,
	BODY_HTML,
	BUILT_IN,
	TEMPLATE_COLUMNS
};

static UsersMailKind
read_kind(FunctionCallInfo fcinfo)
{
	char *name = users_text_argument(fcinfo, KIND);
	UsersMailKind kind =
		name == NULL ? USERS_MAIL_KINDS : users_mail_kind(name, strlen(name));

	if (kind == USERS_MAIL_KINDS)
		users_raise_detail(USERS_E_WORD, "kind",
						   "It is a kind of mail, such as reset_password.");
	return kind;
}

/* A template's text, its placeholders checked. */
static char *
read_template(FunctionCallInfo fcinfo, int n, UsersMailKind kind,
			  const char *argument)
{
	char *text = users_text_argument(fcinfo, n);
	const char *bad;
	size_t bad_len;
	char shown[USERS_TEMPLATE_BAD + 1];
	UsersStatus status;

	if (users_trimmed_argument(fcinfo, n)[0] == '\0')
		users_raise_detail(USERS_E_TEMPLATE, argument, "It is empty.");
	status = users_template_check(text, strlen(text),
								  users_mail_kinds[kind].placeholders, &bad,
								  &bad_len);
	(void) users_printable_text(shown, sizeof(shown), bad == NULL ? "" : bad,
								bad_len);
	switch (status)
	{
		case USERS_OK:
			break;
		case USERS_TOO_LONG:
			users_raise_detail(USERS_E_TEMPLATE, argument,
							   "It has more than %d bytes.",
							   USERS_TEMPLATE_MAX);
			break;
		case USERS_UNSUPPORTED:
			users_raise_detail(USERS_E_TEMPLATE, argument,
							   "This kind of mail has no placeholder \"%.*s\".",
							   (int) bad_len, bad);
			break;
		case USERS_MALFORMED:
		case USERS_TOO_SHORT:
		case USERS_FORGED:
		case USERS_OVERPRICED:
		case USERS_FAILED:
			users_raise_detail(USERS_E_TEMPLATE, argument,
							   "At \"%s\" no placeholder begins.", shown);
	}
	return text;
}

/* A body: of a kind with a link it must hold the link. */
static char *
read_body(FunctionCallInfo fcinfo, int n, UsersMailKind kind,
		  const char *argument)
{
	char *body = read_template(fcinfo, n, kind, argument);

	if (users_mail_kinds[kind].has_link &&
		!users_template_has(body, strlen(body), "link"))
		users_raise_detail(USERS_E_TEMPLATE, argument,
						   "The placeholder \"{{link}}\" is missing.");
	return body;
}

static char *
read_subject(FunctionCallInfo fcinfo, UsersMailKind kind)
{
	char *subject = read_template(fcinfo, SUBJECT, kind, "subject");

	if (!users_is_name(subject, SUBJECT_MAX))
		users_raise_detail(
			USERS_E_TEMPLATE, "subject",
			"It is one line of at most %d characters, without control characters.",
			SUBJECT_MAX);
	return subject;
}

static char *
read_language(FunctionCallInfo fcinfo)
{
	char *language = users_text_argument(fcinfo, LANGUAGE);

	if (language == NULL || strlen(language) > NAMEDATALEN ||
		!users_language_exists(language))
		users_raise(USERS_E_LANGUAGE, "language");
	return language;
}

static Datum
template_row(FunctionCallInfo fcinfo, UsersMailKind kind,
			 const UsersRendered *texts, bool built_in)
{
	Datum values[TEMPLATE_COLUMNS] = {
		[KIND] = CStringGetTextDatum(users_mail_kinds[kind].name),
		[LANGUAGE] = CStringGetTextDatum(texts->language),
		[SUBJECT] = CStringGetTextDatum(texts->subject),
		[BODY_TEXT] = CStringGetTextDatum(texts->body_text),
		[BODY_HTML] = CStringGetTextDatum(texts->body_html),
		[BUILT_IN] = BoolGetDatum(built_in)
	};
	bool nulls[TEMPLATE_COLUMNS] = { false };

	return users_row(fcinfo, values, nulls, TEMPLATE_COLUMNS);
}

PG_FUNCTION_INFO_V1(users_define_template);
PG_FUNCTION_INFO_V1(users_drop_template);
PG_FUNCTION_INFO_V1(users_preview_template);

/* users_define_template(kind, language, subject, body_text, body_html)
 * users_templates */
Datum
users_define_template(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersMailKind kind;
	UsersRendered texts;
	Datum values[5];

	users_begin(&call, "users_define_template", USERS_WRITES);
	users_require_dba(&call);
	kind = read_kind(fcinfo);
	texts.subject = read_subject(fcinfo, kind);
	texts.body_text = read_body(fcinfo, BODY_TEXT, kind, "body_text");
	texts.body_html = read_body(fcinfo, BODY_HTML, kind, "body_html");
	users_enter_owner(&call);
	texts.language = MemoryContextStrdup(call.context, read_language(fcinfo));
	values[KIND] = CStringGetTextDatum(users_mail_kinds[kind].name);
	values[LANGUAGE] = CStringGetTextDatum(texts.language);
	values[SUBJECT] = CStringGetTextDatum(texts.subject);
	values[BODY_TEXT] = CStringGetTextDatum(texts.body_text);
	values[BODY_HTML] = CStringGetTextDatum(texts.body_html);
	(void) users_write(&queries[DEFINE_TEMPLATE], values, NULL);
	users_audit_caller("template_defined", NULL, "kind",
					   users_mail_kinds[kind].name);
	users_leave_owner(&call);
	return template_row(fcinfo, kind, &texts, false);
}

/* users_drop_template(kind, language) boolean */
Datum
users_drop_template(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersMailKind kind;
	char *language;
	Datum values[2];
	bool dropped;

	users_begin(&call, "users_drop_template", USERS_WRITES);
	users_require_dba(&call);
	kind = read_kind(fcinfo);
	language = users_text_argument(fcinfo, LANGUAGE);
	if (language == NULL)
		PG_RETURN_BOOL(false);
	users_enter_owner(&call);
	values[0] = CStringGetTextDatum(users_mail_kinds[kind].name);
	values[1] = CStringGetTextDatum(language);
	dropped = users_write(&queries[DROP_TEMPLATE], values, NULL) > 0;
	if (dropped)
		users_audit_caller("template_defined", NULL, "kind",
						   users_mail_kinds[kind].name);
	users_leave_owner(&call);
	PG_RETURN_BOOL(dropped);
}

/* Somebody to show a template with. */
static const UsersValue sample[] = {
	{ "product_name", "Users" },
	{ "email", "ann.archer@example.org" },
	{ "first_name", "Ann" },
	{ "last_name", "Archer" },
	{ "username", "ann" },
	{ "link", "https://example.org/page?token=XXXXXXXXXXXXXXXX" },
	{ "expires_at", "2026-01-02 03:04 UTC" },
	{ "time", "2026-01-01 03:04 UTC" },
	{ "domain_name", "Harbour" },
	{ "role_name", "editor" },
	{ "inviter_name", "Bea Brook" },
	{ "invitee_name", "Cem Carver" },
	{ "device", "Firefox on Linux" },
	{ "client_address", "192.0.2.1" },
};

/* users_preview_template(kind, language) users_templates */
Datum
users_preview_template(PG_FUNCTION_ARGS)
{
	UsersCall call;
	UsersMailKind kind;
	UsersRendered texts;
	char *language;
	Datum values[2];
	bool built_in;

	users_begin(&call, "users_preview_template", USERS_READS);
	users_require_administrator(&call);
	kind = read_kind(fcinfo);
	language = users_text_argument(fcinfo, LANGUAGE);
	users_enter_owner(&call);
	values[0] = CStringGetTextDatum(users_mail_kinds[kind].name);
	values[1] = CStringGetTextDatum(language == NULL ? "" : language);
	if (users_read(&queries[FIND_EXACT], values, NULL) == 0)
		users_raise(USERS_E_LANGUAGE, "language");
	built_in = users_column_bool(0, 5, true);
	if (!fill_row(&texts, sample, lengthof(sample), call.context))
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("a mail would become too long"),
						errhint("Shorten its template."), users_errhide()));
	users_leave_owner(&call);
	return template_row(fcinfo, kind, &texts, built_in);
}

void
users_init_template(void)
{
	users_register_queries(queries, lengthof(queries));
}
