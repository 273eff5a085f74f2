#include "uuid.h"

#include "tap.h"

/* (S17) */
static void
test_making(void)
{
	/* RFC 9562, appendix A.6: 017F22E2-79B0-7CC3-98C4-DC0C0C07398F */
	static const uint8_t random[10] = { 0x0c, 0xc3, 0x18, 0xc4, 0xdc,
										0x0c, 0x0c, 0x07, 0x39, 0x8f };
	static const uint8_t ones[16] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
									  0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
									  0xff, 0xff, 0xff, 0xff };
	static const uint8_t zeros[16] = { 0 };
	char text[USERS_UUID_TEXT];
	UsersUuid uuid;
	UsersUuid later;

	users_uuid_v7(&uuid, UINT64_C(0x017f22e279b0), random);
	users_uuid_format(text, &uuid);
	ok(memcmp(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 36) == 0,
	   "version 7 of RFC 9562 A.6");
	users_uuid_v7(&later, UINT64_C(0x017f22e279b1), zeros);
	ok(memcmp(&uuid, &later, 16) < 0, "a later one sorts behind");
	users_uuid_v7(&uuid, UINT64_C(0xffffffffffff), ones);
	users_uuid_format(text, &uuid);
	ok(memcmp(text, "ffffffff-ffff-7fff-bfff-ffffffffffff", 36) == 0,
	   "version 7 of all ones");
	users_uuid_v7(&uuid, 0, zeros);
	users_uuid_format(text, &uuid);
	ok(memcmp(text, "00000000-0000-7000-8000-000000000000", 36) == 0,
	   "version 7 of all zeros");
	users_uuid_v8(&uuid, ones);
	users_uuid_format(text, &uuid);
	ok(memcmp(text, "ffffffff-ffff-8fff-bfff-ffffffffffff", 36) == 0,
	   "version 8 of all ones");
	users_uuid_v8(&uuid, zeros);
	users_uuid_format(text, &uuid);
	ok(memcmp(text, "00000000-0000-8000-8000-000000000000", 36) == 0,
	   "version 8 of all zeros");
}

static UsersStatus
parse(UsersUuid *uuid, const char *text, size_t len)
{
	char *copy = tap_exact(text, len);
	UsersStatus status = users_uuid_parse(uuid, copy, len);

	free(copy);
	return status;
}

static void
test_round_trip(void)
{
	bool good = true;

	for (unsigned byte = 0; byte < 256; byte++)
		for (unsigned at = 0; at < 16; at++)
		{
			UsersUuid uuid = { { 0 } };
			UsersUuid back;
			char text[USERS_UUID_TEXT];

			uuid.bytes[at] = (uint8_t) byte;
			users_uuid_format(text, &uuid);
			good = good && parse(&back, text, sizeof(text)) == USERS_OK &&
				   memcmp(&back, &uuid, sizeof(uuid)) == 0;
		}
	ok(good, "every byte at every place comes back");
}

static void
test_refusals(void)
{
	static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	static const UsersUuid zero;
	UsersUuid uuid;
	bool good = true;

	ok(parse(&uuid, text, 36) == USERS_OK, "a good one");
	for (size_t len = 0; len < 36; len++)
		good = good && parse(&uuid, text, len) == USERS_MALFORMED;
	good = good && parse(&uuid, text, 37) == USERS_MALFORMED;
	ok(good, "any other length is refused");
	good = true;
	for (size_t at = 0; at < 36; at++)
		for (int c = 0; c < 256; c++)
		{
			char changed[36];
			bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');

			memcpy(changed, text, 36);
			changed[at] = (char) c;
			memset(&uuid, 0x55, sizeof(uuid));
			if (parse(&uuid, changed, 36) !=
				((text[at] == '-' ? c == '-' : digit) ? USERS_OK
													  : USERS_MALFORMED))
				good = false;
			if (!digit && c != '-')
				good = good && memcmp(&uuid, &zero, sizeof(zero)) == 0;
		}
	ok(good, "every character at every place: lower-case digits, hyphens in "
			 "their places, nothing else, and a refusal leaves zeros");
	is(parse(&uuid, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F", 36),
	   USERS_MALFORMED, "capitals are refused");
	is(parse(&uuid, "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}", 36),
	   USERS_MALFORMED, "braces are refused");
	is(parse(&uuid, "017f22e279b0-7cc3-98c4-dc0c0c07398f-", 36),
	   USERS_MALFORMED, "hyphens elsewhere are refused");
}

int
main(void)
{
	test_making();
	test_round_trip();
	test_refusals();
	return tap_done();
}
