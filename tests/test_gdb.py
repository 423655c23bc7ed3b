"""GDB sees an extension: what `llext gdb` prints is typed into a real gdb-multiarch beside `run --gdb`."""

import os
import re
import socket

import pexpect
import pytest

from conftest import PROMPT, ROOT, TIMEOUT_S, XTASK

EXAMPLES = ROOT / "examples"
GDB_PROMPT = "(gdb) "


class Console:
    """A program on a terminal, that prompts and answers."""

    def __init__(self, prompt: str, command: list[str]):
        self.prompt = prompt
        self.child = pexpect.spawn(
            command[0],
            command[1:],
            cwd=ROOT,
            env={**os.environ, "TERM": "dumb"},
            encoding="utf-8",
            timeout=TIMEOUT_S,
            dimensions=(24, 250),
        )

    def wait(self) -> str:
        """Waits for the prompt and returns what came before it."""
        self.child.expect_exact(self.prompt)
        return self.child.before.replace("\r", "")

    def send(self, command: str) -> None:
        """Types a command and waits for its echo."""
        self.child.sendline(command)
        self.child.expect_exact(command)

    def run(self, command: str) -> str:
        """Types a command and returns its output."""
        self.send(command)
        return self.wait().lstrip("\n")

    def interrupt(self) -> str:
        """Types Ctrl-C and waits for the prompt."""
        self.child.sendintr()
        return self.wait()


@pytest.fixture
def session(built, command_line, new_image):
    """A running board and a GDB that is attached to it: (shell, gdb)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shell = Console(PROMPT, command_line(new_image(), "--gdb", str(port)))
    shell.child.expect_exact("waiting for GDB")
    attach = [*XTASK, "gdb", "--board", built.board, "--port", str(port), "--firmware", str(built.firmware)]
    gdb = Console(GDB_PROMPT, attach)
    gdb.wait()
    gdb.send("continue")
    shell.wait()
    yield shell, gdb
    for console in (gdb, shell):
        console.child.close(force=True)


def load(shell: Console, gdb: Console, name: str) -> None:
    """Loads an extension and gives GDB, which is stopped then, the script that the shell prints."""
    shell.run(f"llext load /ext/{name}.elf")
    script = shell.run(f"llext gdb {name}")
    gdb.interrupt()
    for line in script.strip().splitlines():
        gdb.run(line)


def line_of(source: str, text: str) -> int:
    """The number of the line of an example that holds a text."""
    lines = (EXAMPLES / source).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if text in line)


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


def test_a_breakpoint_waits_for_the_extension_and_survives_its_unload(session):
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
        gdb.run("llext-forget calc")
        assert "PENDING" in gdb.run("info breakpoints")
        gdb.send("continue")
        shell.run("llext unload calc")


def test_cpp_and_rust(session):
    shell, gdb = session
    load(shell, gdb, "shapes")
    gdb.run("break Rectangle::area")
    gdb.send("continue")
    shell.send("llext call shapes shapes_rectangle 3 4")
    assert "Rectangle::area (this=" in gdb.wait()
    assert "width_ = 3, height_ = 4" in gdb.run("print *this")
    gdb.run("delete")
    gdb.send("continue")
    shell.wait()

    load(shell, gdb, "rusty")
    gdb.run("break rusty_divide")
    gdb.send("continue")
    shell.send("llext call rusty rusty_divide 7 2")
    assert "rusty_divide (a=7, b=2)" in gdb.wait()
    gdb.send("continue")
    assert "=> 3 (0x3)" in shell.wait()
