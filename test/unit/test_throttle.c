#include "throttle.h"

#include "tap.h"

#define WINDOW 3600
#define NOW	   INT64_C(1700000000)

static UsersThrottleTable *
new_table(uint32_t buckets)
{
	UsersThrottleTable *table = malloc(users_throttle_size(buckets));

	if (table == NULL)
		abort();
	users_throttle_init(table, buckets);
	return table;
}

static UsersBudget
budget(uint64_t number, int32_t limit)
{
	UsersBudget result;

	memset(&result, 0, sizeof(result));
	memcpy(result.key, &number, sizeof(number));
	result.key[15] = 0x80;
	result.limit = limit;
	return result;
}

static UsersThrottleAnswer
charge(UsersThrottleTable *table, const UsersBudget *one, int64_t now)
{
	return users_throttle_charge(table, one, 1, now, WINDOW);
}

/* Charges until a refusal; how many went through. */
static int
burst(UsersThrottleTable *table, const UsersBudget *one, int64_t now,
	  UsersThrottleAnswer *refusal)
{
	int count = 0;

	for (; count < 10000; count++)
	{
		*refusal = charge(table, one, now);
		if (refusal->refused)
			break;
	}
	return count;
}

static void
test_burst(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget one = budget(1, 5);
	UsersBudget other = budget(2, 5);
	UsersThrottleAnswer answer;

	is(users_throttle_until(table, one.key, NOW), 0, "nothing at first");
	is(burst(table, &one, NOW, &answer), 5, "a burst up to the limit");
	ok(answer.retry_after == 30 && answer.first, "then 30 seconds, told once");
	is(users_throttle_until(table, one.key, NOW), NOW + 30, "their end");
	answer = charge(table, &one, NOW + 10);
	ok(answer.refused && answer.retry_after == 20 && !answer.first,
	   "20 of them are left, not told again");
	answer = charge(table, &one, NOW + 29);
	ok(answer.refused && answer.retry_after == 1, "the last of them");
	is(users_throttle_until(table, one.key, NOW + 30), 0, "they are over");
	ok(!charge(table, &other, NOW).refused, "another key is not concerned");
	free(table);
}

/* (S22) */
static void
test_doubling(void)
{
	static const int32_t waits[] = { 30,  60,	120,  240,	480,
									 960, 1920, 3600, 3600, 3600 };
	UsersThrottleTable *table = new_table(4);
	UsersBudget one = budget(1, 3);
	UsersThrottleAnswer answer;
	int64_t now = NOW;
	bool good = burst(table, &one, now, &answer) == 3;

	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
	{
		good = good && answer.refused && answer.retry_after == waits[i] &&
			   answer.first;
		now += waits[i];
		good = good && burst(table, &one, now, &answer) == 1;
	}
	ok(good,
	   "each throttled time is twice as long up to the window, and allows "
	   "one charge");
	for (int i = 0; i < 100; i++)
	{
		now += WINDOW;
		good = good && burst(table, &one, now, &answer) == 1;
	}
	ok(good && answer.retry_after == WINDOW, "for ever");
	free(table);
}

static void
test_forgetting(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget one = budget(1, 3);
	UsersThrottleAnswer answer;

	ok(!charge(table, &one, NOW).refused &&
		   !charge(table, &one, NOW + WINDOW - 1).refused,
	   "two charges in a window");
	is(burst(table, &one, NOW + WINDOW, &answer), 3,
	   "a window after the first all are forgotten");
	is(answer.retry_after, 30, "the level was never raised");
	is(burst(table, &one, NOW + WINDOW + 30, &answer), 1, "one more");
	is(answer.retry_after, 60, "then longer");
	is(burst(table, &one, NOW + 2 * WINDOW, &answer), 1,
	   "the window's end does not forget a throttled time");
	is(answer.retry_after, 120, "nor the level");
	is(burst(table, &one, NOW + 3 * WINDOW + 119, &answer), 1,
	   "not yet forgotten");
	is(answer.retry_after, 240, "and longer");
	is(burst(table, &one, NOW + 4 * WINDOW + 359, &answer), 3,
	   "forgotten a window after its end");
	is(answer.retry_after, 30, "with its level");
	free(table);
}

