"""A zoo of hostile extensions: every way that we know in which code takes the CPU, the stack or the heap for its own.

A *kind* is a function body in C with the values that its `$parameters` take, on the machines that can do it, and what the
shell must say of a call. `Zoo` makes one extension of all kinds with all values, `zoo.c`, beside those that misbehave in
their constructors and destructors, and a seeded order of calls in which every function comes at least once.

Not here, because no firmware comes back from it while extensions have its privileges: changing where the handlers are and
then needing one, faulting with FAULTMASK set, masking RISC-V's interrupts for ever, and writing all over other people's memory.
"""

import itertools
import random
import re
from dataclasses import dataclass, field
from string import Template

# What most kinds return when they get to their end, and the regular expression for it.
SURVIVED = 7
RETURNS = r"^=> 7 \(0x7\)$"

BUS = r"bus error"
FETCH = r"bus error on an instruction fetch|memory protection fault"
NULL = r"null pointer"
READ_ONLY = r"write to read-only memory"
ILLEGAL = r"illegal instruction"
# The words there are no instructions, where a build without memory protection executes them.
DATA = rf"execution of data|{ILLEGAL}"
OVERFLOW = r"stack overflow"
STACK_LOST = rf"{OVERFLOW}|{BUS}|memory protection fault"
ABORTED = r"abort\(\)"
TIMED_OUT = r"took longer than \d+ ms"

COMMON = """\
#include <llext.h>
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __arm__
#define ILLEGAL 0xde00de00u
#define MASK "cpsid i"
#define THUMB 1
#else
#define ILLEGAL 0u
#define MASK "csrci mstatus, 8"
#define THUMB 0
#endif

static volatile uint32_t sink;
static volatile uint32_t data[16] = { ILLEGAL, ILLEGAL };
static volatile uint64_t other_stack[256];
static const uint32_t constants[4] = { 1, 2, 3, 4 };
static char data_bytes[64];

int good(int value)
{
	return value + 1;
}

static uint32_t __attribute__((noinline)) sink_of(uint32_t value)
{
	sink = value;
	return sink;
}

/* Recurses, `size` bytes a time, and calls `end` at the bottom. */
static int __attribute__((noinline)) nest(int depth, int size, int (*end)(void))
{
	volatile char frame[size];

	frame[0] = frame[size - 1] = (char)depth;
	return (depth ? nest(depth - 1, size, end) : end()) + frame[0];
}

static int __attribute__((noinline)) bad_load(void)
{
	return *(volatile int *)0xf0000000;
}
"""


@dataclass(frozen=True)
class Kind:
    """One way to misbehave."""

    name: str
    body: str
    told: str
    values: dict = field(default_factory=dict)
    machine: str | None = None
    # It does not end by itself: calls have a time limit.
    endless: bool = False
    # It switches the receiver off.
    deaf: bool = False


@dataclass(frozen=True)
class Function:
    """A kind with values: a function of an extension."""

    name: str
    kind: Kind
    source: str

    def call(self, extension: str) -> str:
        """The command that calls it."""
        limit = " --timeout 20" if self.kind.endless else ""
        return f"llext call {extension} {self.name} --force{limit}"

    def is_told_by(self, output: str) -> bool:
        """Whether the shell said of a call what it must."""
        return re.search(self.kind.told, output, re.MULTILINE) is not None

    def source_at(self, moment: str) -> str:
        """An extension that does this in a `constructor` or `destructor`."""
        run = f"\nstatic void __attribute__(({moment})) run(void)\n{{\n\tint (*volatile call)(int) = {self.name};\n\n\tcall(0);\n}}\n"
        return f"{COMMON}\nstatic {self.source}{run}"


def arm(*args, **kwargs) -> Kind:
    return Kind(*args, **kwargs, machine="arm")


def riscv(*args, **kwargs) -> Kind:
    return Kind(*args, **kwargs, machine="riscv")


def asm(*lines: str, inputs: str = "") -> str:
    """An assembly statement, and the return after it."""
    text = r"\n\t".join(lines)
    return f'__asm__ volatile("{text}" : : {inputs} : "memory"); return {SURVIVED};'


WIDTHS = ["uint8_t", "uint16_t", "uint32_t", "uint64_t"]


