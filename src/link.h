/* The table link: what mails carry. All of these work inside
 * users_enter_owner. */
#ifndef USERS_LINK_H
#define USERS_LINK_H

#include <stdbool.h>

#include "account.h"
#include "core/link.h"
#include "kind.h"

/* A token and its NUL. */
typedef char UsersLinkToken[USERS_LINK_TEXT + 1];

typedef struct UsersLink
{
	pg_uuid_t user_id; /* with nobody: derived from the address */
	pg_uuid_t id;
	UsersMailKind kind;
	char *recipient; /* empty: handed over, it shows no mailbox */
	bool nobody;
	int64 version;
	uint8 nonce[USERS_LINK_NONCE];
	TimestampTz created_at;
	TimestampTz expires_at; /* 0: its mail has not been claimed yet */
	bool spent;
	bool has_invitation; /* of the kind invitation: what it leads to */
	pg_uuid_t invitation_id;
	TimestampTz ends_by; /* 0, or a time that it must not outlast */
} UsersLink;

/*
 * Makes a link, whose time has not begun. account is whose it is; one that does
 * not exist has its derived id. recipient stays the caller's. Of the same kind,
 * account and mailbox one that was asked for within five minutes of asked_at
 * and still counts is given out again (never one that was handed over).
 */
extern void users_make_link(UsersLink *link, UsersMailKind kind,
							const UsersAccount *account, const char *recipient,
							TimestampTz asked_at, MemoryContext context);

/* Likewise one that leads to an invitation; of another one, none is repeated.
 */
extern void users_make_invitation_link(UsersLink *link,
									   const UsersAccount *account,
									   const char *recipient,
									   const pg_uuid_t *invitation_id,
									   TimestampTz asked_at,
									   MemoryContext context);

/* Reads one again; false when it is gone. recipient in context. */
extern bool users_read_link(UsersLink *link, const pg_uuid_t *user_id,
							const pg_uuid_t *id, MemoryContext context);

/* Locks one whose time has not begun, and reads it again: false when somebody
 * has it locked, for whom nobody waits. */
extern bool users_take_link(UsersLink *link, MemoryContext context);

/* Whether its account has not changed since and, begun or not, its time is not
 * over and it is unspent. */
extern bool users_link_lives(const UsersLink *link,
							 const UsersAccount *account);

/* Begins its time unless that has begun (users_take_link first), and writes the
 * token. expires_at is then the end that holds, which ends_by may have brought
 * forward. */
extern void users_hand_out_link(UsersLink *link, UsersLinkToken token);

/*
 * The link of a token of argument n (NULL: none): genuine, begun, unspent, in
 * time by the clock and of one of two kinds; account is filled in, texts in
 * context, unless the link is nobody's. False otherwise. Nothing is locked:
 * users_spend_link decides.
 */
extern bool users_find_link(UsersLink *link, UsersAccount *account,
							FunctionCallInfo fcinfo, int n, UsersMailKind kind,
							UsersMailKind or_kind, MemoryContext context);

/* Spends it; false when somebody else has, or its time is over. Waits for
 * others who do: call it with users_with_patience. */
extern bool users_spend_link(const UsersLink *link);

/* Spends every link of a kind that somebody has, of one mailbox or (NULL) of
 * all; of all, but those that somebody else is about to spend. */
extern void users_end_links(const pg_uuid_t *user_id, UsersMailKind kind,
							const char *recipient);

/* Seconds that a link of the kind counts, by the settings. */
extern int users_link_ttl(UsersMailKind kind);

/* Deletes links that ended before a time, at most max. */
extern int64 users_purge_links(TimestampTz before, int max);

/* Deletes all links of some users, uuid[]; of what was nobody's then, those
 * from before a time. How many. */
extern int64 users_forget_links(Datum user_ids, TimestampTz before);

extern void users_init_link(void);

#endif
