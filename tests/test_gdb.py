"""The classic way: what `llext gdb` prints is typed into a stock GDB, wherever that was started.

    llext> llext gdb --prefix FOLDER counter
    (gdb) add-symbol-file FOLDER/counter.elf -s .text 0x... -s .data 0x...
"""

import re

import pytest

from debugger import Console, line_of


@pytest.fixture
def session(start_debugging, built):
    """A board under GDB, to which the shell says where the files are: (shell, gdb)."""
    shell, gdb = start_debugging("set confirm off")
    folder = built.extensions["counter"].parent
    assert shell.run(f"llext gdb --prefix {folder}") == ""
    return shell, gdb


def load(shell: Console, gdb: Console, name: str) -> None:
    """Loads an extension and gives GDB, which is stopped then, the script that the shell prints."""
    shell.run(f"llext load /ext/{name}.elf")
    script = shell.run(f"llext gdb {name}")
    assert script == shell.run(f"cat /gdb/{name}.gdb"), "the file on the target says the same"
    gdb.interrupt()
    for line in script.strip().splitlines():
        gdb.run(line)


def test_stops_at_a_source_line_with_arguments_and_locals(session):
    shell, gdb = session
    load(shell, gdb, "counter")
    line = line_of("counter/counter.c", "printk(")
    assert "Breakpoint 1 at" in gdb.run(f"break counter.c:{line}")
    gdb.send("continue")

    shell.send("llext call counter counter_advance 3")
    stop = gdb.wait()
    assert "Breakpoint 1, counter_advance (times=3)" in stop
    assert f'{line}\t\tprintk("%d + %d * %d = %d\\n", before, times, step, total);' in stop
    assert "times = 3" in gdb.run("info args")
    assert "before = 0" in gdb.run("info locals")
    assert "= 15" in gdb.run("print total")
    assert "#0  counter_advance (times=3)" in gdb.run("backtrace")

    gdb.send("continue")
    assert "=> 15 (0xf)" in shell.wait()


def test_steps_and_finishes(session):
    shell, gdb = session
    load(shell, gdb, "counter")
    gdb.run("break exchange")
    gdb.send("continue")

    shell.send("llext call counter counter_set_step 7")
    assert "Breakpoint 1, exchange (" in gdb.wait()
    trace = gdb.run("backtrace")
    assert re.search(r"#0 +exchange \(.*next=7\)", trace)
    assert re.search(r"#1 .*counter_set_step \(next=.*\)", trace)
    assert "before = *value;" in gdb.run("list")
    assert re.search(r"^\d+\t", gdb.run("next"), re.MULTILINE), "the next line is shown"
    assert "Value returned is $1 = 5" in gdb.run("finish")
    assert "Value returned is $2 = 5" in gdb.run("finish"), "from the extension into the firmware"

    gdb.run("delete")
    gdb.send("continue")
    assert "=> 5 (0x5)" in shell.wait()


def test_a_breakpoint_waits_for_the_extension_and_survives_its_unload(session, built):
    shell, gdb = session
    gdb.interrupt()
    assert "pending" in gdb.run("break calc_add")
    gdb.send("continue")

    for _ in range(2):
        load(shell, gdb, "calc")
        gdb.send("continue")
        shell.send("llext call calc calc_add 2 -5")
        assert "Breakpoint 1, calc_add (a=2, b=-5)" in gdb.wait()
        gdb.send("continue")
        assert "=> -3 (0xfffffffd)" in shell.wait()

        gdb.interrupt()
        gdb.run(f"remove-symbol-file {built.extensions['calc']}")
        assert "PENDING" in gdb.run("info breakpoints")
        gdb.send("continue")
        shell.run("llext unload calc")


def test_what_is_typed_while_the_board_stands_still_arrives(session):
    shell, gdb = session
    gdb.interrupt()
    shell.child.send("uptime\r")
    for _ in range(20):
        gdb.run("stepi")
    # A paste of more than a UART holds, between two steps.
    shell.child.send("".join(f"# line {number} of a long paste\r" for number in range(50)) + "version\r")
    gdb.run("stepi")

    gdb.run("break exec_call")
    shell.child.send("llext load /ext/lifecycle.elf\r")
    gdb.send("continue")
    assert "exec_call" in gdb.wait()
    gdb.run("delete")
    shell.child.send("llext unload lifecycle\r")
    gdb.run("stepi")
    gdb.send("continue")
    for text in ("up ", "# line 49 of a long paste", "llext-shell ", "loaded lifecycle", "unloaded lifecycle"):
        shell.child.expect_exact(text)