static void
test_several(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget three[] = { budget(1, 2), budget(2, 5), budget(3, 100) };
	UsersBudget second = three[1];
	UsersBudget last = three[2];
	UsersThrottleAnswer answer;

	for (int i = 0; i < 2; i++)
		ok(!users_throttle_charge(table, three, 3, NOW, WINDOW).refused,
		   "all three are charged");
	answer = users_throttle_charge(table, three, 3, NOW, WINDOW);
	ok(answer.refused && answer.first && answer.retry_after == 30,
	   "one at its limit refuses all");
	answer = users_throttle_charge(table, three, 3, NOW, WINDOW);
	ok(answer.refused && !answer.first, "again");
	is(users_throttle_until(table, second.key, NOW), 0,
	   "the others are not throttled");
	is(burst(table, &second, NOW, &answer), 3, "nor charged");
	is(answer.retry_after, 30, "until they are at their limit");
	is(burst(table, &last, NOW, &answer), 98, "nor the last");
	free(table);

	table = new_table(4);
	burst(table, &second, NOW, &answer);
	burst(table, &second, NOW + 30, &answer);
	answer = users_throttle_charge(table, three, 3, NOW + 30, WINDOW);
	ok(answer.refused && answer.retry_after == 60, "refused by the second");
	is(burst(table, &three[0], NOW + 30, &answer), 2,
	   "nothing was charged to the first");
	answer = users_throttle_charge(table, three, 3, NOW + 31, WINDOW);
	ok(answer.refused && answer.retry_after == 59, "the longest wait counts");
	free(table);

	table = new_table(4);
	three[1].limit = 2;
	for (int i = 0; i < 2; i++)
		users_throttle_charge(table, three, 3, NOW, WINDOW);
	answer = users_throttle_charge(table, three, 3, NOW, WINDOW);
	ok(answer.refused && answer.first &&
		   users_throttle_until(table, three[0].key, NOW) == NOW + 30 &&
		   users_throttle_until(table, three[1].key, NOW) == NOW + 30,
	   "two at their limits are both throttled");
	answer = users_throttle_charge(table, &second, 1, NOW, WINDOW);
	ok(answer.refused && !answer.first, "and both told");
	free(table);
}

/* One budget is throttled: another that is at its limit stays as it is. */
static void
test_throttled_first(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget two[] = { budget(1, 1), budget(2, 1) };
	UsersThrottleAnswer answer;

	burst(table, &two[0], NOW, &answer);
	ok(!charge(table, &two[1], NOW).refused, "the second is at its limit");
	answer = users_throttle_charge(table, two, 2, NOW + 10, WINDOW);
	ok(answer.refused && answer.retry_after == 20, "the first refuses");
	is(users_throttle_until(table, two[1].key, NOW + 10), 0,
	   "the second's throttled time has not begun");
	ok(!users_throttle_charge(table, two, 0, NOW, WINDOW).refused,
	   "no budget refuses nothing");
	free(table);
}

static void
test_refund(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget one = budget(1, 3);
	UsersBudget unknown = budget(2, 3);
	UsersThrottleAnswer answer;

	for (int i = 0; i < 100; i++)
	{
		if (charge(table, &one, NOW).refused)
			break;
		users_throttle_refund(table, &one, 1);
	}
	is(burst(table, &one, NOW, &answer), 3, "refunded charges do not count");
	users_throttle_refund(table, &one, 1);
	ok(charge(table, &one, NOW).refused,
	   "a refund does not end a throttled time");
	is(burst(table, &one, NOW + 30, &answer), 2, "but leaves one charge more");
	users_throttle_refund(table, &unknown, 1);
	is(burst(table, &unknown, NOW, &answer), 3, "nothing to take back");
	for (int i = 0; i < 10; i++)
		users_throttle_refund(table, &unknown, 1);
	is(burst(table, &unknown, NOW + 30, &answer), 4, "never below zero");
	free(table);
}

static void
test_clear(void)
{
	UsersThrottleTable *table = new_table(4);
	UsersBudget one = budget(1, 3);
	UsersThrottleAnswer answer;

	ok(!users_throttle_clear(table, one.key), "nothing to forget");
	burst(table, &one, NOW, &answer);
	ok(users_throttle_clear(table, one.key), "forgotten");
	ok(!users_throttle_clear(table, one.key), "only once");
	is(users_throttle_until(table, one.key, NOW), 0, "not throttled any more");
	is(burst(table, &one, NOW, &answer), 3, "a whole burst again");
	is(answer.retry_after, 30, "and the first wait");
	free(table);
}

