#include "pg.h"

#include "holder.h"
#include "holding.h"
#include "query.h"

/* ---- as the statement sees it ---- */

bool
users_holds_in(const pg_uuid_t *user_id, const UsersPermission *permission,
			   const pg_uuid_t *domain_id)
{
	int word = users_find_word(permission);

	return word >= 0 && users_holds_word_in(user_id, word, domain_id);
}

bool
users_holds_on(const pg_uuid_t *user_id, const UsersPermission *permission,
			   const pg_uuid_t *domain_id, const pg_uuid_t *object_id)
{
	int word = users_find_word(permission);

	return word >= 0 &&
		   users_holds_word_on(user_id, word, domain_id, object_id);
}

bool
users_is_member_of(const pg_uuid_t *user_id, const pg_uuid_t *domain_id)
{
	return users_holder_in(users_holder(user_id), domain_id) != NULL;
}

static ArrayType *
list(const pg_uuid_t *user_id, const UsersPermission *permission,
	 bool of_objects)
{
	int word = users_find_word(permission);

	return word < 0
			   ? construct_empty_array(UUIDOID)
			   : users_holder_list(users_holder(user_id), word, of_objects);
}

ArrayType *
users_held_domains(const pg_uuid_t *user_id, const UsersPermission *permission)
{
	return list(user_id, permission, false);
}

ArrayType *
users_held_objects(const pg_uuid_t *user_id, const UsersPermission *permission)
{
	return list(user_id, permission, true);
}

bool
users_holds_anywhere(const pg_uuid_t *user_id, int word)
{
	UsersHolder *holder = users_holder(user_id);
	const ArrayType *domains = users_holder_list(holder, word, false);
	const ArrayType *objects;

	if (ARR_NDIM(domains) > 0)
		return true;
	objects = users_holder_list(holder, word, true);
	return ARR_NDIM(objects) > 0;
}

bool
users_is_enabled_admin(const pg_uuid_t *user_id)
{
	return users_holder_is_admin(users_holder(user_id));
}

/* ---- as it is now ---- */

/* Somebody, and the snapshot that shows what they hold at this moment. */
typedef struct Now
{
	Snapshot snapshot;
	UsersStanding standing;
} Now;

static void
begin_now(Now *now, const pg_uuid_t *user_id)
{
	now->snapshot = users_latest_snapshot();
	users_read_standing(&now->standing, user_id, now->snapshot);
}

static void
end_now(const Now *now)
{
	UnregisterSnapshot(now->snapshot);
}

/* On the whole domain, which they reach; otherwise NULL. */
static const UsersHeld *
now_in(const Now *now, const pg_uuid_t *domain_id)
{
	const UsersHeld *held = users_read_held_in(
		&now->standing, domain_id, now->snapshot, CurrentMemoryContext);

	return held != NULL && users_held_opens(held) ? held : NULL;
}

/* On an object, given what is held on the whole of its domain. */
static const UsersHeld *
now_on(const Now *now, const pg_uuid_t *domain_id, int type,
	   const pg_uuid_t *object_id, const UsersHeld *in_domain)
{
	const UsersHeld *held =
		users_read_held_on(&now->standing, domain_id, type, object_id,
						   now->snapshot, CurrentMemoryContext);

	return held != NULL && (held->enabled || in_domain != NULL) ? held : NULL;
}

/* Everything of a type is held by holding it of every type, or object_type:*.
 */
static bool
has_one(const UsersHeld *in_domain, const UsersHeld *on_object, int word)
{
	return (in_domain != NULL && users_held_has(in_domain, word)) ||
		   (on_object != NULL && users_held_has(on_object, word));
}

bool
users_holds_now(const pg_uuid_t *user_id, const char *permission,
				const pg_uuid_t *domain_id, const pg_uuid_t *object_id)
{
	UsersPermission parsed;
	const UsersHeld *held;
	const UsersHeld *on = NULL;
	Now now;
	int word;

	if (!users_permission_parse(&parsed, permission, strlen(permission)))
		return false;
	word = users_word(&parsed);
	begin_now(&now, user_id);
	held = now_in(&now, domain_id);
	if (object_id != NULL)
		on = now_on(&now, domain_id, users_word_all(word), object_id, held);
	end_now(&now);
	return has_one(held, on, word);
}

bool
users_holds_all_now(const pg_uuid_t *user_id, Datum permissions,
					bool all_of_them, const pg_uuid_t *domain_id,
					const char *object_type, const pg_uuid_t *object_id)
{
	const UsersHeld *in_domain;
	const UsersHeld *on_object = NULL;
	const Bitmapset *wanted;
	Now now;
	int type = -1;
	int word = -1;

	if (object_type != NULL &&
		(type = users_word_of_type(object_type, strlen(object_type))) < 0)
		return false;
	begin_now(&now, user_id);
	in_domain = now_in(&now, domain_id);
	if (type >= 0 && object_id != NULL)
		on_object = now_on(&now, domain_id, type, object_id, in_domain);
	end_now(&now);
	if (all_of_them && type >= 0)
		return has_one(in_domain, on_object, type);
	if (all_of_them)
		return in_domain != NULL && in_domain->everything;
	wanted = users_words(permissions);
	while ((word = bms_next_member(wanted, word)) >= 0)
		if ((type < 0 || users_word_all(word) == type) &&
			!has_one(in_domain, on_object, word))
			return false;
	return true;
}
