# Low parts far from their high part, before it too, and two of one.
	.data
	.global	value
	.balign	4
value:	.word	77
	.space	8000
other:	.word	5
	.text
	.global	far_low
	.type	far_low, @function
far_low:
	j	3f
1:	lw	a0, %pcrel_lo(2f)(t0)
	lw	a1, %pcrel_lo(4f)(t1)
	add	a0, a0, a1
	ret
	.space	3000
3:
2:	auipc	t0, %pcrel_hi(value)
4:	auipc	t1, %pcrel_hi(other)
	j	1b
