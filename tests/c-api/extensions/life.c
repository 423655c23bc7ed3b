/* Tells the host of each step of its life. */
#include <llext.h>

void note(int step);
extern int shared;

__attribute__((constructor(101))) static void first(void)
{
	note(1);
}

__attribute__((constructor)) static void second(void)
{
	note(2);
}

__attribute__((destructor)) static void last(void)
{
	note(9);
}

__attribute__((destructor(101))) static void very_last(void)
{
	note(10);
}

#ifndef SHARED
static void before_all(void)
{
	note(0);
}
__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = before_all;
#endif

static int calls;
const char greeting[] = "hello from life";
int state = 40;

int twice(int number)
{
	return 2 * number;
}

void run(void)
{
	++calls;
	++state;
	note(100 + calls);
}

/* The entry of llext_bootstrap. */
void entry(void *data)
{
	*(int *)data = twice(21) + shared;
	note(5);
}

LL_EXTENSION_SYMBOL(run);
LL_EXTENSION_SYMBOL(entry);
LL_EXTENSION_SYMBOL(twice);
LL_EXTENSION_SYMBOL(state);
LL_EXTENSION_SYMBOL(greeting);
