"""GDB knows every extension by itself: stock gdb-multiarch, no script, two commands.

    $ gdb-multiarch FIRMWARE
    (gdb) set debug-file-directory target/debug-files
    (gdb) target remote 127.0.0.1:3333

From there on it learns from the firmware what is loaded and unloaded (src/debugger.rs), and finds each file by its build-id.
"""

import re
import subprocess

import pytest

from conftest import ROOT, XTASK
from debugger import build_ids, knows, line_of


@pytest.fixture
def directory(built) -> str:
    """The one setting that GDB needs."""
    return f"set debug-file-directory {built.debug_files}"


@pytest.fixture
def session(start_debugging, directory):
    """A board at its prompt that runs under GDB: (shell, gdb)."""
    return start_debugging(directory)


def test_a_breakpoint_set_before_the_load_stops_with_lines_locals_and_a_backtrace(session):
    shell, gdb = session
    gdb.interrupt()
    assert "Breakpoint 1 (counter_advance) pending." in gdb.run("break counter_advance")
    gdb.send("continue")

    assert shell.run("llext load /ext/counter.elf").startswith("loaded counter")
    shell.send("llext call counter counter_advance 3")
    assert "Breakpoint 1, counter_advance (times=3) at " in gdb.wait()
    assert "times = 3" in gdb.run("info args")
    assert "$1 = 5" in gdb.run("print step")
    gdb.run(f"until {line_of('counter/counter.c', 'printk(')}")
    assert "before = 0" in gdb.run("info locals")
    trace = gdb.run("backtrace")
    assert re.search(r"#0 +counter_advance \(times=3\) at .*/counter\.c:\d+\n#1 .* in exec_call \(\)", trace)
    assert "Value returned is $2 = 15" in gdb.run("finish"), "from the extension into the firmware"
    gdb.send("continue")
    assert "=> 15 (0xf)" in shell.wait()

    shell.run("llext unload counter")
    gdb.interrupt()
    assert not knows(gdb, "counter_advance"), "the symbols left with the extension"
    gdb.send("continue")

    shell.run("llext load /ext/calc.elf")
    gdb.interrupt()
    assert "<PENDING>" in gdb.run("info breakpoints"), "the breakpoint waits"
    gdb.send("continue")
    shell.run("llext load /ext/counter.elf")
    shell.send("llext call counter counter_advance 4")
    assert "Breakpoint 1, counter_advance (times=4) at " in gdb.wait()


def test_a_backtrace_crosses_from_the_firmware_through_an_extension(session):
    shell, gdb = session
    gdb.interrupt()
    gdb.run("break vfprintf")
    gdb.send("continue")
    shell.run("llext load /ext/counter.elf")
    shell.send("llext call counter counter_advance 3")
    gdb.wait()
    frames = r"#0 +vfprintf \(.*\n#1 .* in printf \(.*\n#2 .* in counter_advance \(times=3\) at .*\n#3 .* in exec_call \(\)"
    assert re.search(frames, gdb.run("backtrace"))


def test_it_stops_in_what_runs_during_the_load(session):
    shell, gdb = session
    gdb.interrupt()
    for function in ("preinit", "init", "fini"):
        assert "pending" in gdb.run(f"break lifecycle.c:{function}")
    gdb.send("continue")

    shell.send("llext load /ext/lifecycle.elf")
    for function in ("preinit", "init"):
        assert re.search(rf"Breakpoint \d, {function} \(\) at .*lifecycle\.c", gdb.wait())
        gdb.send("continue")
    assert "loaded lifecycle" in shell.wait()

    shell.send("llext unload lifecycle")
    assert "fini () at " in gdb.wait(), "destructors are the last that runs"
    gdb.send("continue")
    assert "unloaded lifecycle" in shell.wait()


def test_several_extensions_come_and_go_in_any_order(session):
    shell, gdb = session
    functions = {"counter": "counter_advance", "calc": "calc_add", "rusty": "rusty_divide"}
    for name in functions:
        shell.run(f"llext load /ext/{name}.elf")
    for name in ("calc", "rusty", "counter"):
        gdb.interrupt()
        assert all(knows(gdb, function) for function in functions.values())
        gdb.send("continue")
        shell.run(f"llext unload {name}")
        gdb.interrupt()
        assert not knows(gdb, functions.pop(name))
        gdb.send("continue")


