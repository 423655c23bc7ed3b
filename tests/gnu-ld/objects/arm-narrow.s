@ An address that does not fit a byte.
    .data
    .globl start
start:
    .byte   outside
