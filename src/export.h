/* Everything that is held about somebody, from all tables by user. */
#ifndef USERS_EXPORT_H
#define USERS_EXPORT_H

extern void users_init_export(void);

#endif
