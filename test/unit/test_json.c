/* (S66) */
#include "json.h"

#include "tap.h"

#define MEMBERS 8

typedef struct Case
{
	const char *text;
	UsersStatus status;
	size_t n;
} Case;

/* Reads a text that ends exactly where its heap block does. */
static UsersStatus
read_object(size_t *n, const char *text, size_t len)
{
	UsersJsonMember members[MEMBERS];
	char *copy = tap_exact(text, len);
	UsersStatus status = users_json_object(members, MEMBERS, n, copy, len);

	free(copy);
	return status;
}

static const Case grammar[] = {
	{ "{}", USERS_OK, 0 },
	{ " \t\r\n{ \t\r\n} \t\r\n", USERS_OK, 0 },
	{ "{\"a\":1}", USERS_OK, 1 },
	{ "{ \"a\" : 1 , \"b\" : 2 }", USERS_OK, 2 },
	{ "{\"\":\"\"}", USERS_OK, 1 },
	{ "{\"a\":true,\"b\":false,\"c\":null}", USERS_OK, 3 },
	{ "{\"a\":[],\"b\":{},\"c\":[ ],\"d\":{ }}", USERS_OK, 4 },
	{ "{\"a\":[1,\"x\",[null,{\"b\":[{}]}],true]}", USERS_OK, 1 },
	{ "{\"a\":{\"b\":{\"b\":1},\"c\":[1,2]},\"d\":-1.5e+10}", USERS_OK, 2 },
	{ "{\"a\":0,\"b\":-0,\"c\":0.0,\"d\":1e400,\"e\":1E-2}", USERS_OK, 5 },
	{ "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\"}", USERS_OK, 1 },
	{ "{\"a\":\"\\ud83d\\ude00\\uD83D\\uDE00\"}", USERS_OK, 1 },
	{ "{\"a\":\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"}", USERS_OK, 1 },
	{ "{\"a\":\"\\u0000\"}", USERS_OK, 1 },
	{ "", USERS_MALFORMED, 0 },
	{ " ", USERS_MALFORMED, 0 },
	{ "[]", USERS_MALFORMED, 0 },
	{ "\"a\"", USERS_MALFORMED, 0 },
	{ "1", USERS_MALFORMED, 0 },
	{ "null", USERS_MALFORMED, 0 },
	{ "{", USERS_MALFORMED, 0 },
	{ "}", USERS_MALFORMED, 0 },
	{ "{}{}", USERS_MALFORMED, 0 },
	{ "{},", USERS_MALFORMED, 0 },
	{ "{}x", USERS_MALFORMED, 0 },
	{ "\xef\xbb\xbf{}", USERS_MALFORMED, 0 },
	{ "\f{}", USERS_MALFORMED, 0 },
	{ "\v{}", USERS_MALFORMED, 0 },
	{ "\xc2\xa0{}", USERS_MALFORMED, 0 },
	{ "{,}", USERS_MALFORMED, 0 },
	{ "{\"a\":1,}", USERS_MALFORMED, 0 },
	{ "{,\"a\":1}", USERS_MALFORMED, 0 },
	{ "{\"a\":1,,\"b\":2}", USERS_MALFORMED, 0 },
	{ "{\"a\":1 \"b\":2}", USERS_MALFORMED, 0 },
	{ "{\"a\" 1}", USERS_MALFORMED, 0 },
	{ "{\"a\":}", USERS_MALFORMED, 0 },
	{ "{\"a\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":1]", USERS_MALFORMED, 0 },
	{ "{a:1}", USERS_MALFORMED, 0 },
	{ "{'a':1}", USERS_MALFORMED, 0 },
	{ "{1:1}", USERS_MALFORMED, 0 },
	{ "{null:1}", USERS_MALFORMED, 0 },
	{ "{/**/}", USERS_MALFORMED, 0 },
	{ "{\"a\":1//\n}", USERS_MALFORMED, 0 },
	{ "{\"a\":01}", USERS_MALFORMED, 0 },
	{ "{\"a\":+1}", USERS_MALFORMED, 0 },
	{ "{\"a\":-}", USERS_MALFORMED, 0 },
	{ "{\"a\":.5}", USERS_MALFORMED, 0 },
	{ "{\"a\":5.}", USERS_MALFORMED, 0 },
	{ "{\"a\":5.e1}", USERS_MALFORMED, 0 },
	{ "{\"a\":5e}", USERS_MALFORMED, 0 },
	{ "{\"a\":5e+}", USERS_MALFORMED, 0 },
	{ "{\"a\":5e+-1}", USERS_MALFORMED, 0 },
	{ "{\"a\":0x10}", USERS_MALFORMED, 0 },
	{ "{\"a\":1_000}", USERS_MALFORMED, 0 },
	{ "{\"a\":NaN}", USERS_MALFORMED, 0 },
	{ "{\"a\":Infinity}", USERS_MALFORMED, 0 },
	{ "{\"a\":-Infinity}", USERS_MALFORMED, 0 },
	{ "{\"a\":True}", USERS_MALFORMED, 0 },
	{ "{\"a\":tru}", USERS_MALFORMED, 0 },
	{ "{\"a\":truee}", USERS_MALFORMED, 0 },
	{ "{\"a\":nul", USERS_MALFORMED, 0 },
	{ "{\"a\":[1,]}", USERS_MALFORMED, 0 },
	{ "{\"a\":[,1]}", USERS_MALFORMED, 0 },
	{ "{\"a\":[1 2]}", USERS_MALFORMED, 0 },
	{ "{\"a\":[1}}", USERS_MALFORMED, 0 },
	{ "{\"a\":{1}}", USERS_MALFORMED, 0 },
	{ "{\"a\":{\"b\"}}", USERS_MALFORMED, 0 },
	{ "{\"a\":{\"b\":1]}", USERS_MALFORMED, 0 },
	{ "{\"a\":{\"b\":1,}}", USERS_MALFORMED, 0 },
	{ "{\"a\":[\"b\":1]}", USERS_MALFORMED, 0 },
	{ "{\"a\":[[]", USERS_MALFORMED, 0 },
	{ "{\"a\":\"b}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"b\n\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"b\t\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\x1f\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\x\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\'\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\u", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\u123\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\u123g\"}", USERS_MALFORMED, 0 },
	{ "{\"a\":\"\\U0041\"}", USERS_MALFORMED, 0 },
};

