# A jump that cannot reach its target, and has no veneer.
    .option norelax
    .text
    .globl start
start:
    jal     outside
