/* Refresh tokens, as the sessions stand. Inside users_enter_owner. */
#ifndef USERS_REFRESHING_H
#define USERS_REFRESHING_H

#include "session.h"

/* Takes a token apart and finds its session; false unless it is genuine. Of
 * the session nothing but the nonce is looked at before that is known. */
extern bool users_find_genuine(UsersSession *session, UsersRefresh *token,
							   const char *text, size_t len);

/* What a genuine token is worth now. */
extern UsersRefreshVerdict users_judge_refresh(const UsersSession *session,
											   const UsersRefresh *token);

#endif