def test_cpp_and_rust(session):
    shell, gdb = session
    gdb.interrupt()
    gdb.run("break Rectangle::area")
    gdb.run("break rusty_divide")
    gdb.send("continue")
    shell.run("llext load /ext/shapes.elf")
    shell.send("llext call shapes shapes_rectangle 3 4")
    assert "Rectangle::area (this=" in gdb.wait()
    assert "width_ = 3, height_ = 4" in gdb.run("print *this")
    gdb.run("delete 1")
    gdb.send("continue")
    shell.wait()
    shell.run("llext load /ext/rusty.elf")
    shell.send("llext call rusty rusty_divide 7 2")
    assert "rusty_divide (a=7, b=2)" in gdb.wait()
    gdb.send("continue")
    assert "=> 3 (0x3)" in shell.wait()


def test_a_gdb_that_comes_late_knows_what_is_loaded(start_bench, attach, directory):
    bench = start_bench()
    gdb = attach(bench)
    gdb.send("detach")
    bench.shell.wait()
    bench.shell.run("llext load /ext/calc.elf")
    bench.shell.run("llext load /ext/counter.elf")

    late = attach(bench, directory)
    assert knows(late, "calc_add") and knows(late, "counter_advance")
    late.run("break calc_add")
    late.send("continue")
    bench.shell.send("llext call calc calc_add 2 -5")
    assert "Breakpoint 1, calc_add (a=2, b=-5)" in late.wait()


@pytest.mark.parametrize("reset", ["the shell's reboot", "GDB's monitor system_reset"])
def test_after_a_reset_gdb_knows_nothing_and_learns_anew(session, reset):
    shell, gdb = session
    for name in ("calc", "counter"):
        shell.run(f"llext load /ext/{name}.elf")
    gdb.interrupt()
    gdb.run("break counter_advance")
    assert knows(gdb, "calc_add") and knows(gdb, "counter_advance")
    if "monitor" in reset:
        gdb.run("monitor system_reset")
        gdb.send("continue")
    else:
        gdb.send("continue")
        shell.send("reboot")
    assert "llext-shell" in shell.wait()

    stopped = gdb.interrupt()
    assert "Unable to find" not in stopped, "what GDB is made to forget, it knew"
    assert not knows(gdb, "calc_add") and not knows(gdb, "counter_advance")
    gdb.send("continue")
    shell.run("llext load /ext/counter.elf")
    shell.send("llext call counter counter_advance 1")
    assert "Breakpoint 1, counter_advance (times=1)" in gdb.wait()


def test_a_load_that_fails_is_never_announced(session):
    shell, gdb = session
    gdb.interrupt()
    gdb.run("break __jit_debug_register_code")
    gdb.send("continue")
    for command in ("llext load /ext/orphan.elf", "llext load /ext/hello.elf --dry-run", "llext load /motd.txt"):
        shell.run(command)
    shell.send("llext load /ext/hello.elf")
    assert "__jit_debug_register_code ()" in gdb.wait(), "this one is"


BLINK = """
#include <llext.h>
static int lit;
int toggle(int pin)
{
	lit = !lit;
	return pin + %s;
}
EXPORT_SYMBOL(toggle);
"""


@pytest.fixture
def build(built, tmp_path):
    """A function that writes `blink.c` and builds it as a user does."""

    def build(text: str, output: str) -> str:
        source, file = tmp_path / "blink.c", tmp_path / output
        source.write_text(text)
        command = [*XTASK, "extension", source, "--board", built.board, "-o", file]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return str(file)

    return build


def test_a_reload_of_a_rebuilt_file_shows_the_new_source(build, start_debugging, directory):
    first = build(BLINK % "1", "first.elf")
    second = build("/* One line more. */\n" + BLINK % "2", "second.elf")
    shell, gdb = start_debugging(directory, adding=(first, second))
    gdb.interrupt()
    gdb.run("break toggle")
    gdb.send("continue")
    for file, line in (("first", 6), ("second", 7)):
        shell.run(f"llext load /ext/{file}.elf --name blink")
        shell.send("llext call blink toggle 40")
        assert re.search(rf"toggle \(pin=40\) at .*blink\.c:{line}\n", gdb.wait()), file
        gdb.send("continue")
        shell.wait()
        shell.run("llext unload blink")


