#include "pg.h"

#include "caller.h"
#include "errors.h"
#include "holder.h"
#include "holding.h"
#include "identity.h"
#include "place.h"
#include "predicate.h"
#include "word.h"

/* Who is judged, and where: domain and object may be NULL. */
typedef struct Question
{
	const pg_uuid_t *user_id;
	const pg_uuid_t *domain_id;
	const pg_uuid_t *object_id;
} Question;

static bool
same(const pg_uuid_t *one, const pg_uuid_t *other)
{
	return memcmp(one, other, sizeof(pg_uuid_t)) == 0;
}

/* What an owner holds on a row: every action but manage_roles, and so not the
 * word that stands for all. */
static bool
is_owners(int word)
{
	const char *action = users_word_text(word) + users_word_type_len(word) + 1;

	return strcmp(action, "manage_roles") != 0 && strcmp(action, "*") != 0;
}

static bool
holds_at(const Question *question, int word, const pg_uuid_t *domain_id)
{
	return users_holds_word_in(question->user_id, word, domain_id) ||
		   users_holds_word_on(question->user_id, word, domain_id,
							   question->object_id);
}

/* Where the object's row is known. */
static bool
holds_there(const Question *question, int word, const UsersPlace *place)
{
	if (!place->has_domain || (question->domain_id != NULL &&
							   !same(question->domain_id, &place->domain_id)))
		return false;
	return holds_at(question, word, &place->domain_id) ||
		   (place->has_owner && same(&place->owner_id, question->user_id) &&
			is_owners(word) &&
			users_is_member_of(question->user_id, &place->domain_id));
}

/* The type of a word, with a NUL. */
static char *
type_of(int word)
{
	return pnstrdup(users_word_text(word), (Size) users_word_type_len(word));
}

/* With an object whose row was looked for. */
static bool
holds_placed(const Question *question, int word, UsersPlaceAnswer answer,
			 const UsersPlace *place)
{
	if (answer == USERS_PLACE_FOUND)
		return holds_there(question, word, place);
	return answer == USERS_PLACE_NO_TABLE &&
		   holds_at(question, word, question->domain_id);
}

static bool
holds(const Question *question, int word)
{
	UsersPlace place;
	UsersPlaceAnswer answer;
	char *type;

	if (question->object_id == NULL)
		return question->domain_id == NULL
				   ? users_holds_anywhere(question->user_id, word)
				   : users_holds_word_in(question->user_id, word,
										 question->domain_id);
	type = type_of(word);
	answer = users_find_place(&place, type, question->object_id, false);
	pfree(type);
	if (answer == USERS_PLACE_NO_TABLE && question->domain_id == NULL)
		users_raise(USERS_E_NEEDS_DOMAIN, "domain_id");
	return holds_placed(question, word, answer, &place);
}

/* The permission of argument n, which must be one. */
static int
required_word(FunctionCallInfo fcinfo, int n)
{
	if (PG_ARGISNULL(n))
		users_raise(USERS_E_PERMISSION, "permission");
	return users_word_argument(fcinfo, n);
}

static const pg_uuid_t *
optional_uuid(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : PG_GETARG_UUID_P(n);
}

PG_FUNCTION_INFO_V1(users_can);
PG_FUNCTION_INFO_V1(users_permissions);
PG_FUNCTION_INFO_V1(users_check);
PG_FUNCTION_INFO_V1(users_check_many);

/* users_can(permission text, domain_id uuid, object_id uuid) boolean */
Datum
users_can(PG_FUNCTION_ARGS)
{
	UsersCall call;
	int word;
	const UsersIdentity *identity;
	Question question = { .domain_id = optional_uuid(fcinfo, 1),
						  .object_id = optional_uuid(fcinfo, 2) };

	users_begin(&call, "users_can", USERS_READS | USERS_ANYWHERE);
	word = required_word(fcinfo, 0);
	if (users_is_administrator(&call))
		PG_RETURN_BOOL(true);
	identity = users_identity();
	if (identity == NULL)
		PG_RETURN_BOOL(false);
	question.user_id = &identity->user_id;
	PG_RETURN_BOOL(holds(&question, word));
}

/* The words that are held; of those of one type, which stand together, the
 * object's row is looked for once. */
