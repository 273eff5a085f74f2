#include <math.h>
#include <stdlib.h>

#include "ranks.h"

static int
by_value(const void *a, const void *b)
{
	double left = ((const Ranked *) a)->value;
	double right = ((const Ranked *) b)->value;

	return (left > right) - (left < right);
}

void
ranks_sort(Ranked *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
}

static size_t
count_class(const Ranked *values, size_t n, int first)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += values[i].first == first;
	return count;
}

double
ranks_median(const Ranked *values, size_t n, int first)
{
	size_t count = count_class(values, n, first);
	size_t seen = 0;
	double sum = 0;

	for (size_t i = 0; i < n; i++)
	{
		if (values[i].first != first)
			continue;
		/* The one in the middle is both of these. */
		if (seen == (count - 1) / 2)
			sum += values[i].value;
		if (seen == count / 2)
			sum += values[i].value;
		seen++;
	}
	return sum / 2;
}

double
ranks_p(const Ranked *values, size_t n)
{
	double n1 = (double) count_class(values, n, 1);
	double n2 = (double) n - n1;
	double all = (double) n;
	double rank_sum = 0;
	double ties = 0;
	double variance;
	double distance;

	if (n1 == 0 || n2 == 0)
		return 1;
	for (size_t begin = 0, end; begin < n; begin = end)
	{
		double same;

		end = begin + 1;
		while (end < n && !(values[end].value > values[begin].value))
			end++;
		same = (double) (end - begin);
		ties += same * same * same - same;
		/* What is the same shares its ranks, begin + 1 to end. */
		rank_sum += (double) (begin + 1 + end) / 2 *
					(double) count_class(values + begin, end - begin, 1);
	}
	variance = n1 * n2 / 12 * (all + 1 - ties / (all * (all - 1)));
	if (!(variance > 0))
		return 1;
	distance = fabs(rank_sum - n1 * (all + 1) / 2) - 0.5;
	return distance > 0 ? erfc(distance / sqrt(2 * variance)) : 1;
}
