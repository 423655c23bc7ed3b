"""The commands of gdb/llext.py, on a target that stands still.

    (gdb) source gdb/llext.py
    (gdb) info llext
    (gdb) llext bt
"""

import re
import shutil
import subprocess

import pytest

from conftest import ROOT, XTASK
from debugger import GDB_PROMPT, Console, knows

COMMANDS = f"source {ROOT / 'gdb' / 'llext.py'}"
# A firmware without the JIT interface, as GDB sees it: the symbols have other names. It has no debug information either.
HIDDEN = ["--strip-debug"] + [f"--redefine-sym={name}=hidden_{name}" for name in ("__jit_debug_register_code", "__jit_debug_descriptor")]


@pytest.fixture
def session(start_debugging, built):
    """A board at its prompt under a GDB with the commands, which knows where files are by their build-id: (shell, gdb)."""
    return start_debugging(COMMANDS, f"set debug-file-directory {built.debug_files}")


def test_info_llext_and_regions_read_the_registry(session, built):
    shell, gdb = session
    gdb.interrupt()
    assert gdb.run("info llext") == "Nothing is loaded.\n"
    gdb.send("continue")
    shell.run("llext load /ext/counter.elf")
    shell.run("llext load /ext/shapes.elf --name forms")
    told = shell.run("llext info counter")
    gdb.interrupt()
    shown = gdb.run("info llext")
    assert re.search(r"^counter: \d+ bytes at 0x\w{8}, from /ext/counter.elf$", shown, re.MULTILINE)
    assert re.search(r"^forms: \d+ bytes at 0x\w{8}, from /ext/shapes.elf$", shown, re.MULTILINE)
    build_id = re.search(r"    build-id (\w{40})\n", shown).group(1)
    assert build_id in told, "the shell says the same"
    file = built.debug_files / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    assert f"    symbols from {file}\n" in shown

    for line in gdb.run("llext regions counter").splitlines():
        name, kind, start, end, size = re.match(r"(\w+) +(\w+) +0x(\w+)-0x(\w+) +(\d+)$", line).groups()
        assert name == "counter" and int(end, 16) - int(start, 16) == int(size)
        assert re.search(rf"^ +{kind} +0x{start} ", told, re.MULTILINE), f"as the shell has it: {told}"
    assert "forms        text" in gdb.run("llext regions")
    assert "nothing: no such extension; loaded is counter, forms." in gdb.run("llext regions nothing")


def test_bt_says_which_extension_each_call_is_in(session):
    shell, gdb = session
    shell.run("llext load /ext/counter.elf")
    gdb.interrupt()
    gdb.run("break exchange")
    gdb.send("continue")
    shell.send("llext call counter counter_advance 3")
    gdb.wait()
    lines = gdb.run("llext bt").splitlines()
    assert re.match(r"#0  counter:exchange\+0x\w+ \(/ext/counter.elf \.text\+0x\w+\) at .*/counter\.c:\d+$", lines[0])
    assert re.match(r"#1  counter:counter_advance\+0x\w+ \(/ext/counter.elf \.text\+0x\w+\) at .*/counter\.c", lines[1])
    assert re.match(r"#2  exec_call\+0x\w+", lines[2])


def test_breakpoints_wait_while_their_extension_is_away(session):
    shell, gdb = session
    shell.run("llext load /ext/counter.elf")
    gdb.interrupt()
    gdb.run("break exchange")
    gdb.send("continue")
    shell.run("llext unload counter")
    shell.run("llext load /ext/calc.elf")
    gdb.interrupt()
    assert re.search(r"breakpoint +keep n", gdb.run("info breakpoints")), "nothing is planted in memory of others"
    gdb.send("continue")
    shell.run("llext load /ext/counter.elf")
    shell.send("llext call counter counter_advance 3")
    assert "Breakpoint 1, exchange (" in gdb.wait()


