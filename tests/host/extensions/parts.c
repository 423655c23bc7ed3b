/* Whatever a compiler makes relocations of: calls, tables, constants, variables of the file and of the host. */
#include <stdint.h>
#include <string.h>

int host_add(int a, int b);
int host_apply(int (*function)(int), int value);
extern int nowhere(void) __attribute__((weak));

static int64_t wide = 0x123456789abcdefLL;
static const char text[] = "extension";
static const char *const names[] = {"zero", "one", "two", text};
int shared[4] = {1, 2, 3, 4};
static int zeroes[1000];
static double factors[] = {0.5, 1.5, 2.5};
int *inside = &shared[2];

static int twice(int x)
{
	return 2 * x;
}

static int square(int x)
{
	return x * x;
}

static int (*const operations[])(int) = {twice, square};

int call_host(int a, int b)
{
	return host_add(a, b);
}

int call_back(int which, int x)
{
	return host_apply(operations[which & 1], x);
}

int name_length(int which)
{
	return (int)strlen(names[which & 3]);
}

int table(int which)
{
	switch (which) {
	case 0: return 17;
	case 1: return -3;
	case 2: return 99;
	case 3: return 1234;
	case 4: return 5;
	case 5: return host_add(1, 1);
	case 6: return 7;
	default: return -1;
	}
}

int count(void)
{
	zeroes[999] += 1;
	return zeroes[999];
}

int sum(void)
{
	int total = 0;

	for (int i = 0; i < 4; i++)
		total += shared[i];
	return total + *inside;
}

int top_of_wide(void)
{
	return (int)(wide >> 32);
}

int scaled(int which, int x)
{
	return (int)(factors[which % 3] * x);
}

int copied(int x)
{
	int from[64], into[64];

	for (int i = 0; i < 64; i++)
		from[i] = x + i;
	memcpy(into, from, sizeof(from));
	return into[63];
}

int weak_is_null(void)
{
	return nowhere == 0;
}
