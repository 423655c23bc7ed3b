"""What an editor does with `.vscode/`: its task starts the board, and its debugger stops in an example.

VS Code itself is not here. The test does what the two extensions do, in their order and over GDB's machine interface:
Native Debug (`"type": "gdb"`) connects and then gives the commands of `autorun`; cortex-debug gives `preAttachCommands`,
connects, and gives `postAttachCommands`.
"""

import json
import os
import re
from pathlib import Path

import pexpect

from conftest import ROOT, TIMEOUT_S, XTASK

def read(name: str) -> dict:
    """A file of `.vscode`, with the editor's variables replaced."""
    text = (ROOT / ".vscode" / name).read_text()
    return json.loads(text.replace("${workspaceFolder}", str(ROOT)))


def start_task(label: str, image: Path) -> pexpect.spawn:
    """Starts a task, with an image of its own, and waits until it says in the words of its problem matcher that the
    debugger may come."""
    (task,) = [task for task in read("tasks.json")["tasks"] if task["label"] == label]
    assert task["type"] == "process" and task["isBackground"]
    assert [task["command"], task["args"][0]] == ["cargo", "xtask"]
    command = [*XTASK, *task["args"][1:], "--image", str(image)]
    child = pexpect.spawn(command[0], command[1:], cwd=ROOT, encoding="utf-8", timeout=TIMEOUT_S, dimensions=(24, 250))
    child.expect(task["problemMatcher"]["background"]["endsPattern"])
    return child


class MachineInterface:
    """A GDB that is driven by a program."""

    def __init__(self, program: str, executable: str):
        arguments = ["-q", "-nx", "--interpreter=mi2", executable]
        self.child = pexpect.spawn(
            program, arguments, cwd=ROOT, encoding="utf-8", timeout=TIMEOUT_S, env={**os.environ, "TERM": "dumb"}
        )
        self.child.setecho(False)
        self.child.expect_exact("(gdb)")

    def send(self, command: str) -> None:
        """Gives a command, GDB's or the interface's own, which must succeed."""
        text = command if command.startswith("-") else f'-interpreter-exec console "{command}"'
        self.child.sendline("7" + text)
        assert self.child.expect([r"7\^(done|connected|running)", r"7\^error.*"]) == 0, command

    def stopped(self) -> str:
        """Waits until the target stops at a breakpoint, and returns where."""
        self.child.expect(r'\*stopped,reason="breakpoint-hit",(.*)\r\n')
        return self.child.match.group(1)


def test_the_launch_configurations_stop_in_an_example(built, new_image):
    # One after the other: they use one port.
    launches = [launch for launch in read("launch.json")["configurations"] if launch["name"].startswith(f"{built.board}: ")]
    assert sorted(launch["type"] for launch in launches) == ["cortex-debug", "gdb"]
    for launch in launches:
        check(launch, new_image())


def check(launch: dict, image: Path) -> None:
    board = start_task(launch["preLaunchTask"], image)
    gdb = MachineInterface(launch.get("gdbPath") or launch["gdbpath"], launch["executable"])
    try:
        if launch["type"] == "gdb":
            commands = [f"-target-select remote {launch['target']}", *launch["autorun"], "-exec-continue"]
            assert launch["request"] == "attach" and launch["remote"] and not launch["stopAtConnect"]
        else:
            connect = f"-target-select extended-remote {launch['gdbTarget']}"
            assert (launch["servertype"], launch["overrideAttachCommands"]) == ("external", [])
            commands = [*launch["preAttachCommands"], connect, *launch["postAttachCommands"]]
        for command in commands:
            gdb.send(command)
        place = gdb.stopped()
        assert re.search(r'func="counter_advance",args=\[{name="times",value="3"}\]', place), place
        assert re.search(r'fullname="[^"]*/examples/counter/counter.c",line="\d+"', place), place
        gdb.send("-exec-continue")
        board.expect_exact("=> 15 (0xf)")
    finally:
        for child in (gdb.child, board):
            child.close(force=True)
