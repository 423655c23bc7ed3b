/* What memory protection forbids a call, and what it does not: test_protect.py calls these one by one. */
#include <llext.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __arm__
#define THUMB 1
/* movs r0, #42; bx lr */
#define CODE { 0x4770202a, 0x4770202a }
/* str r0, [r0]; nop; nop; nop; movs r0, #42; bx lr */
#define STORING { 0xbf006000, 0xbf00bf00, 0x4770202a }
#define NOP 0xbf00
/* mov.w r0, #42; bx lr */
#define WIDE 0xf04f, 0x002a, 0x4770
#else
#define THUMB 0
/* li a0, 42; ret */
#define CODE { 0x02a00513, 0x00008067 }
/* sw a0, 0(a0); j .+8; nop; li a0, 42; ret: the jump makes QEMU fetch anew. */
#define STORING { 0x00a52023, 0x0080006f, 0x00000013, 0x02a00513, 0x00008067 }
#define NOP 0x0001
/* li a0, 42; ret */
#define WIDE 0x0513, 0x02a0, 0x8082
#endif

static const uint32_t constants[] = CODE;
static uint32_t variables[] = CODE;
static uint32_t zeros[2];
/* See src/protect/door.rs: the first instruction of a block stores into it, and the last one goes on in the next. */
static uint32_t storing[16] __attribute__((aligned(64))) = STORING;
static uint16_t straddling[34] __attribute__((aligned(64))) = { [0 ... 30] = NOP, WIDE };

int read_at(const volatile uint32_t *address)
{
	return *address;
}
EXPORT_SYMBOL(read_at);

/* Writes what is there: whatever it is goes on if that is not forbidden. */
int write_at(volatile uint32_t *address)
{
	*address = *address;
	return 1;
}
EXPORT_SYMBOL(write_at);

int run_at(uintptr_t address)
{
	return ((int (*)(void))(address | THUMB))();
}
EXPORT_SYMBOL(run_at);

static int run(const void *code)
{
	/* What was written must have reached memory before it is fetched. */
#ifdef __arm__
	__asm__ volatile("dsb\n isb" ::: "memory");
#else
	__asm__ volatile("fence rw, rw\n .insn i 0x0f, 1, x0, x0, 0" ::: "memory");
#endif
	return run_at((uintptr_t)code);
}

/* What is not about to run: see src/protect/riscv.rs. */
int write_text(void)
{
	return write_at((uint32_t *)((uintptr_t)write_text & ~(uintptr_t)3));
}
EXPORT_SYMBOL(write_text);

int write_constants(void)
{
	return write_at((uint32_t *)constants);
}
EXPORT_SYMBOL(write_constants);

int write_variables(void)
{
	return write_at(variables) & write_at(zeros);
}
EXPORT_SYMBOL(write_variables);

int run_constants(void)
{
	return run(constants);
}
EXPORT_SYMBOL(run_constants);

int run_variables(void)
{
	return run(variables);
}
EXPORT_SYMBOL(run_variables);

int run_storing(void)
{
	return ((int (*)(uint32_t *))((uintptr_t)storing | THUMB))(&storing[15]);
}
EXPORT_SYMBOL(run_storing);

int run_straddling(void)
{
	return run(&straddling[31]);
}
EXPORT_SYMBOL(run_straddling);

int run_zeros(void)
{
	memcpy(zeros, constants, sizeof(zeros));
	return run(zeros);
}
EXPORT_SYMBOL(run_zeros);

int run_heap(void)
{
	void *block = malloc(sizeof(constants));

	memcpy(block, constants, sizeof(constants));
	int result = run(block);
	free(block);
	return result;
}
EXPORT_SYMBOL(run_heap);

int run_stack(void)
{
	uint32_t code[2];

	memcpy(code, constants, sizeof(code));
	return run(code);
}
EXPORT_SYMBOL(run_stack);

/* What a call of the firmware may do for an extension: everything that it may do otherwise. */
int use_the_firmware(void)
{
	char *text = malloc(32);

	snprintf(text, 32, "%s and %d", "text", 42);
	puts(text);
	free(text);
	return 0;
}
EXPORT_SYMBOL(use_the_firmware);

/* Gives away for ever that locked areas can be changed (mseccfg.RLB). */
int drop_rlb(void)
{
#ifndef __arm__
	__asm__ volatile(".option arch, +zicsr\n csrci 0x747, 4");
#endif
	return 1;
}
EXPORT_SYMBOL(drop_rlb);
