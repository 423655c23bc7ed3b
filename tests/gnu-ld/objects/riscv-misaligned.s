# Code whose alignment would take padding out, which the loader does not do.
    .text
    .globl start
start:
    c.nop
    c.nop
    .balign 4
    j       start
