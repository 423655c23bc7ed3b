@ Branches that compilers seldom emit: to labels and into other sections, with addends.
    .syntax unified
    .text
    .thumb_func
    .globl start
start:
    bl      helper
    b.w     helper
    bl      label_elsewhere
    b.w     label_elsewhere + 4
    beq.w   helper
    bl      outside
    b.w     outside
    bne.w   near_label
    bl      missing
    b.w     missing
    blx     outside
    ldr.w   r0, literal
    adr.w   r1, literal
    .balign 4
literal:
    .word   helper, helper + 2, label_elsewhere, outside, missing
    .word   helper - ., outside - ., label_elsewhere - .
    .short  short_value
    .byte   byte_value
    .balign 2
near_label:
    movw    r0, #:lower16:outside
    movt    r0, #:upper16:outside
    movw    r1, #:lower16:(helper - .)
    movt    r1, #:upper16:(helper - .)
    movw    r2, #:lower16:label_elsewhere + 0x1234
    movt    r2, #:upper16:label_elsewhere + 0x1234
    .weak   missing

    .section .text.elsewhere, "ax", %progbits
    nop
label_elsewhere:
    nop
    nop
    bl      start
    .type   helper, %function
helper:
    bx      lr
