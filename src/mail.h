/* The tables mail and mail_request: the outbox. All of these work inside
 * users_enter_owner. */
#ifndef USERS_MAIL_H
#define USERS_MAIL_H

#include <stdbool.h>

#include "account.h"
#include "client.h"
#include "kind.h"
#include "link.h"

/* ---- writing, in the transaction that causes a mail ---- */

/*
 * Writes a mail of a kind that is on, and wakes the relay at commit. To the
 * account's own address, in its language, unless told otherwise.
 */
typedef struct UsersMail
{
	UsersMailKind kind;
	const UsersAccount *account; /* one that does not exist: nobody's */
	const char *recipient;		 /* NULL: the account's address */
	const char *site;			 /* NULL: none */
	const UsersLink *link;		 /* NULL: none */
	const char *data;			 /* JSON object with more values, or NULL */
	bool by_relay;				 /* which is awake: nobody hears of it */
	const char *language;		 /* NULL: the account's */
} UsersMail;

extern void users_write_mail(const UsersMail *mail);

/* Whether mails of a kind are sent at all. */
extern bool users_mail_kind_is_on(UsersMailKind kind);

/* A notice to the account's address. */
extern void users_write_notice(UsersMailKind kind, const UsersAccount *account);

/* What is asked for by address, without a look-up. */
typedef struct UsersMailRequest
{
	UsersMailKind kind;
	char *email;
	bool has_user; /* a change of address that somebody signed in asks for */
	pg_uuid_t user_id;
	char *site;
	UsersClient client;
	TimestampTz created_at;
	bool has_invitation; /* email is who was invited, maybe a username */
	pg_uuid_t invitation_id;
} UsersMailRequest;

/* False: so many wait already that everybody hears busy. */
extern bool users_write_request(const UsersMailRequest *request);

/* ---- for the relay ---- */

/* Takes at most n of the oldest requests of a class away; *requests in context.
 * How many. */
extern int users_take_requests(UsersMailRequest **requests,
							   UsersMailClass mail_class, int n,
							   MemoryContext context);

typedef struct UsersClaim
{
	pg_uuid_t user_id;
	pg_uuid_t id;
	UsersMailKind kind;
	char *recipient;
	bool nobody;
	char *language;
	char *site;
	bool has_link;
	pg_uuid_t link_id;
	Datum data; /* jsonb */
	int attempt;
	TimestampTz created_at;
} UsersClaim;

/* Locks at most n mails of a class that are due, the longest due first, but
 * those that somebody else has locked; ids has room for n. How many. */
extern int users_lock_due(pg_uuid_t *ids, UsersMailClass mail_class, int n);

/* Claims n mails that were locked, until the lease ends; *claims in context.
 * How many. */
extern int users_claim(UsersClaim **claims, const pg_uuid_t *ids, int n,
					   TimestampTz lease_end, MemoryContext context);

/* Gives a mail up: state is failed, expired or discarded. */
extern void users_give_up_mail(const UsersClaim *claim, const char *state,
							   const char *error);

/* An unsettled mail that was claimed: its attempts, locked; -1 when it was
 * settled, or never claimed. */
extern int users_lock_claimed(const pg_uuid_t *id);

/* Settle what users_lock_claimed found: sent, or failed until another attempt
 * (0: for good). */
extern void users_mark_sent(const pg_uuid_t *id);
extern void users_mark_failed(const pg_uuid_t *id, const char *error,
							  TimestampTz again_at);

/* It was not tried: this attempt does not count. */
extern void users_put_back(const pg_uuid_t *id, TimestampTz again_at);

/* Makes one due at once that waits or has failed; forgets its attempts. */
extern bool users_make_due(const pg_uuid_t *id);

/* Gives one up that is not settled, or has failed; a request is deleted. */
extern bool users_discard(const pg_uuid_t *id);

/* ---- maintenance ---- */

/* Delete what was settled, or asked for, before a time; at most max. */
extern int64 users_purge_mail(TimestampTz before, int max);
extern int64 users_purge_requests(TimestampTz before, int max);

/* Delete what is for some users, uuid[], sent or not, and was asked for by them
 * or by what was their address, text[] in lower case, before a time: later it
 * may be somebody else's. How many. */
extern int64 users_forget_mail(Datum user_ids, TimestampTz before);
extern int64 users_forget_requests(Datum user_ids, Datum emails,
								   TimestampTz before);

/* For users_health: seconds that the longest waiting mail is overdue, and how
 * many have failed in the last day. */
extern int64 users_mail_overdue(int64 *failed);

extern void users_init_mail(void);

#endif