def kinds(chance: random.Random) -> list[Kind]:
    """All kinds; `chance` picks addresses and numbers."""
    nowhere = [f"{chance.randrange(0x9000_0000, 0xDFFF_0000) & ~7:#x}u" for _ in range(4)] + ["0xf0000000u"]
    garbage = [f"{chance.randrange(1 << 32):#x}u" for _ in range(3)]
    endless = dict(told=TIMED_OUT, endless=True)
    returns = dict(told=RETURNS)
    return [
        # Loads, stores and jumps to nowhere.
        Kind("load", "return *(volatile $type *)$at;", BUS, {"type": WIDTHS, "at": nowhere}),
        Kind("store", "*(volatile $type *)$at = 1; return 0;", BUS, {"type": WIDTHS, "at": nowhere}),
        Kind("null_load", "return *(volatile int *)$at;", NULL, {"at": [0, 4, 60]}),
        Kind("null_store", "*(volatile int *)$at = 1; return 0;", NULL, {"at": [0, 4, 60]}),
        Kind("jump", "return ((int (*)(void))($at | 1))();", FETCH, {"at": nowhere}),
        Kind("null_jump", "return ((int (*)(void))$at)();", rf"{NULL}|misaligned|Thumb", {"at": [0, 1, 2, 3]}),
        Kind("data_jump", "return ((int (*)(void))((uintptr_t)data + THUMB))();", DATA),
        Kind(
            "stack_jump",
            "volatile uint32_t code[2] = { ILLEGAL, ILLEGAL }; return ((int (*)(void))((uintptr_t)code + THUMB))();",
            DATA,
        ),
        arm("even_jump", "return ((int (*)(void))((uintptr_t)good & ~1))();", "Thumb bit"),
        riscv("odd_jump", asm("la t0, good", "addi t0, t0, 1", "jr t0"), r".", {}),
        arm("exception_return", asm("bx %0", inputs='"r"($at)'), FETCH, {"at": ["0xfffffff1", "0xfffffff9", "0xfffffffd"]}),
        # Instructions.
        arm("undefined", asm(".inst.$size $code"), ILLEGAL, {"size,code": [("n", 0xDE00), ("n", 0xDEFF), ("w", 0xF7F0A000)]}),
        riscv("undefined", asm(".word $code"), ILLEGAL, {"code": [0, 0xFFFFFFFF, 0x0000707F]}),
        arm("coprocessor", asm("mcr p$number, 0, r0, c0, c0, 0"), "coprocessor|illegal", {"number": [0, 7, 15]}),
        riscv("no_csr", asm("csrr t0, $number"), ILLEGAL, {"number": [0x5C0, 0x9C0, 0xBFF]}),
        riscv("csr_read_only", asm("csrw mhartid, zero"), ILLEGAL),
        arm("breakpoint", asm("bkpt #$number"), "breakpoint", {"number": [0, 1, 255]}),
        riscv("breakpoint", asm("ebreak"), "breakpoint"),
        arm("supervisor_call", asm("svc #$number"), RETURNS, {"number": [0, 255]}),
        riscv("environment_call", asm("ecall"), "environment call"),
        arm("division_by_zero", "return (int)(7u / sink_of(0));", "division by zero"),
        riscv("division_by_zero", "return (int)(7u / sink_of(0));", r"^=> -1 "),
        arm("unaligned", asm("$code", inputs='"r"((uintptr_t)data + $by)'), "unaligned", {
            "code": ["ldrd r2, r3, [%0]", "strd r2, r3, [%0]", "ldm %0, {r2, r3}", "stm %0, {r2, r3}", "ldrex r2, [%0]"],
            "by": [1, 2, 3],
        }),
        riscv("unaligned", asm("$code", inputs='"r"((uintptr_t)data + $by)'), "unaligned|bus error", {
            "code": ["lr.w t0, (%0)", "amoadd.w t0, zero, (%0)"], "by": [1, 2, 3],
        }),
        # The stack.
        Kind("recursion", "return nest(1 << 30, $size, bad_load);", OVERFLOW, {"size": [4, 100, 1000, 20000]}),
        Kind("alloca", "for (int n = 0;; n++) { volatile char *p = __builtin_alloca($size); p[0] = (char)n; sink += (uintptr_t)p; }",
             OVERFLOW, {"size": [8, 500, 30000]}),
        Kind("big_frame", "volatile char frame[$size]; for (int n = $size; n--;) frame[n] = 1; return frame[0];",
             OVERFLOW, {"size": [33000, 60000]}),
        Kind("recursion_in_malloc", "free(malloc(8)); return self(0) + (int)sink++;", OVERFLOW),
        Kind("recursion_in_printf", 'printf(""); return self(0) + (int)sink++;', OVERFLOW),
        Kind("deep_fault", "return nest($depth, $size, bad_load);", BUS, {"depth": [1, 10, 100], "size": [8, 150]}),
        Kind("deep_abort", "return nest($depth, 8, (int (*)(void))abort);", ABORTED, {"depth": [1, 100]}),
        arm("lost_stack", asm("mov sp, %0", "push {r0}", inputs='"r"($at)'), STACK_LOST, {"at": ["0", "0xf0000000u", "0xfffffffcu", *nowhere]}),
        riscv("lost_stack", asm("mv sp, %0", "sw a0, -4(sp)", inputs='"r"($at)'), STACK_LOST, {"at": ["0", "1", "0xf0000000u", *nowhere]}),
        arm("lost_stack_jump", asm("mov sp, %0", "bx %0", inputs='"r"($at)'), rf"{OVERFLOW}|{FETCH}|Thumb", {"at": ["0xf0000001u", *nowhere]}),
        riscv("lost_stack_jump", asm("mv sp, %0", "jr %0", inputs='"r"($at)'), FETCH, {"at": ["0xf0000000u", *nowhere]}),
        arm("moved_stack", asm("mov sp, %0", "push {r0, r1}", "mov r0, #0xf0000000", "ldr r0, [r0]", inputs='"r"(&other_stack[255])'), BUS),
        riscv("moved_stack", asm("mv sp, %0", "sw a0, -4(sp)", "li a0, 0xf0000000", "lw a0, 0(a0)", inputs='"r"(&other_stack[254])'), BUS),
        arm("moved_stack_loop", asm("mov sp, %0", "1: b 1b", inputs='"r"($at)'), f"{TIMED_OUT}|{OVERFLOW}", endless=True, values={"at": ["&other_stack[255]", "0", "0xf0000000u"]}),
        riscv("moved_stack_loop", asm("mv sp, %0", "1: j 1b", inputs='"r"($at)'), **endless, values={"at": ["&other_stack[254]", "0", "0xf0000001u"]}),
        arm("unbalanced", asm("add sp, #$by", "movs r0, #7", "bx lr"), **returns, values={"by": [-256, -8, 8, 256]}),
        riscv("unbalanced", asm("addi sp, sp, $by", "li a0, 7", "ret"), **returns, values={"by": [-256, -16, 16, 1024]}),
        arm("below_the_stack", asm("str r0, [sp, #-$by]"), **returns, values={"by": [4, 64, 255]}),
        riscv("below_the_stack", asm("sw a0, -$by(sp)"), **returns, values={"by": [4, 64, 2000]}),
        arm("smashed_return", asm("ldr lr, =$at", "bx lr", ".ltorg"), FETCH + "|Thumb", {"at": [a.rstrip("u") for a in nowhere]}),
        riscv("smashed_return", asm("li ra, $at", "ret"), FETCH, {"at": [a.rstrip("u") for a in nowhere]}),
        Kind("smashed_frame", "volatile uint32_t frame[1]; for (int n = 0; n < 12; n++) frame[n] = $at; return sink_of(0);",
             r"error: call: |^=> ", {"at": nowhere}),
        # Registers.
        arm("smashed_registers", asm(*[f"ldr r{n}, =$value" for n in range(4, 12)], "movs r0, #7", "bx lr", ".ltorg"),
            **returns, values={"value": [g.rstrip("u") for g in garbage]}),
        riscv("smashed_registers", asm(*[f"li {r}, $value" for r in ["gp", "tp", *[f"s{n}" for n in range(12)]]], "li a0, 7", "ret"),
              **returns, values={"value": [g.rstrip("u") for g in garbage]}),
        arm("smashed_registers_and_fault", asm(*[f"ldr r{n}, =$value" for n in range(12)], "ldr r0, =0xf0000000", "ldr r0, [r0]", "b 1f", ".ltorg", "1:"),
            BUS, {"value": [g.rstrip("u") for g in garbage]}),
        riscv("smashed_registers_and_fault", asm(*[f"li {r}, $value" for r in ["gp", "tp", *[f"s{n}" for n in range(12)]]], "lw a0, 0(s1)", "li a0, 0xf0000000", "lw a0, 0(a0)"),
              BUS + "|memory protection", {"value": [n.rstrip("u") for n in nowhere]}),
        # What masks interrupts, and is left so or is followed by trouble.
        arm("masked", asm("$how"), **returns, values={"how": ["cpsid i", "cpsid f", "cpsid if", "movs r0, #1\\n\\tmsr basepri, r0"]}),
        riscv("masked", asm("$how"), **returns, values={"how": ["csrci mstatus, 8", "csrw mie, zero", "csrw mstatus, zero", "li t0, -1\\n\\tcsrw mie, t0"]}),
        Kind("masked_fault", f'__asm__ volatile(MASK); return bad_load();', BUS),
        Kind("masked_exit", "__asm__ volatile(MASK); exit(3);", r"exit\(3\)"),
        Kind("masked_overflow", "__asm__ volatile(MASK); return nest(1 << 30, 100, bad_load);", OVERFLOW),
        arm("masked_call", asm("cpsid i", "svc #0"), r"error: call: "),
        riscv("masked_call", asm("csrci mstatus, 8", "ecall"), "environment call"),
        arm("masked_loop", asm("$how", "1: b 1b"), **endless, values={"how": ["cpsid i", "cpsid f", "cpsid if", "movs r0, #1\\n\\tmsr basepri, r0"]}),
        arm("masked_sleep", asm("cpsid if", "1: wfi", "b 1b"), **endless),
        arm("main_stack", asm("msr control, %0", "isb", inputs='"r"(0)'), **returns),
        arm("main_stack_fault", asm("msr control, %0", "isb", "udf #0", inputs='"r"(0)'), ILLEGAL),
        arm("main_stack_loop", asm("msr control, %0", "isb", "1: b 1b", inputs='"r"(0)'), **endless),
        arm("unprivileged", asm("msr control, %0", "isb", "$then", inputs='"r"(3)'), r"^=> 7 |error: call: ",
            {"then": ["nop", "udf #0", "cpsid i", "svc #0"]}),
        arm("pended", asm("ldr r0, =0xe000ed04", "ldr r1, =$bits", "str r1, [r0]", "dsb", "isb", "b 1f", ".ltorg", "1:"),
            **returns, values={"bits": [1 << 31, 1 << 28]}),
        riscv("user_mode", asm("li t0, 0x1800", "csrc mstatus, t0", "la t0, 1f", "csrw mepc, t0", "mret", "1: $then"), r"error: call: ",
              {"then": ["nop", "ecall", "csrr t0, mstatus", ".word 0"]}),
        # Loads and stores with the rights of another mode (MPRV), here user mode's.
        riscv("as_user", asm("li t0, 3 << 11", "csrc mstatus, t0", "li t0, 1 << 17", "csrs mstatus, t0"), **returns),
        riscv("as_machine", asm("li t0, 3 << 11 | 1 << 17", "csrs mstatus, t0"), **returns),
        riscv("load_as_user", asm("li t0, 3 << 11", "csrc mstatus, t0", "li t0, 1 << 17", "csrs mstatus, t0", "$then"), BUS,
              {"then": ["lw t0, (sp)", "sw t0, -4(sp)", "la t0, exit\\n\\tjalr t0"]}),
        riscv("loop_as_user", asm("li t0, 1 << 17", "csrs mstatus, t0", "1: j 1b"), **endless),
        riscv("scratch", asm("csrw mscratch, %0", inputs='"r"($value)'), **returns, values={"value": ["0", "1", *garbage]}),
        riscv("scratch_fault", asm("csrw mscratch, %0", "lw t0, 0(%1)", inputs='"r"($value), "r"(0xf0000000)'), BUS, {"value": ["0", "1", *nowhere]}),
        riscv("scratch_loop", asm("csrw mscratch, %0", "1: j 1b", inputs='"r"($value)'), **endless, values={"value": ["0", "1", *nowhere]}),
        riscv("vector", asm("csrci mstatus, 8", "csrw mtvec, %0", inputs='"r"($value)'), **returns, values={"value": ["0", "0x80000000", *nowhere]}),
        arm("vector", asm("cpsid i", "str %1, [%0]", inputs='"r"(0xe000ed08), "r"($value)'), **returns, values={"value": ["0x20000000", "0x21c00000"]}),
        # Memory protection switched off: what it forbids must be forbidden to the next call again.
        arm("no_protection", asm("str %1, [%0]", inputs='"r"(0xe000ed94), "r"(0)'), RETURNS),
        arm("no_region", asm("str %1, [%0]", "str %2, [%0, #8]", inputs='"r"(0xe000ed98), "r"($region), "r"(0)'),
            rf"{RETURNS}|execution of data|memory protection fault", {"region": list(range(8))}),
        riscv("no_region", asm("csrw pmpcfg$register, zero"), rf"{RETURNS}|execution of data|memory protection fault|{FETCH}", {"register": [0, 1, 2]}),
        arm("no_fault_handlers", asm("str %1, [%0]", inputs='"r"(0xe000ed24), "r"(0)'), **returns),
        arm("no_fault_handlers_fault", asm("str %1, [%0]", "udf #0", inputs='"r"(0xe000ed24), "r"(0)'), ILLEGAL),
        # The firmware's stack is where interrupts and faults are handled.
        arm("garbled_main_stack", asm("msr msp, %0", "$then", inputs='"r"($at)'), rf"{RETURNS}|{ILLEGAL}",
            {"at": ["0", "0xf0000000u", "data", *nowhere[:2]], "then": ["nop", "udf #0"]}),
        arm("garbled_main_stack_loop", asm("msr msp, %0", "1: b 1b", inputs='"r"($at)'), **endless, values={"at": ["0", "0xf0000000u", "data", *nowhere[:2]]}),
        # Devices that the prompt needs: keys come through the interrupt controller and the UART.
        arm("deaf", "*(volatile uint32_t *)$at = $value; return 7;", **returns, deaf=True, values={
            "at,value": [("0xe000e180", "~0u"), ("0x40004008", 1), ("0x40004008", 0), ("0x40000000", 0)],
        }),
        riscv("deaf", "*(volatile uint$at = $value; return 7;", **returns, deaf=True, values={
            "at,value": [("32_t *)0xc002000", 0), ("32_t *)0xc200000", 7), ("32_t *)0xc000028", 0), ("8_t *)0x10000001", 0), ("8_t *)0x10000004", 16)],
        }),
        # What does not end.
        Kind("loop", "for (;;) sink++;", **endless),
        Kind("sleep", "for (;;) k_msleep(1000);", **endless),
        Kind("wait", "__asm__ volatile(\"1: wfi\"); return self(0);", r"took longer|overflow", endless=True),
        Kind("print_loop", 'for (;;) printf("%u $what", sink++);', **endless, values={"what": ["", "x", r"\\n", r"\\r"]}),
        Kind("masked_print_loop", '__asm__ volatile(MASK); for (;;) printf("%u ", sink++);', **endless),
        Kind("heap_loop", "for (;;) free(malloc($size));", **endless, values={"size": [1, 100, 10000]}),
        Kind("masked_heap_loop", "__asm__ volatile(MASK); for (;;) free(malloc(100));", **endless),
        # Ways out.
        Kind("exit", "exit($status);", r"called exit\(-?\d\)", {"status": [0, 1, -7]}),
        Kind("abort", "abort();", ABORTED),
        Kind("assertion", "assert(sink_of(0)); return 0;", "assertion failed"),
        Kind("bad_assertion", "__assert_func((char *)$at, 1, (char *)$at, (char *)$at);", r"error: call: ", {"at": nowhere[:2]}),
        # The heap.
        Kind("free_garbage", "free((void *)$at); return 0;", ABORTED, {"at": [*nowhere, "1", "data", "good", "&at"]}),
        Kind("double_free", "void *p = malloc($size); free(p); free(p); return 0;", ABORTED, {"size": [1, 100, 5000]}),
        Kind("free_inside", "char *p = malloc(100); free(p + $by); return 0;", ABORTED, {"by": [1, 4, 8, 64]}),
        Kind("realloc_garbage", "return realloc((void *)$at, 10) ? 1 : 7;", rf"{RETURNS}|{ABORTED}", {"at": [*nowhere, "1", "data"]}),
        Kind("huge", "return malloc($size) ? 1 : 7;", **returns, values={"size": ["0x7fffffff", "0xffffffff", "0xfffffff0", "0x80000000"]}),
        Kind("huge_calloc", "return calloc($size, $size) ? 1 : 7;", **returns, values={"size": ["0x10000", "0xffffffff"]}),
        Kind("leak", "for (int n = 0; n < 20; n++) malloc($size); return 7;", **returns, values={"size": [1, 100, 1000]}),
        Kind("exhaustion", "while (malloc($size)) { } return 7;", **returns, values={"size": [50000, 500000]}),
        # Exports that are given nonsense.
        Kind("bad_string", "return (int)$function((char *)$at);", rf"{NULL}|{BUS}", {"function": ["strlen", "puts", "atoi"], "at": ["0", *nowhere[:2]]}),
        Kind("bad_copy", "$function((void *)$at, data_bytes, 64); return 0;", rf"{NULL}|{BUS}", {"function": ["memcpy", "memmove", "strncpy"], "at": ["0", *nowhere[:2]]}),
        Kind("bad_source", "$function(data_bytes, (void *)$at, 32); return 0;", rf"{NULL}|{BUS}", {"function": ["memcpy", "memmove", "strncpy"], "at": ["0", *nowhere[:2]]}),
        Kind("bad_fill", "memset((void *)$at, 1, 64); return 0;", rf"{NULL}|{BUS}", {"at": ["0", *nowhere[:2]]}),
        Kind("bad_format", "printf((char *)$at); return 0;", rf"{NULL}|{BUS}", {"at": ["0", *nowhere[:2]]}),
        Kind("bad_argument", 'printf("%s\\n", (char *)$at); return 0;', BUS, {"at": nowhere}),
        Kind("bad_stream", 'fprintf((void *)$at, "x"); return 0;', rf"{NULL}|{BUS}", {"at": ["0", *nowhere[:2]]}),
        Kind("wide_format", 'printf("%${width}d\\n", 7); return 7;', **returns, values={"width": [1000, -1000]}),
        # What memory protection forbids.
        Kind("constant_store", "*(volatile uint32_t *)&constants[at] = 2; return 7;", READ_ONLY),
        Kind("text_store", "volatile uint32_t *p = (uint32_t *)((uintptr_t)good & ~3u); *p = *p; return 7;", READ_ONLY),
    ]


