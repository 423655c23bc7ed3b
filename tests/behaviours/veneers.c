/* Plain branches to functions of the firmware, which may be far. */
#include <string.h>

int copies(int n)
{
	char from[32], into[32], again[32];

	memset(from, n, sizeof(from));
	memcpy(into, from, sizeof(into));
	memmove(again, into, sizeof(again));
	return memcmp(again, from, sizeof(from)) + again[31] + (int)strlen("four");
}

int (*volatile through_pointer)(const char *, const char *) = strcmp;

int compares(void)
{
	return through_pointer("same", "same") + strcmp("same", "same");
}
