# Compressed branches within and between sections, as GCC's -Os makes them by relaxation.
    .option norelax
    .text
    .globl start
start:
    c.beqz  a0, there
    c.bnez  a5, start
    c.j     there
    c.jal   start
    beq     a0, a1, there
    bltu    a2, a3, start
    jal     elsewhere
    j       elsewhere
    .reloc  ., R_RISCV_RVC_JUMP, elsewhere
    c.j     .
    .skip   40
there:
    c.jr    ra

    .section .text.elsewhere, "ax", @progbits
elsewhere:
    c.nop
    .reloc  ., R_RISCV_RVC_BRANCH, elsewhere
    c.beqz  a0, .
    c.j     elsewhere
    c.jr    ra
