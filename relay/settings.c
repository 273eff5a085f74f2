#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"
#include "settings.h"
#include "settings_file.h"

#define PREFIX		"USERS_MAIL_"
#define FILE_SUFFIX "_FILE"
/* Seconds of a lease beyond the time that one mail may take in the worst case.
 */
#define LEASE_SPARE 10

typedef enum Kind
{
	KIND_TEXT,
	KIND_SECRET,	 /* a text that may come from a file of its own */
	KIND_CONNECTION, /* a text that may hold a password */
	KIND_CHOICE,
	KIND_NUMBER,
	KIND_SECONDS
} Kind;

typedef struct Setting
{
	const char *name; /* without the prefix */
	Kind kind;
	size_t offset;
	int min, max, initial;
	const char *choices; /* words, the first is 1 */
} Setting;

#define AT(member) offsetof(Settings, member)

static const Setting table[] = {
	{ "DATABASE", KIND_CONNECTION, AT(database), 0, 0, 0, NULL },
	{ "DATABASE_PASSWORD", KIND_SECRET, AT(database_password), 0, 0, 0, NULL },
	{ "SCHEMA", KIND_TEXT, AT(schema), 0, 0, 0, NULL },
	{ "SMTP_URL", KIND_TEXT, AT(smtp_url), 0, 0, 0, NULL },
	{ "SMTP_TLS", KIND_CHOICE, AT(smtp_tls), 0, 0, TLS_UNSET,
	  "required optional off" },
	{ "SMTP_USER", KIND_TEXT, AT(smtp_user), 0, 0, 0, NULL },
	{ "SMTP_PASSWORD", KIND_SECRET, AT(smtp_password), 0, 0, 0, NULL },
	{ "SMTP_PLAIN_AUTH", KIND_CHOICE, AT(smtp_plain_auth), 0, 0, 1, "off on" },
	{ "SMTP_CA_FILE", KIND_TEXT, AT(smtp_ca_file), 0, 0, 0, NULL },
	{ "SMTP_HELO", KIND_TEXT, AT(smtp_helo), 0, 0, 0, NULL },
	{ "FROM", KIND_TEXT, AT(from), 0, 0, 0, NULL },
	{ "REPLY_TO", KIND_TEXT, AT(reply_to), 0, 0, 0, NULL },
	{ "EXEC", KIND_TEXT, AT(exec), 0, 0, 0, NULL },
	{ "LOG_KEY", KIND_SECRET, AT(log_key), 0, 0, 0, NULL },
	{ "BATCH", KIND_NUMBER, AT(batch), 1, 1000, 10, NULL },
	{ "LEASE", KIND_SECONDS, AT(lease), 20, 86400, 300, NULL },
	{ "TIMEOUT", KIND_SECONDS, AT(timeout), 1, 600, 60, NULL },
	/* Notifications get lost, and some mails are announced by none. */
	{ "POLL", KIND_SECONDS, AT(poll), 1, 5, 5, NULL },
};

#define N_SETTINGS ((int) (sizeof(table) / sizeof(table[0])))

static bool
is_string(const Setting *setting)
{
	return setting->kind == KIND_TEXT || setting->kind == KIND_SECRET ||
		   setting->kind == KIND_CONNECTION;
}

static char **
string_of(Settings *settings, const Setting *setting)
{
	return (char **) (void *) ((char *) settings + setting->offset);
}

static int *
number_of(Settings *settings, const Setting *setting)
{
	return (int *) (void *) ((char *) settings + setting->offset);
}

/* ---- one value */

static bool
read_choice(const Setting *setting, const char *value, int *number)
{
	const char *at = setting->choices;
	int count = 1;

	while (*at != '\0')
	{
		size_t len = strcspn(at, " ");

		if (strlen(value) == len && memcmp(at, value, len) == 0)
		{
			*number = count;
			return true;
		}
		at += len + strspn(at + len, " ");
		count++;
	}
	return false;
}

static bool
read_number(const Setting *setting, const char *value, int *number)
{
	char *end;
	long long read;
	int factor = 1;

	errno = 0;
	read = strtoll(value, &end, 10);
	if (errno != 0 || end == value || value[0] < '0' || value[0] > '9')
		return false;
	if (setting->kind == KIND_SECONDS && *end != '\0')
	{
		if (strcmp(end, "min") == 0)
			factor = 60;
		else if (strcmp(end, "h") == 0)
			factor = 3600;
		else if (strcmp(end, "s") != 0)
			return false;
	}
	else if (*end != '\0')
		return false;
	if (read > INT_MAX || read * factor < setting->min ||
		read * factor > setting->max)
		return false;
	*number = (int) read * factor;
	return true;
}

static void
explain(Text *problem, const Setting *setting, const Assignment *assignment)
{
	text_format(problem, "%s (%s) is '", assignment->name, assignment->where);
	text_clean(problem, assignment->value, strlen(assignment->value));
	if (setting->kind == KIND_CHOICE)
	{
		text_puts(problem, "'; allowed are: ");
		for (const char *c = setting->choices; *c != '\0'; c++)
			text_puts(problem, *c == ' ' ? ", " : (char[]){ *c, '\0' });
	}
	else if (setting->kind == KIND_SECONDS)
		text_format(problem,
					"'; allowed are %d to %d seconds, as 90, 90s, 2min or 1h",
					setting->min, setting->max);
	else
		text_format(problem, "'; allowed are %d to %d", setting->min,
					setting->max);
}

