"""The Python client, as somebody's own test suite would use it (tools/python): on a board in QEMU, by pipes and over a socket.

    with Target.open("/dev/ttyUSB0") as target:
        assert target.load("hello.elf").call("add", 1, 2).value == 3
"""

import doctest
import os
import random
import re
import socket
import subprocess
import threading
import time

import pytest
from llext_shell import CommandError, ConnectionLost, LlextError, NoAnswer, Target, links, wire

from conftest import ROOT, TIMEOUT_S, XTASK

ENVIRONMENT = {**os.environ, "TERM": "dumb"}


@pytest.fixture(scope="session")
def extension(built, tmp_path_factory):
    """`client.c`, built for the board."""
    output = tmp_path_factory.mktemp(f"client-{built.board}") / "client.elf"
    command = [*XTASK, "extension", "tests/client.c", "--board", built.board, "-o", output]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return output


@pytest.fixture
def target(command_line, new_image):
    """What a user's fixture would be; `open` gets a command that runs the target, or the address of one."""
    command = command_line(new_image())
    with Target.open(command, timeout=TIMEOUT_S, patience=TIMEOUT_S, cwd=ROOT, env=ENVIRONMENT) as target:
        yield target


@pytest.fixture
def start_served(command_line, new_image):
    """A function that runs the board with its serial line at `tcp:PORT` or a `pty`, and returns the run and an address."""
    runs = []

    def start_served(line: str) -> tuple[subprocess.Popen, str]:
        command = command_line(new_image(), "--serial", line)
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        run = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, text=True, **pipes)
        runs.append(run)
        if line != "pty":
            return run, line.replace(":", ":127.0.0.1:")
        # QEMU says which one it is.
        return run, next(found[0] for said in run.stdout if (found := re.search(r"/dev/\S+", said)))

    yield start_served
    for run in runs:
        run.kill()
        run.communicate()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def open_when_there(address: str) -> Target:
    """The target, once the emulator listens."""
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return Target.open(address, timeout=TIMEOUT_S, patience=TIMEOUT_S)
        except ConnectionLost:
            assert time.monotonic() < end
            time.sleep(0.05)


def test_load_call_unload(target, extension, built):
    assert (target.hello.board, target.hello.protocol) == (built.board, 1)
    client = target.load(extension)
    assert [each.name for each in target.list()] == [client.name] == ["client"]
    assert client.call("add", 1, 2) == target.call("client", "add", 1, 2)
    result = client.call("add", -5, 0xFFFFFFFF)
    assert (result.value, result.output, result.fault) == (-6, "-5 + -1\n", None)
    assert client.call("length", 'a "b" \\ ü\n').value == len('a "b" \\ ü\n'.encode())
    client.unload()
    assert target.list() == []


def test_what_fails_says_why_and_what_to_do(target, extension):
    client = target.load(extension, name="mine")
    with pytest.raises(CommandError) as failed:
        client.call("ad", 1, 2)
    assert (failed.value.what, failed.value.why) == ("call", "mine: no function ad")
    assert "add" in failed.value.hint
    with pytest.raises(CommandError, match="nobody"):
        target.unload("nobody")
    with pytest.raises(CommandError):
        target.load(b"no ELF file at all", name="noise")
    with pytest.raises(LlextError, match="32 bits"):
        client.call("add", 1 << 32, 0)
    with pytest.raises(LlextError, match="1.5 is neither an integer nor a string"):
        client.call("add", 1.5, 0)
    response = target.run("frobnicate")
    assert not response.ok and response.text.startswith("error: ")
    assert client.call("add", 1, 2).value == 3


def test_faults_and_timeouts(target, extension):
    client = target.load(extension)
    result = client.call("fail")
    assert (result.value, result.output, result.fault.outcome) == (None, "before\n", "fault")
    assert "0xf0000000" in result.fault.why and "client:fail" in result.fault.report
    with pytest.raises(CommandError, match="faulted"):
        client.call("add", 1, 2)
    assert client.call("add", 1, 2, force=True).value == 3
    result = client.call("spin", timeout=0.2, force=True)
    assert (result.value, result.output, result.fault.outcome) == (None, "spinning\n", "timeout")
    # The client's own patience, for a command that says no time.
    with pytest.raises(NoAnswer, match="no answer in 0.5 s"):
        target.run("llext call client spin --force", timeout=0.5)
    assert client.call("add", 1, 2, force=True).value == 3


def test_interrupt_from_another_thread(target, extension):
    client = target.load(extension)
    results = []
    calling = threading.Thread(target=lambda: results.append(client.call("spin")))
    calling.start()
    while calling.is_alive():
        # One that comes before the call is taken for nothing.
        target.interrupt()
        calling.join(0.1)
    assert results[0].fault.outcome == "interrupted"
    assert client.call("add", 1, 2).value == 3


def test_a_request_that_the_line_swallows_is_sent_again(target, monkeypatch):
    link, swallowed = target._session._link, []

    def write(data, write=link.write):
        if not swallowed:
            swallowed.append(data)
        else:
            write(data)

    monkeypatch.setattr(link, "write", write)
    assert target.run("version").status == 0
    assert len(swallowed) == 1 and b"version" in swallowed[0]


