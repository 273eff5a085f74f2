#include "strength.h"

#include "tap.h"

static const char *const nobody[] = { NULL };
static const char *const anna[] = { "Anna.Karenina@Levin-Farm.example",
									"a.nna7",
									"Anna",
									"Arkadyevna",
									"users",
									NULL };

static const char *const user[] = { "qzwxvk", NULL };
static const char *const three[] = { "qzw", NULL };
static const char *const two[] = { "qz", NULL };

typedef struct Case
{
	const char *password;
	const char *const *context;
	int least; /* score */
	int greatest;
	UsersWeakness why;
} Case;

static const Case cases[] = {
	{ "", nobody, 0, 0, USERS_WEAK_GUESSABLE },
	{ "x", nobody, 0, 0, USERS_WEAK_GUESSABLE },
	{ "password", nobody, 0, 0, USERS_WEAK_COMMON },
	{ "PASSWORD", nobody, 0, 0, USERS_WEAK_COMMON },
	{ "p4ssw0rd", nobody, 0, 1, USERS_WEAK_COMMON },
	{ "drowssap", nobody, 0, 1, USERS_WEAK_COMMON },
	{ "passwordpassword", nobody, 0, 1, USERS_WEAK_COMMON },
	{ "qwertyuiop", nobody, 0, 1, USERS_WEAK_COMMON },
	{ "abcdefghijk", nobody, 0, 1, USERS_WEAK_SEQUENCE },
	{ "zzzzzzzzzzzzz", nobody, 0, 1, USERS_WEAK_REPEATED },
	{ "k#vk#vk#vk#vk#v", nobody, 0, 3, USERS_WEAK_REPEATED },
	{ "19.03.1873", nobody, 0, 3, USERS_WEAK_DATE },
	{ "zxcvfr432wsdf", nobody, 0, 3, USERS_WEAK_KEYBOARD },
	{ "dK3#xPq9!vLm2$", nobody, 4, 4, USERS_WEAK_GUESSABLE },
	{ "correct horse battery staple", nobody, 4, 4, USERS_WEAK_COMMON },
	{ "Karenina", nobody, 1, 3, USERS_WEAK_COMMON },
	{ "Karenina", anna, 0, 0, USERS_WEAK_CONTAINS_NAME },
	{ "KARENINA", anna, 0, 0, USERS_WEAK_CONTAINS_NAME },
	{ "kArEnInA", anna, 0, 1, USERS_WEAK_CONTAINS_NAME },
	{ "k4r3n1n4", anna, 0, 1, USERS_WEAK_CONTAINS_NAME },
	{ "aninerak", anna, 0, 0, USERS_WEAK_CONTAINS_NAME },
	{ "arkadyevna", anna, 0, 0, USERS_WEAK_CONTAINS_NAME },
	{ "Arkadyevna1", anna, 0, 1, USERS_WEAK_CONTAINS_NAME },
	{ "anna.karenina@levin-farm.example", anna, 0, 0,
	  USERS_WEAK_CONTAINS_NAME },
	{ "a.nna7", anna, 0, 0, USERS_WEAK_CONTAINS_NAME },
	{ "levinkarenina", anna, 0, 1, USERS_WEAK_CONTAINS_NAME },
	/* Of equally long parts the name decides, wherever it stands; else the
	 * first. */
	{ "monkeyqzwxvk", user, 0, 1, USERS_WEAK_CONTAINS_NAME },
	{ "qzwxvkmonkey", user, 0, 1, USERS_WEAK_CONTAINS_NAME },
	{ "passwordqzwxvk", user, 0, 2, USERS_WEAK_COMMON },
	{ "monkey$!~%777777", nobody, 0, 4, USERS_WEAK_COMMON },
	{ "777777$!~%monkey", nobody, 0, 4, USERS_WEAK_REPEATED },
	{ "#9!$~%qzw", three, 0, 4, USERS_WEAK_CONTAINS_NAME },
	{ "#9!$~%qz", two, 0, 4, USERS_WEAK_GUESSABLE },
	{ "dK3#xPq9!vLm2$Karenina", anna, 4, 4, USERS_WEAK_CONTAINS_NAME },
};

static void
test_table(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char *copy =
			tap_exact(cases[i].password, strlen(cases[i].password) + 1);
		UsersStrength strength = { -1, USERS_WEAK_TOO_LONG };

		users_strength(&strength, copy, cases[i].context);
		ok(strength.score >= cases[i].least &&
			   strength.score <= cases[i].greatest &&
			   strength.why == cases[i].why,
		   "password %zu is %s", i, users_weakness_name(cases[i].why));
		if (strength.why != cases[i].why || strength.score < cases[i].least ||
			strength.score > cases[i].greatest)
			printf("# %s: %d %s\n", copy, strength.score,
				   users_weakness_name(strength.why));
		free(copy);
	}
}

