/* What an extension can do to the firmware: test_exec.py calls these one by one. */
#include <assert.h>
#include <llext.h>
#include <stdint.h>
#include <stdlib.h>

static volatile uint32_t *const nowhere = (uint32_t *)0xf0000000;
static volatile int sink;

int formats(void)
{
	printf("%d %u %x %lld %s %c %p %f\n", -5, 7u, 0xbeefu, -1234567890123LL, "str", 'c', (void *)0x1234, 3.25);
	return 0;
}

int eight(int a, int b, int c, int d, int e, int f, int g, int h)
{
	printf("%d %d %d %d %d %d %d %d, aligned %d\n", a, b, c, d, e, f, g, h,
	       (int)((uintptr_t)__builtin_frame_address(0) % 8));
	return h;
}

int bad_read(void)
{
	return (int)*nowhere;
}

int bad_write(void)
{
	*nowhere = 1;
	return 0;
}

int bad_call(void)
{
	return ((int (*)(void))nowhere)();
}

int illegal(void)
{
#ifdef __arm__
	__asm__ volatile("udf #0");
#else
	__asm__ volatile(".word 0");
#endif
	return 0;
}

int recurse(int depth)
{
	volatile char frame[100];

	frame[0] = (char)depth;
	return recurse(depth + 1) + frame[0];
}

/* Runs out of stack in the middle of malloc: nothing here takes as much of it. */
int recurse_allocating(int depth)
{
	volatile char frame[4];

	frame[0] = (char)depth;
	free(malloc(8));
	return recurse_allocating(depth + 1) + frame[0];
}

/* A stack pointer that points nowhere: the fault must not be handled on this stack. */
int lose_stack(void)
{
#ifdef __arm__
	__asm__ volatile("movs r0, #0\n mov sp, r0\n push {r0}");
#else
	__asm__ volatile("li sp, 0\n sw a0, -4(sp)");
#endif
	return 0;
}

int free_nonsense(void)
{
	free((void *)&sink);
	return 0;
}

int leave(int status)
{
	exit(status);
}

int give_up(void)
{
	abort();
}

/* Progress, as somebody prints it who does not end the line yet. */
int spin_after_a_pause(void)
{
	printf("half");
	k_msleep(1);
	for (;;) {
	}
}

int spin(void)
{
	puts("go");
	for (;;)
		sink++;
}

int spin_printing(void)
{
	puts("go");
	for (;;)
		printf("%d ", sink++);
}

int spin_allocating(void)
{
	puts("go");
	for (;;)
		free(malloc(100));
}

int sleep(void)
{
	puts("go");
	return k_msleep(1000000);
}

int read_null(void)
{
	return *(volatile int *)12;
}

int call_data(void)
{
	static int code[4];

	return ((int (*)(void))((uintptr_t)code | 1))();
}

int divide(int by)
{
	return 100 / by;
}

/* Two words at an odd address: neither LDRD nor LDM can do that. */
int unaligned(void)
{
	static char bytes[16];
	int low = 0;

#ifdef __arm__
	int high;

	__asm__ volatile("ldrd %0, %1, [%2]" : "=r"(low), "=r"(high) : "r"(bytes + 1));
#else
	low = *(volatile int *)(bytes + 1);
#endif
	return low;
}

int checks(int x)
{
	assert(x > 5);
	return x;
}
