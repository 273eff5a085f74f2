#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <sodium.h>
#include <zxcvbn.h>

#include "grammar.h"
#include "strength.h"

#define PASSWORD_MAX 100
#define WORDS_MAX	 32
#define WORD_MAX	 64
#define PART_MIN	 3 /* characters */
#define SEPARATORS	 "@._- "

/* The words that count as guessed first, in lower case. */
typedef struct Words
{
	char texts[WORDS_MAX][WORD_MAX + 1];
	const char *list[WORDS_MAX + 1]; /* ends with NULL, as zxcvbn wants it */
	size_t n;
} Words;

const char *
users_weakness_name(UsersWeakness why)
{
	switch (why)
	{
		case USERS_WEAK_TOO_SHORT:
			return "too_short";
		case USERS_WEAK_TOO_LONG:
			return "too_long";
		case USERS_WEAK_CONTAINS_NAME:
			return "contains_name";
		case USERS_WEAK_COMMON:
			return "common";
		case USERS_WEAK_REPEATED:
			return "repeated";
		case USERS_WEAK_SEQUENCE:
			return "sequence";
		case USERS_WEAK_KEYBOARD:
			return "keyboard";
		case USERS_WEAK_DATE:
			return "date";
		case USERS_WEAK_GUESSABLE:
			break;
	}
	return "guessable";
}

/* Of a word that is too long, the beginning counts. */
static void
add_word(Words *words, const char *text, size_t len)
{
	char *word;

	if (len == 0 || words->n == WORDS_MAX)
		return;
	if (len > WORD_MAX)
		len = WORD_MAX;
	word = words->texts[words->n];
	users_fold(word, text, len);
	word[len] = '\0';
	words->list[words->n++] = word;
	words->list[words->n] = NULL;
}

/* Characters of UTF-8, or bytes of whatever else the text is. */
static size_t
count_characters(const char *text, size_t len)
{
	size_t count;

	return users_utf8_count(&count, text, len) == USERS_OK ? count : len;
}

static void
add_parts(Words *words, const char *text)
{
	size_t whole = strlen(text);

	while (*text != '\0')
	{
		size_t len = strcspn(text, SEPARATORS);

		if (len < whole && count_characters(text, len) >= PART_MIN)
			add_word(words, text, len);
		text += len;
		text += strspn(text, SEPARATORS);
	}
}

/* The whole words first: many parts of one must not crowd out another. */
static void
collect_words(Words *words, const char *const *context)
{
	words->n = 0;
	words->list[0] = NULL;
	for (const char *const *word = context; *word != NULL; word++)
		add_word(words, *word, strlen(*word));
	for (const char *const *word = context; *word != NULL; word++)
		add_parts(words, *word);
}

static UsersWeakness
weakness_of(const ZxcMatch_t *match)
{
	unsigned type = (unsigned) match->Type;
	bool again = (type & MULTIPLE_MATCH) != 0;

	switch (type & ~(unsigned) MULTIPLE_MATCH)
	{
		case DICTIONARY_MATCH:
		case DICT_LEET_MATCH:
			return USERS_WEAK_COMMON;
		case USER_MATCH:
		case USER_LEET_MATCH:
			return USERS_WEAK_CONTAINS_NAME;
		case REPEATS_MATCH:
			return USERS_WEAK_REPEATED;
		case SEQUENCE_MATCH:
			return USERS_WEAK_SEQUENCE;
		case SPATIAL_MATCH:
			return USERS_WEAK_KEYBOARD;
		case DATE_MATCH:
		case YEAR_MATCH:
			return USERS_WEAK_DATE;
		case BRUTE_MATCH:
			return again ? USERS_WEAK_REPEATED : USERS_WEAK_GUESSABLE;
		default:
			return USERS_WEAK_GUESSABLE;
	}
}

/* The longest part that is easy to guess; of equals a name, else the first. One
 * or two characters of a password are in some list or other by chance and say
 * nothing about it. */
static UsersWeakness
decide(const ZxcMatch_t *match)
{
	UsersWeakness why = USERS_WEAK_GUESSABLE;
	int longest = PART_MIN;

	for (; match != NULL; match = match->Next)
	{
		UsersWeakness found = weakness_of(match);

		if (found == USERS_WEAK_GUESSABLE || match->Length < longest)
			continue;
		if (match->Length > longest || why == USERS_WEAK_GUESSABLE ||
			found == USERS_WEAK_CONTAINS_NAME)
			why = found;
		longest = match->Length;
	}
	return why;
}

void
users_strength(UsersStrength *strength, const char *password,
			   const char *const *context)
{
	/* log2 of 10^3, 10^6, 10^8 and 10^10 guesses */
	static const double steps[] = { 9.96578, 19.93157, 26.57542, 33.21928 };
	char beginning[PASSWORD_MAX + 1];
	const char *end = memchr(password, '\0', PASSWORD_MAX);
	size_t len = end == NULL ? PASSWORD_MAX : (size_t) (end - password);
	ZxcMatch_t *matches = NULL;
	Words words;
	double bits;

	/* zxcvbn would give some credit for the mere length of what it does not
	 * read, and reserve memory for it. */
	memcpy(beginning, password, len);
	beginning[len] = '\0';
	collect_words(&words, context);
	bits = ZxcvbnMatch(beginning, words.list, &matches);
	strength->score = 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (bits > steps[i])
			strength->score++;
	strength->why = decide(matches);
	ZxcvbnFreeInfo(matches);
	sodium_memzero(beginning, sizeof(beginning));
}
