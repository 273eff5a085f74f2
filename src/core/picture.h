/*
 * What a file is, told from its bytes alone: a PNG, JPEG, GIF or WebP picture
 * from its first byte to its last, with nothing before or behind it, or none.
 * Its structure is read, not its pixels.
 */
#ifndef USERS_PICTURE_H
#define USERS_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

typedef enum UsersPictureType
{
	USERS_PICTURE_NONE = 0,
	USERS_PICTURE_PNG,
	USERS_PICTURE_JPEG,
	USERS_PICTURE_GIF,
	USERS_PICTURE_WEBP
} UsersPictureType;

#define USERS_PICTURE_SIDE_MAX 16384 /* pixels */

/*
 * *type is what the file is, USERS_PICTURE_NONE unless USERS_OK. Anything that
 * follows the end of the picture is USERS_MALFORMED, as is a picture that ends
 * early, or whose sides are not 1 to USERS_PICTURE_SIDE_MAX pixels. Takes time
 * in proportion to len.
 */
UsersStatus users_picture_check(UsersPictureType *type, const uint8_t *data,
								size_t len) USERS_CHECKED;

/* image/png and its like; NULL for USERS_PICTURE_NONE. */
const char *users_picture_media_type(UsersPictureType type);

#endif
