/* The parts of users_protect and users_unprotect: statements that are run as
 * the caller, who owns the table. Connected to SPI; search_path is pg_catalog.
 */
#ifndef USERS_PROTECT_H
#define USERS_PROTECT_H

#include <stdbool.h>

#include "protection.h"

/* What is asked for, and what has been done so far. */
typedef struct UsersProtecting
{
	MemoryContext context;
	ArrayBuildState *lines;
	bool changed;
	char *schema; /* of the API, quoted */
	Oid root;
	const char *object_type;
	int actions;		/* of the type, see users_protecting_actions */
	const char *id;		/* names of columns; NULL: none */
	const char *domain; /* likewise */
	const char *owner;	/* likewise */
	bool force;
} UsersProtecting;

/* One table of the tree: the table itself, a partition, a table that inherits.
 */
typedef struct UsersTarget
{
	Oid oid;
	char *name; /* qualified and quoted */
	bool top;	/* has a trigger and indexes of its own: the root, and what
				 * inherits without being a partition */
	bool row_security;
	bool forced;
	bool is_protected;
	UsersProtection now;
	/* What was done to it: words, as in the comment of its policy users_read.
	 * "enabled", "forced", "grant ROLE PRIVILEGE", "sequence ROLE COLUMN",
	 * "default" or "default EXPRESSION" (that there was before). */
	List *deeds;
	bool has_comment;
} UsersTarget;

/* The table and all that descends from it, each locked; of foreign tables only
 * a line is written. */
extern List *users_targets(UsersProtecting *work);

/* Runs a statement and writes it down as a line. */
extern void users_run(UsersProtecting *work, const char *statement);
extern void users_say(UsersProtecting *work, const char *line);

/* Runs one that is not worth a line. */
extern void users_run_quietly(const char *statement);

/* Runs a statement that has a text of the owner's in it, which may not have
 * smuggled another statement in. */
extern void users_run_default(UsersProtecting *work, const UsersTarget *target,
							  AttrNumber column, const char *expression);

/* Does what is missing. */
extern void users_apply(UsersProtecting *work, List *targets);
/* Takes back what was done. */
extern void users_undo(UsersProtecting *work, List *targets);
/* Writes a line for each thing that only its owner can do. */
extern void users_advise(UsersProtecting *work, List *targets);

/* Deeds. */
extern bool users_did(const UsersTarget *target, const char *deed);
extern void users_note(UsersTarget *target, const char *deed);
extern void users_unnote(UsersTarget *target, const char *deed);
/* The deed "default", or NULL. */
extern const char *users_default_deed(const UsersTarget *target);
/* Writes them into the comment. */
extern void users_keep_deeds(const UsersTarget *target);

/* The columns that are asked for, as the table numbers them. */
extern void users_wanted(UsersProtection *wanted, const UsersProtecting *work,
						 Oid relation);
/* Drops the indexes that were made, but those that begin with one of these
 * columns (NULL: all). */
extern void users_drop_indexes(UsersProtecting *work, const UsersTarget *target,
							   const UsersProtection *wanted);
/* Gives back the default that the owner's column had before. */
extern void users_restore_default(UsersProtecting *work, UsersTarget *target);
/* Drops the guard; refuses where it is that of a table above. */
extern void users_drop_guard(UsersProtecting *work, const UsersTarget *target);

/* For users_health, inside users_enter_owner: a text for each table that is
 * not as users_protect leaves one. */
extern List *users_protection_faults(void);

extern void users_init_protect(void);
extern void users_init_apply(void);
extern void users_init_undo(void);
extern void users_init_advise(void);
extern void users_init_protect_health(void);

#endif