static void
test_grammar(void)
{

	for (size_t i = 0; i < sizeof(grammar) / sizeof(grammar[0]); i++)
	{
		size_t n;
		UsersStatus status =
			read_object(&n, grammar[i].text, strlen(grammar[i].text));

		ok(status == grammar[i].status && n == grammar[i].n, "%s: grammar %zu",
		   grammar[i].status == USERS_OK ? "good" : "bad", i);
	}
}

static void
test_unicode(void)
{
	static const char *const bad[] = {
		"\xff",
		"\x80",
		"\xc3",
		"\xc0\xaf",
		"\xe0\x80\xaf",
		"\xed\xa0\x80",
		"\xed\xbf\xbf",
		"\xf4\x90\x80\x80",
		"\xf0\x80\x80\xaf",
		"\xf8\x88\x80\x80\x80",
		"\xe2\x82",
		"\\ud800",
		"\\udc00",
		"\\udfff",
		"\\ud800x",
		"\\ud800\\n",
		"\\ud800\\u0041",
		"\\ud800\\ud800",
		"\\udc00\\udc00",
		"\\ud800\\ue000",
		"\\udc00\\ud800",
		"\\ud83d\\ude0",
		"\\ud83d\\",
		"\\ud83d\\u",
	};
	static const char *const before[] = { "{\"a\":\"", "{\"", "{\"a\":[\"",
										  "{\"a\":{\"" };
	static const char *const behind[] = { "\"}", "\":1}", "\"]}", "\":1}}" };
	size_t n;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		bool good = true;

		for (size_t j = 0; j < 4; j++)
		{
			char text[64];
			int len = snprintf(text, sizeof(text), "%s%s%s", before[j], bad[i],
							   behind[j]);

			good =
				good && read_object(&n, text, (size_t) len) == USERS_MALFORMED;
		}
		ok(good, "no text, whether name or value: number %zu", i);
	}
	is(read_object(&n, "{\"a\":\"\0\"}", 9), USERS_MALFORMED,
	   "a bare NUL in a string");
	is(read_object(&n, "{\"a\":1}\0", 8), USERS_MALFORMED,
	   "a NUL behind the object");
}

