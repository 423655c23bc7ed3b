"""The line editor on a real terminal (a pyte screen), the plain console, and pasted text."""

import re
import time

import pexpect
import pyte
import pytest

from conftest import PROMPT, TIMEOUT_S

COLUMNS, ROWS = 80, 24

LEFT, RIGHT, UP, DOWN = "\x1b[D", "\x1b[C", "\x1b[A", "\x1b[B"


class Terminal:
    """A terminal that shows a run: what a person types and sees."""

    def __init__(self, child: pexpect.spawn):
        self.child = child
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.Stream(self.screen)

    def type(self, keys: str) -> None:
        """Presses keys."""
        self.child.send(keys)

    def run(self, command: str) -> None:
        """Types a command, sees it, and runs it to the next prompt."""
        self.type(command)
        self.shows(command + "|")
        self.type("\r")
        self.shows("|")

    def line(self) -> str:
        """The line that the cursor is on, with the cursor as `|`."""
        text = self.screen.display[self.screen.cursor.y].ljust(COLUMNS)
        column = self.screen.cursor.x
        return (text[:column] + "|" + text[column:]).rstrip()

    def text(self) -> list[str]:
        """The lines of the screen, without the empty ones at the end."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip().split("\n")

    def wait(self, line: str) -> None:
        """Waits until the cursor's line is this."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.line() != line:
            assert time.monotonic() < deadline, f"waiting for {line!r}, the screen shows:\n" + "\n".join(self.text())
            self.read()

    def wait_for(self, text: str) -> None:
        """Waits until this is somewhere on the screen."""
        deadline = time.monotonic() + TIMEOUT_S
        while text not in "".join(self.screen.display):
            assert time.monotonic() < deadline, f"waiting for {text!r}, the screen shows:\n" + "\n".join(self.text())
            self.read()

    def read(self) -> None:
        """Shows what the run has sent."""
        try:
            self.stream.feed(self.child.read_nonblocking(4096, timeout=1))
        except pexpect.TIMEOUT:
            pass

    def shows(self, line: str) -> None:
        """Waits until the cursor stands in this line after the prompt, as `some te|xt`."""
        self.wait(PROMPT + line)


@pytest.fixture
def terminal(start_shell):
    """A run on a terminal with line editing, at its first prompt."""
    shell = start_shell(term="xterm")
    shell.child.setwinsize(ROWS, COLUMNS)
    terminal = Terminal(shell.child)
    terminal.stream.feed(PROMPT)
    terminal.run("# a terminal")
    return terminal


# What is pressed after `llext heap` was typed, and how the line looks then.
KEYS = {
    "Left": (LEFT, "llext hea|p"),
    "Left, the other encoding": ("\x1bOD", "llext hea|p"),
    "Ctrl-B": ("\x02", "llext hea|p"),
    "Right": (LEFT * 3 + RIGHT, "llext he|ap"),
    "Right, the other encoding": (LEFT * 3 + "\x1bOC", "llext he|ap"),
    "Ctrl-F": (LEFT * 3 + "\x06", "llext he|ap"),
    "Home": ("\x1b[H", "|llext heap"),
    "Home, the other encoding": ("\x1bOH", "|llext heap"),
    "Home, of the VT220": ("\x1b[1~", "|llext heap"),
    "Ctrl-A": ("\x01", "|llext heap"),
    "End": ("\x01\x1b[F", "llext heap|"),
    "End, the other encoding": ("\x01\x1bOF", "llext heap|"),
    "End, of the VT220": ("\x01\x1b[4~", "llext heap|"),
    "Ctrl-E": ("\x01\x05", "llext heap|"),
    "DEL": ("\x7f", "llext hea|"),
    "Backspace": ("\x08", "llext hea|"),
    "Backspace in the middle": (LEFT * 2 + "\x7f", "llext h|ap"),
    "Delete": ("\x01\x1b[3~", "|lext heap"),
    "Ctrl-D": ("\x01\x04", "|lext heap"),
    "Ctrl-K": (LEFT * 4 + "\x0b", "llext |"),
    "Ctrl-U": ("\x15", "|"),
    "Ctrl-W": ("\x17", "llext |"),
    "Ctrl-T": ("\x14", "llext hepa|"),
    "text in the middle": (LEFT * 4 + "X-", "llext X-|heap"),
    "a key that means nothing": ("\x1b[15~\x1b[1;2R", "llext heap|"),
}


@pytest.mark.parametrize("key", KEYS)
def test_key(terminal, key):
    pressed, line = KEYS[key]
    terminal.type("llext heap")
    terminal.shows("llext heap|")
    terminal.type(pressed)
    terminal.shows(line)


def test_the_edited_line_is_what_runs(terminal):
    terminal.type("rsion" + "\x01" + "ve")
    terminal.shows("ve|rsion")
    terminal.type("\r")
    terminal.shows("|")
    assert any(line.startswith("llext-shell ") for line in terminal.text()[1:])


def test_history(terminal):
    for command in ("term", "uptime"):
        terminal.run(command)
    terminal.type("a draft")
    terminal.shows("a draft|")
    for key, line in [
        (UP, "uptime|"),
        ("\x10", "term|"),
        ("\x0e", "uptime|"),
        ("\x1bOA", "term|"),
        (DOWN, "uptime|"),
        ("\x1bOB", "a draft|"),
    ]:
        terminal.type(key)
        terminal.shows(line)


