#include "pg.h"

#include "core/uuid.h"
#include "position.h"

/* Fields are separated by dots: version, origin, snapshots, the last event. */
#define VERSION		  "1"
#define FIELDS		  6 /* between windows */
#define FIELDS_PAGING 9

typedef struct Field
{
	const char *text;
	size_t len;
} Field;

/* A number without sign, blanks or leading zeros, from *text on. */
static bool
take_number(const char **text, const char *end, uint64 *number)
{
	const char *start = *text;
	const char *c;

	*number = 0;
	for (c = start; c < end && *c >= '0' && *c <= '9'; c++)
	{
		uint64 digit = (uint64) (*c - '0');

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	*text = c;
	return c > start && (*start != '0' || c == start + 1);
}

static bool
take_sign(const char **text, const char *end, char sign)
{
	if (*text >= end || **text != sign)
		return false;
	(*text)++;
	return true;
}

bool
users_seen_parse(UsersSeen *seen, const char *text, size_t len)
{
	const char *end = text + len;
	uint64 first;
	uint64 xid;

	if (!take_number(&text, end, &first) || !take_sign(&text, end, ':') ||
		!take_number(&text, end, &seen->end) || !take_sign(&text, end, ':') ||
		first == 0 || seen->end < first)
		return false;
	seen->count = 0;
	/* A transaction's id and a comma are two bytes at least. */
	seen->running = palloc((1 + (size_t) (end - text) / 2) * sizeof(uint64));
	while (text < end)
	{
		if (seen->count > 0 && !take_sign(&text, end, ','))
			return false;
		if (!take_number(&text, end, &xid) || xid < first || xid >= seen->end ||
			(seen->count > 0 && xid <= seen->running[seen->count - 1]))
			return false;
		seen->running[seen->count++] = xid;
	}
	return true;
}

char *
users_seen_text(const UsersSeen *seen)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, UINT64_FORMAT ":" UINT64_FORMAT ":",
					 seen->count > 0 ? seen->running[0] : seen->end, seen->end);
	for (int i = 0; i < seen->count; i++)
		appendStringInfo(&text, "%s" UINT64_FORMAT, i == 0 ? "" : ",",
						 seen->running[i]);
	return text.data;
}

/* Where a transaction is among the running ones, or would have to be. */
static int
place_of(const UsersSeen *seen, uint64 xid)
{
	int low = 0;
	int high = seen->count;

	while (low < high)
	{
		int middle = low + (high - low) / 2;

		if (seen->running[middle] < xid)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
users_sees(const UsersSeen *seen, uint64 xid)
{
	int place;

	if (xid >= seen->end)
		return false;
	place = place_of(seen, xid);
	return place == seen->count || seen->running[place] != xid;
}

bool
users_sees_all(const UsersSeen *late, const UsersSeen *early)
{
	if (late->end < early->end)
		return false;
	for (int i = 0; i < late->count; i++)
		if (users_sees(early, late->running[i]))
			return false;
	return true;
}

void
users_seen_without(UsersSeen *seen, uint64 xid)
{
	int place;

	if (!users_sees(seen, xid))
		return;
	place = place_of(seen, xid);
	seen->running =
		repalloc(seen->running, ((size_t) seen->count + 1) * sizeof(uint64));
	memmove(&seen->running[place + 1], &seen->running[place],
			(size_t) (seen->count - place) * sizeof(uint64));
	seen->running[place] = xid;
	seen->count++;
}

/* The fields of a position; 0 when there are too many. */
static int
split(Field fields[FIELDS_PAGING], const char *text)
{
	int n = 0;

	for (;;)
	{
		size_t len = strcspn(text, ".");

		if (n == FIELDS_PAGING)
			return 0;
		fields[n].text = text;
		fields[n++].len = len;
		if (text[len] == '\0')
			return n;
		text += len + 1;
	}
}

static bool
number_field(const Field *field, uint64 max, uint64 *number)
{
	const char *text = field->text;
	const char *end = text + field->len;

	return take_number(&text, end, number) && text == end && *number <= max;
}

static bool
parse_origin(UsersOrigin *origin, const Field *fields)
{
	uint64 timeline;
	uint64 database;
	uint64 table;

	if (!number_field(&fields[0], UINT64_MAX, &origin->system) ||
		!number_field(&fields[1], UINT32_MAX, &timeline) ||
		!number_field(&fields[2], UINT32_MAX, &database) ||
		!number_field(&fields[3], UINT32_MAX, &table))
		return false;
	origin->timeline = (uint32) timeline;
	origin->database = (uint32) database;
	origin->table = (uint32) table;
	return true;
}

bool
users_position_parse(UsersPosition *position, const char *text)
{
	Field fields[FIELDS_PAGING];
	int n = split(fields, text);
	UsersUuid id;

	if ((n != FIELDS && n != FIELDS_PAGING) ||
		fields[0].len != strlen(VERSION) ||
		memcmp(fields[0].text, VERSION, fields[0].len) != 0 ||
		!parse_origin(&position->origin, &fields[1]) ||
		!users_seen_parse(&position->seen, fields[5].text, fields[5].len))
		return false;
	position->paging = n == FIELDS_PAGING;
	if (!position->paging)
		return true;
	if (!users_seen_parse(&position->until, fields[6].text, fields[6].len) ||
		!users_sees_all(&position->until, &position->seen) ||
		!number_field(&fields[7], UINT64_MAX, &position->xid) ||
		fields[8].len != USERS_UUID_TEXT ||
		users_uuid_parse(&id, fields[8].text, fields[8].len) != USERS_OK)
		return false;
	memcpy(&position->id, &id, sizeof(id));
	return true;
}

char *
users_position_text(const UsersPosition *position)
{
	StringInfoData text;
	UsersUuid id;
	char shown[USERS_UUID_TEXT + 1];

	initStringInfo(&text);
	appendStringInfo(&text, VERSION "." UINT64_FORMAT ".%u.%u.%u.%s",
					 position->origin.system, position->origin.timeline,
					 position->origin.database, position->origin.table,
					 users_seen_text(&position->seen));
	if (!position->paging)
		return text.data;
	memcpy(&id, &position->id, sizeof(id));
	users_uuid_format(shown, &id);
	shown[USERS_UUID_TEXT] = '\0';
	appendStringInfo(&text, ".%s." UINT64_FORMAT ".%s",
					 users_seen_text(&position->until), position->xid, shown);
	return text.data;
}
