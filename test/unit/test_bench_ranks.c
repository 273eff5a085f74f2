/* bench/ranks.c: cases whose results are known from elsewhere. */
#include <math.h>

#include "ranks.h"
#include "tap.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* Ozone in New York in May and in August 1973, R's airquality: its
 * wilcox.test(exact = FALSE) says p = 0.0001208. */
static const double may[] = { 41, 36, 12, 18, 28, 23, 19,  8,  7,
							  16, 11, 14, 18, 14, 34, 6,   30, 11,
							  1,  11, 4,  32, 23, 45, 115, 37 };
static const double august[] = { 39, 9,	 16,  78, 35, 66,  122, 89, 110,
								 44, 28, 65,  22, 59, 23,  31,	44, 21,
								 9,	 45, 168, 73, 76, 118, 84,	85 };

static Ranked values[200];

static size_t
mix(const double *first, size_t n_first, const double *second, size_t n_second)
{
	size_t n = 0;

	for (size_t i = 0; i < n_first; i++)
		values[n++] = (Ranked){ first[i], 1 };
	for (size_t i = 0; i < n_second; i++)
		values[n++] = (Ranked){ second[i], 0 };
	ranks_sort(values, n);
	return n;
}

static void
near(double got, double wanted, double by, const char *name)
{
	if (!ok(fabs(got - wanted) <= by, "%s", name))
		printf("# got %.9g, wanted %.9g\n", got, wanted);
}

int
main(void)
{
	static const double one_to_five[] = { 5, 4, 3, 2, 1 };
	static const double six_to_ten[] = { 6, 8, 10, 9, 7 };
	static const double same[] = { 3, 3, 3 };
	size_t n = mix(may, N(may), august, N(august));

	near(ranks_p(values, n), 0.0001208, 0.00000005, "with ties");
	near(ranks_median(values, n, 1), 18, 0, "the median of an even number");
	near(ranks_median(values, n, 0), 52, 0, "and of the others");
	n = mix(august, N(august), may, N(may));
	near(ranks_p(values, n), 0.0001208, 0.00000005, "the other way round");

	/* U = 0, so z = (12.5 - 0.5) / sqrt(25 * 11 / 12). */
	n = mix(one_to_five, 5, six_to_ten, 5);
	near(ranks_p(values, n), 0.0121858, 0.00000005, "without ties");
	near(ranks_median(values, n, 1), 3, 0, "the median of an odd number");
	n = mix(one_to_five, 5, one_to_five, 5);
	near(ranks_p(values, n), 1, 0, "the same values twice");

	n = mix(same, 3, same, 3);
	near(ranks_p(values, n), 1, 0, "one value only");
	n = mix(same, 3, same, 0);
	near(ranks_p(values, n), 1, 0, "one class only");
	near(ranks_median(values, n, 0), 0, 0, "no median of nothing");
	return tap_done();
}
