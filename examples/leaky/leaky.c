/* What an extension allocates belongs to it. What it forgets to free comes back at unload, which says so. */
#include <llext.h>
#include <stdlib.h>

/* Allocates `blocks` blocks of `size` bytes and forgets them. Returns how many it got. */
int leak(int blocks, int size)
{
	int got = 0;

	while (got < blocks && malloc(size) != NULL) {
		got++;
	}
	return got;
}
EXPORT_SYMBOL(leak);

/* Allocates `size` bytes and frees them. Returns 1, or 0 if there was not enough memory. */
int borrow(int size)
{
	void *block = malloc(size);

	free(block);
	return block != NULL;
}
EXPORT_SYMBOL(borrow);
