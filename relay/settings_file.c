#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <sodium.h>

#include "settings_file.h"

#define SECRET_MAX 4096
#define FILE_MAX   (1024 * 1024)

/* Opens a file and tells whether others than owner and group can read it. */
static FILE *
open_file(const char *path, bool *shared, Text *problem)
{
	FILE *file = fopen(path, "re");
	struct stat status;

	if (file != NULL && fstat(fileno(file), &status) == 0 &&
		!S_ISDIR(status.st_mode))
	{
		*shared = (status.st_mode & S_IROTH) != 0;
		/* stdio's buffer would keep a copy of secrets. */
		setvbuf(file, NULL, _IONBF, 0);
		return file;
	}
	text_format(problem, "cannot read %s: %s", path,
				file == NULL ? strerror(errno) : "it is no file");
	if (file != NULL)
		(void) fclose(file);
	return NULL;
}

/* All of it up to max octets; false if there is more, or a NUL. */
static bool
read_all(FILE *file, Text *text, size_t max)
{
	char piece[1024];
	size_t got;

	do
	{
		got = fread(piece, 1, sizeof(piece), file);
		text_add(text, piece, got);
	} while (got > 0 && text->len <= max);
	sodium_memzero(piece, sizeof(piece));
	return !ferror(file) && text->len <= max &&
		   strlen(text_get(text)) == text->len;
}

bool
secret_file_read(const char *path, Text *secret, Text *problem)
{
	bool shared = false;
	FILE *file = open_file(path, &shared, problem);
	bool good;

	if (file == NULL)
		return false;
	good = read_all(file, secret, SECRET_MAX);
	(void) fclose(file);
	if (shared)
		text_format(problem,
					"%s can be read by everybody: chmod o= it, and change the "
					"secret",
					path);
	else if (!good)
		text_format(problem, "%s must hold a line of at most %d octets", path,
					SECRET_MAX);
	while (secret->len > 0 && (secret->data[secret->len - 1] == '\n' ||
							   secret->data[secret->len - 1] == '\r'))
		secret->data[--secret->len] = '\0';
	return good && !shared;
}

/* ---- lines */

static char *
trim(char *at)
{
	size_t len;

	at += strspn(at, " \t");
	len = strlen(at);
	while (len > 0 && strchr(" \t\r", at[len - 1]) != NULL)
		at[--len] = '\0';
	return at;
}

/* Takes quotes away in place: 'as it is' or "with \" and \\"; false if they do
 * not end where the value does. */
static bool
unquote(char *value)
{
	char quote = *value;
	const char *from = value + 1;
	char *to = value;

	if (quote != '"' && quote != '\'')
		return true;
	while (*from != '\0' && *from != quote)
	{
		if (quote == '"' && from[0] == '\\' &&
			(from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from++;
	}
	if (from[0] != quote || from[1] != '\0')
		return false;
	*to = '\0';
	return true;
}

static bool
read_line(Loading *loading, char *line, const char *where, bool shared)
{
	char *name = trim(line);
	char *equals = strchr(name, '=');
	char *value;

	if (*name == '\0' || *name == '#')
		return true;
	if (equals == NULL)
	{
		text_format(loading->problem, "%s is not KEY=value", where);
		return false;
	}
	*equals = '\0';
	value = trim(equals + 1);
	name = trim(name);
	if (!unquote(value))
	{
		text_format(loading->problem,
					"%s: the quotes around %s's value do not end where it "
					"does; \\\" and \\\\ are allowed in double quotes",
					where, name);
		return false;
	}
	return settings_assign(loading, &(Assignment){ .name = name,
												   .value = value,
												   .where = where,
												   .shared = shared });
}

static bool
read_lines(Loading *loading, char *at, const char *path, bool shared)
{
	bool good = true;

	for (int number = 1; good && at != NULL; number++)
	{
		char *end = strchr(at, '\n');
		Text where = { 0 };

		if (end != NULL)
			*end = '\0';
		text_format(&where, "line %d of %s", number, path);
		good = read_line(loading, at, text_get(&where), shared);
		text_wipe(&where);
		at = end == NULL ? NULL : end + 1;
	}
	return good;
}

bool
settings_file_read(Loading *loading, const char *path)
{
	Text text = { 0 };
	bool shared = false;
	FILE *file = open_file(path, &shared, loading->problem);
	bool good;

	if (file == NULL)
		return false;
	good = read_all(file, &text, FILE_MAX);
	(void) fclose(file);
	if (!good)
		text_format(loading->problem, "%s is no text, or too long", path);
	else if (text.len > 0)
		good = read_lines(loading, text.data, path, shared);
	text_wipe(&text);
	return good;
}
