@ A 16-bit branch that cannot reach its target: veneers are for 32-bit ones.
    .syntax unified
    .text
    .thumb_func
    .globl start
start:
    .reloc  ., R_ARM_THM_JUMP11, outside
    .short  0xe7fe
