/* What does not end: test_limits.py ends it. Each says when it begins. */
#include <llext.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static volatile int sink;

/* Holds back every interrupt that can be held back. */
static void mask(void)
{
#ifdef __arm__
	__asm__ volatile("cpsid i\n cpsid f\n msr basepri, %0" : : "r"(1));
#else
	__asm__ volatile("csrci mstatus, 8");
#endif
}

int spin(void)
{
	puts("go");
	for (;;)
		sink++;
}

int spin_masked(void)
{
	puts("go");
	mask();
	for (;;)
		sink++;
}

int print_masked(void)
{
	puts("go");
	mask();
	for (;;)
		printf("%d ", sink++);
}

#ifdef __arm__
/* Masked, and on the firmware's stack. */
int spin_on_the_other_stack(void)
{
	puts("go");
	mask();
	__asm__ volatile("msr control, %0\n isb\n 1: b 1b" : : "r"(0));
	return 0;
}
#endif

/* Works for so many rounds. */
int work(int rounds)
{
	while (rounds--)
		sink++;
	return sink;
}

int nothing(void)
{
	return 0;
}

/* Uses so many bytes of stack, and a few more. */
int fill(int bytes)
{
	volatile char *buffer = __builtin_alloca((size_t)bytes);

	memset((char *)buffer, 1, (size_t)bytes);
	return buffer[bytes - 1];
}
