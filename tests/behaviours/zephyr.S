/* An extension byte for byte as Zephyr's build lays it out: records, sections and flags are written by hand. */
#ifdef __arm__
#define BEGIN(name) .thumb_func; .type name, %function; name
#else
#define BEGIN(name) .type name, %function; name
#endif

	.section .text, "ax", %progbits
#ifdef __arm__
	.syntax unified
	.thumb
	.balign	4
	.global	start
BEGIN(start):
	push	{r4, lr}
	ldr	r4, =counter
	ldr	r1, [r4]
	adds	r1, r1, r0
	str	r1, [r4]
	ldr	r0, =format
	bl	printk
	ldr	r0, [r4]
	pop	{r4, pc}
	.global	nulls
BEGIN(nulls):
	ldr	r0, =absent
	ldr	r0, [r0]
	bx	lr
BEGIN(begin):
	ldr	r0, =counter
	ldr	r1, =constant
	ldr	r1, [r1]
	str	r1, [r0]
	bx	lr
	.ltorg
#else
	.global	start
BEGIN(start):
	addi	sp, sp, -16
	sw	ra, 12(sp)
	sw	s0, 8(sp)
	la	s0, counter
	lw	a1, 0(s0)
	add	a1, a1, a0
	sw	a1, 0(s0)
	la	a0, format
	call	printk
	lw	a0, 0(s0)
	lw	s0, 8(sp)
	lw	ra, 12(sp)
	addi	sp, sp, 16
	ret
	.global	nulls
BEGIN(nulls):
	la	a0, absent
	lw	a0, 0(a0)
	ret
BEGIN(begin):
	la	a0, counter
	la	a1, constant
	lw	a1, 0(a1)
	sw	a1, 0(a0)
	ret
#endif

	.section .llext.rodata.noreloc, "a", %progbits
	.balign	4
constant:
	.word	40

	.section .detach, "a", %progbits
	.balign	4
	.word	0x74656420

	.section .rodata.str1.1, "aMS", %progbits, 1
name_of_start:
	.asciz	"start"
name_of_nulls:
	.asciz	"nulls"
format:
	.asciz	"counter %d\n"

	.weak	no_such_function
	.section .data, "aw", %progbits
	.balign	4
absent:
	.word	no_such_function

	.section .bss, "aw", %nobits
	.balign	4
	.global	counter
	.type	counter, %object
counter:
	.space	4

	.section .init_array, "aw", %init_array
	.balign	4
	.word	begin

	/* struct llext_const_symbol: a name, and an address. Nothing else is exported, not even `counter`. */
	.section .exported_sym, "a", %progbits
	.balign	4
#ifdef IDS
	/* The first four bytes of the names' SHA-256. */
	.word	0xcced28c6, start
	.word	0x2d48b533, nulls
#else
	.word	name_of_start, start
	.word	name_of_nulls, nulls
#endif
