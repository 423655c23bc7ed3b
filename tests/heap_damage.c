/* Overwrites the heap's own data, and goes on with the heap: test_zoo.py looks for the prompt afterwards. */
#include <llext.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Before a block of 64 bytes (by -`before`) and behind it, so many bytes of `value`, or the block's address if it is 256. */
int overwrite(int before, int bytes, int value, int blocks)
{
	char *kept[8];
	char *block;

	for (int n = 0; n < 8; n++)
		kept[n] = malloc(64);
	block = kept[4];
	for (int n = 0; n < 8; n += 2)
		free(kept[n == 4 ? 7 : n]);
	if (value < 256)
		memset(block - before, value, (size_t)(64 + before + bytes));
	else
		for (int at = -before; at < 64 + bytes; at += 4)
			*(uintptr_t *)(block + at) = (uintptr_t)block;
	for (int n = 0; n < blocks; n++) {
		void *more = malloc((size_t)(n * 40));

		if (n % 3)
			free(more);
	}
	return 7;
}
