"""`llext`, the host tool: the real program against real boards, over every way there is to them.

What a person types is what the tests run; what goes to stderr is for people, and the status for scripts: 1 if something failed, 2 if
it was typed wrong, 3 if the target does not answer, 4 if a call ended in a fault.
"""

import os
import random
import re
import select
import signal
import socket
import struct
import subprocess
import time
from xml.etree import ElementTree

import pexpect
import pytest
from llext_shell.wire import DATA, Decoder

from conftest import PROMPT, ROOT, TIMEOUT_S, end

FAILED, USAGE, NO_TARGET, FAULT = 1, 2, 3, 4

# Extensions of one name go to one file of the repository: each of the processes that run tests has its own.
NAME = "greeting_" + os.environ.get("PYTEST_XDIST_WORKER", "alone")

GREETING = """\
#include <llext.h>

int greet(const char *whom, int times)
{
	for (int i = 0; i < times; i++)
		printf("hello %s\\n", whom);
	return times;
}
EXPORT_SYMBOL(greet);

int crash(void)
{
	return *(volatile int *)0xf0000000;
}
EXPORT_SYMBOL(crash);

void spin(void)
{
	puts("spinning");
	for (;;) {
	}
}
EXPORT_SYMBOL(spin);
"""


def free_port() -> int:
    """A TCP port of this host that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Tool:
    """`llext`, with a port to use unless a test names another."""

    def __init__(self, built, folder, port: str):
        self.program = built.tool
        self.folder = folder
        # A second is long for a board, and short when the host has other things to do.
        self.environment = {**os.environ, "LLEXT_PORT": port, "LLEXT_BOARD": built.board, "LLEXT_WAIT": "60"}

    def __call__(self, *words, status: int = 0) -> str:
        """Runs it and returns what it says on stdout, and on stderr where it fails."""
        done = self.run(*words)
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout if status == 0 else done.stdout + done.stderr

    def run(self, *words) -> subprocess.CompletedProcess:
        command = [self.program, *map(str, words)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT_S)
        # Colours and progress bars are for terminals.
        assert "\x1b" not in done.stdout + done.stderr
        return done

    def start(self, *words) -> subprocess.Popen:
        """Starts it on pipes."""
        command = [self.program, *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, **pipes)

    def spawn(self, *words, colours: bool = False) -> pexpect.spawn:
        """Runs it on a terminal."""
        choice = {"TERM": "xterm", "NO_COLOR": ""} if colours else {"NO_COLOR": "1"}
        child = pexpect.spawn(
            str(self.program),
            [str(word) for word in words],
            cwd=ROOT,
            env={**self.environment, **choice},
            encoding="utf-8",
            timeout=TIMEOUT_S,
            dimensions=(24, 200),
            echo=False,
        )
        child.delaybeforesend = None
        return child


@pytest.fixture
def start_run(command_line, new_image):
    """A function that starts a run which leaves its serial line to others, and returns the process and its image."""
    runs = []

    def start_run(*arguments: str, image=None):
        image = image or new_image()
        run = pexpect.spawn(
            *split(command_line(image, *arguments)), cwd=ROOT, encoding="utf-8", timeout=TIMEOUT_S, echo=False
        )
        runs.append(run)
        return run, image

    yield start_run
    for run in runs:
        end(run)


def split(command: list) -> tuple[str, list[str]]:
    program, *arguments = map(str, command)
    return program, arguments


def wait_for_port(port: int) -> None:
    """Waits until somebody listens there."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            assert time.monotonic() < deadline, f"nobody listens at {port}"
            time.sleep(0.05)


@pytest.fixture
def over_tcp(built, start_run, tmp_path) -> Tool:
    """`llext` on a board's serial line by TCP."""
    port = free_port()
    start_run("--serial", f"tcp:{port}")
    wait_for_port(port)
    return Tool(built, tmp_path, f"tcp:127.0.0.1:{port}")


