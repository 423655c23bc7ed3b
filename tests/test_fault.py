"""The last fault: what constructors and destructors do wrong, and a failure of the firmware itself, which is reported, restarts
it, and brings a prompt that says what happened.

Nothing that a user can type makes the firmware fail, but `mem write` can damage its variables.
"""

import os
import re
import struct
import subprocess

import pytest

from conftest import PROMPT, ROOT, XTASK
from wire import Target

NOWHERE = 0xF0000000


@pytest.fixture(scope="session")
def symbols(built):
    """The firmware's symbols: name to address, names without what Rust adds to tell them apart."""
    prefix = built.config["c"]["prefix"]
    output = subprocess.run([f"{prefix}nm", "-C", built.firmware], check=True, capture_output=True, text=True).stdout
    lines = (line.split(" ", 2) for line in output.splitlines() if not line.startswith(" "))
    return {name: int(address, 16) for address, _, name in lines}


def words(shell, address: int, count: int) -> list[int]:
    """Words of memory, from `address` on."""
    dump = shell.run(f"mem read 0x{address:x} {4 * count} -w 4")
    return [int(word, 16) for line in dump.splitlines() for word in line.split("  |")[0].split()[1:]]


def console(symbols) -> int:
    """Where the console has its pointer to the functions of its port."""
    return next(address for name, address in symbols.items() if name.endswith("::OUTPUT")) + 4


def fail(shell, command: str) -> str:
    """Types what makes the firmware fail; returns what it prints until it restarts."""
    shell.child.send(command + "\r")
    shell.child.expect_exact("restarting\r\n")
    report = shell.child.before.replace("\r\n", "\n")
    shell.child.expect_exact(PROMPT)
    return report


@pytest.fixture
def unruly(built, start_shell, tmp_path):
    """A function that runs the board with an extension whose constructor or destructor faults."""

    def unruly(attribute: str):
        source = tmp_path / "unruly.c"
        source.write_text(
            f"__attribute__(({attribute})) static void fault(void) {{ *(volatile int *)0x{NOWHERE:x} = 1; }}\n"
            "int fine(void) { return 1; }\n"
        )
        output = source.with_suffix(".elf")
        command = [*XTASK, "extension", source, "--board", built.board, "-o", output]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return start_shell("--add", output)

    return unruly


def test_a_constructor_that_faults_is_reported_and_the_load_undone(unruly):
    shell = unruly("constructor")
    lines = shell.run("llext load /ext/unruly.elf").splitlines()
    assert re.match(r"error: load: unruly: a constructor: bus error.* at unruly:fault\+0x\w+, accessing 0xf0000000 ", lines[0])
    assert any(line.startswith("#0 unruly:fault+0x") for line in lines)
    assert lines[-1] == "hint: the load is undone; destructors did not run"
    assert shell.run("llext list") == "nothing is loaded"
    assert shell.run("llext fault").splitlines() == lines[:-1]
    assert shell.heap_used() == 0


def test_a_destructor_that_faults_is_reported_and_hinders_no_unload(unruly):
    shell = unruly("destructor")
    shell.run("llext load /ext/unruly.elf")
    assert shell.run("llext call unruly fine") == "=> 1 (0x1)"
    lines = shell.run("llext unload unruly").splitlines()
    assert re.match(r"error: unload: unruly: a destructor: bus error.* at unruly:fault\+0x\w+, accessing 0xf0000000 ", lines[0])
    assert lines[-1].startswith("unloaded unruly: ")
    assert shell.run("llext fault").splitlines() == lines[:-1]
    assert shell.heap_used() == 0


def test_nothing_is_remembered_at_first(shell):
    assert shell.run("llext fault") == "no fault is remembered"


def test_the_last_report_outlives_the_extension_and_a_reboot(shell, built):
    shell.run("llext load /ext/rusty.elf")
    shell.run("llext call rusty rusty_divide 1 0")
    report = shell.run("llext fault")
    assert report.startswith("error: call: rusty: rusty_divide called abort()\n#0 rusty:"), report
    shell.run("llext unload rusty")
    assert shell.run("llext fault") == report
    shell.child.send("reboot\r")
    shell.child.expect_exact("reboot\r\n")
    shell.child.expect_exact(PROMPT)
    # That restart was wanted.
    assert "restarted after" not in shell.child.before
    assert shell.run("llext fault") == report


