# Code that asks for alignment, relaxation left on: the padding is right as it is.
    .text
    .globl start
start:
    call    outside
    c.nop
    .balign 4
aligned:
    lw      a0, value
    c.nop
    c.nop
    c.nop
    .balign 8
    j       start

    .data
value:
    .word   aligned