@pytest.fixture
def over_pty(built, start_run, tmp_path) -> Tool:
    """`llext` on a board's serial line by a pseudo-terminal."""
    run, _ = start_run("--serial", "pty")
    run.expect(r"redirected to (\S+) ")
    return Tool(built, tmp_path, run.match.group(1))


@pytest.fixture
def over_rtt(built, start_shell, tmp_path) -> Tool:
    """`llext` by RTT, while a person has the serial line."""
    from rtt import memory

    shell = start_shell()
    return Tool(built, tmp_path, f"rtt:{memory(built, shell.image)}")


@pytest.fixture
def greeting(tmp_path):
    """A source file."""
    source = tmp_path / f"{NAME}.c"
    source.write_text(GREETING)
    return source


def test_from_a_source_file_to_its_output(over_tcp, greeting):
    tool = over_tcp
    packed = tool("build", greeting).strip()
    assert packed.endswith(f"/stripped/{NAME}.elf")
    assert re.fullmatch(rf"/ext/{NAME}.elf: \d+ bytes in \d+\.\d\d s\n", tool("push", packed))
    assert tool("load", f"/ext/{NAME}.elf").startswith(f"loaded {NAME}: ")
    assert tool("call", NAME, "greet", "bob", "2") == "hello bob\nhello bob\n=> 2 (0x2)\n"
    assert tool("call", NAME, "greet", "'x'", "-1").endswith("=> -1 (0xffffffff)\n")
    said = tool("call", NAME, "gret", status=FAILED)
    assert f"error: call: {NAME}: no function gret\nhint: " in said
    said = tool("call", NAME, "crash", status=FAULT)
    assert re.search(rf"#0 {NAME}:crash\+0x", said) and f"error: call: {NAME}: crash: " in said
    said = tool("call", "--force", "--timeout", "50", NAME, "spin", status=FAULT)
    assert said.startswith("spinning\n")


def test_run_loads_and_then_reloads(over_tcp, greeting):
    assert over_tcp("run", greeting, "greet", "ann", "1").endswith("hello ann\n=> 1 (0x1)\n")
    greeting.write_text(GREETING.replace("hello", "welcome"))
    said = over_tcp("run", greeting, "greet", "ann", "1")
    assert said.startswith(f"reloaded {NAME}: ") and said.endswith("welcome ann\n=> 1 (0x1)\n")
    greeting.write_text("int x = ;\n")
    assert f"{NAME}.c:1:" in over_tcp("run", greeting, status=FAILED)


def test_each_save_is_built_and_called(over_tcp, greeting):
    dev = over_tcp.spawn("dev", greeting, "greet", "eve", "1")
    dev.expect_exact("hello eve")
    dev.expect_exact("Ctrl-C ends")
    for word in ("welcome", "goodbye"):
        greeting.write_text(GREETING.replace("hello", word))
        dev.expect_exact(f"{word} eve")
        dev.expect(r"\d+\.\d\d s from the save to the output; median of \d: \d+\.\d\d s")
        dev.expect_exact("Ctrl-C ends")
    # A mistake in a header that came with the last build; and then in the file itself.
    header = greeting.with_name("word.h")
    header.write_text('#define WORD "included"\n')
    greeting.write_text('#include "word.h"\n' + GREETING.replace('"hello ', 'WORD " '))
    dev.expect_exact("included eve")
    dev.expect_exact("Ctrl-C ends")
    header.write_text('#define WORD "broken\n')
    dev.expect_exact("error: ")
    dev.expect_exact("Ctrl-C ends")
    header.write_text('#define WORD "mended"\n')
    dev.expect_exact("mended eve")
    dev.expect_exact("Ctrl-C ends")
    greeting.write_text("int x = ;\n")
    dev.expect_exact("error: ")
    dev.expect_exact("Ctrl-C ends")
    greeting.write_text(GREETING.replace("hello", "again"))
    dev.expect_exact("again eve")
    dev.expect_exact("Ctrl-C ends")
    dev.sendintr()
    dev.expect(pexpect.EOF)
    dev.close()
    assert dev.exitstatus == 128 + signal.SIGINT
    # The prompt is back for whoever comes next.
    assert "again" in over_tcp("call", NAME, "greet", "eve", "1")


