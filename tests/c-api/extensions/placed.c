/* Has no variable without a first value, so that all of it lies in its file. */
#include <llext.h>

void note(int step);

int count = 500;
static int *const pointer = &count;

void tick(void)
{
	int *volatile counted = pointer;

	note(++*counted);
}

LL_EXTENSION_SYMBOL(tick);
LL_EXTENSION_SYMBOL(count);
