"""The boards as the tests see them: `cargo xtask run` on a pseudo-terminal.

    def test_hello(shell):
        assert shell.run("llext load /ext/hello.elf").startswith("loaded hello")

Every test with the fixture `board` runs on every board. The suites can be pointed at other things:

    --board NAME        only this board
    --firmware FILE     this firmware instead of the project's own
    --extension FILE    this extension is on the image too, as /ext/<basename>
"""

import os
import re
import signal
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pytest

ROOT = Path(__file__).parent.parent
PROMPT = "llext> "
# Far beyond what anything takes; a test that waits this long has failed.
TIMEOUT_S = 120
# `cargo xtask test` says where its program is; through cargo, parallel tests would wait for its lock.
XTASK = [os.environ["LLEXT_XTASK"]] if "LLEXT_XTASK" in os.environ else ["cargo", "xtask"]


def end(child: pexpect.spawn) -> None:
    """Ends a program at once. `close` would ask it nicely, and sleep a tenth of a second after each of its steps."""
    child.delayafterclose = child.ptyproc.delayafterclose = child.ptyproc.delayafterterminate = 0
    if child.isalive():
        child.kill(signal.SIGKILL)
        child.wait()
    child.close(force=True)


def pytest_addoption(parser):
    group = parser.getgroup("llext-shell")
    group.addoption("--board", action="append", metavar="NAME", help="only this board [repeatable]")
    group.addoption("--firmware", metavar="FILE", help="run this firmware ELF instead of the project's own")
    group.addoption("--extension", action="append", default=[], metavar="FILE", help="put this extension in /ext [repeatable]")


def pytest_generate_tests(metafunc):
    if "board" in metafunc.fixturenames:
        boards = metafunc.config.getoption("--board") or sorted(
            path.parent.name for path in (ROOT / "boards").glob("*/board.toml")
        )
        metafunc.parametrize("board", boards, scope="session")


@dataclass
class Built:
    """What was built for a board."""

    board: str
    config: dict
    firmware: Path
    image: Path
    extensions: dict[str, Path]
    packer: Path
    tool: Path
    debug_files: Path

    @property
    def is_arm(self) -> bool:
        return self.config["machine"] == "arm"


@pytest.fixture(scope="session")
def built(board, request, tmp_path_factory) -> Built:
    """Firmware, examples and an image with them, built once a board."""
    image = tmp_path_factory.mktemp(board) / "pristine.img"
    command = [*XTASK, "build", "--board", board, "--image", str(image)]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    results = [line.split("\t", 1) for line in output.splitlines()]
    paths = [Path(path) for kind, path in results if kind == "extension"]
    firmware = request.config.getoption("--firmware")
    return Built(
        board=board,
        config=tomllib.loads((ROOT / "boards" / board / "board.toml").read_text()),
        firmware=Path(firmware) if firmware else next(Path(path) for kind, path in results if kind == "firmware"),
        image=image,
        extensions={path.stem: path for path in paths},
        debug_files=next(Path(path) for kind, path in results if kind == "debug-files"),
        packer=next(Path(path) for kind, path in results if kind == "packer"),
        tool=next(Path(path) for kind, path in results if kind == "tool"),
    )