def test_symbols_are_found_by_build_id_and_stale_files_refused(start_debugging, built, tmp_path):
    shell, gdb = start_debugging(COMMANDS)
    shell.run("llext load /ext/counter.elf")
    gdb.interrupt()
    assert not knows(gdb, "counter_advance"), "GDB was not told where files are"
    assert "no symbols: no file with the build-id" in gdb.run("info llext")

    stale = tmp_path / "counter.elf"
    shutil.copy(built.extensions["calc"], stale)
    gdb.run(f"set llext-path {tmp_path}")
    refused = gdb.run("llext load-symbols counter")
    assert re.search(rf"counter: {stale} is stale: it has the build-id \w{{40}}, and what is loaded \w{{40}}", refused)
    assert not knows(gdb, "counter_advance")
    assert "is stale" in gdb.run(f"llext load-symbols counter {stale}"), "also when it is named"

    gdb.run(f"set llext-path {tmp_path}:{built.extensions['counter'].parent}")
    assert gdb.run("llext load-symbols") == f"counter: symbols read from {built.extensions['counter']}\n"
    assert knows(gdb, "counter_advance")
    assert gdb.run("llext load-symbols counter") == "counter: GDB has its symbols\n"
    gdb.run("llext forget counter")
    assert not knows(gdb, "counter_advance")
    assert "No symbols of counter were read." in gdb.run("llext forget counter")


def test_without_the_jit_interface_symbols_come_when_the_target_stops(built, start_debugging, tmp_path):
    firmware = tmp_path / "firmware"
    subprocess.run([built.config["c"]["prefix"] + "objcopy", *HIDDEN, built.firmware, firmware], check=True)
    directory = f"set debug-file-directory {built.debug_files}"
    shell, gdb = start_debugging(COMMANDS, directory, firmware=firmware)
    for _ in range(2):
        shell.run("llext load /ext/calc.elf")
        gdb.interrupt()
        assert knows(gdb, "calc_add")
        gdb.send("continue")
        shell.run("llext unload calc")
        gdb.interrupt()
        assert not knows(gdb, "calc_add")
        gdb.send("continue")


def test_gdb_loads_the_commands_with_the_firmware(built, start_bench, tmp_path):
    """One line in ~/.gdbinit, or here on the command line; debug-files is found beside the firmware."""
    bench = start_bench()
    safe = f"add-auto-load-safe-path {built.firmware.parent}"
    gdb = bench.gdb(["gdb-multiarch", "-q", "-nx", "-iex", safe, built.firmware], tmp_path)
    gdb.run(f"target remote 127.0.0.1:{bench.port}")
    gdb.send("continue")
    bench.shell.wait()
    bench.shell.run("llext load /ext/counter.elf")
    gdb.interrupt()
    assert f"symbols from {built.debug_files}" in gdb.run("info llext")


def test_the_task_starts_gdb_with_all_of_it(built, start_bench):
    bench = start_bench()
    command = [*XTASK, "gdb", "--board", built.board, "--port", str(bench.port), "--firmware", str(built.firmware)]
    gdb = bench.open(GDB_PROMPT, command)
    assert "warning" not in gdb.wait(), "it knows where the commands come from"
    gdb.run("break calc_add")
    gdb.send("continue")
    bench.shell.wait()
    bench.shell.run("llext load /ext/calc.elf")
    bench.shell.send("llext call calc calc_add 2 -5")
    assert "Breakpoint 1, calc_add (a=2, b=-5)" in gdb.wait()
    assert "#0  calc:calc_add+0x" in gdb.run("llext bt")


def test_the_registry_prints_as_names(session):
    shell, gdb = session
    shell.run("llext load /ext/counter.elf")
    gdb.interrupt()
    gdb.run("set language rust")
    shown = gdb.run("print *llext_shell::debugger::llext_debug_root.p.value")
    assert re.search(r"registry: 1 extensions = \{counter = 0x\w+\}", shown), shown