def test_what_is_in_memory_is_small_and_readelf_reads_it(built, session, tmp_path):
    shell, gdb = session
    for name in sorted(built.extensions.keys() - {"orphan"}):
        if name == "visitor":
            shell.run("llext load /ext/greeter.elf")
        shell.run(f"llext load /ext/{name}.elf")
        gdb.interrupt()
        gdb.run("set language c")
        gdb.run("set $entry = ((int **)&__jit_debug_descriptor)[3]")
        dump = tmp_path / f"{name}.jit"
        gdb.run(f"dump binary memory {dump} $entry[2] $entry[2]+$entry[4]")
        gdb.send("continue")
        shell.run(f"llext unload {name}")

        # GDB's entry, the file, and the heap's own data.
        assert 24 + dump.stat().st_size + 8 <= 400, name
        readelf = subprocess.run(["readelf", "-SnW", dump], check=True, capture_output=True, text=True)
        assert " .text " in readelf.stdout and "STRTAB" in readelf.stdout
        assert "Error" not in readelf.stderr
        original = subprocess.run(["readelf", "-nW", built.extensions[name]], check=True, capture_output=True, text=True)
        assert build_ids(readelf.stdout) == build_ids(original.stdout) != [], name


def test_of_many_sections_the_code_is_known_and_the_load_says_what_is_not(built, start_debugging, tmp_path):
    """Built without xtask and sdk/extension.ld: each function and variable has a section, and the file goes where GDB looks."""
    source, file = tmp_path / "many.c", tmp_path / "many.elf"
    source.write_text(
        "static int level = 1;\nint low(int n) { return n - level; }\nint high(int n) { level = n; return level; }\n"
        "int all[4] = {1, 2, 3, 4};\nint sum(void) { return all[0] + all[3]; }\n"
    )
    compiler = [built.config["c"]["prefix"] + "gcc", *built.config["c"]["flags"], "-g", "-ffunction-sections", "-fdata-sections"]
    linker = [built.config["c"]["prefix"] + "ld", *([] if built.is_arm else ["-melf32lriscv"]), "-r", "--build-id"]
    subprocess.run([*compiler, "-c", source, "-o", tmp_path / "many.o"], check=True)
    subprocess.run([*linker, tmp_path / "many.o", "-o", file], check=True)
    notes = subprocess.run(["readelf", "-nW", file], check=True, capture_output=True, text=True).stdout
    (build_id,) = build_ids(notes)
    place = tmp_path / ".build-id" / build_id[:2] / f"{build_id[2:]}.debug"
    place.parent.mkdir(parents=True)
    place.write_bytes(file.read_bytes())

    shell, gdb = start_debugging(f"set debug-file-directory {tmp_path}", adding=(file,))
    gdb.interrupt()
    gdb.run("break sum")
    gdb.send("continue")
    loaded = shell.run("llext load /ext/many.elf")
    assert re.match(r"warning: \d sections? (is|are) unknown to GDB; `llext gdb many` names all\nloaded many", loaded), loaded
    shell.send("llext call many sum")
    assert "Breakpoint 1, sum () at " in gdb.wait()
    assert knows(gdb, "low") and knows(gdb, "high")


def test_a_file_without_a_build_id_needs_the_script(built, start_debugging, directory, tmp_path):
    source, file = tmp_path / "bare.c", tmp_path / "bare.elf"
    source.write_text("int twice(int n) { return 2 * n; }\n")
    compiler = [built.config["c"]["prefix"] + "gcc", *built.config["c"]["flags"]]
    subprocess.run([*compiler, "-g", "-c", source, "-o", file], check=True)
    shell, gdb = start_debugging(directory, "set confirm off", adding=(file,))
    assert shell.run("llext load /ext/bare.elf").startswith("loaded bare")
    gdb.interrupt()
    assert not knows(gdb, "twice")
    gdb.send("continue")
    script = shell.run("llext gdb bare").strip()
    gdb.interrupt()
    gdb.run(script)
    assert knows(gdb, "twice")
