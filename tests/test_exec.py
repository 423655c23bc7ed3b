"""Whatever an extension does, the prompt returns and the next call works.

`exec.c` misbehaves in every way that the firmware promises to survive; Ctrl-C ends what does not end itself.
"""

import re
import subprocess

import pytest

from conftest import PROMPT

# Function and arguments, and what the error line says of it on the two machines.
FAULTS = [
    ("bad_read", r"bus error.* at exec:bad_read\+0x\w+, accessing 0xf0000000 \(nothing that is known\)"),
    ("bad_write", r"bus error.* at exec:bad_write\+0x\w+, accessing 0xf0000000 \(nothing that is known\)"),
    ("bad_call", r"(bus error|memory protection fault) on an instruction fetch at 0xf0000000"),
    ("illegal", r"illegal instruction at exec:illegal"),
    ("read_null", r"null pointer at exec:read_null(\+0x\w+)?, accessing 0x0000000c \(the null page\)"),
    ("call_data", r"execution of data at exec:code"),
    ("checks 5", r"assertion failed: x > 5, .*/exec\.c:\d+"),
    ("recurse 0", r"stack overflow.*, accessing 0x\w+ \(the guard below the stack\)"),
    ("recurse_allocating 0", r"stack overflow"),
    ("lose_stack", r"stack overflow|bus error"),
    ("free_nonsense", r"abort\(\)"),
    ("leave -7", r"exit\(-7\)"),
    ("give_up", r"abort\(\)"),
]
# What only ARM refuses: a RISC-V division by zero gives -1 (unprivileged specification, 7.2), and QEMU's RISC-V takes any
# address.
ARM_FAULTS = [
    ("divide 0", r"division by zero at exec:divide\+0x\w+"),
    ("unaligned", r"unaligned access at exec:unaligned\+0x\w+"),
]
ENDLESS = ["spin", "spin_printing", "spin_allocating", "sleep"]


@pytest.fixture
def loaded(start_shell, misbehaving):
    """A run with `exec.c` loaded."""
    shell = start_shell("--add", misbehaving)
    assert shell.run("llext load /ext/exec.elf").startswith("loaded exec")
    return shell


def test_printf_and_arguments(loaded):
    assert loaded.run("llext call exec formats").splitlines() == [
        "-5 7 beef -1234567890123 str c 0x1234 3.250000",
        "=> 0 (0x0)",
    ]
    lines = loaded.run("llext call exec eight 1 2 3 4 5 6 7 8").splitlines()
    assert lines == ["1 2 3 4 5 6 7 8, aligned 0", "=> 8 (0x8)"]


def test_every_fault_ends_the_call_and_nothing_else(loaded, built):
    for call, told in FAULTS + (ARM_FAULTS if built.is_arm else []):
        output = loaded.run(f"llext call --force exec {call}")
        assert re.search(rf"^error: call: exec: .*({told})", output, re.MULTILINE), f"{call}: {output}"
        assert loaded.run("llext call --force exec eight 0 0 0 0 0 0 0 9").endswith("=> 9 (0x9)"), call
    assert loaded.heap_used() > 0, "the heap still answers"
    loaded.run("llext unload exec")
    assert loaded.heap_used() == 0


def test_what_no_cpu_refuses_is_no_fault(loaded, built):
    if not built.is_arm:
        assert loaded.run("llext call exec divide 0").endswith("=> -1 (0xffffffff)")
        assert loaded.run("llext call exec unaligned").endswith("=> 0 (0x0)")
    assert loaded.run("llext call exec checks 6").endswith("=> 6 (0x6)")


def test_a_report_has_registers_and_a_backtrace(loaded, built):
    report = loaded.run("llext call exec bad_read").splitlines()
    assert report[-1] == "hint: the call is over and exec stays loaded"
    registers = dict(re.findall(r"(\w+) +([0-9a-f]{8})\b", " ".join(line for line in report if line.startswith("  "))))
    assert len(registers) == (17 if built.is_arm else 32)
    assert "f0000000" in registers.values()
    frames = [line for line in report if line.startswith("#")]
    assert re.fullmatch(r"#0 exec:bad_read\+0x\w+ \(/ext/exec\.elf \.text\+0x\w+\)", frames[0])
    assert re.fullmatch(r"#1 firmware:exec_call\+0x\w+ \(0x\w{8}\)", frames[1])
    assert len(frames) == 2


