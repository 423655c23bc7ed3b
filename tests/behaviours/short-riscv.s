# Branches in two bytes, to symbols: what an assembler leaves to the loader where the linker may relax.
	.option relax
	.text
	.global	near
	.type	near, @function
near:
	c.beqz	a0, is_zero
	li	a0, 7
	c.j	done
	.global	is_zero
	.type	is_zero, @function
is_zero:
	li	a0, 5
	.global	done
	.type	done, @function
done:
	ret
