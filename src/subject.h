/* The account that an administrator is about to change. */
#ifndef USERS_SUBJECT_H
#define USERS_SUBJECT_H

#include "account.h"
#include "caller.h"

/* A change of an account; others begin their struct with this one. */
typedef struct UsersSubject
{
	UsersAccount account;
	bool outdated; /* somebody else changed it meanwhile */
} UsersSubject;

/*
 * Reads the account of argument 0, deleted ones too, and judges whether the
 * caller may change it: US014, 42501. Inside users_enter_owner.
 */
extern void users_find_subject(const UsersCall *call, UsersSubject *subject,
							   FunctionCallInfo fcinfo);

/* Raises US011 when it is deleted. */
extern void users_require_undeleted(const UsersSubject *subject);

/* Raises US010 when an administrator is about to go who is the last. Locks: for
 * users_with_patience, before the account is locked. */
extern void users_keep_last_admin(const UsersAccount *account);

/* Locks it, and reads it anew; false (and outdated) when it has changed. For
 * users_with_patience. */
extern bool users_lock_subject(UsersSubject *subject);

/* Carries out a change; US016 when a lock did not come or the account changed
 * under our eyes. work gets the subject. */
extern void users_change_subject(UsersSubject *subject, void (*work)(void *));

#endif