def test_ctrl_c_ends_it_in_the_middle_of_a_call_too(over_tcp, greeting):
    dev = over_tcp.spawn("dev", greeting, "spin")
    dev.expect_exact("spinning")
    dev.sendintr()
    dev.expect_exact("spin was interrupted by Ctrl-C")
    assert "watching" not in dev.read()
    dev.close()
    assert dev.exitstatus == 128 + signal.SIGINT


def test_a_new_version_for_which_there_is_no_room_beside_the_old_one(over_tcp, greeting):
    # More than half of the heap.
    huge = GREETING.replace("int greet", "char ballast[5 << 19];\n\nint greet")
    greeting.write_text(huge)
    dev = over_tcp.spawn("dev", greeting, "greet", "eve", "1")
    dev.expect_exact("hello eve")
    dev.expect_exact("Ctrl-C ends")
    greeting.write_text(huge.replace("hello", "welcome"))
    dev.expect_exact(f"error: reload: /ext/{NAME}.elf: out of memory: ")
    dev.expect_exact("hint: the old one runs on, for there is no room for both; with --replace it is unloaded first")
    dev.expect_exact("Ctrl-C ends")
    dev.sendintr()
    dev.expect(pexpect.EOF)
    assert "hello" in over_tcp("call", NAME, "greet", "eve", "1")
    assert over_tcp("run", "--replace", greeting, "greet", "eve", "1").endswith("welcome eve\n=> 1 (0x1)\n")


def test_sources_of_one_name_are_built_at_once(built, tmp_path):
    tool = Tool(built, tmp_path, "tcp:127.0.0.1:1")
    words = ["spring", "summer"]
    for word in words:
        (tmp_path / word).mkdir()
        (tmp_path / word / f"{NAME}.c").write_text(GREETING.replace("hello", word))
    for _ in range(4):
        builds = [tool.start("build", tmp_path / word / f"{NAME}.c", "-o", tmp_path / word / f"{NAME}.elf") for word in words]
        for build, word in zip(builds, words):
            said = build.communicate()
            assert build.returncode == 0, said
            assert word.encode() in (tmp_path / word / f"{NAME}.elf").read_bytes()


def test_files_go_both_ways_as_they_are(over_rtt, tmp_path):
    tool = over_rtt
    data = bytes(range(256)) * 40 + b"\x00\x03\x00" * 7
    here, back = tmp_path / "a b.bin", tmp_path / "back.bin"
    here.write_bytes(data)
    assert tool("put", here, "/ext/") == f"/ext/a b.bin: {len(data)} bytes\n"
    assert "a b.bin" in tool("ls", "/ext")
    assert tool("get", "/ext/a b.bin", back) == f"{back}: {len(data)} bytes\n"
    assert back.read_bytes() == data
    here.write_bytes(b"")
    tool("put", here, "/empty")
    assert tool("cat", "/empty") == ""
    here.write_text("one\ntwo\n")
    tool("put", here, "/two.txt")
    assert tool("cat", "/two.txt") == "one\ntwo\n"
    assert tool("rm", "/two.txt", "/empty") == ""
    said = tool("cat", "/two.txt", status=FAILED)
    assert "error: " in said and "/two.txt: no such file or directory" in said
    assert "error: rm: /two.txt: " in tool("rm", "/two.txt", status=FAILED)


def test_a_pseudo_terminal_is_as_good_as_a_serial_port(over_pty, tmp_path):
    data = bytes(range(256)) * 20
    here, back = tmp_path / "here.bin", tmp_path / "back.bin"
    here.write_bytes(data)
    over_pty("put", here, "/there.bin")
    over_pty("get", "/there.bin", back)
    assert back.read_bytes() == data