static void
test_duplicates(void)
{
	static const Case cases[] = {
		{ "{\"a\":1,\"a\":1}", USERS_MALFORMED, 0 },
		{ "{\"a\":1,\"b\":2,\"a\":3}", USERS_MALFORMED, 0 },
		{ "{\"\":1,\"\":2}", USERS_MALFORMED, 0 },
		{ "{\"a\":1,\"\\u0061\":2}", USERS_MALFORMED, 0 },
		{ "{\"\\u0061\":1,\"a\":2}", USERS_MALFORMED, 0 },
		{ "{\"\\u0061b\":1,\"a\\u0062\":2}", USERS_MALFORMED, 0 },
		{ "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", USERS_MALFORMED, 0 },
		{ "{\"\xc3\xa4\":1,\"\\u00e4\":2}", USERS_MALFORMED, 0 },
		{ "{\"\xe2\x82\xac\":1,\"\\u20AC\":2}", USERS_MALFORMED, 0 },
		{ "{\"/\":1,\"\\/\":2}", USERS_MALFORMED, 0 },
		{ "{\"a\":1,\"A\":2}", USERS_OK, 2 },
		{ "{\"a\":1,\"a\\u0000\":2}", USERS_OK, 2 },
		{ "{\"a\":1,\"ab\":2,\"\\u0061bc\":3}", USERS_OK, 3 },
		{ "{\"\\u0061b\":1,\"\\u0061\":2}", USERS_OK, 2 },
		{ "{\"a\":{\"x\":1,\"x\":2}}", USERS_OK, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t n;
		UsersStatus status =
			read_object(&n, cases[i].text, strlen(cases[i].text));

		ok(status == cases[i].status && n == cases[i].n, "names: %s",
		   cases[i].text);
	}
}

/* An object whose member holds that many arrays or objects in one another. */
static UsersStatus
read_nested(unsigned levels, bool objects, bool closed)
{
	char text[4096];
	size_t len = 0;
	size_t n;

	len += (size_t) sprintf(text + len, "{\"a\":");
	for (unsigned i = 0; i < levels; i++)
		len += (size_t) sprintf(text + len, "%s", objects ? "{\"a\":" : "[");
	text[len++] = '1';
	for (unsigned i = 0; closed && i < levels; i++)
		text[len++] = objects ? '}' : ']';
	text[len++] = '}';
	return read_object(&n, text, len);
}

static void
test_depth(void)
{
	is(read_nested(USERS_JSON_DEPTH, false, true), USERS_OK, "deep arrays");
	is(read_nested(USERS_JSON_DEPTH, true, true), USERS_OK, "deep objects");
	is(read_nested(USERS_JSON_DEPTH + 1, false, true), USERS_MALFORMED,
	   "too deep arrays");
	is(read_nested(USERS_JSON_DEPTH + 1, true, true), USERS_MALFORMED,
	   "too deep objects");
	is(read_nested(32, false, true), USERS_MALFORMED, "32 levels");
	is(read_nested(33, true, true), USERS_MALFORMED, "33 levels");
	is(read_nested(4000, false, false), USERS_MALFORMED, "4000 levels");
	is(read_nested(3, true, false), USERS_MALFORMED, "left open");
}

static void
test_members(void)
{
	static const char text[] =
		"{\"s\":\"v\",\"n\":-12,\"o\":{\"s\":1},\"a\":[1, 2],\"l\":null,"
		"\"\\u0065\":\"x\\u0000\\ud83d\\ude00\\n\"}";
	static const UsersJsonType types[] = {
		USERS_JSON_STRING, USERS_JSON_NUMBER,  USERS_JSON_OBJECT,
		USERS_JSON_ARRAY,  USERS_JSON_LITERAL, USERS_JSON_STRING
	};
	UsersJsonMember members[6];
	const UsersJsonMember *found;
	char out[16];
	size_t n;
	size_t len;

	is(users_json_object(members, 5, &n, text, strlen(text)), USERS_TOO_LONG,
	   "six members in room for five");
	is(n, 0, "no member then");
	is(users_json_object(members, 6, &n, text, strlen(text)), USERS_OK,
	   "six members in room for six");
	for (size_t i = 0; i < 6; i++)
		ok(n == 6 && members[i].type == types[i], "type of member %zu", i);
	ok(users_json_find(members, n, "x") == NULL, "a member that is not there");
	found = users_json_find(members, n, "o");
	ok(found == &members[2] && found->value.len == 7 &&
		   memcmp(found->value.data, "{\"s\":1}", 7) == 0,
	   "an object as it was written");
	found = users_json_find(members, n, "n");
	ok(found == &members[1] && found->value.len == 3, "a number's characters");
	ok(users_json_is(&members[0].value, "v"), "a string that is the word");
	ok(!users_json_is(&members[0].value, "vv"), "a longer word");
	ok(!users_json_is(&members[0].value, ""), "an empty word");
	found = users_json_find(members, n, "e");
	ok(found == &members[5], "found by an escaped name");
	is(users_json_decode(out, 7, &len, &members[5].value), USERS_OK,
	   "decodes into exactly enough room");
	ok(len == 7 && memcmp(out, "x\0\xf0\x9f\x98\x80\n", 7) == 0, "decoded");
	is(users_json_decode(out, 6, &len, &members[5].value), USERS_TOO_LONG,
	   "one byte too little");
	is(len, 0, "nothing then");
	is(users_json_decode(out, 0, &len, &members[0].value), USERS_TOO_LONG,
	   "no room at all");
	is(users_json_decode(out, 1, &len, &members[0].value), USERS_OK,
	   "a string without escapes");
	ok(len == 1 && out[0] == 'v', "as it is");
}

static void
test_escapes(void)
{
	static const char *const cases[][2] = {
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u0041\\u00e4\\u20ac\\uD83D\\uDE00",
		  "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\\u007f\\u0080\\u07ff\\u0800\\uffff",
		  "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf" },
		{ "\\ud800\\udc00\\udbff\\udfff", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\\n",
		  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		UsersJsonMember member;
		char text[128];
		char out[64];
		size_t n;
		size_t len;
		int text_len =
			snprintf(text, sizeof(text), "{\"a\":\"%s\"}", cases[i][0]);

		ok(users_json_object(&member, 1, &n, text, (size_t) text_len) ==
				   USERS_OK &&
			   n == 1 &&
			   users_json_decode(out, sizeof(out), &len, &member.value) ==
				   USERS_OK &&
			   len == strlen(cases[i][1]) && memcmp(out, cases[i][1], len) == 0,
		   "escapes %zu", i);
		ok(n == 1 && users_json_is(&member.value, cases[i][1]),
		   "compared without decoding %zu", i);
	}
}

static void
test_truncation(void)
{
	static const char text[] = "{\"a\":\"\\ud83d\\ude00x\",\"b\":[{\"c\":-1.5e+"
							   "3},true],\"d\":null}";
	bool good = true;
	size_t n;

	for (size_t len = 0; len < sizeof(text) - 1; len++)
		good = good && read_object(&n, text, len) == USERS_MALFORMED;
	ok(good, "cut off at any place it is refused");
	is(read_object(&n, text, sizeof(text) - 1), USERS_OK, "uncut it is not");
}

int
main(void)
{
	test_grammar();
	test_unicode();
	test_duplicates();
	test_depth();
	test_members();
	test_escapes();
	test_truncation();
	return tap_done();
}
