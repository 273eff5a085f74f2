/* The table picture: the picture of each person who has one. */
#ifndef USERS_PICTURE_TABLE_H
#define USERS_PICTURE_TABLE_H

extern void users_init_picture(void);

#endif