/* More guesses are never fewer points. */
static void
test_scores(void)
{
	static const char random[] = "k7#Vq2!xZ9$mW4&tB6*s";
	UsersStrength strength;
	bool rising = true;
	bool seen[5] = { false };
	int last = 0;

	for (size_t len = 0; len < sizeof(random); len++)
	{
		char text[sizeof(random)];

		memcpy(text, random, len);
		text[len] = '\0';
		users_strength(&strength, text, nobody);
		rising = rising && strength.score >= last && strength.score <= 4;
		last = strength.score;
		seen[last] = true;
	}
	ok(rising, "a longer random password never scores less");
	ok(seen[0] && seen[1] && seen[2] && seen[3] && seen[4],
	   "every score from 0 to 4");
}

/* (P64) */
static void
test_long(void)
{
	static const char random[] = "k7#Vq2!xZ9$mW4&tB6*s";
	UsersStrength cut;
	UsersStrength whole;
	char text[1025];

	memset(text, 'a', 1024);
	text[1024] = '\0';
	memcpy(text + 100, random, sizeof(random) - 1);
	users_strength(&whole, text, nobody);
	text[100] = '\0';
	users_strength(&cut, text, nobody);
	ok(whole.score == cut.score && whole.why == cut.why,
	   "what follows the first 100 bytes counts for nothing");
	memcpy(text + 80, random, sizeof(random) - 1);
	users_strength(&whole, text, nobody);
	is(whole.score, 4, "what stands at their end counts");
}

/* (S7) */
static void
test_context(void)
{
	static const char unguessable[] = "vbnxqzkwtrplmhgd";
	char word[400];
	char parts[400];
	const char *context[52];
	UsersStrength strength;
	size_t used = 0;

	users_strength(&strength, unguessable, nobody);
	is(strength.score, 4, "guessed by nobody");
	context[0] = "a@";
	context[1] = unguessable;
	context[2] = NULL;
	users_strength(&strength, unguessable, context);
	ok(strength.score == 0 && strength.why == USERS_WEAK_CONTAINS_NAME,
	   "guessed by who knows the word");
	for (const char *mark = "@._- "; *mark != '\0'; mark++)
	{
		snprintf(word, sizeof(word), "xy%c%s%cz", *mark, unguessable, *mark);
		context[0] = word;
		context[1] = NULL;
		users_strength(&strength, unguessable, context);
		ok(strength.score == 0, "split at '%c'", *mark);
	}
	snprintf(word, sizeof(word), "xy+%s", unguessable);
	users_strength(&strength, unguessable, context);
	is(strength.score, 4, "not split elsewhere");
	/* A crowd of parts leaves the other words their places. */
	for (int i = 0; i < 60; i++)
		used += (size_t) sprintf(parts + used, "p%02d.", i);
	for (size_t i = 0; i < 6; i++)
		context[i] = parts;
	context[6] = unguessable;
	context[7] = NULL;
	users_strength(&strength, unguessable, context);
	is(strength.score, 0, "many parts do not crowd a word out");
	for (size_t i = 0; i < 50; i++)
		context[i] = "word";
	context[50] = unguessable;
	context[51] = NULL;
	users_strength(&strength, unguessable, context);
	is(strength.score, 4, "at most 32 words");
	memset(word, 'w', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	memcpy(word, unguessable, strlen(unguessable));
	context[0] = word;
	context[1] = NULL;
	users_strength(&strength, unguessable, context);
	is(strength.score, 4, "a longer word is not in the password");
	memset(word + 64, '\0', 1);
	users_strength(&strength, word, context);
	ok(strength.why == USERS_WEAK_CONTAINS_NAME, "its first 64 bytes are");
	context[0] = "";
	context[1] = "@._- ";
	context[2] = "\xff\xfe.\xc3\xa4\xc3\xb6.\xc3\xa4\xc3\xb6\xc3\xbc";
	context[3] = NULL;
	users_strength(&strength, "\xc3\xa4\xc3\xb6\xc3\xbc", context);
	ok(strength.why == USERS_WEAK_CONTAINS_NAME, "a part of three characters");
}

static void
test_names(void)
{
	static const char *const names[] = {
		"guessable", "too_short", "too_long", "contains_name", "common",
		"repeated",	 "sequence",  "keyboard", "date",
	};

	for (int why = USERS_WEAK_GUESSABLE; why <= USERS_WEAK_DATE; why++)
		ok(strcmp(users_weakness_name((UsersWeakness) why), names[why]) == 0,
		   "%s", names[why]);
	ok(strcmp(users_weakness_name((UsersWeakness) 99), "guessable") == 0,
	   "anything else is guessable");
}

int
main(void)
{
	test_table();
	test_scores();
	test_long();
	test_context();
	test_names();
	return tap_done();
}
