/* The kinds of mail: one table of what each is, and nothing of the server. */
#ifndef USERS_KIND_H
#define USERS_KIND_H

#include <stdbool.h>
#include <stddef.h>

typedef enum UsersMailKind
{
	USERS_MAIL_WELCOME,
	USERS_MAIL_REGISTRATION,
	USERS_MAIL_VERIFY_EMAIL,
	USERS_MAIL_RESET_PASSWORD,
	USERS_MAIL_PASSWORD_CHANGED,
	USERS_MAIL_EMAIL_CHANGE_REQUESTED,
	USERS_MAIL_EMAIL_CHANGED,
	USERS_MAIL_ALREADY_REGISTERED,
	USERS_MAIL_INVITATION,
	USERS_MAIL_INVITATION_ACCEPTED,
	USERS_MAIL_INVITATION_REJECTED,
	USERS_MAIL_ACCOUNT_DELETED,
	USERS_MAIL_NEW_SIGN_IN,
	USERS_MAIL_KINDS
} UsersMailKind;

/* The relay takes from each class in turn, so that no flood of one keeps the
 * others back. */
typedef enum UsersMailClass
{
	USERS_CLASS_SECURITY = 1,
	USERS_CLASS_VERIFICATION = 2,
	USERS_CLASS_INVITATION = 3
} UsersMailClass;

#define USERS_MAIL_CLASSES 3

typedef struct UsersMailKindInfo
{
	const char *name;
	UsersMailClass mail_class;
	bool has_link;
	/* What a template of it may name, NULL-terminated. */
	const char *const *placeholders;
} UsersMailKindInfo;

extern const UsersMailKindInfo users_mail_kinds[USERS_MAIL_KINDS];

/* The kind of a name of len bytes; USERS_MAIL_KINDS when there is none. */
extern UsersMailKind users_mail_kind(const char *name, size_t len);

/* Whether list, names separated by commas and spaces, names the kind. */
extern bool users_mail_kind_listed(const char *list, UsersMailKind kind);

/* Whether list holds nothing but such names. */
extern bool users_mail_kinds_valid(const char *list);

#endif
