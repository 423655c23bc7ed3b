/* Code that no relocation changes stays where the file lies; a variable, and the pointers to it, are copied. */
#include <llext.h>

int in_place_mix(int a, int b)
{
	return a * 3 + b;
}
EXPORT_SYMBOL(in_place_mix);

int in_place_count(int *counter)
{
	return ++*counter;
}
EXPORT_SYMBOL(in_place_count);

int in_place_counter = 40;
EXPORT_SYMBOL(in_place_counter);
