/* What the view users_invitations shows and no policy can: see
 * sql/44-invitation-policies.sql. */
#ifndef USERS_INVITATION_LIST_H
#define USERS_INVITATION_LIST_H

extern void users_init_invitation_list(void);

#endif
