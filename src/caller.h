/*
 * The frame of every API function: who called, may they, and the switch to
 * users_owner. No API function is SECURITY DEFINER, since one such cannot
 * learn who called it.
 */
#ifndef USERS_CALLER_H
#define USERS_CALLER_H

#include <stdbool.h>

typedef struct UsersCall
{
	const char *function;
	Oid caller;		 /* the role that calls */
	bool in_definer; /* inside another function's definer rights */
	bool restricted; /* in a security-restricted operation */
	bool as_owner;
	Oid saved_user;
	int saved_context;
	MemoryContext context; /* the caller's: results go here */
} UsersCall;

typedef enum UsersCallFlags
{
	USERS_READS = 0,
	USERS_WRITES = 1,	/* 25006 where nothing can be written */
	USERS_SECRET = 2,	/* hides the statement from activity and log */
	USERS_ANYWHERE = 4, /* needs no preload: touches no secret */
	USERS_POSTED =
		8 /* over HTTP by POST alone: an address is no place for it */
} UsersCallFlags;

/*
 * Begins a call of the function named so (without parentheses): refuses
 * without preload (55000), in a READ ONLY transaction or on a standby when it
 * writes (25006, before anything else is looked at), in a security-restricted
 * operation when it writes (42501). Then who called is in *call. Nothing is
 * switched yet.
 */
extern void users_begin(UsersCall *call, const char *function, int flags);

/* Whether this transaction may write: not in a READ ONLY one, not on a standby,
 * and not in one that began before its standby was promoted. */
extern bool users_can_write(void);

/* Works as users_owner, connected to SPI, until users_leave_owner. An error
 * between puts everything back by itself. May be nested by nobody. */
extern void users_enter_owner(UsersCall *call);
extern void users_leave_owner(UsersCall *call);

/*
 * Rule 6. Administrator: an administrator's token; or, with no identity at
 * all, a superuser or member of users_dba as both the session's user and the
 * calling role, not inside somebody else's definer function and not in a
 * restricted operation.
 */
extern bool users_is_administrator(const UsersCall *call);
/* The second half alone: a DBA without a token. */
extern bool users_is_dba(const UsersCall *call);
/* Judged likewise, for members of users_service; administrators too. */
extern bool users_is_service(const UsersCall *call);

/* Raise 42501 when it is not so. */
extern void users_require_administrator(const UsersCall *call);
extern void users_require_service(const UsersCall *call);
extern void users_require_dba(const UsersCall *call);
extern void users_require_superuser(const UsersCall *call);

/* The OID of one of our roles; 55000 when somebody dropped it. */
extern Oid users_role(const char *name);

/*
 * Runs work(argument) in a subtransaction that waits at most two seconds for
 * any lock. False when a lock did not come: nothing that work did remains. A
 * lost race at REPEATABLE READ (40001) gets a HINT. Inside enter_owner only.
 */
extern bool users_with_patience(void (*work)(void *), void *argument);

/*
 * Rolls back a subtransaction of ours whose error was just caught, goes back to
 * context and owner, and returns the error, in context. Before anything is
 * raised: while ours is open, the caller's handler would end it in place of its
 * own, and everything go on as users_owner.
 */
extern ErrorData *users_take_back(MemoryContext context, ResourceOwner owner);

extern void users_init_caller(void);

#endif
