#include "pg.h"

#include <sodium.h>

#include "compose.h"
#include "errors.h"
#include "site.h"
#include "template.h"

#define VALUES_MAX 32

/* What a mail's template can name, and what other programs get as data. */
typedef struct Values
{
	UsersValue list[VALUES_MAX];
	size_t n;
} Values;

static void
add(Values *values, const char *name, const char *value)
{
	if (value == NULL || values->n >= VALUES_MAX)
		return;
	values->list[values->n].name = name;
	values->list[values->n].value = value;
	values->n++;
}

static void
break_down(struct pg_tm *tm, TimestampTz time)
{
	fsec_t fraction;

	if (timestamp2tm(time, NULL, tm, &fraction, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("a mail's time is out of range"), users_errhide()));
}

char *
users_readable_time(TimestampTz time)
{
	struct pg_tm tm;

	break_down(&tm, time);
	return psprintf("%04d-%02d-%02d %02d:%02d UTC", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min);
}

/* As RFC 3339 has it, for programs. */
static char *
exact_time(TimestampTz time)
{
	struct pg_tm tm;

	break_down(&tm, time);
	return psprintf("%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year, tm.tm_mon,
					tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

/* The members of the mail's own object, all of them strings. */
static void
add_members(Values *values, Datum data)
{
	JsonbIterator *iterator = JsonbIteratorInit(&DatumGetJsonbP(data)->root);
	JsonbIteratorToken token;
	JsonbValue item;
	char *name = NULL;

	while ((token = JsonbIteratorNext(&iterator, &item, true)) != WJB_DONE)
	{
		if (item.type != jbvString)
			continue;
		if (token == WJB_KEY)
			name = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token == WJB_VALUE && name != NULL)
			add(values, name,
				pnstrdup(item.val.string.val, item.val.string.len));
	}
}

static void
add_member(JsonbParseState **state, const char *name, const char *value)
{
	JsonbValue item;

	item.type = jbvString;
	item.val.string.val = unconstify(char *, name);
	item.val.string.len = (int) strlen(name);
	(void) pushJsonbValue(state, WJB_KEY, &item);
	item.val.string.val = unconstify(char *, value);
	item.val.string.len = (int) strlen(value);
	(void) pushJsonbValue(state, WJB_VALUE, &item);
}

/* The values as jsonb, with the token and the end of its time for programs. */
static Datum
build_data(const Values *values, const char *token, const UsersLink *link,
		   TimestampTz time)
{
	JsonbParseState *state = NULL;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (size_t i = 0; i < values->n; i++)
		if (strcmp(values->list[i].name, "expires_at") != 0 &&
			strcmp(values->list[i].name, "time") != 0)
			add_member(&state, values->list[i].name, values->list[i].value);
	if (link != NULL)
	{
		add_member(&state, "token", token);
		add_member(&state, "expires_at", exact_time(link->expires_at));
	}
	else
		add_member(&state, "time", exact_time(time));
	return JsonbPGetDatum(
		JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

static void
add_person(Values *values, const UsersAccount *account)
{
	if (!account->exists)
		return;
	add(values, "first_name", users_first_name(account));
	add(values, "last_name", account->last_name);
	add(values, "username", account->username);
}

static void
set_text(Datum *value, bool *null, const char *text)
{
	*null = text == NULL;
	*value = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}

/* The row's columns but id, attempt and data. */
static void
fill_texts(Datum *values, bool *nulls, const UsersClaim *claim,
		   const UsersAccount *account, const UsersRendered *texts,
		   const UsersSite *site)
{
	char *id = DatumGetCString(
		DirectFunctionCall1(uuid_out, UUIDPGetDatum(&claim->id)));

	set_text(&values[1], &nulls[1], users_mail_kinds[claim->kind].name);
	set_text(&values[2], &nulls[2], claim->recipient);
	/* A mailbox that is only to be verified may be a stranger's, and whoever
	 * made the account chose the names. */
	set_text(&values[3], &nulls[3],
			 account->exists && claim->kind != USERS_MAIL_VERIFY_EMAIL
				 ? users_full_name(account)
				 : NULL);
	set_text(&values[4], &nulls[4], texts->language);
	set_text(&values[5], &nulls[5], texts->subject);
	set_text(&values[6], &nulls[6], texts->body_text);
	set_text(&values[7], &nulls[7], texts->body_html);
	/* The same for each attempt, so that a copy is known as one. */
	set_text(&values[8], &nulls[8],
			 psprintf("<%s@%s>", id, users_site_host(site)));
	set_text(&values[10], &nulls[10], claim->site);
	set_text(&values[11], &nulls[11],
			 site->sender[0] == '\0' ? NULL : site->sender);
}

bool
users_compose(Datum values[USERS_MAIL_COLUMNS], bool nulls[USERS_MAIL_COLUMNS],
			  const UsersClaim *claim, const UsersAccount *account,
			  UsersLink *link, MemoryContext context)
{
	UsersSite site;
	UsersRendered texts;
	UsersLinkToken token = "";
	Values all = { .n = 0 };
	MemoryContext old;
	bool rendered;

	users_find_site(&site, claim->site, context);
	add(&all, "product_name", site.product_name);
	add(&all, "email", claim->recipient);
	add_person(&all, account);
	if (link != NULL)
	{
		users_hand_out_link(link, token);
		add(&all, "link", users_site_link(&site, claim->kind, token));
		add(&all, "expires_at", users_readable_time(link->expires_at));
	}
	else
		add(&all, "time", users_readable_time(claim->created_at));
	add_members(&all, claim->data);
	rendered = users_render(&texts, claim->kind, claim->language, all.list,
							all.n, context);
	if (rendered)
	{
		old = MemoryContextSwitchTo(context);
		fill_texts(values, nulls, claim, account, &texts, &site);
		values[0] = UUIDPGetDatum(&claim->id);
		values[9] = Int32GetDatum(claim->attempt);
		values[12] = build_data(&all, token, link, claim->created_at);
		nulls[0] = nulls[9] = nulls[12] = false;
		MemoryContextSwitchTo(old);
	}
	sodium_memzero(token, sizeof(token));
	return rendered;
}