def test_a_board_is_started_for_the_command_and_ended_with_it(built, tmp_path, greeting):
    tool = Tool(built, tmp_path, f"qemu:{built.board}")
    del tool.environment["LLEXT_BOARD"]
    assert tool("run", greeting, "greet", "ann", "1").endswith("hello ann\n=> 1 (0x1)\n")
    # Ctrl-C ends the call, not the board, which is left in order: the terminal's other programs do not see it.
    run = tool.spawn("run", greeting, "spin")
    run.expect_exact("spinning")
    run.sendintr()
    run.expect_exact("spin was interrupted by Ctrl-C")
    run.expect(pexpect.EOF)
    run.close()
    assert run.exitstatus == FAULT
    said = tool("--board", "toaster", "ls", status=FAILED)
    assert f"error: --port qemu:{built.board} starts another board than toaster\nhint: " in said


def test_an_extension_is_loaded_without_the_file_system(over_tcp, built):
    file = built.extensions["counter"].parent / "stripped" / "counter.elf"
    assert over_tcp("load", file, "--name", "direct").startswith("loaded direct: ")
    assert over_tcp("call", "direct", "counter_advance", "3").endswith("=> 15 (0xf)\n")
    assert "an extension of this name is loaded" in over_tcp("load", file, "--name", "direct", status=FAILED)
    missing = built.extensions["orphan"].parent / "stripped/orphan.elf"
    assert "2 undefined symbols: prinkt, play_tone\n" in over_tcp("load", missing, status=FAILED)


def test_ctrl_c_ends_the_call_and_not_the_board(over_tcp, greeting):
    over_tcp("run", greeting)
    call = over_tcp.spawn("call", NAME, "spin")
    call.expect_exact("spinning")
    call.sendintr()
    call.expect(pexpect.EOF)
    call.close()
    assert call.exitstatus == FAULT
    assert over_tcp("call", NAME, "greet", "you", "1") == "hello you\n=> 1 (0x1)\n"


class Line:
    """A line to a board that can be cut: TCP to TCP, one connection after the other. `sent` is what went to the board last."""

    def __init__(self, port: int):
        self.board = port
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def carry(self, at_most: int | None = None) -> None:
        """Takes one connection and carries what comes, until it ends or so many bytes have gone to the board."""
        self.sent = b""
        host, _ = self.server.accept()
        with host, socket.create_connection(("127.0.0.1", self.board)) as board:
            while at_most is None or len(self.sent) < at_most:
                ready = select.select([host, board], [], [], TIMEOUT_S)[0]
                assert ready, "nobody says anything"
                for side in ready:
                    data = side.recv(256)
                    if not data:
                        return
                    (board if side is host else host).sendall(data)
                    self.sent += data if side is host else b""

    def first_piece(self) -> int:
        """Where in its file the first piece begins that went to the board."""
        frames = Decoder().feed(self.sent)
        return next(struct.unpack_from("<I", frame.payload)[0] for frame in frames if frame.kind == DATA)


def test_a_transfer_that_was_cut_or_interrupted_goes_on_where_it_was(built, over_tcp, tmp_path):
    here, back = tmp_path / "here.bin", tmp_path / "back.bin"
    here.write_bytes(random.Random(5).randbytes(60_000))
    port = int(over_tcp.environment["LLEXT_PORT"].rsplit(":", 1)[1])
    line = Line(port)
    through = Tool(built, tmp_path, f"tcp:127.0.0.1:{line.port}")
    # On pipes, for nobody would read a terminal while the line is served here.
    push = through.start("push", here, "/cut.bin")
    line.carry(25_000)
    assert "the connection is lost" in push.communicate()[1]
    assert push.returncode == NO_TARGET
    # Ctrl-C, in what is left. The target is at its prompt when the program ends.
    push = over_tcp.spawn("push", here, "/cut.bin")
    push.expect(r"/cut.bin \[.* [23]\d\.\d\d KiB/58\.59 KiB")
    push.sendintr()
    push.expect_exact("error: recv: /cut.bin: was interrupted by Ctrl-C")
    push.expect(pexpect.EOF)
    push.close()
    assert push.exitstatus == FAILED
    push = through.start("push", here, "/cut.bin")
    line.carry()
    # How much goes over the line is up to how busy the host is: pieces are sent again. Where it begins is not.
    assert line.first_piece() >= 20 << 10
    assert push.communicate()[0].startswith("/cut.bin: 60000 bytes in ")
    over_tcp("get", "/cut.bin", back)
    assert back.read_bytes() == here.read_bytes()


