# More sections than e_shnum and st_shndx can count: SHN_XINDEX, in the header and for symbols.
    .altmacro
    .macro  section number
    .section .n\number, "", @progbits
    .endm
    .set    n, 0
    .rept   0xff10
    section %n
    .set    n, n + 1
    .endr
    .text
    .globl start
start:
    call    outside
    lui     a0, %hi(value)
    lw      a0, %lo(value)(a0)
    .section .data.late, "aw", @progbits
value:
    .word   start, outside + 4
