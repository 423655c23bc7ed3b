/* What code reaches by more than a distance: test_reach.py builds this in several ways and calls it. */
#include <llext.h>
#include <string.h>

__thread int filled = 7;
__thread int empty;
int shared = 40;
static int (*volatile length)(const char *) = (int (*)(const char *))strlen;
int nowhere(void) __attribute__((weak));

int thread_local_variables(void)
{
	filled += 1;
	empty += 1;
	return filled * 100 + empty * 10;
}
EXPORT_SYMBOL(thread_local_variables);

int global_variables(void)
{
	shared += 2;
	return shared;
}
EXPORT_SYMBOL(global_variables);

int functions(void)
{
	return length("four") + (int)strlen("five!") + (nowhere ? 1000 : 0);
}
EXPORT_SYMBOL(functions);
