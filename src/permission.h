/* The tables object_type and permission: the words that roles are made of.
 * Inside users_enter_owner, but for parsing. */
#ifndef USERS_PERMISSION_H
#define USERS_PERMISSION_H

#include <stdbool.h>

#define USERS_PERMISSION_MAX 127 /* bytes of object_type:action */

/* A permission taken apart; the texts are not NUL-terminated. */
typedef struct UsersPermission
{
	const char *word;
	size_t len;
	size_t type_len; /* of the object type; the action follows a colon */
	bool all;		 /* object_type:* */
} UsersPermission;

/* False when it is not object_type:action or object_type:* by its shape. */
extern bool users_permission_parse(UsersPermission *permission,
								   const char *word, size_t len);

/* Whether it may be the name of an object type or an action: 1 to 32 of
 * a-z 0-9 _, beginning with a letter. */
extern bool users_is_permission_word(const char *word, size_t len);

/* Whether there is such a permission, or (for object_type:*) such a type. */
extern bool users_permission_exists(const UsersPermission *permission);

/* Whether there is such an object type. */
extern bool users_object_type_exists(const char *object_type);

/* Argument n, a text[] of permissions: sorted, each once, in the present
 * memory context; US009 for an unknown one, an element of NULL, or NULL. */
extern Datum users_permissions_argument(FunctionCallInfo fcinfo, int n);

/* Adds a type, or an action to a type that is there; nothing when it is there
 * already. May wait for somebody who does the same. */
extern void users_add_object_type(const char *object_type);
extern void users_add_action(const char *object_type, const char *action);

extern void users_init_permission(void);

#endif
