#include <string.h>
#include <unistd.h>

#include <curl/curl.h>

#include "server.h"

/* A part of the URL into text; false if it has none. */
static bool
get_part(CURLU *url, CURLUPart part, Text *text)
{
	char *value = NULL;

	if (curl_url_get(url, part, &value, 0) != CURLUE_OK || value == NULL)
		return false;
	text_puts(text, value);
	curl_free(value);
	return true;
}

/* Names and numbers that never leave this machine. */
static bool
is_loopback(const char *host)
{
	return strcmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
		   (strncmp(host, "127.", 4) == 0 &&
			strspn(host, "0123456789.") == strlen(host));
}

static const char *
find_fault(CURLU *url, Text *scheme, Text *host)
{
	static const CURLUPart unwanted[] = { CURLUPART_QUERY, CURLUPART_FRAGMENT,
										  CURLUPART_OPTIONS };
	Text other = { 0 };
	Text path = { 0 };
	bool surplus = false;

	if (get_part(url, CURLUPART_USER, &other) ||
		get_part(url, CURLUPART_PASSWORD, &other))
	{
		text_wipe(&other);
		return "holds a user or password; they belong into "
			   "USERS_MAIL_SMTP_USER and USERS_MAIL_SMTP_PASSWORD_FILE";
	}
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		surplus = surplus || get_part(url, unwanted[i], &other);
	if (get_part(url, CURLUPART_PATH, &path))
		surplus = surplus || path.len > 1;
	text_wipe(&other);
	text_wipe(&path);
	if (surplus)
		return "has something after host and port; the name for HELO belongs "
			   "into USERS_MAIL_SMTP_HELO";
	if (!get_part(url, CURLUPART_SCHEME, scheme) ||
		!get_part(url, CURLUPART_HOST, host) || host->len == 0)
		return "names no host";
	if (strcmp(text_get(scheme), "smtp") != 0 &&
		strcmp(text_get(scheme), "smtps") != 0)
		return "has another scheme";
	return NULL;
}

static bool
read_url(const Settings *settings, CURLU *url, Text *scheme, Text *host,
		 Text *problem)
{
	const char *fault = "is no URL";

	if (settings->smtp_url == NULL)
		fault = "is not set, and neither is USERS_MAIL_EXEC";
	else if (curl_url_set(url, CURLUPART_URL, settings->smtp_url, 0) ==
			 CURLUE_OK)
		fault = find_fault(url, scheme, host);
	if (fault != NULL)
		text_format(problem,
					"USERS_MAIL_SMTP_URL %s: smtp://host:587 (STARTTLS), "
					"smtps://host:465 or smtp://localhost:25",
					fault);
	return fault == NULL;
}

/* Letters of host names and address literals: it stands in a command. */
static bool
set_helo(const Settings *settings, CURLU *url, Text *problem)
{
	Text path = { 0 };
	const char *name = settings->smtp_helo;
	bool good;

	if (name == NULL)
		return true;
	good = strlen(name) <= 255 &&
		   strspn(name,
				  "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-[]:") == strlen(name);
	text_format(&path, "/%s", name);
	if (!good ||
		curl_url_set(url, CURLUPART_PATH, text_get(&path), 0) != CURLUE_OK)
	{
		text_puts(problem, "USERS_MAIL_SMTP_HELO is no host name like "
						   "app.example.org and no [address]");
		good = false;
	}
	text_wipe(&path);
	return good;
}

/* Whether the password would, or could be made to, travel in clear. */
static bool
check_login(const Settings *settings, bool implicit, bool loopback,
			Text *problem)
{
	if ((settings->smtp_user == NULL) != (settings->smtp_password == NULL))
	{
		text_puts(problem, "USERS_MAIL_SMTP_USER and USERS_MAIL_SMTP_PASSWORD "
						   "belong together: set both or none");
		return false;
	}
	if (settings->smtp_user == NULL || implicit || loopback ||
		settings->smtp_plain_auth || settings->smtp_tls == TLS_REQUIRED)
		return true;
	text_puts(problem,
			  "USERS_MAIL_SMTP_TLS could send the password unencrypted: set it "
			  "to required (or, if the way to the server is safe, "
			  "USERS_MAIL_SMTP_PLAIN_AUTH=on)");
	return false;
}

static bool
complete_smtp(Settings *settings, Text *problem)
{
	CURLU *url = curl_url();
	Text scheme = { 0 };
	Text host = { 0 };
	bool good = url != NULL && read_url(settings, url, &scheme, &host, problem);

	if (good)
	{
		bool loopback = is_loopback(text_get(&host));
		bool implicit = strcmp(text_get(&scheme), "smtps") == 0;
		char *address = NULL;

		if (settings->smtp_tls == TLS_UNSET)
			settings->smtp_tls = loopback && !implicit ? TLS_OFF : TLS_REQUIRED;
		if (implicit && settings->smtp_tls != TLS_REQUIRED)
		{
			text_puts(problem, "USERS_MAIL_SMTP_TLS must be required (or not "
							   "set) for smtps://");
			good = false;
		}
		good = good && check_login(settings, implicit, loopback, problem) &&
			   set_helo(settings, url, problem) &&
			   curl_url_get(url, CURLUPART_URL, &address, 0) == CURLUE_OK;
		if (good)
			settings->smtp_address = string_copy(address);
		curl_free(address);
	}
	curl_url_cleanup(url);
	text_wipe(&scheme);
	text_wipe(&host);
	return good;
}

static bool
complete_senders(Settings *settings, Text *problem)
{
	static const char allowed[] =
		"must be an address, or Name <address>, such as "
		"'Example <accounts@example.org>'";

	if (settings->from == NULL ||
		!mailbox_read(&settings->sender, settings->from))
	{
		text_format(problem, "USERS_MAIL_FROM %s%s",
					settings->from == NULL ? "is not set: it " : "", allowed);
		return false;
	}
	if (settings->reply_to != NULL &&
		!mailbox_read(&settings->answers, settings->reply_to))
	{
		text_format(problem, "USERS_MAIL_REPLY_TO %s", allowed);
		return false;
	}
	return true;
}

bool
server_complete(Settings *settings, Text *problem)
{
	if (settings->exec != NULL)
	{
		if (settings->exec[0] == '/')
			return true;
		text_puts(problem, "USERS_MAIL_EXEC must be the whole path of a "
						   "program, beginning with /, and --exec that or the "
						   "name of one in PATH");
		return false;
	}
	if (!complete_smtp(settings, problem) ||
		!complete_senders(settings, problem))
		return false;
	if (settings->smtp_ca_file != NULL &&
		access(settings->smtp_ca_file, R_OK) != 0)
	{
		text_format(problem, "USERS_MAIL_SMTP_CA_FILE: cannot read %s",
					settings->smtp_ca_file);
		return false;
	}
	return true;
}
