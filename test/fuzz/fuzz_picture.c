/* What is a picture of a type begins and ends like one, and is none with a byte
 * more or less. */
#include <stdbool.h>

#include "picture.h"

#include "fuzz.h"

static void
check_ends(UsersPictureType type, const uint8_t *data, size_t size)
{
	switch (type)
	{
		case USERS_PICTURE_PNG:
			MUST(size >= 57 && memcmp(data, "\x89PNG\r\n\x1a\n", 8) == 0);
			MUST(memcmp(data + size - 12, "\0\0\0\0IEND", 8) == 0);
			break;
		case USERS_PICTURE_JPEG:
			MUST(size >= 4 && memcmp(data, "\xff\xd8\xff", 3) == 0);
			MUST(memcmp(data + size - 2, "\xff\xd9", 2) == 0);
			break;
		case USERS_PICTURE_GIF:
			MUST(size >= 14 && memcmp(data, "GIF8", 4) == 0);
			MUST(data[size - 1] == ';');
			break;
		case USERS_PICTURE_WEBP:
			MUST(size >= 20 && memcmp(data, "RIFF", 4) == 0);
			MUST(memcmp(data + 8, "WEBPVP8", 7) == 0);
			break;
		case USERS_PICTURE_NONE:
			MUST(false);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	UsersPictureType type;
	UsersPictureType other;
	uint8_t *longer;

	if (users_picture_check(&type, data, size) != USERS_OK)
	{
		MUST(type == USERS_PICTURE_NONE);
		return 0;
	}
	MUST(users_picture_media_type(type) != NULL);
	check_ends(type, data, size);
	MUST(users_picture_check(&other, data, size - 1) != USERS_OK);
	longer = malloc(size + 1);
	MUST(longer != NULL);
	memcpy(longer, data, size);
	longer[size] = data[size - 1];
	MUST(users_picture_check(&other, longer, size + 1) != USERS_OK);
	MUST(other == USERS_PICTURE_NONE);
	free(longer);
	return 0;
}