def test_a_fault_of_the_firmware_restarts_it_and_is_told(shell, built, symbols):
    shell.run("llext load /ext/hello.elf")
    report = fail(shell, f"mem write 0x{console(symbols):x} 0x{NOWHERE:x}")
    first = next(line for line in report.splitlines() if line.startswith("error: "))
    assert re.match(r"error: firmware: bus error.* at firmware.*, accessing 0xf00000\w\w \(nothing that is known\)$", first)
    assert re.search(r"^  (.*  )?pc   [0-9a-f]{8}", report, re.MULTILINE), report
    # The fault lies in the firmware's code, and so does who called it.
    code = range(symbols["__stext"], symbols["__etext"])
    frames = [int(address, 16) for address in re.findall(r"^#\d+ firmware.*\((0x[0-9a-f]{8})\)$", report, re.MULTILINE)]
    assert len(frames) > 1 and all(address in code for address in frames), report

    # The prompt that comes says why.
    banner = shell.child.before.replace("\r\n", "\n")
    assert f"restarted after {first.removeprefix('error: ')}\nhint: `llext fault` prints the whole report\n" in banner
    assert shell.run("llext fault") == report[report.index("error: ") :].rstrip("\n")
    assert shell.run("llext list") == "nothing is loaded"
    # Once is enough.
    shell.child.send("reboot\r")
    shell.child.expect_exact("reboot\r\n")
    shell.child.expect_exact(PROMPT)
    assert "restarted after" not in shell.child.before


def test_a_fault_of_the_firmware_in_machine_mode_ends_it(built, symbols, command_line, new_image):
    """The report comes as it is, in no frame; then there is the human prompt, and `machine` is typed again."""
    target = Target(command_line(new_image()), cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    try:
        target.enter()
        target.start(f"mem write 0x{console(symbols):x} 0x{NOWHERE:x}")
        assert b"error: firmware: bus error" in target.expect(b"restarting\r\n")
        target.expect(b"restarted after firmware: bus error")
        target.prompt()
        target.enter()
        assert target.run("llext fault").record("report")["report"].startswith("error: firmware: bus error")
    finally:
        target.close()


def test_debuggers_find_the_last_fault_by_its_name(shell, built, symbols):
    """The layout is that of shell-cmds/src/last_fault.rs."""
    shell.run("llext load /ext/hello.elf")
    fail(shell, f"mem write 0x{console(symbols):x} 0x{NOWHERE:x}")
    record = words(shell, symbols["LLEXT_LAST_FAULT"], 68)
    assert struct.pack("<I", record[0]) == b"llxF"
    cause, figure, has_figure, extension = record[2:6]
    assert cause in (2, 3) and figure & ~0xFF == NOWHERE and has_figure == 1 and extension == 0
    registers, frames = record[8:41], record[42 : 42 + record[41]]
    pc = registers[15 if built.is_arm else 32]
    assert frames[0] == pc & ~1
    text = shell.run("llext fault")
    assert record[67] in (len(text), len(text) + 1)


def test_a_panic_of_the_firmware_is_told_likewise(shell, built, symbols):
    """The console finds other functions of its port than it had: all of them are the panic of an index out of bounds."""
    panic = symbols["core::panicking::panic_bounds_check"] | (1 if built.is_arm else 0)
    # Where the text of the last fault goes, there is room as long as there is none.
    functions = symbols["LLEXT_LAST_FAULT"] + 512
    for place in range(16):
        assert shell.run(f"mem write 0x{functions + 4 * place:x} 0x{panic:x}") == ""
    report = fail(shell, f"mem write 0x{console(symbols):x} 0x{functions:x}")
    assert "\nerror: firmware: panic\n" in report
    assert re.search(r"^#1 firmware", report, re.MULTILINE), report
    assert "restarted after firmware: panic\r\n" in shell.child.before
