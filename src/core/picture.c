#include <stdbool.h>
#include <string.h>

#include "picture.h"

/* What is still to be read. */
typedef struct Reader
{
	const uint8_t *at;
	size_t left;
} Reader;

/* Moves past n bytes; NULL when there are not as many. */
static const uint8_t *
take(Reader *reader, size_t n)
{
	const uint8_t *bytes = reader->at;

	if (reader->left < n)
		return NULL;
	reader->at += n;
	reader->left -= n;
	return bytes;
}

static bool
take_exactly(Reader *reader, const char *bytes, size_t n)
{
	const uint8_t *found = take(reader, n);

	return found != NULL && memcmp(found, bytes, n) == 0;
}

static uint32_t
big_endian(const uint8_t *bytes, int n)
{
	uint32_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint32_t
little_endian(const uint8_t *bytes, int n)
{
	uint32_t value = 0;

	for (int i = n - 1; i >= 0; i--)
		value = value << 8 | bytes[i];
	return value;
}

static bool
sane(uint32_t width, uint32_t height)
{
	return width >= 1 && width <= USERS_PICTURE_SIDE_MAX && height >= 1 &&
		   height <= USERS_PICTURE_SIDE_MAX;
}

/* ---- PNG: a signature and chunks, IHDR first, IEND last ---- */

#define PNG_SIGNATURE "\x89PNG\r\n\x1a\n"

typedef struct PngState
{
	bool has_palette;
	bool has_data;
	bool data_over; /* another chunk came after IDAT */
	bool ended;
} PngState;

static bool
png_depth_allowed(uint8_t depth, uint8_t color)
{
	bool of_bytes = depth == 8 || depth == 16;
	bool of_bits = depth == 1 || depth == 2 || depth == 4;

	switch (color)
	{
		case 0: /* grey */
			return of_bytes || of_bits;
		case 3: /* palette */
			return depth == 8 || of_bits;
		case 2: /* colour; then both with alpha */
		case 4:
		case 6:
			return of_bytes;
		default:
			return false;
	}
}

static bool
png_header(Reader *reader)
{
	const uint8_t *body;

	if (!take_exactly(reader, "\0\0\0\rIHDR", 8))
		return false;
	body = take(reader, 13 + 4);
	return body != NULL && sane(big_endian(body, 4), big_endian(body + 4, 4)) &&
		   png_depth_allowed(body[8], body[9]) && body[10] == 0 &&
		   body[11] == 0 && body[12] <= 1;
}

static bool
is_letter(uint8_t byte)
{
	return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

/* Whether a chunk of this type and length may follow what was read. */
static bool
png_chunk_allowed(PngState *state, const uint8_t *type, uint32_t length)
{
	bool is_data = memcmp(type, "IDAT", 4) == 0;

	for (int i = 0; i < 4; i++)
		if (!is_letter(type[i]))
			return false;
	if (is_data && state->data_over)
		return false;
	state->data_over = state->has_data && !is_data;
	state->has_data = state->has_data || is_data;
	state->ended = memcmp(type, "IEND", 4) == 0;
	if (state->ended)
		return length == 0 && state->has_data;
	if (memcmp(type, "PLTE", 4) == 0)
	{
		if (state->has_palette || state->has_data)
			return false;
		state->has_palette = true;
		return length >= 3 && length <= 768 && length % 3 == 0;
	}
	/* Others that a reader must understand (a capital first) there are none. */
	return is_data || type[0] >= 'a';
}

static bool
is_png(Reader reader)
{
	PngState state = { false, false, false, false };

	if (!take_exactly(&reader, PNG_SIGNATURE, 8) || !png_header(&reader))
		return false;
	while (!state.ended)
	{
		const uint8_t *head = take(&reader, 8);
		uint32_t length;

		if (head == NULL)
			return false;
		length = big_endian(head, 4);
		if (!png_chunk_allowed(&state, head + 4, length) ||
			take(&reader, length) == NULL || take(&reader, 4) == NULL)
			return false;
	}
	return reader.left == 0;
}

/* ---- JPEG: markers, each with its segment, until the one that ends it ---- */

#define JPEG_FIRST_RST 0xd0
#define JPEG_LAST_RST  0xd7
#define JPEG_SOI	   0xd8
#define JPEG_EOI	   0xd9
#define JPEG_SOS	   0xda

/* The next marker, with fill bytes before it; 0: there is none. */
static uint8_t
jpeg_marker(Reader *reader)
{
	const uint8_t *byte = take(reader, 1);

	if (byte == NULL || *byte != 0xff)
		return 0;
	do
		byte = take(reader, 1);
	while (byte != NULL && *byte == 0xff);
	return byte == NULL ? 0 : *byte;
}

/* SOF0 to SOF15; three of these numbers are something else. */
static bool
jpeg_begins_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 &&
		   marker != 0xc8 && marker != 0xcc;
}

/* Moves past the coded data of a scan, up to the next marker. */
static void
jpeg_skip_scan(Reader *reader)
{
	while (reader->left >= 2)
	{
		const uint8_t *ff = memchr(reader->at, 0xff, reader->left - 1);
		uint8_t next;

		if (ff == NULL)
		{
			(void) take(reader, reader->left - 1);
			return;
		}
		(void) take(reader, (size_t) (ff - reader->at));
		next = ff[1];
		if (next != 0 && (next < JPEG_FIRST_RST || next > JPEG_LAST_RST))
			return;
		(void) take(reader, 2);
	}
}

static bool
jpeg_frame_sane(const uint8_t *body, uint32_t length)
{
	return length >= 6 &&
		   sane(big_endian(body + 3, 2), big_endian(body + 1, 2));
}

static bool
is_jpeg(Reader reader)
{
	bool has_frame = false;
	bool has_scan = false;

	if (!take_exactly(&reader, "\xff\xd8", 2))
		return false;
	for (;;)
	{
		uint8_t marker = jpeg_marker(&reader);
		const uint8_t *head;
		const uint8_t *body;
		uint32_t length;

		if (marker == JPEG_EOI)
			return has_scan && reader.left == 0;
		/* Of the rest, those from C0 on that stand alone do so in scans. */
		if (marker < 0xc0 || (marker >= JPEG_FIRST_RST && marker <= JPEG_SOI))
			return false;
		head = take(&reader, 2);
		length = head == NULL ? 0 : big_endian(head, 2);
		body = length < 2 ? NULL : take(&reader, length - 2);
		if (body == NULL)
			return false;
		if (jpeg_begins_frame(marker))
		{
			if (has_frame || !jpeg_frame_sane(body, length - 2))
				return false;
			has_frame = true;
		}
		if (marker != JPEG_SOS)
			continue;
		if (!has_frame)
			return false;
		has_scan = true;
		jpeg_skip_scan(&reader);
	}
}

/* ---- GIF: a screen, extensions and images of blocks, a trailer ---- */

/* The colour table that flags announce. */
static bool
gif_colors(Reader *reader, uint8_t flags)
{
	return !(flags & 0x80) ||
		   take(reader, (size_t) 3 << ((flags & 7) + 1)) != NULL;
}

static bool
gif_blocks(Reader *reader)
{
	const uint8_t *size;

	do
	{
		size = take(reader, 1);
		if (size == NULL || take(reader, *size) == NULL)
			return false;
	} while (*size != 0);
	return true;
}

static bool
gif_image(Reader *reader)
{
	const uint8_t *body = take(reader, 9);
	const uint8_t *code_size;

	if (body == NULL ||
		!sane(little_endian(body + 4, 2), little_endian(body + 6, 2)) ||
		!gif_colors(reader, body[8]))
		return false;
	code_size = take(reader, 1);
	return code_size != NULL && *code_size >= 1 && *code_size <= 8 &&
		   gif_blocks(reader);
}

static bool
is_gif(Reader reader)
{
	const uint8_t *signature = take(&reader, 6);
	const uint8_t *screen = take(&reader, 7);
	bool has_image = false;

	if (signature == NULL || screen == NULL ||
		(memcmp(signature, "GIF87a", 6) != 0 &&
		 memcmp(signature, "GIF89a", 6) != 0) ||
		!sane(little_endian(screen, 2), little_endian(screen + 2, 2)) ||
		!gif_colors(&reader, screen[4]))
		return false;
	for (;;)
	{
		const uint8_t *kind = take(&reader, 1);

		if (kind == NULL)
			return false;
		if (*kind == 0x3b)
			return has_image && reader.left == 0;
		if (*kind == 0x2c)
		{
			if (!gif_image(&reader))
				return false;
			has_image = true;
		}
		else if (*kind != 0x21 || take(&reader, 1) == NULL ||
				 !gif_blocks(&reader))
			return false;
	}
}

/* ---- WebP: a RIFF file of chunks, one of which holds pixels ---- */

static bool
webp_lossy_sane(const uint8_t *body, uint32_t length)
{
	return length >= 10 && memcmp(body + 3, "\x9d\x01\x2a", 3) == 0 &&
		   sane(little_endian(body + 6, 2) & 0x3fff,
				little_endian(body + 8, 2) & 0x3fff);
}

static bool
webp_lossless_sane(const uint8_t *body, uint32_t length)
{
	uint32_t sides;

	if (length < 5 || body[0] != 0x2f)
		return false;
	sides = little_endian(body + 1, 4);
	return sane((sides & 0x3fff) + 1, (sides >> 14 & 0x3fff) + 1);
}

static bool
webp_canvas_sane(const uint8_t *body, uint32_t length)
{
	return length == 10 &&
		   sane(little_endian(body + 4, 3) + 1, little_endian(body + 7, 3) + 1);
}

typedef struct WebpState
{
	int chunks;
	bool extended;
	bool has_image;
} WebpState;

static bool
webp_chunk_allowed(WebpState *state, const uint8_t *type, const uint8_t *body,
				   uint32_t length)
{
	static const char others[][5] = { "ICCP", "ANIM", "ALPH", "EXIF", "XMP " };

	if (memcmp(type, "VP8X", 4) == 0)
	{
		state->extended = true;
		return state->chunks == 0 && webp_canvas_sane(body, length);
	}
	/* A file that does not begin with VP8X is one chunk. */
	if (state->chunks > 0 && !state->extended)
		return false;
	if (memcmp(type, "VP8 ", 4) == 0 || memcmp(type, "VP8L", 4) == 0)
	{
		if (state->has_image)
			return false;
		state->has_image = true;
		return type[3] == 'L' ? webp_lossless_sane(body, length)
							  : webp_lossy_sane(body, length);
	}
	if (!state->extended)
		return false;
	if (memcmp(type, "ANMF", 4) == 0)
	{
		state->has_image = true;
		return length > 16;
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (memcmp(type, others[i], 4) == 0)
			return true;
	return false;
}

static bool
is_webp(Reader reader)
{
	WebpState state = { 0, false, false };
	const uint8_t *size;

	if (!take_exactly(&reader, "RIFF", 4))
		return false;
	size = take(&reader, 4);
	if (size == NULL || little_endian(size, 4) != reader.left ||
		!take_exactly(&reader, "WEBP", 4))
		return false;
	while (reader.left > 0)
	{
		const uint8_t *head = take(&reader, 8);
		uint32_t length = head == NULL ? 0 : little_endian(head + 4, 4);
		const uint8_t *body = head == NULL ? NULL : take(&reader, length);

		if (body == NULL || (length % 2 == 1 && take(&reader, 1) == NULL) ||
			!webp_chunk_allowed(&state, head, body, length))
			return false;
		state.chunks++;
	}
	return state.has_image;
}

/* ---- any of them ---- */

UsersStatus
users_picture_check(UsersPictureType *type, const uint8_t *data, size_t len)
{
	Reader reader = { data, len };

	*type = USERS_PICTURE_NONE;
	if (is_png(reader))
		*type = USERS_PICTURE_PNG;
	else if (is_jpeg(reader))
		*type = USERS_PICTURE_JPEG;
	else if (is_gif(reader))
		*type = USERS_PICTURE_GIF;
	else if (is_webp(reader))
		*type = USERS_PICTURE_WEBP;
	return *type == USERS_PICTURE_NONE ? USERS_MALFORMED : USERS_OK;
}

const char *
users_picture_media_type(UsersPictureType type)
{
	static const char *const names[] = { NULL, "image/png", "image/jpeg",
										 "image/gif", "image/webp" };

	return names[type];
}
