/* What an extension can do to the CPU and to the heap: test_damage.py calls these one by one. */
#include <llext.h>
#include <stdlib.h>
#include <string.h>

int fine(int value)
{
	return value + 1;
}

int read_null(void)
{
	return *(volatile int *)0;
}

int write_null(void)
{
	*(volatile int *)4 = 0;
	return 0;
}

int call_null(void)
{
	return ((int (*)(void))1)();
}

#ifdef __arm__
int mask(void)
{
	__asm__ volatile("cpsid i");
	return 7;
}

int mask_faults(void)
{
	__asm__ volatile("cpsid f");
	return 7;
}

int mask_by_priority(void)
{
	__asm__ volatile("msr basepri, %0" : : "r"(1));
	return 7;
}

int give_up_privileges(void)
{
	__asm__ volatile("msr control, %0\n isb" : : "r"(3));
	return 7;
}

int change_stacks(void)
{
	__asm__ volatile("msr control, %0\n isb" : : "r"(1));
	return 7;
}

int mask_and_fault(void)
{
	__asm__ volatile("cpsid i");
	return *(volatile int *)0xf0000000;
}
#else
int mask(void)
{
	__asm__ volatile("csrci mstatus, 8");
	return 7;
}

int mask_faults(void)
{
	__asm__ volatile("csrw mtvec, zero");
	return 7;
}

int mask_by_priority(void)
{
	__asm__ volatile("csrw mie, zero");
	return 7;
}

int give_up_privileges(void)
{
	__asm__ volatile("li t0, 0x1800\n csrc mstatus, t0\n la t0, 1f\n csrw mepc, t0\n mret\n1: nop" : : : "t0");
	return 7;
}

int change_stacks(void)
{
	__asm__ volatile("csrw mscratch, zero");
	return 7;
}

int mask_and_fault(void)
{
	__asm__ volatile("csrci mstatus, 8");
	return *(volatile int *)0xf0000000;
}
#endif

/* From here on the heap is never the same. */
int overwrite_the_next_block(void)
{
	memset((char *)malloc(16) + 16, 0xff, 32);
	return 0;
}