@pytest.fixture
def faulty(built, start_debugging, misbehaving):
    """A board under GDB with `exec.c` loaded, which faults in many ways: a function that starts one with commands of the user's."""

    def faulty(*commands: str) -> tuple[Console, Console]:
        shell, gdb = start_debugging(f"set debug-file-directory {built.debug_files}", *commands, adding=(misbehaving,))
        shell.run("llext load /ext/exec.elf")
        return shell, gdb

    return faulty


def test_a_fault_stops_at_its_instruction_first_and_is_contained_then(faulty):
    shell, gdb = faulty(COMMANDS)
    shell.send("llext call exec bad_read")
    stop = gdb.wait()
    assert re.search(r"Fault: bus error.* at exec:bad_read\+0x\w+ \(/ext/exec.elf .text\+0x\w+\), accessing 0xf0000000", stop)
    assert re.search(r"#0  0x\w+ in bad_read \(\) at .*/tests/exec\.c:\d+\n\d+\t.*nowhere", stop)
    assert re.search(r"#0 .* in bad_read \(\) .*\n#1 .* in exec_call \(\)", gdb.run("backtrace"))
    gdb.send("continue")
    assert "bus error" in shell.wait()

    # The call may be mended instead, and goes on.
    shell.send("llext call --force exec bad_read")
    gdb.wait()
    pointer = "$r3" if "arm" in gdb.run("show architecture") else "$a5"
    gdb.run(f"set var {pointer} = $sp")
    gdb.send("continue")
    assert "=> " in shell.wait()

    shell.send("llext call --force exec bad_call")
    assert "instruction fetch at 0xf0000000" in gdb.wait()
    assert re.search(r"#1 +exec:bad_call\+0x", gdb.run("llext bt"))
    gdb.send("continue")
    assert "bad_call" in shell.wait()

    gdb.interrupt()
    gdb.run("set llext-stop-at-faults off")
    gdb.send("continue")
    assert "illegal instruction" in shell.run("llext call --force exec illegal")


def test_llext_fault_decodes_what_the_firmware_remembers(faulty):
    shell, gdb = faulty(COMMANDS, "set llext-stop-at-faults off")
    gdb.interrupt()
    assert gdb.run("llext fault") == "No fault is remembered.\n"
    gdb.send("continue")
    report = shell.run("llext call exec bad_write")
    gdb.interrupt()
    assert re.search(r"^exec: .*, from /ext/exec.elf, faulted$", gdb.run("info llext"), re.MULTILINE)
    shown = gdb.run("llext fault")
    assert report.splitlines()[0] in shown, "the firmware's report"
    assert re.search(r"^pc +0x\w{8} exec:bad_write\+0x\w+ \(/ext/exec.elf .text\+0x\w+\)$", shown, re.MULTILINE)
    assert re.search(r"^#0  exec:bad_write\+0x\w+ \(.*\) at .*/tests/exec\.c:\d+$", shown, re.MULTILINE), "with the source"
    assert re.search(r"^#1  exec_call\+0x", shown, re.MULTILINE)

    gdb.send("continue")
    shell.send("reboot")
    shell.wait()
    gdb.interrupt()
    assert "bad_write" in gdb.run("llext fault"), "also after a restart"


def test_stock_gdb_can_stop_at_faults_too(faulty, built):
    """What llext.py does, as commands of a breakpoint."""
    shell, gdb = faulty()
    gdb.interrupt()
    gdb.run("break llext_fault_stop")
    gdb.prompt = ">"
    for command in (
        "commands",
        "silent",
        "with language c -- set var *(int *)&llext_fault_again = 2",
        f"with language c -- tbreak *(unsigned){'$r0' if built.is_arm else '$a0'}",
        "continue",
    ):
        gdb.run(command)
    gdb.prompt = "(gdb) "
    gdb.run("end")
    gdb.send("continue")
    shell.send("llext call exec bad_read")
    assert re.search(r"Temporary breakpoint 2, 0x\w+ in bad_read \(\) at ", gdb.wait())
    gdb.send("continue")
    assert "bus error" in shell.wait()