def test_tab_completes_commands_and_subcommands(terminal):
    terminal.type("hexd\t")
    terminal.shows("hexdump |")
    terminal.type("\x15llext unl\t")
    terminal.shows("llext unload |")


def test_tab_completes_paths(terminal):
    terminal.type("llext load /e\t")
    terminal.shows("llext load /ext/|")
    terminal.type("hel\t")
    terminal.shows("llext load /ext/hello.elf |")


def test_tab_completes_extensions_and_their_symbols(terminal):
    terminal.run("llext load /ext/hello.elf")
    terminal.type("llext call he\t")
    terminal.shows("llext call hello |")
    terminal.type("he\t")
    terminal.shows("llext call hello hello_world |")
    terminal.type("\x15llext sym k_b\t")
    terminal.shows("llext sym k_busy_wait |")


def test_tab_in_the_middle_of_a_line(terminal):
    terminal.type("lle load /ext/hello.elf" + "\x01" + RIGHT * 3)
    terminal.shows("lle| load /ext/hello.elf")
    terminal.type("\t")
    terminal.shows("llext| load /ext/hello.elf")


def test_tab_lists_what_there_is_to_choose_from(terminal):
    terminal.type("llext \t")
    terminal.wait_for("unload")
    terminal.shows("llext |")
    listed = " ".join(terminal.text())
    for subcommand in ("load", "unload", "list", "info", "call", "sym", "heap", "gdb"):
        assert subcommand in listed


def test_ctrl_c_drops_the_line(terminal):
    terminal.type("not this")
    terminal.shows("not this|")
    terminal.type("\x03")
    terminal.shows("|")
    terminal.run("term")
    assert "ansi" in terminal.text()


def test_ctrl_l_clears_the_screen_and_keeps_the_line(terminal):
    terminal.run("version")
    terminal.type("some text" + LEFT * 2 + "\x0c")
    terminal.shows("some te|xt")
    terminal.type("!")
    terminal.shows("some te!|xt")
    assert terminal.text() == [PROMPT + "some te!xt"]


def test_a_line_longer_than_the_screen_scrolls(terminal):
    alphabet = "abcdefghijklmnopqrstuvwxyz" * 4
    terminal.type(alphabet)
    terminal.wait_for(alphabet[-20:])
    terminal.type("\x01version #")
    terminal.wait_for("version #" + alphabet[:20])
    terminal.type("\x0b" + "\x7f" * 2 + "\r")
    terminal.shows("|")
    assert any(line.startswith("llext-shell ") for line in terminal.text())


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"], ids=["CR", "LF", "CRLF"])
@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_paste_of_4_kib_loses_nothing(start_shell, term, end):
    commands = [f"llext sym {0x7FFF0000 + number:#x}" for number in range(4096 // (20 + len(end)) + 1)]
    paste = end.join(commands) + end
    assert len(paste) >= 4096
    child = start_shell(term=term).child
    child.send(paste + "version" + end)
    child.expect("llext-shell [0-9.]+ on ")
    answers = re.findall(r"error: sym: (0x[0-9a-f]+): in no extension", child.before)
    assert answers == [f"{0x7FFF0000 + number:#x}" for number in range(len(commands))]


def test_plain_mode_has_no_escape_codes(shell):
    shell.child.logfile_read = log = Log()
    shell.run("llext load /ext/hello.elf")
    shell.child.send("llext call hel\t")
    shell.child.expect_exact("lo ")
    shell.child.send("x\x7f\x08\x15" + UP + DOWN + LEFT + "\x01\x05\x0c")
    shell.run("help")
    shell.run("ls /ext")
    assert "\x1b" not in log.text


class Log:
    """What a run sends, all of it."""

    text = ""

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_plain_mode_rubs_out(shell):
    shell.child.send("versionX\x7f\r")
    shell.child.expect_exact("versionX\b \b\r\nllext-shell ")


def test_plain_mode_completes_at_the_end_of_a_line(shell):
    shell.child.send("vers\t")
    shell.child.expect_exact("version ")


def test_term_switches_modes(shell):
    assert shell.run("term") == "plain"
    shell.child.send("term ansi\r")
    terminal = Terminal(shell.child)
    terminal.shows("|")
    terminal.type("verson" + LEFT * 2 + "i")
    terminal.shows("versi|on")
    terminal.type("\x15term plain")
    terminal.shows("term plain|")
    terminal.type("\r")
    shell.wait()
    assert shell.run("term") == "plain"


def test_the_prompt_is_the_same_in_every_mode(shell):
    for mode in ("plain", "ansi"):
        shell.child.send(f"term {mode}\r")
        shell.child.expect_exact(f"term {mode}")
        shell.child.expect_exact("llext> ")


def test_an_empty_line_and_a_comment_do_nothing(shell):
    assert shell.run("") == ""
    assert shell.run("# a comment") == ""


def test_a_line_that_is_too_long_is_refused(shell):
    shell.child.send("x" * 300 + "\r")
    shell.child.expect_exact("\r\nerror: line: longer than 255 bytes\r\n" + PROMPT)
    assert shell.run("term") == "plain"
