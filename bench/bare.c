/*
 * usage: bare hmac|ed25519 COUNT FILE
 *
 * Prints the CPU time of one call of libsodium, in microseconds, of COUNT:
 * what a token cannot be verified for less than. The call verifies the
 * HMAC-SHA-256 of the token in FILE, up to the dot before its signature, or an
 * Ed25519 signature of the same bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

static unsigned char token[8192];
static size_t len; /* of what is signed */
static unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
static unsigned char signature[crypto_sign_BYTES];
static unsigned char key[crypto_auth_hmacsha256_KEYBYTES];
static unsigned char mac[crypto_auth_hmacsha256_BYTES];

static void
fail(const char *what)
{
	fprintf(stderr, "bare: %s\n", what);
	exit(1);
}

static int
verify_hmac(void)
{
	return crypto_auth_hmacsha256_verify(mac, token, len, key);
}

static int
verify_ed25519(void)
{
	return crypto_sign_verify_detached(signature, token, len, public_key);
}

static void
read_token(const char *name)
{
	FILE *file = fopen(name, "r");

	if (file == NULL)
		fail("the file cannot be read");
	len = fread(token, 1, sizeof(token), file);
	(void) fclose(file);
	while (len > 0 && token[len - 1] != '.')
		len--;
	if (len < 2)
		fail("this is no token");
	len--;
}

static void
sign(void)
{
	unsigned char secret_key[crypto_sign_SECRETKEYBYTES];

	(void) crypto_sign_keypair(public_key, secret_key);
	(void) crypto_sign_detached(signature, NULL, token, len, secret_key);
	crypto_auth_hmacsha256_keygen(key);
	(void) crypto_auth_hmacsha256(mac, token, len, key);
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
	int (*verify)(void) = NULL;
	double before;

	if (argc == 4 && strcmp(argv[1], "hmac") == 0)
		verify = verify_hmac;
	if (argc == 4 && strcmp(argv[1], "ed25519") == 0)
		verify = verify_ed25519;
	if (count <= 0 || verify == NULL)
		fail("usage: bare hmac|ed25519 COUNT FILE");
	if (sodium_init() < 0)
		fail("libsodium does not start");
	read_token(argv[3]);
	sign();
	before = cpu_us();
	for (long i = 0; i < count; i++)
		if (verify() != 0)
			fail("a signature does not hold");
	printf("%.4f\n", (cpu_us() - before) / (double) count);
	return 0;
}
