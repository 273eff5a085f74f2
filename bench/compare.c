/*
 * usage: compare FIRST SECOND
 *
 * Reads what bench/ask.c prints, with the classes FIRST and SECOND; prints the
 * median time of each, and the p value of the Mann-Whitney test.
 */
#include <stdio.h>
#include <string.h>

#include "ranks.h"

#define LINES_MAX 100000

static Ranked values[LINES_MAX];

int
main(int argc, char **argv)
{
	char class[64];
	size_t n = 0;

	if (argc != 3)
	{
		fprintf(stderr, "compare: usage: compare FIRST SECOND\n");
		return 1;
	}
	while (n < LINES_MAX &&
		   scanf("%63s %*s %*s %lf", class, &values[n].value) == 2)
	{
		values[n].first = strcmp(class, argv[1]) == 0;
		if (!values[n].first && strcmp(class, argv[2]) != 0)
		{
			fprintf(stderr, "compare: there is no class '%s'\n", class);
			return 1;
		}
		n++;
	}
	ranks_sort(values, n);
	printf("%.6f %.6f %.6f\n", ranks_median(values, n, 1),
		   ranks_median(values, n, 0), ranks_p(values, n));
	return 0;
}