def combinations(values: dict) -> list[dict]:
    """Every combination of the values of all parameters; `a,b` stands for two that go together."""
    result = []
    for choice in itertools.product(*values.values()):
        combined = {}
        for names, value in zip(values, choice):
            names = names.split(",")
            combined |= dict(zip(names, value if len(names) > 1 else [value]))
        result.append(combined)
    return result


class Zoo:
    """The functions for one machine, the same for the same seed."""

    def __init__(self, machine: str, seed: int):
        self.chance = random.Random(seed)
        self.functions = []
        for kind in kinds(self.chance):
            if kind.machine in (None, machine):
                self.functions += [function(kind, number, values) for number, values in enumerate(combinations(kind.values))]

    @property
    def kinds(self) -> set[str]:
        """The names of its kinds."""
        return {function.kind.name for function in self.functions}

    def pick(self, kind: str) -> Function:
        """A function of this kind."""
        return self.chance.choice([function for function in self.functions if function.kind.name == kind])

    def source(self) -> str:
        """The extension `zoo.c`."""
        return COMMON + "".join(f"\n{function.source}" for function in self.functions)

    def calls(self, count: int) -> list[Function]:
        """So many calls in a random order, with every function among them."""
        assert len(self.functions) <= count
        more = self.chance.choices(self.functions, k=count - len(self.functions))
        calls = self.functions + more
        self.chance.shuffle(calls)
        return calls


def function(kind: Kind, number: int, values: dict) -> Function:
    """The function of a kind with values."""
    name = f"{kind.name}_{number}"
    body = Template(kind.body).substitute(values).replace("self(", f"{name}(")
    source = f"int {name}(int at)\n{{\n\t(void)at;\n\t{body}\n}}\n"
    return Function(name, kind, source)