def test_a_leaving_extension_is_told_by_who_called_exit(loaded):
    first, *report = loaded.run("llext call exec leave 3").splitlines()
    assert first == "error: call: exec: leave called exit(3)"
    assert re.match(r"#0 exec:leave\+0x", report[0])
    assert not any(line.startswith("  ") for line in report), "its registers say nothing"


def test_what_has_faulted_is_marked_until_it_is_loaded_again(loaded):
    loaded.run("llext call exec leave 3")
    assert "faulted" not in loaded.run("llext list")
    loaded.run("llext call exec give_up")
    assert loaded.run("llext list").endswith(", faulted")
    assert "faulted in an earlier call" in loaded.run("llext info exec")
    assert loaded.run("llext call exec eight 0 0 0 0 0 0 0 9").splitlines() == [
        "error: call: exec: an earlier call faulted",
        "hint: `llext unload exec` and load it again, or `llext call --force`",
    ]
    assert loaded.run("llext call --force exec eight 0 0 0 0 0 0 0 9").endswith("=> 9 (0x9)")
    loaded.run("llext unload exec")
    loaded.run("llext load /ext/exec.elf")
    assert loaded.run("llext call exec eight 0 0 0 0 0 0 0 9").endswith("=> 9 (0x9)")


@pytest.mark.parametrize("function", ENDLESS)
def test_ctrl_c_ends_a_call_wherever_it_is(loaded, function):
    for _ in range(10):
        loaded.child.send(f"llext call exec {function}\r")
        loaded.child.expect_exact("go\r\n")
        loaded.child.send("\x03")
        loaded.child.expect_exact("was interrupted by Ctrl-C")
        loaded.child.expect_exact(PROMPT)
    # The heap came through: everything can be given back.
    loaded.run("llext unload exec")
    assert loaded.heap_used() == 0


def test_what_ctrl_c_ended_is_told_with_registers_and_callers(loaded):
    loaded.child.send("llext call exec spin\r")
    loaded.child.expect_exact("go\r\n")
    loaded.child.send("\x03")
    loaded.child.expect_exact(PROMPT)
    report = loaded.child.before.replace("\r\n", "\n")
    assert "error: call: exec: spin was interrupted by Ctrl-C\n" in report
    assert re.search(r"^  (.*  )?pc   [0-9a-f]{8}", report, re.MULTILINE), report
    frames = [line for line in report.splitlines() if line.startswith("#")]
    assert frames[0].startswith("#0 exec:spin+0x") and frames[-1].split()[1].startswith("firmware:exec_call+0x"), report


def test_ctrl_c_typed_ahead_is_meant_for_the_call(loaded):
    loaded.child.send("llext call exec spin\r\x03")
    loaded.child.expect_exact("was interrupted by Ctrl-C")
    loaded.child.expect_exact(PROMPT)
    assert loaded.run("llext list").startswith("exec")


def test_four_kilobytes_typed_during_a_call_are_all_there(loaded):
    lines = [f"help {number:0>40}\r" for number in range(80)]
    loaded.child.send("llext call exec sleep\r")
    loaded.child.expect_exact("go\r\n")
    loaded.child.send("".join(lines)[:3600])
    loaded.child.send("\x03")
    loaded.child.send("".join(lines)[3600:])
    for line in lines:
        loaded.child.expect_exact(line.removesuffix("\r"))
        loaded.child.expect_exact("error: ")
    loaded.child.expect_exact(PROMPT)


def test_memory_that_is_not_there_is_an_error(shell):
    assert shell.run("mem read 0xf0000000 4").startswith("error: mem read: 0xf0000000: bus error")
    assert shell.run("mem write 0xf0000000 1").startswith("error: mem write: 0xf0000000: bus error")


def test_the_c_librarys_own_heap_is_not_linked(built):
    """`malloc` for extensions is the loader's; nothing may pull picolibc's in, or its `sbrk`."""
    prefix = built.config["c"]["prefix"]
    symbols = subprocess.run([f"{prefix}nm", built.firmware], check=True, capture_output=True, text=True).stdout
    names = {line.split()[-1] for line in symbols.splitlines()}
    assert names.isdisjoint({"malloc", "calloc", "realloc", "free", "sbrk", "_sbrk", "__malloc_free_list"})
    # The place to look for them was right.
    assert "vsnprintf" in names
