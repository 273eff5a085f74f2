#include <stdint.h>
#include <string.h>

#include "template.h"

typedef enum PieceKind
{
	PIECE_TEXT,
	PIECE_PLACEHOLDER,
	PIECE_BRACES /* "{{" that begins no placeholder */
} PieceKind;

typedef struct Piece
{
	PieceKind kind;
	const char *text;
	size_t len;
	const char *name; /* of a placeholder */
	size_t name_len;
} Piece;

/* Where filling has come to; without out it only counts. */
typedef struct Sink
{
	char *out;
	size_t used;
	size_t cap;
} Sink;

static bool
in_name(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t
skip_spaces(const char *text, size_t len, size_t at)
{
	while (at < len && text[at] == ' ')
		at++;
	return at;
}

/* Where the next "{{" is from at on; len if nowhere. */
static size_t
find_braces(const char *text, size_t len, size_t at)
{
	while (at + 1 < len)
	{
		const char *brace = memchr(text + at, '{', len - 1 - at);

		if (brace == NULL)
			break;
		at = (size_t) (brace - text);
		if (text[at + 1] == '{')
			return at;
		at++;
	}
	return len;
}

/* Takes apart the placeholder that begins with the "{{" at text; false if
 * there is none. */
static bool
parse_placeholder(Piece *piece, const char *text, size_t len)
{
	size_t begin = skip_spaces(text, len, 2);
	size_t end = begin;
	size_t close;

	while (end < len && end - begin <= USERS_PLACEHOLDER_MAX &&
		   in_name(text[end]))
		end++;
	if (end == begin || end - begin > USERS_PLACEHOLDER_MAX)
		return false;
	close = skip_spaces(text, len, end);
	if (len - close < 2 || text[close] != '}' || text[close + 1] != '}')
		return false;
	piece->kind = PIECE_PLACEHOLDER;
	piece->len = close + 2;
	piece->name = text + begin;
	piece->name_len = end - begin;
	return true;
}

/* The piece at *at, beyond which it moves *at; false at the end. Every byte
 * is looked at a bounded number of times, whatever the braces. */
static bool
next_piece(Piece *piece, const char *text, size_t len, size_t *at)
{
	size_t braces;

	if (*at >= len)
		return false;
	*piece = (Piece){ .kind = PIECE_TEXT, .text = text + *at };
	braces = find_braces(text, len, *at);
	if (braces > *at)
		piece->len = braces - *at;
	else if (!parse_placeholder(piece, text + *at, len - *at))
	{
		piece->kind = PIECE_BRACES;
		piece->len = 2;
	}
	*at += piece->len;
	return true;
}

static bool
is_named(const Piece *piece, const char *name)
{
	return strncmp(piece->name, name, piece->name_len) == 0 &&
		   name[piece->name_len] == '\0';
}

static bool
in_names(const Piece *piece, const char *const *names)
{
	for (; *names != NULL; names++)
		if (is_named(piece, *names))
			return true;
	return false;
}

/* How much to show of what begins with "{{" at text. */
static size_t
bad_length(const char *text, size_t len)
{
	size_t shown = len < USERS_TEMPLATE_BAD ? len : USERS_TEMPLATE_BAD;

	for (size_t i = 2; i + 1 < shown; i++)
		if (text[i] == '}' && text[i + 1] == '}')
			return i + 2;
	/* Not in the midst of a character. */
	while (shown > 2 && shown < len &&
		   ((unsigned char) text[shown] & 0xc0) == 0x80)
		shown--;
	return shown;
}

UsersStatus
users_template_check(const char *text, size_t len, const char *const *names,
					 const char **bad, size_t *bad_len)
{
	Piece piece;
	size_t at = 0;

	*bad = NULL;
	*bad_len = 0;
	if (len > USERS_TEMPLATE_MAX)
		return USERS_TOO_LONG;
	while (next_piece(&piece, text, len, &at))
	{
		if (piece.kind == PIECE_TEXT ||
			(piece.kind == PIECE_PLACEHOLDER && in_names(&piece, names)))
			continue;
		*bad = piece.text;
		*bad_len = bad_length(piece.text, len - (size_t) (piece.text - text));
		return piece.kind == PIECE_BRACES ? USERS_MALFORMED : USERS_UNSUPPORTED;
	}
	return USERS_OK;
}

bool
users_template_has(const char *text, size_t len, const char *name)
{
	Piece piece;
	size_t at = 0;

	while (next_piece(&piece, text, len, &at))
		if (piece.kind == PIECE_PLACEHOLDER && is_named(&piece, name))
			return true;
	return false;
}

/* Whether it fitted. */
static bool
put(Sink *sink, const char *text, size_t len)
{
	if (len > sink->cap - sink->used)
		return false;
	if (sink->out != NULL)
		memcpy(sink->out + sink->used, text, len);
	sink->used += len;
	return true;
}

static const char *
reference(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		default:
			return "&#39;";
	}
}

static bool
put_escaped(Sink *sink, const char *value)
{
	for (;;)
	{
		size_t plain = strcspn(value, "&<>\"'");
		const char *escaped;

		if (!put(sink, value, plain))
			return false;
		value += plain;
		if (*value == '\0')
			return true;
		escaped = reference(*value++);
		if (!put(sink, escaped, strlen(escaped)))
			return false;
	}
}

static bool
put_value(Sink *sink, const Piece *piece, const UsersValue *values, size_t n,
		  UsersEscape escape)
{
	for (size_t i = 0; i < n; i++)
	{
		if (!is_named(piece, values[i].name))
			continue;
		if (values[i].value == NULL)
			return true;
		return escape == USERS_ESCAPE_HTML
				   ? put_escaped(sink, values[i].value)
				   : put(sink, values[i].value, strlen(values[i].value));
	}
	return true;
}

/* Counting and writing are one walk, so that they cannot disagree. */
static bool
walk(Sink *sink, const char *text, size_t len, const UsersValue *values,
	 size_t n, UsersEscape escape)
{
	Piece piece;
	size_t at = 0;

	while (next_piece(&piece, text, len, &at))
		if (piece.kind == PIECE_PLACEHOLDER
				? !put_value(sink, &piece, values, n, escape)
				: !put(sink, piece.text, piece.len))
			return false;
	return true;
}

UsersStatus
users_template_length(size_t *length, size_t cap, const char *text, size_t len,
					  const UsersValue *values, size_t n, UsersEscape escape)
{
	Sink sink = { .cap = cap };

	*length = 0;
	if (!walk(&sink, text, len, values, n, escape))
		return USERS_TOO_LONG;
	*length = sink.used;
	return USERS_OK;
}

void
users_template_fill(char *out, const char *text, size_t len,
					const UsersValue *values, size_t n, UsersEscape escape)
{
	Sink sink = { .out = out, .cap = SIZE_MAX };

	(void) walk(&sink, text, len, values, n, escape);
	out[sink.used] = '\0';
}
