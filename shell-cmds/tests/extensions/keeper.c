/* State that outlives a reload. */
#include <stddef.h>

static int count = 1;

__attribute__((constructor)) static void open(void) { count = 2; }
__attribute__((destructor)) static void close(void) { count = 0; }

int next(void) { return count++; }

size_t llext_save(void *buffer, size_t size)
{
	if (size >= sizeof(count))
		*(int *)buffer = count;
	return sizeof(count);
}

int llext_restore(const void *buffer, size_t size)
{
	if (size != sizeof(count))
		return -1;
	count = *(const int *)buffer;
	return 0;
}
