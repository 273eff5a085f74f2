#include "base64url.h"

#include "tap.h"

#define LENGTHS 601

/* Bytes that look random and are the same each time. */
static void
fill(uint8_t *bytes, size_t n, uint32_t seed)
{
	for (size_t i = 0; i < n; i++)
	{
		seed = seed * 1664525 + 1013904223;
		bytes[i] = (uint8_t) (seed >> 24);
	}
}

static UsersStatus
decode(uint8_t *out, size_t cap, size_t *n, const char *text, size_t len)
{
	char *copy = tap_exact(text, len);
	uint8_t *room = tap_exact(out, cap);
	UsersStatus status = users_base64url_decode(room, cap, n, copy, len);

	memcpy(out, room, cap);
	free(room);
	free(copy);
	return status;
}

static void
test_vectors(void)
{
	/* RFC 4648, section 10, and the two characters that differ here. */
	static const char *const vectors[][2] = {
		{ "", "" },
		{ "f", "Zg" },
		{ "fo", "Zm8" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg" },
		{ "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xff\xfe", "-__-" },
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
	{
		const char *plain = vectors[i][0];
		const char *text = vectors[i][1];
		char out[16];
		uint8_t back[16];
		size_t n;

		users_base64url_encode(out, (const uint8_t *) plain, strlen(plain));
		ok(USERS_BASE64URL_LEN(strlen(plain)) == strlen(text) &&
			   memcmp(out, text, strlen(text)) == 0,
		   "encodes to \"%s\"", text);
		ok(decode(back, strlen(plain), &n, text, strlen(text)) == USERS_OK &&
			   n == strlen(plain) && memcmp(back, plain, n) == 0,
		   "decodes \"%s\"", text);
	}
}

static void
test_every_length(void)
{
	bool encodes = true;
	bool decodes = true;
	bool short_of_room = true;

	for (size_t n = 0; n < LENGTHS; n++)
	{
		size_t len = USERS_BASE64URL_LEN(n);
		uint8_t plain[LENGTHS] = { 0 };
		uint8_t back[LENGTHS] = { 0 };
		char *text = tap_exact(plain, 0);
		uint8_t *exact;
		size_t got;

		fill(plain, n, (uint32_t) n);
		exact = tap_exact(plain, n);
		text = realloc(text, len > 0 ? len : 1);
		users_base64url_encode(text, exact, n);
		for (size_t i = 0; i < len; i++)
			encodes = encodes && memchr("+/= \n", text[i], 6) == NULL;
		decodes = decodes && decode(back, n, &got, text, len) == USERS_OK &&
				  got == n && memcmp(back, plain, n) == 0;
		if (n > 0)
			short_of_room =
				short_of_room &&
				decode(back, n - 1, &got, text, len) == USERS_TOO_LONG &&
				got == 0;
		free(exact);
		free(text);
	}
	ok(encodes, "0 to 600 bytes: no foreign character");
	ok(decodes, "0 to 600 bytes come back");
	ok(short_of_room, "1 to 600 bytes in a buffer one too small");
}

static void
test_every_text_length(void)
{
	char text[LENGTHS];
	uint8_t out[LENGTHS];
	bool good = true;
	bool padded = true;

	for (size_t len = 0; len < LENGTHS; len++)
	{
		size_t n;

		memset(text, 'A', sizeof(text));
		if (decode(out, sizeof(out), &n, text, len) !=
				(len % 4 == 1 ? USERS_MALFORMED : USERS_OK) ||
			n != (len % 4 == 1 ? 0 : len * 3 / 4))
			good = false;
		if (len == 0)
			continue;
		text[len - 1] = '=';
		padded = padded &&
				 decode(out, sizeof(out), &n, text, len) == USERS_MALFORMED;
	}
	ok(good, "0 to 600 characters: one more than a multiple of 4 is refused");
	ok(padded, "1 to 600 characters: padding is refused");
}

static void
test_every_character(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop"
								   "qrstuvwxyz0123456789-_";
	bool good = true;
	bool wiped = true;
	bool trailing = true;

	for (size_t at = 0; at < 4; at++)
		for (int c = 0; c < 256; c++)
		{
			bool ours = c != 0 && strchr(alphabet, c) != NULL;
			char text[4] = { 'A', 'A', 'A', 'A' };
			uint8_t out[8];
			size_t n;

			text[at] = (char) c;
			memset(out, 0x55, sizeof(out));
			if (decode(out, sizeof(out), &n, text, 4) !=
				(ours ? USERS_OK : USERS_MALFORMED))
				good = false;
			for (size_t i = 0; !ours && i < sizeof(out); i++)
				wiped = wiped && out[i] == 0;
		}
	ok(good, "every character at every place");
	ok(wiped, "a refusal wipes the whole buffer");
	for (size_t i = 0; i < 64; i++)
	{
		char text[3] = { 'A', alphabet[i], '\0' };
		uint8_t out[2];
		size_t n;

		if (decode(out, 2, &n, text, 2) !=
			(i % 16 == 0 ? USERS_OK : USERS_MALFORMED))
			trailing = false;
		text[1] = 'A';
		text[2] = alphabet[i];
		if (decode(out, 2, &n, text, 3) !=
			(i % 4 == 0 ? USERS_OK : USERS_MALFORMED))
			trailing = false;
	}
	ok(trailing, "trailing bits that are not zero are refused");
}

static void
test_foreign(void)
{
	static const char *const texts[] = {
		"Zg==", "Zg=",	"Zm8=",		" Zm9v", "Zm9v ", "Zm\n9v", "Zm9v\n",
		"Zm+v", "Zm/v", "Zm9v====", "=",	 "Zm9vZ", "Zh",		"Zm9",
	};
	uint8_t out[16];
	size_t n;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ok(decode(out, 16, &n, texts[i], strlen(texts[i])) == USERS_MALFORMED,
		   "refused: number %zu", i);
	is(decode(out, 16, &n, "Zm9v\0Zm9", 8), USERS_MALFORMED, "NUL is refused");
	is(decode(out, 1, &n, "AAAAA", 5), USERS_MALFORMED,
	   "an impossible length is, whatever the room");
}

int
main(void)
{
	test_vectors();
	test_every_length();
	test_every_text_length();
	test_every_character();
	test_foreign();
	return tap_done();
}
