#include <sodium.h>

#include "pictures.h"

#include "tap.h"

#define SIZE_MAX_HERE 4096

/* A file that a test changes. */
typedef struct File
{
	uint8_t bytes[SIZE_MAX_HERE];
	size_t len;
} File;

static File
load(const Picture *picture)
{
	File file;

	if (sodium_base642bin(file.bytes, sizeof(file.bytes), picture->base64,
						  strlen(picture->base64), NULL, &file.len, NULL,
						  sodium_base64_VARIANT_ORIGINAL) != 0)
		abort();
	return file;
}

static const Picture *
first_of(UsersPictureType type)
{
	const Picture *picture = pictures;

	while (picture->type != type)
		picture++;
	return picture;
}

/* What the bytes are, from a copy beyond which nothing may be read. */
static UsersPictureType
told(const uint8_t *data, size_t len)
{
	uint8_t *copy = tap_exact(data, len);
	UsersPictureType type = USERS_PICTURE_WEBP;
	UsersStatus status = users_picture_check(&type, copy, len);

	free(copy);
	if ((status == USERS_OK) != (type != USERS_PICTURE_NONE))
		abort();
	return type;
}

static UsersPictureType
told_file(const File *file)
{
	return told(file->bytes, file->len);
}

static void
put(File *file, const void *data, size_t len)
{
	if (file->len + len > sizeof(file->bytes))
		abort();
	memcpy(file->bytes + file->len, data, len);
	file->len += len;
}

static void
test_real_ones(void)
{
	for (size_t i = 0; i < PICTURES; i++)
	{
		File file = load(&pictures[i]);
		bool shorter = true;

		ok(told_file(&file) == pictures[i].type, "%s", pictures[i].name);
		for (size_t len = 0; len < file.len; len++)
			shorter = shorter && told(file.bytes, len) == USERS_PICTURE_NONE;
		ok(shorter, "%s that ends early is none, wherever it ends",
		   pictures[i].name);
	}
}

static void
test_tails(void)
{
	static const char *const tails[] = { "x", "PK\x03\x04", "<html>",
										 "<?php ?>", " " };

	for (size_t i = 0; i < PICTURES; i++)
	{
		File file = load(&pictures[i]);
		size_t len = file.len;

		for (size_t t = 0; t < sizeof(tails) / sizeof(tails[0]); t++)
		{
			file.len = len;
			put(&file, tails[t], strlen(tails[t]));
			ok(told_file(&file) == USERS_PICTURE_NONE, "%s with '%s' behind it",
			   pictures[i].name, tails[t]);
		}
		file.len = len;
		put(&file, "\0", 1);
		ok(told_file(&file) == USERS_PICTURE_NONE, "%s with a zero behind it",
		   pictures[i].name);
		file.len = len;
		put(&file, file.bytes, len);
		ok(told_file(&file) == USERS_PICTURE_NONE, "%s twice",
		   pictures[i].name);
		memmove(file.bytes + 1, file.bytes, len);
		ok(told(file.bytes, len + 1) == USERS_PICTURE_NONE,
		   "%s with a byte before it", pictures[i].name);
	}
}

/* The beginning of one and the rest of another. */
static void
test_mixtures(void)
{
	for (size_t i = 0; i < PICTURES; i++)
		for (size_t j = 0; j < PICTURES; j++)
		{
			File file = load(&pictures[i]);
			File other = load(&pictures[j]);

			if (pictures[i].type == pictures[j].type)
				continue;
			file.len = 8;
			put(&file, other.bytes, other.len);
			ok(told_file(&file) == USERS_PICTURE_NONE, "%s begun like %s",
			   pictures[j].name, pictures[i].name);
		}
}

