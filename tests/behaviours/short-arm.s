@ Branches in two bytes, to symbols: what an assembler leaves to the loader where they are global.
	.syntax unified
	.thumb
	.text
	.global	near
	.thumb_func
	.type	near, %function
near:
	cmp	r0, #0
	beq.n	is_zero
	movs	r0, #7
	b.n	done
	.global	is_zero
	.thumb_func
	.type	is_zero, %function
is_zero:
	movs	r0, #5
	.global	done
	.thumb_func
	.type	done, %function
done:
	bx	lr
