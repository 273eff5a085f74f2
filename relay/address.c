#include <string.h>

#include "address.h"

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		   (c >= '0' && c <= '9');
}

/* Whether every character up to end is a letter, a digit, one of these or valid
 * UTF-8 beyond what has no width or breaks lines. */
static bool
consists_of(const char *at, const char *end, const char *others)
{
	if (at == end)
		return false;
	while (at < end)
	{
		const char *start = at;
		int32_t code = utf8_next(&at, end);

		if (code < 0x80)
		{
			if (code <= 0 ||
				(!is_alphanumeric(*start) && strchr(others, *start) == NULL))
				return false;
		}
		else if (code < 0xa1 || (code >= 0x2000 && code <= 0x206f) ||
				 code == 0x3000 || code == 0xfeff)
			return false;
	}
	return true;
}

bool
address_is_good(const char *address)
{
	size_t len = strlen(address);
	const char *at = strchr(address, '@');

	return len <= ADDRESS_MAX && at != NULL && address[0] != '.' &&
		   consists_of(address, at, ".!#$%&'*+/=?^_`{|}~-") &&
		   consists_of(at + 1, address + len, ".-") && at[1] != '.' &&
		   at[1] != '-';
}

/* The name before an address in angle brackets, without spaces around it and
 * without quotes. */
static void
read_name(Text *name, const char *at, const char *end)
{
	while (at < end && *at == ' ')
		at++;
	while (at < end && end[-1] == ' ')
		end--;
	if (end - at < 2 || *at != '"' || end[-1] != '"')
	{
		text_clean(name, at, (size_t) (end - at));
		return;
	}
	for (at++, end--; at < end; at++)
	{
		if (*at == '\\' && at + 1 < end)
			at++;
		text_add(name, at, 1);
	}
}

bool
mailbox_read(Mailbox *mailbox, const char *value)
{
	const char *open = strrchr(value, '<');
	size_t len = strlen(value);

	*mailbox = (Mailbox){ 0 };
	if (open == NULL)
		text_puts(&mailbox->address, value);
	else if (value[len - 1] == '>')
	{
		read_name(&mailbox->name, value, open);
		text_add(&mailbox->address, open + 1,
				 (size_t) (value + len - 1 - (open + 1)));
	}
	if (address_is_good(text_get(&mailbox->address)))
		return true;
	mailbox_wipe(mailbox);
	return false;
}

void
mailbox_wipe(Mailbox *mailbox)
{
	text_wipe(&mailbox->name);
	text_wipe(&mailbox->address);
}