def test_files_there_and_back(target, tmp_path):
    data = bytes(byte * 7 % 251 for byte in range(30_000))
    target.push(data, "/big.bin")
    assert target.pull("/big.bin", tmp_path / "big.bin") == data == (tmp_path / "big.bin").read_bytes()
    (tmp_path / "small.txt").write_text("small")
    target.push(tmp_path / "small.txt", "/a name.txt")
    assert target.pull("/a name.txt") == b"small"
    target.push(b"", "/a name.txt")
    assert target.pull("/a name.txt") == b""
    target.push(b"quoted", '/"a" \\name')
    assert target.pull('/"a" \\name') == b"quoted"
    with pytest.raises(CommandError, match="no such file"):
        target.pull("/none")
    with pytest.raises(CommandError):
        target.push(b"x", "/none/x")


def test_a_push_that_was_cut_goes_on_where_it_was(start_served):
    _, address = start_served(f"tcp:{free_port()}")
    data = random.Random(7).randbytes(8_000)
    for other in (data, data[:100] + b"other" + data[105:], data[:500]):
        first = open_when_there(address)
        cut_after(first, 5_000)
        with pytest.raises(ConnectionLost):
            first.push(data, "/a cut.bin")
        with Target.open(address, timeout=TIMEOUT_S, patience=TIMEOUT_S) as second:
            pieces = offsets(second)
            second.push(other, "/a cut.bin")
            # What another file began with is of no use.
            assert pieces[0] > 0 if other is data else pieces[0] == 0
            assert second.pull("/a cut.bin") == other
            assert "part" not in second.run("ls /").text


def cut_after(target: Target, count: int) -> None:
    """Cuts the line to a target when so many bytes more have gone to it."""
    link, left = target._session._link, [count]

    def write(data, write=link.write):
        left[0] -= len(data)
        if left[0] < 0:
            link.close()
        write(data)

    link.write = write


def offsets(target: Target) -> list[int]:
    """Where in a file the pieces are that go to a target from now on."""
    link, found = target._session._link, []

    def write(data, write=link.write):
        frame = wire.opened(data.rstrip(b"\0"))
        if frame and frame.kind == wire.DATA:
            found.append(int.from_bytes(frame.payload[:4], "little"))
        write(data)

    link.write = write
    return found


def test_a_lost_connection_and_another_client(start_served, extension):
    """Over a socket: who comes after a client that died finds the target in machine mode, or in a call."""
    run, address = start_served(f"tcp:{free_port()}")
    first = open_when_there(address)
    client = first.load(extension)
    first._session.send(wire.RUN, 1, b"llext call client spin")
    first._session._link.close()
    with Target.open(address, timeout=TIMEOUT_S) as second:
        assert [each.name for each in second.list()] == [client.name]
        assert second.call("client", "add", 1, 2).value == 3
    third = Target.open(address, timeout=TIMEOUT_S)
    # It left machine mode meanwhile, as it does by itself after 10 s.
    third._session.send(wire.LEAVE, 0)
    third._session._heard -= 60
    assert third.call("client", "add", 1, 2).value == 3
    run.kill()
    run.wait()
    with pytest.raises(ConnectionLost):
        for _ in range(1000):
            third.run("version", timeout=5)
    third.leave()


def test_a_serial_port(start_served, extension):
    """A pseudo-terminal stands for a serial port."""
    _, address = start_served("pty")
    with Target.open(f"serial:{address}@921600", timeout=TIMEOUT_S) as target:
        assert target.load(extension).call("add", 1, 2).value == 3


def test_the_readme_shows_what_a_user_sees(built, command_line, new_image, monkeypatch, tmp_path):
    text = (ROOT / "tools/python/README.md").read_text()
    session = re.search(r"^```python\n(>>>.*?)^```$", text, re.MULTILINE | re.DOTALL)[1].replace("mps2-an385", built.board)
    command = command_line(new_image())
    monkeypatch.setattr(links, "connected", lambda where: links.Program(command, cwd=ROOT, env=ENVIRONMENT))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "motto.txt").write_text("edit, push, call\n")
    test = doctest.DocTestParser().get_doctest(session, {}, "README.md", None, 0)
    said: list[str] = []
    failures, steps = doctest.DocTestRunner().run(test, out=said.append)
    assert failures == 0 and steps > 10, "".join(said)


@pytest.mark.parametrize("where", ["tcp:localhost", "ttyUSB0", "serial:/dev/null@fast"])
def test_addresses_that_are_none(where):
    with pytest.raises(LlextError, match=re.escape(where)):
        links.connected(where)


def test_nobody_there():
    with pytest.raises(ConnectionLost, match="hint: "):
        Target.open("/dev/none")
    with pytest.raises(ConnectionLost, match="hint: "):
        Target.open(f"tcp:127.0.0.1:{free_port()}")
    with pytest.raises(ConnectionLost, match="it ended with status 0"):
        Target.open(["true"])