/* The setting of a name, with or without the suffix that a secret may have. */
static const Setting *
find_setting(const char *name, bool *from_file)
{
	for (int i = 0; i < N_SETTINGS; i++)
	{
		size_t len = strlen(table[i].name);

		if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
			return NULL;
		if (strncmp(name + strlen(PREFIX), table[i].name, len) != 0)
			continue;
		*from_file = table[i].kind == KIND_SECRET &&
					 strcmp(name + strlen(PREFIX) + len, FILE_SUFFIX) == 0;
		if (*from_file || name[strlen(PREFIX) + len] == '\0')
			return &table[i];
	}
	return NULL;
}

static bool
holds_password(const Setting *setting, const char *value)
{
	const char *slashes = strstr(value, "://");

	if (setting->kind == KIND_SECRET)
		return *value != '\0';
	if (setting->kind != KIND_CONNECTION)
		return false;
	if (slashes != NULL)
	{
		const char *host = strpbrk(slashes + 3, "@/");
		const char *colon = strchr(slashes + 3, ':');

		if (host != NULL && *host == '@' && colon != NULL && colon < host)
			return true;
	}
	return strstr(value, "password") != NULL;
}

static bool
assign_string(Loading *loading, const Setting *setting,
			  const Assignment *assignment, bool from_file)
{
	char **string = string_of(loading->settings, setting);
	Text secret = { 0 };
	Text why = { 0 };

	if (assignment->shared && !from_file &&
		holds_password(setting, assignment->value))
	{
		text_format(loading->problem,
					"%s (%s): everybody can read a password there; chmod o= "
					"the file and change the password",
					assignment->name, assignment->where);
		return false;
	}
	string_wipe(*string);
	*string = NULL;
	if (*assignment->value == '\0')
		return true;
	if (!from_file)
	{
		*string = string_copy(assignment->value);
		return true;
	}
	if (secret_file_read(assignment->value, &secret, &why) && secret.len > 0)
		*string = string_copy(text_get(&secret));
	else
		text_format(loading->problem, "%s (%s): %s", assignment->name,
					assignment->where,
					why.len > 0 ? text_get(&why) : "the file is empty");
	text_wipe(&secret);
	text_wipe(&why);
	return *string != NULL;
}

static bool
assign(Loading *loading, const Setting *setting, const Assignment *assignment,
	   bool from_file)
{
	int *number = number_of(loading->settings, setting);
	bool good;

	if (is_string(setting))
		return assign_string(loading, setting, assignment, from_file);
	good = setting->kind == KIND_CHOICE
			   ? read_choice(setting, assignment->value, number)
			   : read_number(setting, assignment->value, number);
	if (!good)
		explain(loading->problem, setting, assignment);
	return good;
}

bool
settings_assign(Loading *loading, const Assignment *assignment)
{
	bool from_file;
	const Setting *setting = find_setting(assignment->name, &from_file);
	unsigned bit;

	if (setting == NULL)
	{
		text_format(loading->problem, "%s: there is no setting '%s'; %s",
					assignment->where, assignment->name,
					"users-mail-relay(8) lists them");
		return false;
	}
	bit = 1u << (setting - table);
	if (loading->seen_in_file & bit)
	{
		text_format(loading->problem, "%s sets %s%s once more",
					assignment->where, PREFIX, setting->name);
		return false;
	}
	loading->seen_in_file |= bit;
	/* The environment has been read already, and wins. */
	if (loading->seen_in_environment & bit)
		return true;
	return assign(loading, setting, assignment, from_file);
}

static bool
read_environment(Loading *loading, const Setting *setting, const char *suffix,
				 bool from_file)
{
	Text name = { 0 };
	const char *value;
	unsigned bit = 1u << (setting - table);
	bool good = true;

	text_format(&name, "%s%s%s", PREFIX, setting->name, suffix);
	value = getenv(text_get(&name));
	if (value != NULL && (loading->seen_in_environment & bit))
	{
		text_format(loading->problem,
					"%s (environment): set with and without %s",
					text_get(&name), FILE_SUFFIX);
		good = false;
	}
	else if (value != NULL)
	{
		loading->seen_in_environment |= bit;
		good = assign(loading, setting,
					  &(Assignment){ .name = text_get(&name),
									 .value = value,
									 .where = "environment" },
					  from_file);
	}
	text_wipe(&name);
	return good;
}

/* ---- all of them */

bool
settings_load(Settings *settings, const char *path, const char *exec,
			  Text *problem)
{
	Loading loading = { .settings = settings, .problem = problem };

	*settings = (Settings){ 0 };
	for (int i = 0; i < N_SETTINGS; i++)
	{
		if (!is_string(&table[i]))
			*number_of(settings, &table[i]) = table[i].initial;
		if (!read_environment(&loading, &table[i], "", false) ||
			(table[i].kind == KIND_SECRET &&
			 !read_environment(&loading, &table[i], FILE_SUFFIX, true)))
			return false;
	}
	if (path != NULL && !settings_file_read(&loading, path))
		return false;
	if (exec != NULL)
	{
		string_wipe(settings->exec);
		settings->exec = string_copy(exec);
	}
	/* A choice counts from 1. */
	settings->smtp_plain_auth--;
	if (settings->lease < 2 * settings->timeout + LEASE_SPARE)
	{
		text_format(problem,
					"USERS_MAIL_LEASE is %d seconds, too little for a "
					"USERS_MAIL_TIMEOUT of %d seconds: at least %d",
					settings->lease, settings->timeout,
					2 * settings->timeout + LEASE_SPARE);
		return false;
	}
	return server_complete(settings, problem);
}

void
settings_wipe(Settings *settings)
{
	for (int i = 0; i < N_SETTINGS; i++)
	{
		if (is_string(&table[i]))
			string_wipe(*string_of(settings, &table[i]));
	}
	string_wipe(settings->smtp_address);
	mailbox_wipe(&settings->sender);
	mailbox_wipe(&settings->answers);
	*settings = (Settings){ 0 };
}