/* Keys that a hash would never give, and limits that a setting should not. */
static void
test_odd(void)
{
	UsersThrottleTable *table = new_table(1);
	UsersBudget zero;
	UsersBudget one;
	UsersThrottleAnswer answer;

	memset(&zero, 0, sizeof(zero));
	zero.limit = 2;
	one = zero;
	one.key[15] = 1;
	is(burst(table, &zero, NOW, &answer), 2, "a key of zeros has an entry");
	ok(charge(table, &one, NOW).refused, "that of the key 1");
	is(users_throttle_until(table, zero.key, NOW), NOW + 30, "found again");
	ok(users_throttle_clear(table, zero.key), "and forgotten");
	zero.limit = 0;
	is(burst(table, &zero, NOW, &answer), 1, "a limit of 0 is 1");
	one = budget(9, INT32_MAX);
	ok(!charge(table, &one, NOW).refused, "the greatest limit");
	one = budget(10, 1);
	is(users_throttle_charge(table, &one, 1, NOW, 0).refused, false,
	   "a window of 0 is 1");
	is(users_throttle_charge(table, &one, 1, NOW, 0).retry_after, 1,
	   "and so is its wait");
	free(table);
	is(users_throttle_size(2) - users_throttle_size(1),
	   USERS_THROTTLE_WAYS * sizeof(UsersThrottleEntry), "a bucket's size");
	is(users_throttle_size(1 << 20),
	   sizeof(UsersThrottleTable) +
		   ((size_t) 16 << 20) * sizeof(UsersThrottleEntry),
	   "a great table's size");
}

static void
test_changes(void)
{
	UsersThrottleTable *table = new_table(1);
	UsersBudget one = budget(1, 10);
	UsersThrottleAnswer answer;

	for (int i = 0; i < 8; i++)
		charge(table, &one, NOW);
	one.limit = 3;
	ok(charge(table, &one, NOW).refused, "a lowered limit counts at once");
	is(burst(table, &one, NOW + 30, &answer), 1,
	   "one charge after the throttled time, as ever");
	is(answer.retry_after, 60, "then twice as long");
	one.limit = 10;
	is(burst(table, &one, NOW + 90, &answer), 8, "a raised one too");
	free(table);

	table = new_table(1);
	burst(table, &one, NOW, &answer);
	answer = charge(table, &one, NOW - 100000);
	ok(answer.refused && answer.retry_after == WINDOW,
	   "after the clock is put back nobody waits longer than a window");
	ok(!charge(table, &one, NOW - 100000 + WINDOW).refused, "and then no more");
	free(table);

	table = new_table(1);
	charge(table, &one, NOW);
	charge(table, &one, NOW - 100000);
	is(burst(table, &one, NOW - 100000 + WINDOW, &answer), 10,
	   "a window that began in the future ends in time");
	free(table);
}

/* (S26) */
static void
test_flood(void)
{
	UsersThrottleTable *table = new_table(64);
	UsersBudget hot = budget(1, 100);
	UsersBudget throttled = budget(2, 3);
	UsersThrottleAnswer answer;
	int64_t now = NOW;
	int left = 100 - 60;

	for (int i = 0; i < 60; i++)
		charge(table, &hot, now);
	burst(table, &throttled, now, &answer);
	for (uint64_t i = 0; i < 1000000; i++)
	{
		UsersBudget random = budget(i * UINT64_C(0x9e3779b97f4a7c15) + 3, 100);

		charge(table, &random, now + (int64_t) (i / 100000));
	}
	ok(charge(table, &throttled, now + 20).refused,
	   "a throttled key outlives a million random ones");
	is(burst(table, &hot, now + 20, &answer), left, "and so does a hot one");
	free(table);
}

