/*
 * usage: bare hmac|ed25519 COUNT FILE
 *
 * Prints the CPU time of one call of libsodium, in microseconds, of COUNT:
 * what a token cannot be verified for less than. The calls verify the tokens of
 * FILE in turn, of each line what stands before the last dot, by HMAC-SHA-256
 * or by a signature of Ed25519. (One signature again and again takes five
 * percent less than new ones: the processor gets to know its branches.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#define TOKENS_MAX 10000

typedef struct Token
{
	unsigned char *text;
	size_t len; /* of what is signed */
	unsigned char signature[crypto_sign_BYTES];
	unsigned char mac[crypto_auth_hmacsha256_BYTES];
} Token;

static Token tokens[TOKENS_MAX];
static long token_count;
static unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
static unsigned char key[crypto_auth_hmacsha256_KEYBYTES];

static void
fail(const char *what)
{
	fprintf(stderr, "bare: %s\n", what);
	exit(1);
}

static int
verify_hmac(const Token *token)
{
	return crypto_auth_hmacsha256_verify(token->mac, token->text, token->len,
										 key);
}

static int
verify_ed25519(const Token *token)
{
	return crypto_sign_verify_detached(token->signature, token->text,
									   token->len, public_key);
}

static void
read_tokens(const char *name)
{
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;

	if (file == NULL)
		fail("the file cannot be read");
	while (getline(&line, &size, file) > 0)
	{
		const char *dot = strrchr(line, '.');

		if (token_count == TOKENS_MAX)
			fail("the file has too many lines");
		if (dot == NULL || dot == line)
			fail("this is no token");
		tokens[token_count].text = (unsigned char *) line;
		tokens[token_count++].len = (size_t) (dot - line);
		line = NULL;
	}
	free(line);
	(void) fclose(file);
	if (token_count == 0)
		fail("the file is empty");
}

static void
sign(void)
{
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES];

	(void) crypto_sign_keypair(public_key, secret_key);
	crypto_auth_hmacsha256_keygen(key);
	for (Token *token = tokens; token < tokens + token_count; token++)
	{
		(void) crypto_sign_detached(token->signature, NULL, token->text,
									token->len, secret_key);
		(void) crypto_auth_hmacsha256(token->mac, token->text, token->len, key);
	}
}

static double
cpu_us(void)
{
	struct timespec time;

	(void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double) time.tv_sec * 1e6 + (double) time.tv_nsec / 1e3;
}

int
main(int argc, char **argv)
{
	long count = argc == 4 ? atol(argv[2]) : 0;
	int (*verify)(const Token *) = NULL;
	double before;

	if (argc == 4 && strcmp(argv[1], "hmac") == 0)
		verify = verify_hmac;
	if (argc == 4 && strcmp(argv[1], "ed25519") == 0)
		verify = verify_ed25519;
	if (count <= 0 || verify == NULL)
		fail("usage: bare hmac|ed25519 COUNT FILE");
	if (sodium_init() < 0)
		fail("libsodium does not start");
	read_tokens(argv[3]);
	sign();
	before = cpu_us();
	for (long i = 0; i < count; i++)
		if (verify(&tokens[i % token_count]) != 0)
			fail("a signature does not hold");
	printf("%.4f\n", (cpu_us() - before) / (double) count);
	return 0;
}