static int
held_words(int *words, int count, const Question *question)
{
	UsersPlace place;
	UsersPlaceAnswer answer = USERS_PLACE_NO_ROW;
	int type = -1;
	int kept = 0;

	for (int i = 0; i < count; i++)
	{
		bool held;

		if (question->object_id == NULL)
			held = holds(question, words[i]);
		else
		{
			if (users_word_all(words[i]) != type)
			{
				type = users_word_all(words[i]);
				answer = users_find_place(&place, type_of(type),
										  question->object_id, false);
			}
			held = (answer != USERS_PLACE_NO_TABLE ||
					question->domain_id != NULL) &&
				   holds_placed(question, words[i], answer, &place);
		}
		if (held)
			words[kept++] = words[i];
	}
	return kept;
}

static Datum
words_array(const int *words, int count)
{
	Datum *elements = palloc(sizeof(Datum) * (Size) Max(count, 1));

	for (int i = 0; i < count; i++)
		elements[i] = CStringGetTextDatum(users_word_text(words[i]));
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(TEXTOID));
	PG_RETURN_ARRAYTYPE_P(
		construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* users_permissions(domain_id uuid, object_id uuid) text[] */
Datum
users_permissions(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const UsersIdentity *identity;
	int count = 0;
	int *words = NULL;
	Question question = { .domain_id = optional_uuid(fcinfo, 0),
						  .object_id = optional_uuid(fcinfo, 1) };

	users_begin(&call, "users_permissions", USERS_READS | USERS_ANYWHERE);
	identity = users_identity();
	if (users_is_administrator(&call))
		words = users_defined_words(&count);
	else if (identity != NULL)
	{
		question.user_id = &identity->user_id;
		words = users_defined_words(&count);
		count = held_words(words, count, &question);
	}
	return words_array(words, count);
}

/* users_check(user_id uuid, permission text, domain_id uuid, object_id uuid)
 * boolean */
Datum
users_check(PG_FUNCTION_ARGS)
{
	UsersCall call;
	int word;
	Question question = { .user_id = optional_uuid(fcinfo, 0),
						  .domain_id = optional_uuid(fcinfo, 2),
						  .object_id = optional_uuid(fcinfo, 3) };

	users_begin(&call, "users_check", USERS_READS | USERS_ANYWHERE);
	users_require_service(&call);
	word = required_word(fcinfo, 1);
	if (question.user_id == NULL)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(users_is_enabled_admin(question.user_id) ||
				   holds(&question, word));
}

/* Keeps those of ids on which the permission is held. */
static int
allowed(Datum *ids, int count, const pg_uuid_t *user_id, int word)
{
	Size n = (Size) Max(count, 1);
	pg_uuid_t *object_ids = palloc(sizeof(pg_uuid_t) * n);
	UsersPlace *places = palloc(sizeof(UsersPlace) * n);
	UsersPlaceAnswer *answers = palloc(sizeof(UsersPlaceAnswer) * n);
	int kept = 0;

	for (int i = 0; i < count; i++)
		object_ids[i] = *DatumGetUUIDP(ids[i]);
	users_find_places(places, answers, type_of(word), object_ids, count, false);
	for (int i = 0; i < count; i++)
	{
		Question question = { .user_id = user_id, .object_id = &object_ids[i] };

		if (answers[i] == USERS_PLACE_NO_TABLE)
			users_raise(USERS_E_NEEDS_DOMAIN, "permission");
		if (holds_placed(&question, word, answers[i], &places[i]))
			ids[kept++] = ids[i];
	}
	return kept;
}

/* users_check_many(user_id uuid, permission text, object_ids uuid[]) uuid[] */
Datum
users_check_many(PG_FUNCTION_ARGS)
{
	UsersCall call;
	const pg_uuid_t *user_id = optional_uuid(fcinfo, 0);
	Datum *ids = NULL;
	bool *nulls;
	int count = 0;
	int given = 0;
	int word;

	users_begin(&call, "users_check_many", USERS_READS | USERS_ANYWHERE);
	users_require_service(&call);
	word = required_word(fcinfo, 1);
	if (user_id != NULL && !PG_ARGISNULL(2))
		deconstruct_array(PG_GETARG_ARRAYTYPE_P(2), UUIDOID, UUID_LEN, false,
						  TYPALIGN_CHAR, &ids, &nulls, &given);
	for (int i = 0; i < given; i++)
		if (!nulls[i])
			ids[count++] = ids[i];
	if (count > 0 && !users_is_enabled_admin(user_id))
		count = allowed(ids, count, user_id, word);
	if (count == 0)
		PG_RETURN_ARRAYTYPE_P(construct_empty_array(UUIDOID));
	PG_RETURN_ARRAYTYPE_P(
		construct_array(ids, count, UUIDOID, UUID_LEN, false, TYPALIGN_CHAR));
}
