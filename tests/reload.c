/* State that outlives a reload, in versions that fail in every way: -DVERSION=1 and up. */
#include <llext.h>
#include <stddef.h>
#include <string.h>

/* 1 saves; 2 restores; the rest fails. */
#define SAVE_FAULTS 3
#define CONSTRUCTOR_FAULTS 4
#define RESTORE_REFUSES 5
#define RESTORE_FAULTS 6
#define RESTORE_FORGOTTEN 7
#define HUGE 8
#define TOO_LARGE 9

static struct {
	int count;
	char name[12];
} state;

/* More than half of the heap for data, or all of it. */
#if VERSION == HUGE
static char ballast[5 << 19];
#elif VERSION == TOO_LARGE
static char ballast[1 << 22];
#endif

static volatile int *const nowhere = (int *)0xf0000000;

int next(void)
{
#if VERSION >= HUGE
	ballast[state.count]++;
#endif
	printk("version %d of %s\n", VERSION, state.name);
	return ++state.count;
}
EXPORT_SYMBOL(next);

int name(const char *text)
{
	strncpy(state.name, text, sizeof(state.name) - 1);
	return 0;
}
EXPORT_SYMBOL(name);

__attribute__((constructor)) static void open(void)
{
	printk("version %d begins\n", VERSION);
#if VERSION == CONSTRUCTOR_FAULTS
	*nowhere = 1;
#endif
}

__attribute__((destructor)) static void close(void)
{
	printk("version %d ends\n", VERSION);
}

size_t llext_save(void *buffer, size_t size)
{
#if VERSION == SAVE_FAULTS
	*nowhere = 1;
#endif
	if (size >= sizeof(state))
		memcpy(buffer, &state, sizeof(state));
	return sizeof(state);
}
EXPORT_SYMBOL(llext_save);

#if VERSION != RESTORE_FORGOTTEN
int llext_restore(const void *buffer, size_t size)
{
#if VERSION == RESTORE_REFUSES
	return -22;
#elif VERSION == RESTORE_FAULTS
	*nowhere = 1;
#endif
	if (size != sizeof(state))
		return -22;
	memcpy(&state, buffer, size);
	return 0;
}
EXPORT_SYMBOL(llext_restore);
#endif
