/* Jumps within a file: forward, backward, through tables. */
#include <llext.h>

static int back(int x);

static __attribute__((noinline)) int forward(int x)
{
	return x > 0 ? back(x - 1) + 1 : 0;
}

static __attribute__((noinline)) int back(int x)
{
	return x > 0 ? forward(x - 1) + 2 : 0;
}

int there_and_back(int x)
{
	return forward(x);
}

int through_a_table(int x)
{
	static const void *const labels[] = {&&zero, &&one, &&two};

	goto *labels[x % 3];
zero:
	return 10;
one:
	return 21;
two:
	return 32;
}
