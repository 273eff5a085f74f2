/* The Test Anything Protocol: one line a check, the plan at the end. */
#ifndef TEST_TAP_H
#define TEST_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tap_count;
static int tap_failures;

/* Prints one result with its name and, if it is bad, where it was taken. */
__attribute__((format(printf, 4, 5))) static inline bool
tap_ok(bool good, const char *file, int line, const char *name, ...)
{
	va_list arguments;

	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(arguments, name);
	vprintf(name, arguments);
	va_end(arguments);
	printf("\n");
	if (!good)
	{
		tap_failures++;
		printf("# failed at %s line %d\n", file, line);
	}
	fflush(stdout);
	return good;
}

#define ok(good, ...) tap_ok((good), __FILE__, __LINE__, __VA_ARGS__)

/* Two integers that should be the same. */
static inline bool
tap_is(long long got, long long wanted, const char *file, int line,
	   const char *name)
{
	if (tap_ok(got == wanted, file, line, "%s", name))
		return true;
	printf("# got %lld, wanted %lld\n", got, wanted);
	return false;
}

#define is(got, wanted, name)                                                  \
	tap_is((long long) (got), (long long) (wanted), __FILE__, __LINE__, (name))

/* A copy of exactly len bytes on the heap, beyond which the sanitizer sees
 * every access. */
static inline void *
tap_exact(const void *data, size_t len)
{
	void *exact = malloc(len > 0 ? len : 1);

	if (exact == NULL)
		abort();
	if (len > 0)
		memcpy(exact, data, len);
	return exact;
}

/* Prints the plan and returns what main should. */
static inline int
tap_done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? 0 : 1;
}

#endif
