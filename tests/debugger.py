"""A board and a GDB beside it, as a user has them: two terminals."""

import os
import re
import socket
from pathlib import Path

import pexpect

from conftest import PROMPT, ROOT, TIMEOUT_S, end

EXAMPLES = ROOT / "examples"
GDB_PROMPT = "(gdb) "


class Console:
    """A program on a terminal, that prompts and answers."""

    def __init__(self, prompt: str, command: list[str], folder: Path = ROOT):
        self.prompt = prompt
        self.child = pexpect.spawn(
            command[0],
            list(map(str, command[1:])),
            cwd=folder,
            env={**os.environ, "TERM": "dumb"},
            encoding="utf-8",
            timeout=TIMEOUT_S,
            dimensions=(24, 250),
        )
        # As in conftest.py: nobody turns echoing off.
        self.child.delaybeforesend = None

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
        """Types Ctrl-C and waits for the prompt. A GDB that just deals with an extension may miss it: then once more."""
        for _ in range(10):
            self.child.sendintr()
            if self.child.expect_exact([self.prompt, pexpect.TIMEOUT], timeout=3) == 0:
                return self.child.before.replace("\r", "")
        return self.wait()


class Bench:
    """A board that waits for GDB, and the GDBs that come."""

    def __init__(self, command_line, image: Path, *arguments: str):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.consoles = []
        self.shell = self.open(PROMPT, command_line(image, "--gdb", str(self.port), *arguments))
        self.shell.child.expect_exact("waiting for GDB")
        self.shell.child.expect_exact("Ctrl-] x quits")

    def open(self, prompt: str, command: list[str], folder: Path = ROOT) -> Console:
        """Starts a program that is closed with the bench."""
        self.consoles.append(Console(prompt, command, folder))
        return self.consoles[-1]

    def gdb(self, command: list[str], folder: Path = ROOT) -> Console:
        """Starts a GDB and waits for its prompt."""
        gdb = self.open(GDB_PROMPT, command, folder)
        gdb.wait()
        return gdb

    def close(self) -> None:
        for console in reversed(self.consoles):
            end(console.child)


def knows(gdb: Console, function: str) -> bool:
    """Whether GDB, which is stopped, has a line for a function."""
    return "starts at address" in gdb.run(f"info line {function}")


def line_of(source: Path | str, text: str) -> int:
    """The number of the line of a source, or of an example's, that holds a text."""
    lines = (EXAMPLES / source).read_text().splitlines()
    return 1 + next(number for number, line in enumerate(lines) if text in line)


def build_ids(text: str) -> list[str]:
    """The build-ids that readelf shows."""
    return re.findall(r"Build ID: (\w+)", text)