static void
test_others(void)
{
	static const char *const others[] = {
		"",
		"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
		"<?xml version='1.0'?><svg/>",
		"<!DOCTYPE html><html></html>",
		"PK\x03\x04 and so on",
		"BM and so on, in twenty-six bytes",
		"II*",
		"%PDF-1.7",
		"GIF89a",
		"GIF89a;",
		"GIF89a/*<script>*/=1;",
		"\x89PNG\r\n\x1a\n",
		"\xff\xd8\xff\xd9",
		"\xff\xd8\xff",
		"RIFF",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		ok(told((const uint8_t *) others[i], strlen(others[i])) ==
			   USERS_PICTURE_NONE,
		   "the other one of number %zu", i);
	is(told((const uint8_t *) "RIFF\x04\0\0\0WEBP", 12), USERS_PICTURE_NONE,
	   "a WebP of nothing");
	is(told((const uint8_t *) "RIFF\x04\0\0\0WAVE", 12), USERS_PICTURE_NONE,
	   "a sound");
}

/* One or several bytes of a picture changed. */
typedef struct Change
{
	UsersPictureType type;
	size_t at;
	const char *bytes;
	size_t len;
	bool good;
	const char *name;
} Change;

#define BYTES(text) text, sizeof(text) - 1

static void
test_changes(void)
{
	static const Change changes[] = {
		{ USERS_PICTURE_PNG, 16, BYTES("\0\0\0\0"), false, "no width" },
		{ USERS_PICTURE_PNG, 20, BYTES("\0\0\0\0"), false, "no height" },
		{ USERS_PICTURE_PNG, 16, BYTES("\0\0\x40\0"), true, "widest" },
		{ USERS_PICTURE_PNG, 16, BYTES("\0\0\x40\x01"), false, "too wide" },
		{ USERS_PICTURE_PNG, 20, BYTES("\xff\xff\xff\xff"), false, "too high" },
		{ USERS_PICTURE_PNG, 11, BYTES("\x0c"), false, "a short header" },
		{ USERS_PICTURE_PNG, 12, BYTES("IDAT"), false, "no header first" },
		{ USERS_PICTURE_PNG, 24, BYTES("\x10"), true, "deeper colours" },
		{ USERS_PICTURE_PNG, 24, BYTES("\x04"), false, "colours of four bits" },
		{ USERS_PICTURE_PNG, 24, BYTES("\x03\x00"), false, "grey of three" },
		{ USERS_PICTURE_PNG, 25, BYTES("\x05"), false, "unknown colours" },
		{ USERS_PICTURE_PNG, 26, BYTES("\x01"), false, "another compression" },
		{ USERS_PICTURE_PNG, 27, BYTES("\x01"), false, "another filter" },
		{ USERS_PICTURE_PNG, 28, BYTES("\x01"), true, "interlaced" },
		{ USERS_PICTURE_PNG, 28, BYTES("\x02"), false, "otherwise so" },
		{ USERS_PICTURE_PNG, 37, BYTES("iDAT"), false, "no data" },
		{ USERS_PICTURE_PNG, 37, BYTES("JDAT"), false, "an unknown chunk" },
		{ USERS_PICTURE_PNG, 37, BYTES("I<AT"), false, "no chunk" },
		{ USERS_PICTURE_PNG, 33, BYTES("\xff\xff\xff\xff"), false,
		  "a chunk beyond the end" },
		{ USERS_PICTURE_GIF, 6, BYTES("\0\0"), false, "no width" },
		{ USERS_PICTURE_GIF, 8, BYTES("\x01\x40"), false, "too high" },
		{ USERS_PICTURE_GIF, 4, BYTES("8a"), false, "of no year" },
		{ USERS_PICTURE_GIF, 0, BYTES("gif"), false, "in small letters" },
		{ USERS_PICTURE_WEBP, 4, BYTES("\x01"), false, "another size" },
		{ USERS_PICTURE_WEBP, 8, BYTES("WAVE"), false, "a sound" },
		{ USERS_PICTURE_WEBP, 12, BYTES("VP9 "), false, "an unknown chunk" },
		{ USERS_PICTURE_WEBP, 12, BYTES("EXIF"), false, "no pixels" },
		{ USERS_PICTURE_WEBP, 23, BYTES("\x9c"), false, "no start code" },
		{ USERS_PICTURE_WEBP, 26, BYTES("\0\0"), false, "no width" },
		{ USERS_PICTURE_WEBP, 28, BYTES("\x01\xc0"), true, "scaled up" },
		{ USERS_PICTURE_JPEG, 0, BYTES("\xff\xd9"), false, "ended at once" },
		{ USERS_PICTURE_JPEG, 2, BYTES("\xfe"), false, "no marker" },
		{ USERS_PICTURE_JPEG, 3, BYTES("\xd8"), false, "begun twice" },
		{ USERS_PICTURE_JPEG, 3, BYTES("\x01"), false, "a marker of none" },
		{ USERS_PICTURE_JPEG, 3, BYTES("\xc0"), false, "two frames" },
		{ USERS_PICTURE_JPEG, 4, BYTES("\0\x01"), false, "a length below two" },
		{ USERS_PICTURE_JPEG, 4, BYTES("\xff\xff"), false,
		  "a segment beyond the end" },
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
	{
		const Change *change = &changes[i];
		const Picture *picture = first_of(change->type);
		File file = load(picture);

		memcpy(file.bytes + change->at, change->bytes, change->len);
		ok((told_file(&file) != USERS_PICTURE_NONE) == change->good, "%s, %s",
		   picture->name, change->name);
	}
}

/* Two bytes of a JPEG's marker, from a place on. */
static uint8_t *
find_marker(File *file, uint8_t marker)
{
	for (size_t at = 0; at + 1 < file->len; at++)
		if (file->bytes[at] == 0xff && file->bytes[at + 1] == marker)
			return file->bytes + at;
	abort();
}

static void
test_jpeg_parts(void)
{
	File file = load(first_of(USERS_PICTURE_JPEG));
	uint8_t *frame = find_marker(&file, 0xc0);

	memset(frame + 5, 0, 2);
	is(told_file(&file), USERS_PICTURE_NONE, "a JPEG of no height");
	frame[6] = 2;
	memcpy(frame + 7, "\x40\x01", 2);
	is(told_file(&file), USERS_PICTURE_NONE, "a JPEG that is too wide");
	memcpy(frame + 7, "\0\x03", 2);
	is(told_file(&file), USERS_PICTURE_JPEG, "and as it was");
	frame[1] = 0xec;
	is(told_file(&file), USERS_PICTURE_NONE, "a JPEG without a frame");
	frame[1] = 0xc0;
	find_marker(&file, 0xda)[1] = 0xed;
	is(told_file(&file), USERS_PICTURE_NONE, "a JPEG without a scan");
}

/* Chunks put into real ones. */
static void
test_more_chunks(void)
{
	static const uint8_t text[] = "\0\0\0\x04tEXta\0bc\0\0\0\0";
	static const uint8_t header[] =
		"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\0\0\0\0";
	static const uint8_t data[] = "\0\0\0\0IDAT\0\0\0\0";
	static const uint8_t colors[] = "\0\0\0\3PLTE\1\2\3\0\0\0\0";
	static const struct
	{
		const uint8_t *chunks[3];
		size_t lens[3];
		bool good;
		const char *name;
	} samples[] = {
		{ { text }, { sizeof(text) - 1 }, true, "a text" },
		{ { data }, { sizeof(data) - 1 }, true, "more data" },
		{ { text, data },
		  { sizeof(text) - 1, sizeof(data) - 1 },
		  false,
		  "data, with a text between" },
		{ { header }, { sizeof(header) - 1 }, false, "a second header" },
		{ { colors }, { sizeof(colors) - 1 }, false, "colours too late" },
	};

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
	{
		File file = load(first_of(USERS_PICTURE_PNG));
		uint8_t end[12];

		file.len -= sizeof(end);
		memcpy(end, file.bytes + file.len, sizeof(end));
		for (int j = 0; j < 3 && samples[i].chunks[j] != NULL; j++)
			put(&file, samples[i].chunks[j], samples[i].lens[j]);
		put(&file, end, sizeof(end));
		ok((told_file(&file) == USERS_PICTURE_PNG) == samples[i].good,
		   "a PNG with %s", samples[i].name);
	}
}

/* A chunk behind the one of a simple WebP, the file's size put right. */
static void
test_webp_tail(void)
{
	File file = load(first_of(USERS_PICTURE_WEBP));

	put(&file, "EXIF\2\0\0\0PK", 10);
	file.bytes[4] = (uint8_t) (file.len - 8);
	is(told_file(&file), USERS_PICTURE_NONE,
	   "a simple WebP with a chunk behind it");
}

static void
test_names(void)
{
	static const char *const names[] = { "image/png", "image/jpeg", "image/gif",
										 "image/webp" };

	ok(users_picture_media_type(USERS_PICTURE_NONE) == NULL,
	   "none has no media type");
	for (int i = 0; i < 4; i++)
		ok(strcmp(users_picture_media_type((UsersPictureType) (i + 1)),
				  names[i]) == 0,
		   "%s", names[i]);
}

int
main(void)
{
	if (sodium_init() < 0)
		return 1;
	test_real_ones();
	test_tails();
	test_mixtures();
	test_others();
	test_changes();
	test_jpeg_parts();
	test_more_chunks();
	test_webp_tail();
	test_names();
	return tap_done();
}