static void
test_full_bucket(void)
{
	UsersThrottleTable *table = new_table(1);
	UsersBudget budgets[USERS_THROTTLE_WAYS + 1];
	UsersThrottleAnswer answer;
	bool good = true;

	/* Key i is charged i + 1 times of 20. */
	for (int i = 0; i < USERS_THROTTLE_WAYS; i++)
	{
		budgets[i] = budget((uint64_t) i + 1, 20);
		for (int j = 0; j <= i; j++)
			charge(table, &budgets[i], NOW + 100 - i);
	}
	budgets[16] = budget(99, 20);
	charge(table, &budgets[16], NOW + 100);
	is(burst(table, &budgets[16], NOW + 100, &answer), 19, "the new one is in");
	/* A bucket of 16 with one throttled: 15 others keep their counts. */
	for (int i = 1; i < USERS_THROTTLE_WAYS; i++)
		good =
			good && burst(table, &budgets[i], NOW + 100, &answer) == 20 - i - 1;
	ok(good, "in place of the coldest; all others kept their counts");
	/* All are throttled at 100 %: the oldest goes, and only one. */
	charge(table, &budgets[0], NOW + 101);
	good = users_throttle_until(table, budgets[15].key, NOW + 101) == 0;
	for (int i = 1; i < USERS_THROTTLE_WAYS - 1; i++)
		good =
			good && users_throttle_until(table, budgets[i].key, NOW + 101) > 0;
	ok(good, "of equals the oldest goes");
	/* Much later everything is forgotten and any place is free. */
	for (int i = 0; i < USERS_THROTTLE_WAYS; i++)
		good =
			good && burst(table, &budgets[i], NOW + 10 * WINDOW, &answer) == 20;
	ok(good, "forgotten ones are as good as free");
	free(table);
}

static void
test_not_each_other(void)
{
	UsersThrottleTable *table = new_table(1);
	UsersBudget budgets[USERS_THROTTLE_WAYS + 1];
	UsersThrottleAnswer answer;
	bool good = true;

	for (int i = 0; i < USERS_THROTTLE_WAYS; i++)
	{
		UsersBudget old = budget((uint64_t) i + 1000, 1);

		charge(table, &old, NOW);
	}
	for (int i = 0; i <= USERS_THROTTLE_WAYS; i++)
		budgets[i] = budget((uint64_t) i + 1, 1000000);
	answer =
		users_throttle_charge(table, budgets, USERS_THROTTLE_WAYS, NOW, WINDOW);
	ok(!answer.refused, "sixteen budgets in a full bucket of sixteen");
	for (int i = 0; i < USERS_THROTTLE_WAYS; i++)
		good = good && users_throttle_clear(table, budgets[i].key);
	ok(good, "all of them got an entry");
	users_throttle_charge(table, budgets, USERS_THROTTLE_WAYS + 1, NOW, WINDOW);
	ok(!users_throttle_clear(table, budgets[USERS_THROTTLE_WAYS].key),
	   "a seventeenth gets none");
	free(table);

	table = new_table(1);
	budgets[1] = budgets[0];
	budgets[0].limit = budgets[1].limit = 4;
	for (int i = 0; i < 2; i++)
		users_throttle_charge(table, budgets, 2, NOW, WINDOW);
	ok(users_throttle_charge(table, budgets, 2, NOW, WINDOW).refused,
	   "the same key twice in a call is charged twice");
	free(table);
}

/* Keys that differ in some of their bytes only spread over the buckets. */
static void
test_spread(void)
{
	bool good = true;

	for (size_t at = 0; at + 2 <= USERS_THROTTLE_KEY; at += 2)
	{
		UsersThrottleTable *table = new_table(64);
		int found = 0;

		for (int i = 0; i < 512; i++)
		{
			UsersBudget one = budget(0, 10);

			one.key[at] = (uint8_t) i;
			one.key[at + 1] = (uint8_t) (i >> 8 | 0x40);
			charge(table, &one, NOW);
		}
		for (int i = 0; i < 512; i++)
		{
			UsersBudget one = budget(0, 10);

			one.key[at] = (uint8_t) i;
			one.key[at + 1] = (uint8_t) (i >> 8 | 0x40);
			found += users_throttle_clear(table, one.key);
		}
		/* 512 keys have 1024 places. */
		good = good && found > 480;
		free(table);
	}
	ok(good, "whichever bytes of the keys differ");
}

int
main(void)
{
	test_burst();
	test_doubling();
	test_forgetting();
	test_several();
	test_throttled_first();
	test_refund();
	test_clear();
	test_odd();
	test_changes();
	test_flood();
	test_full_bucket();
	test_not_each_other();
	test_spread();
	return tap_done();
}