def test_the_console_is_the_shell_and_comes_back(built, start_run, tmp_path):
    port = free_port()
    run, image = start_run("--serial", f"tcp:{port}")
    wait_for_port(port)
    tool = Tool(built, tmp_path, f"tcp:127.0.0.1:{port}")
    console = tool.spawn("console")
    console.expect_exact("Ctrl-] leaves")
    console.expect_exact(PROMPT)
    console.send("uptime\r")
    console.expect_exact("uptime")
    console.expect_exact(PROMPT)
    run.close(force=True)
    console.expect_exact("the connection is lost")
    start_run("--serial", f"tcp:{port}", image=image)
    console.expect_exact("connected again")
    console.send("\r")
    console.expect_exact(PROMPT)
    # Half a line, and the next program finds its way all the same.
    console.send("llext li")
    console.expect_exact("li")
    console.send("\x1d")
    console.expect(pexpect.EOF)
    console.close()
    assert console.exitstatus == 0
    assert "ext/" in tool("ls")
    piped = subprocess.run(
        [tool.program, "console"], env=tool.environment, input="version\r", capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert piped.returncode == 0 and f" on {built.board}" in piped.stdout


def test_a_program_that_died_in_a_request_leaves_no_trace(over_tcp, greeting):
    over_tcp("run", greeting)
    call = over_tcp.spawn("call", NAME, "spin")
    call.expect_exact("spinning")
    call.kill(9)
    call.close()
    assert over_tcp("call", "--force", NAME, "greet", "you", "1") == "hello you\n=> 1 (0x1)\n"


def test_a_picture_of_the_memory(over_tcp, tmp_path):
    over_tcp("load", "/ext/hello.elf")
    said = over_tcp("map")
    assert re.search(r"^  0x[0-9a-f]{8} +\d+  hello text$", said, re.MULTILINE)
    assert re.search(r"^0x[0-9a-f]{8} +\d+  stack$", said, re.MULTILINE)
    drawing = tmp_path / "map.svg"
    assert over_tcp("map", "--svg", drawing) == f"{drawing}\n"
    titles = [title.text for title in ElementTree.parse(drawing).iter("{http://www.w3.org/2000/svg}title")]
    assert any(re.fullmatch(r"hello text: \d+ bytes at 0x[0-9a-f]{8}", title) for title in titles)


def test_gdb_knows_the_firmware_and_where_extensions_are(built, start_run, tmp_path):
    port = free_port()
    start_run("--serial", "pty", "--gdb", port)
    wait_for_port(port)
    tool = Tool(built, tmp_path, "tcp:127.0.0.1:1")
    commands = ["-batch", "-ex", "show debug-file-directory", "-ex", "info symbol exec_call", "-ex", "kill"]
    said = tool("gdb", "--server", f"127.0.0.1:{port}", "--", *commands)
    assert f'"{built.debug_files}"' in said and "exec_call in section .text" in said


def test_what_a_target_would_say_is_known_without_it(built, shell, tmp_path, greeting):
    tool = Tool(built, tmp_path, "tcp:127.0.0.1:1")
    stripped = built.extensions["orphan"].parent / "stripped"
    said = tool("check", stripped / "orphan.elf", status=FAILED)
    assert "undefined prinkt (did you mean printk?)\nundefined play_tone\n" in said
    regions = re.compile(r"^(?:text|rodata|data|bss|veneers) .*$", re.MULTILINE)
    assert regions.findall(said) == regions.findall(shell.run("llext load /ext/orphan.elf --dry-run"))
    assert "2 undefined symbols, 0 unsupported relocations" in said
    assert re.search(r"^hello needs \d+ bytes", tool("check", stripped / "hello.elf"), re.MULTILINE)
    said = tool("check", greeting, status=FAILED)
    assert f"error: {greeting}: a source file\nhint: `llext build {greeting}` makes the extension" in said
    assert "hint: load the output of the compiler" in tool("check", ROOT / "README.md", status=FAILED)
    output = tmp_path / "bound.elf"
    assert tool("build", greeting, "--abi", "-o", output) == f"{output}\n"
    tool("check", output)
    strange = output.read_bytes()
    firmware = built.firmware.read_bytes()
    note = b"\x06\0\0\0\x04\0\0\0\x01\0\0\0llext\0\0\0"
    own = firmware[firmware.index(note) + len(note) :][:4]
    output.write_bytes(strange.replace(note + own, note + b"????"))
    assert "built for" in tool("check", output, status=FAILED)
    said = tool("size", stripped / "counter.elf")
    assert re.search(r"text +\.text\n", said) and " in all: text " in said


def test_what_is_wrong_is_said_with_what_to_do(built, tmp_path):
    tool = Tool(built, tmp_path, f"tcp:127.0.0.1:{free_port()}")
    assert "Usage:" in tool("call", "hello", status=USAGE)
    assert "tcp:HOST:PORT" in tool("--port", "tcp:1", "ls", status=USAGE)
    for words, colours in [(["ls"], True), (["ls"], False), (["lss"], True), (["lss"], False)]:
        child = tool.spawn(*words, colours=colours)
        child.expect(pexpect.EOF)
        assert ("\x1b[" in child.before) == colours, child.before
    said = tool("ls", status=NO_TARGET)
    assert "error: cannot open tcp:" in said and "hint: start the board first" in said
    said = tool("--port", "/dev/no-such-port", "ls", status=NO_TARGET)
    assert "hint: is it plugged in" in said
    said = tool("--port", "probe:STM32F407VGTx", "ls", status=NO_TARGET)
    assert "error: cannot open probe:STM32F407VGTx: this llext was built without debug probes\n" in said
    assert "hint: build it with them: `cargo install --path tools --features probe-rs`\n" in said
    assert "probe:CHIP@SERIAL" in tool("--port", "probe:", "ls", status=USAGE)
    assert "hint: there are " in tool("--board", "toaster", "build", ".", status=FAILED)
    said = tool("--kit", tmp_path, "build", ".", status=FAILED)
    assert "kit.toml" in said
    assert "no-such.c" in tool("build", "no-such.c", status=FAILED)
    for command in ("push", "load"):
        said = tool(command, tmp_path, status=FAILED)
        assert f"error: {tmp_path}: a folder, and a file is wanted\nhint: `llext build {tmp_path}` makes" in said
        assert "error: no-such.elf: No such file" in tool(command, "no-such.elf", status=FAILED)
    # A file of zeros is memory in which no firmware has set RTT up.
    zeros = tmp_path / "zeros"
    zeros.write_bytes(bytes(4096))
    said = tool("--wait", "1", "--port", f"rtt:{zeros}", "ls", status=NO_TARGET)
    assert f"error: rtt:{zeros}: the target does not answer\nhint: is llext-shell running there" in said
    # A listener that never answers, and one that hangs up.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tool.environment["LLEXT_PORT"] = f"tcp:127.0.0.1:{silent.getsockname()[1]}"
        said = tool("--wait", "1", "ls", status=NO_TARGET)
        assert "the target does not answer" in said and "hint: " in said
    with socket.create_server(("127.0.0.1", 0)) as server:
        tool.environment["LLEXT_PORT"] = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        child = tool.spawn("ls")
        server.accept()[0].close()
        child.expect_exact("the connection is lost")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == NO_TARGET