@pytest.fixture(scope="session")
def misbehaving(built, tmp_path_factory) -> Path:
    """`exec.c`, built for the board: what it does, firmware has to survive."""
    output = tmp_path_factory.mktemp(f"exec-{built.board}") / "exec.elf"
    command = [*XTASK, "extension", "tests/exec.c", "--board", built.board, "-o", output]
    subprocess.run([*command, "--", "-fno-builtin"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


class Shell:
    """A run of the plain console: what a script types and sees."""

    def __init__(self, command: list[str], environment: dict[str, str], image: Path):
        self.command = command
        self.environment = environment
        self.image = image
        self.child = self.start()

    def start(self) -> pexpect.spawn:
        """Starts the run and waits for the prompt."""
        child = self.spawn()
        child.expect_exact(PROMPT)
        return child

    def spawn(self) -> pexpect.spawn:
        """Starts the run."""
        child = pexpect.spawn(
            self.command[0],
            self.command[1:],
            cwd=ROOT,
            env=self.environment,
            encoding="utf-8",
            timeout=TIMEOUT_S,
            dimensions=(24, 200),
            echo=False,
        )
        # Nobody here turns echoing off before a password: pexpect's 50 ms before everything that is sent are not needed.
        child.delaybeforesend = None
        return child

    def run(self, command: str) -> str:
        """Types a command at the prompt and returns what it prints, without echo and prompt."""
        self.child.send(command + "\r")
        self.child.expect_exact(command + "\r\n")
        self.wait()
        return self.child.before.replace("\r\n", "\n").removesuffix("\n")

    def wait(self) -> None:
        """Waits for the prompt of the end of a command.

        Help has prompts in its examples. Only the live one echoes what is typed at it: a space,
        which is rubbed out again.
        """
        self.child.send(" \x7f")
        self.child.expect_exact(PROMPT + " \b \b")

    def restart(self) -> None:
        """Leaves by `exit` and runs again on the same image."""
        self.exit()
        self.child = self.start()

    def exit(self) -> int:
        """Leaves by `exit` and returns the status of the run."""
        self.child.send("exit\r")
        self.child.expect(pexpect.EOF)
        status = self.child.wait()
        end(self.child)
        return status

    def heap(self) -> list[str]:
        """What `llext heap` says, but for the line that remembers a past."""
        return [line for line in self.run("llext heap").splitlines() if not line.startswith("peak ")]

    def heap_used(self) -> int:
        """The bytes that `llext heap` says are in use."""
        return int(re.search(r"^used (\d+)$", self.run("llext heap"), re.MULTILINE).group(1))


@pytest.fixture
def command_line(built):
    """A function from an image and more arguments to the command line that runs the board."""

    def command_line(image: Path, *arguments: str) -> list[str]:
        firmware = ["--firmware", str(built.firmware)]
        return [*XTASK, "run", "--board", built.board, *firmware, "--image", str(image), *map(str, arguments)]

    return command_line


@pytest.fixture
def new_image(built, tmp_path, request):
    """A function that makes a private copy of the pristine image."""

    def new_image() -> Path:
        image = tmp_path / f"{len(list(tmp_path.glob('*.img')))}.img"
        # Images are mostly holes.
        subprocess.run(["cp", "--sparse=always", built.image, image], check=True)
        return image

    return new_image


@pytest.fixture
def start_shell(command_line, new_image, request):
    """A function that starts a run with more arguments and returns its `Shell`."""
    shells = []

    def start_shell(*arguments: str, term: str = "dumb", image: Path | None = None) -> Shell:
        added = [word for file in request.config.getoption("--extension") for word in ("--add", file)]
        image = image or new_image()
        environment = {**os.environ, "TERM": term}
        shells.append(Shell(command_line(image, *added, *arguments), environment, image))
        return shells[-1]

    yield start_shell
    for shell in shells:
        end(shell.child)


@pytest.fixture
def shell(start_shell) -> Shell:
    """A fresh run on an image of its own, at its first prompt."""
    return start_shell()


@pytest.fixture
def start_bench(command_line, new_image):
    """A function that starts a board with more arguments, which waits for GDB, and returns its `Bench`."""
    from debugger import Bench

    benches = []

    def start_bench(*arguments: str):
        benches.append(Bench(command_line, new_image(), *arguments))
        return benches[-1]

    yield start_bench
    for bench in benches:
        bench.close()


@pytest.fixture
def attach(built, tmp_path):
    """A function that starts stock GDB in a folder where nothing is, with commands of the user's, and connects it."""

    def attach(bench, *commands: str, firmware: Path = built.firmware):
        gdb = bench.gdb(["gdb-multiarch", "-q", "-nx", firmware], tmp_path)
        for command in commands:
            assert gdb.run(command) == "", command
        connected = gdb.run(f"target remote 127.0.0.1:{bench.port}")
        assert "Remote debugging using" in connected and "JIT" not in connected
        return gdb

    return attach


@pytest.fixture
def start_debugging(start_bench, attach):
    """A function that starts a board and a GDB with commands of the user's, and lets it run to its prompt: (shell, gdb)."""

    def start_debugging(*commands: str, adding: tuple[Path, ...] = (), **firmware: Path):
        bench = start_bench(*(word for file in adding for word in ("--add", str(file))))
        gdb = attach(bench, *commands, "set breakpoint pending on", **firmware)
        gdb.send("continue")
        bench.shell.wait()
        return bench.shell, gdb

    return start_debugging
