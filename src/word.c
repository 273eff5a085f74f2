#include "pg.h"

#include "caller.h"
#include "lookup.h"
#include "query.h"
#include "word.h"

enum
{
	LIST_WORDS
};

/* clang-format off */
static UsersQuery queries[] = {
	[LIST_WORDS] = {
		.sql = "SELECT object_type OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) action"
			   " FROM users.permission"
			   " ORDER BY (object_type OPERATOR(pg_catalog.||) ':' OPERATOR(pg_catalog.||) action) COLLATE pg_catalog.\"C\"" },
};
/* clang-format on */

/* Not by SQL: a predicate in a policy asks this for every query, in parallel
 * mode too. */
static UsersLookup permission_lookup = {
	.table = "permission",
	.columns = { "object_type", "action" },
	.key_columns = 2,
	.equal = { F_TEXTEQ, F_TEXTEQ },
};

static UsersLookup type_lookup = {
	.table = "object_type",
	.columns = { "object_type" },
	.key_columns = 1,
	.equal = { F_TEXTEQ },
};

/* Definitions are never taken back but by a rollback. */
typedef enum Defined
{
	UNKNOWN,
	SEEN, /* in this transaction, which may have made it itself */
	SURE
} Defined;

typedef struct Word
{
	char text[USERS_PERMISSION_MAX + 1]; /* the key */
	int number;
	int all; /* the number of object_type:* */
	int type_len;
	Defined defined;
} Word;

static HTAB *by_text = NULL;
static Word **words = NULL; /* by number */
static int word_count = 0;
static int word_room = 0;
static bool any_seen = false;

static void
start(void)
{
	HASHCTL control = { .keysize = USERS_PERMISSION_MAX + 1,
						.entrysize = sizeof(Word),
						.hcxt = TopMemoryContext };

	by_text = hash_create("users permissions", 64, &control,
						  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
}

/* The word of a text, which is made unless only found ones are wanted. */
static Word *
enter(const char *text, size_t type_len, bool make)
{
	bool found;
	Word *word;

	if (by_text == NULL)
		start();
	if (!make)
		return hash_search(by_text, text, HASH_FIND, NULL);
	/* Room first: an error in between must not leave a word without number. */
	if (word_count >= word_room)
	{
		int room = Max(64, word_room * 2);
		Size size = sizeof(Word *) * (Size) room;

		words = words == NULL ? MemoryContextAlloc(TopMemoryContext, size)
							  : repalloc(words, size);
		word_room = room;
	}
	word = hash_search(by_text, text, HASH_ENTER, &found);
	if (!found)
	{
		word->number = word_count;
		word->all = -1;
		word->type_len = (int) type_len;
		word->defined = UNKNOWN;
		words[word_count++] = word;
	}
	return word;
}

static void
copy_text(char text[USERS_PERMISSION_MAX + 1],
		  const UsersPermission *permission)
{
	Assert(permission->len <= USERS_PERMISSION_MAX);
	memcpy(text, permission->word, permission->len);
	text[permission->len] = '\0';
}

/* The word's number; that of its type's object_type:* is found, too. */
static Word *
make_word(const UsersPermission *permission)
{
	char text[USERS_PERMISSION_MAX + 1];
	Word *word;

	copy_text(text, permission);
	word = enter(text, permission->type_len, true);
	if (word->all < 0)
	{
		/* An action has at least one character. */
		strlcpy(text + permission->type_len, ":*",
				sizeof(text) - permission->type_len);
		word->all = enter(text, permission->type_len, true)->number;
	}
	return word;
}

static bool
is_defined(const UsersPermission *permission)
{
	UsersFound found;
	size_t action = permission->type_len + 1;
	Datum key[2];

	key[0] = PointerGetDatum(
		cstring_to_text_with_len(permission->word, (int) permission->type_len));
	if (permission->all)
		return users_lookup(&found, &type_lookup, key, users_seen_snapshot());
	key[1] = PointerGetDatum(cstring_to_text_with_len(
		permission->word + action, (int) (permission->len - action)));
	return users_lookup(&found, &permission_lookup, key, users_seen_snapshot());
}

int
users_find_word(const UsersPermission *permission)
{
	char text[USERS_PERMISSION_MAX + 1];
	Word *word;

	copy_text(text, permission);
	word = enter(text, permission->type_len, false);
	if (word != NULL && word->defined != UNKNOWN)
		return word->number;
	if (!is_defined(permission))
		return -1;
	word = make_word(permission);
	word->defined = SEEN;
	any_seen = true;
	return word->number;
}

int
users_word(const UsersPermission *permission)
{
	return make_word(permission)->number;
}

int
users_word_of_type(const char *object_type, size_t len)
{
	char word[USERS_PERMISSION_MAX + 1];
	UsersPermission permission;

	if (len == 0 || len + 2 > USERS_PERMISSION_MAX)
		return -1;
	snprintf(word, sizeof(word), "%.*s:*", (int) len, object_type);
	if (!users_permission_parse(&permission, word, strlen(word)))
		return -1;
	return users_word(&permission);
}

int
users_word_all(int word)
{
	return words[word]->all;
}

const char *
users_word_text(int word)
{
	return words[word]->text;
}

int
users_word_type_len(int word)
{
	return words[word]->type_len;
}

Bitmapset *
users_words(Datum permissions)
{
	Bitmapset *numbers = NULL;
	Datum *elements;
	bool *nulls;
	int count;

	deconstruct_array(DatumGetArrayTypeP(permissions), TEXTOID, -1, false,
					  TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		const text *word = DatumGetTextPP(elements[i]);
		UsersPermission permission;

		if (!nulls[i] && users_permission_parse(&permission, VARDATA_ANY(word),
												VARSIZE_ANY_EXHDR(word)))
			numbers = bms_add_member(numbers, users_word(&permission));
	}
	return numbers;
}

int *
users_defined_words(int *count)
{
	UsersCall call = { 0 };
	MemoryContext context = CurrentMemoryContext;
	int *numbers;
	uint64 n;

	users_enter_owner(&call);
	n = users_read_seen(&queries[LIST_WORDS], NULL, NULL, 0);
	numbers = MemoryContextAlloc(context, sizeof(int) * (Size) Max(n, 1));
	*count = 0;
	for (uint64 i = 0; i < n; i++)
	{
		UsersPermission permission;
		const char *word = users_column_text(i, 1, CurrentMemoryContext);

		if (users_permission_parse(&permission, word, strlen(word)))
			numbers[(*count)++] = users_word(&permission);
	}
	users_leave_owner(&call);
	return numbers;
}

/* What this transaction has seen is sure once it commits; what it made itself
 * is gone when it or a part of it aborts. */
static void
settle(Defined now)
{
	if (!any_seen)
		return;
	any_seen = false;
	for (int i = 0; i < word_count; i++)
		if (words[i]->defined == SEEN)
			words[i]->defined = now;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	if (event == XACT_EVENT_COMMIT)
		settle(SURE);
	else if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		settle(UNKNOWN);
}

static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subxact,
					  SubTransactionId parent, void *arg)
{
	if (event == SUBXACT_EVENT_ABORT_SUB)
		settle(UNKNOWN);
}

void
users_init_word(void)
{
	users_register_queries(queries, lengthof(queries));
	users_register_lookup(&permission_lookup);
	users_register_lookup(&type_lookup);
	RegisterXactCallback(at_transaction_end, NULL);
	RegisterSubXactCallback(at_subtransaction_end, NULL);
}
