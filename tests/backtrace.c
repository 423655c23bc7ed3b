/* A chain of calls that ends badly at its inner end: test_backtrace.py builds this with and without what unwinders like. */
#include <assert.h>
#include <llext.h>
#include <stdlib.h>

static volatile int sink;

#define KEPT __attribute__((noinline, noclone))

/* What the last function of the chain does. */
static KEPT int innermost(int how)
{
	switch (how) {
	case 0:
		return *(volatile int *)0xf0000000;
	case 1:
		return ((int (*)(void))0xf0000000)() + 1;
	case 2:
		abort();
	case 3:
		exit(3);
	case 4:
		assert(how < 4);
	}
	return how;
}

/* With a frame of its own, in which something is left over that looks like a return address. */
static KEPT int middle(int how)
{
	volatile void *left_over[8];

	for (int i = 0; i < 8; i++)
		left_over[i] = __builtin_return_address(0);
	sink = innermost(how);
	return sink + (left_over[3] != 0);
}

static KEPT int outer(int how, int how_deep)
{
	if (how_deep > 0)
		return outer(how, how_deep - 1) + 1;
	return middle(how) + 1;
}

int chain(int how, int how_deep)
{
	return outer(how, how_deep) + 1;
}

/* A leaf that faults, after calls that are over. */
int leaf(int offset)
{
	sink = (int)k_uptime_get_32();
	return *(volatile int *)(0xf0000000 + offset);
}
