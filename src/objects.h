/* What may not be done to the extension's objects: foreign keys that would run
 * code of others with our rights, and dropping what holds the accounts. */
#ifndef USERS_OBJECTS_H
#define USERS_OBJECTS_H

/* Installs the hook; called once, by _PG_init. */
extern void users_init_objects(void);

#endif
