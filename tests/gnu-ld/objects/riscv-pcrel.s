# PC-relative pairs in every order: a low part far from its high part, before it, shared, in a store.
    .option norelax
    .text
    .globl start
start:
    # A low part before its high part, in the order of addresses and of relocations.
    j       2f
1:  lw      a1, %pcrel_lo(3f)(a0)
    sw      a1, %pcrel_lo(3f)(a0)
    j       4f
2:
3:  auipc   a0, %pcrel_hi(values + 8)
    j       1b
4:
    # One high part for several low parts, of which one is far away.
5:  auipc   a2, %pcrel_hi(outside)
    addi    a3, a2, %pcrel_lo(5b)
    sw      a3, %pcrel_lo(5b)(a2)
    j       far
6:  auipc   a4, %pcrel_hi(missing)
    addi    a4, a4, %pcrel_lo(6b)
    .skip   6000
far:
    lw      a5, %pcrel_lo(5b)(a2)
    # Two high parts at one label's distance: the nearer is not the one that is meant.
7:  auipc   a6, %pcrel_hi(values)
8:  auipc   a7, %pcrel_hi(outside + 0x7ff)
    addi    a6, a6, %pcrel_lo(7b)
    addi    a7, a7, %pcrel_lo(8b)
    call    outside
    tail    start
    call    missing
    lui     t0, %hi(outside)
    lw      t1, %lo(outside)(t0)
    sw      t1, %lo(outside + 4)(t0)
    jal     start
    .weak   missing

    .section .text.second, "ax", @progbits
9:  auipc   t2, %pcrel_hi(start)
    addi    t2, t2, %pcrel_lo(9b)
    ret

    .data
    .balign 4
values:
    .word   1, 2, start, outside + 4, far - start
    .half   far - 5b
    .byte   8b - 7b
    .word   outside - .
