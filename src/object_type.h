/* Functions about object types and objects. */
#ifndef USERS_OBJECT_TYPE_H
#define USERS_OBJECT_TYPE_H

extern void users_init_object_type(void);

#endif
