"""Whatever comes over the line, and whenever: what was answered holds, nothing runs twice, and the prompt is back.

    > mach\\xf3\\x00\\x11…                noise at the prompt, among frames, in a request, in a transfer, in a call
    > break                             a break of the line (rv32-virt has a UART that knows one), or 16 times 00
    > (the host is gone)                and another one comes
"""

import os
import random
import socket
import time

import pytest

import wire
from conftest import ROOT
from rtt import Rtt, memory
from test_transfer import CHUNK, Sender, fetched
from wire import FAILED, OK, Target, frame

SEED = 20260
# Rounds of push, load, call and unload on each of the boards; `LLEXT_ROUNDS=1000` is for who has the time.
ROUNDS = int(os.environ.get("LLEXT_ROUNDS", "250"))


class Noise:
    """Bytes that a line in trouble brings."""

    def __init__(self, *without: int):
        self.random = random.Random(SEED)
        self.bytes = bytes(set(range(256)) - set(without))

    def __call__(self, count: int) -> bytes:
        return bytes(self.random.choices(self.bytes, k=count))


# Ctrl-D on an empty line ends a session, and Ctrl-C a call: who types those is heard.
AT_PROMPT = Noise(0x03, 0x04)
# No such byte sequence is a frame with its checksum; 00 03 00 is Ctrl-C there.
AMONG_FRAMES = Noise(0x03)


class OverRtt(Target):
    """A run whose frames go over RTT, beside its UART."""

    def __init__(self, command: list[str], client, **options):
        super().__init__(command, **options)
        self.client = client()
        self.received = b""
        self.client.send("\r")
        self.prompt()

    def send(self, data: bytes) -> None:
        self.sent += len(data)
        while data:
            data = data[self.client.write(data) :]
            self.received += self.client.read()

    def more(self) -> None:
        if not hasattr(self, "client"):
            return super().more()
        deadline = time.monotonic() + wire.TIMEOUT_S
        while not (data := self.client.read()):
            assert time.monotonic() < deadline, f"silence after {self.received[-200:]!r}"
            time.sleep(0.0005)
        self.received += data


@pytest.fixture(params=["uart", "rtt"])
def target(request, built, command_line, new_image, misbehaving, tmp_path):
    """A run at its human prompt, with `exec.elf` on its file system; `monitor` is QEMU's."""
    image = new_image()
    command = command_line(image, "--add", misbehaving, "--monitor", tmp_path / "monitor")
    options = {"cwd": ROOT, "env": {**os.environ, "TERM": "dumb"}}
    if request.param == "uart":
        target = Target(command, **options)
    else:
        target = OverRtt(command, lambda: Rtt(memory(built, image)), **options)
    target.monitor = tmp_path / "monitor"
    yield target
    target.close()


def line_break(target) -> None:
    """A break of the UART's line."""
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(str(target.monitor))
        monitor.recv(4096)
        monitor.sendall(b"chardev-send-break console\n")
        # The next prompt of the monitor: it is done.
        answer = b""
        while b"console" not in answer or not answer.endswith(b"(qemu) "):
            answer += monitor.recv(4096)


def is_well(target) -> None:
    """The human prompt answers, after what noise left on the line."""
    target.send(b"\x03")
    target.expect(b"^C\n")
    target.prompt()
    target.received = b""
    assert "llext-shell" in target.shell("version")


def test_noise_at_the_prompt(target):
    target.shell("mkdir /kept")
    for count in (1, 10, 100, 1000):
        target.send(AT_PROMPT(count))
        is_well(target)
    assert "kept" in target.shell("ls /")


def test_noise_among_frames(target):
    target.enter()
    for count in (1, 10, 100, 1000):
        target.send(AMONG_FRAMES(count) + b"\0")
        assert target.run("version").status == OK
    # In a request: its first half, noise, and the request again.
    request = frame(wire.RUN, 999, b"mkdir /once")
    for cut in range(1, len(request) - 1, 7):
        target.send(request[:cut] + AMONG_FRAMES(20) + b"\0")
    target.send(request)
    assert target.finish(999).status == OK
    assert target.run("mkdir /once").status == FAILED
    target.send(frame(wire.LEAVE, 0))
    target.prompt()
    assert "once" in target.shell("ls /")


def test_noise_in_a_call(target):
    target.enter()
    assert target.run("llext load /ext/exec.elf").status == OK
    request = target.start("llext call exec spin")
    # A 03 alone is data here.
    target.send(AMONG_FRAMES(900) + b"\x03\x03\x01\0")
    target.send(wire.INTERRUPT)
    ended = target.finish(request)
    assert ended.status == FAILED and "Ctrl-C" in ended.text
    assert target.run("llext call exec formats").output.startswith("-5 7 beef")


def test_noise_in_a_transfer(target):
    """Frames are lost, and noise comes between them and in them: the file arrives as it was."""
    content = random.Random(SEED).randbytes(12 * CHUNK + 5)
    harmed = 0

    def harm(offset: int, data: bytes) -> bytes:
        nonlocal harmed
        harmed += 1
        # Each time another way, and every second time none: nobody gets through a line that destroys all.
        middle = len(data) // 2
        ways = {1: AMONG_FRAMES(30) + b"\0" + data, 3: data[:middle] + AMONG_FRAMES(1) + data[middle:], 5: data[:middle], 7: b""}
        return ways.get(harmed % 8, data)

    target.enter()
    fields = Sender(target, "recv /file", content).send_all(harm)
    assert fields["size"] == str(len(content)) and harmed > 16
    # Half a frame may still stand on the line, of what was sent when all had come.
    target.send(b"\0")
    assert fetched(target, "/file") == content


def test_a_break_in_a_transfer(target):
    """The old file is whole, and the human prompt back."""
    target.enter()
    Sender(target, "recv /file", b"old").send_all()
    sender = Sender(target, "recv /file", bytes(5 * CHUNK))
    for offset in (0, CHUNK):
        assert sender.acknowledged() == offset
        target.send(sender.data(offset))
    target.send(sender.data(2 * CHUNK)[:300] + wire.BREAK)
    target.prompt()
    assert target.shell("cat /file").startswith("old")
    target.enter()
    Sender(target, "recv /file", b"new").send_all()
    assert fetched(target, "/file") == b"new"


def test_breaks(target, built):
    """The line breaks at the prompt, where that means nothing, among frames, in half a frame, and in a call."""
    ways = [lambda: target.send(wire.BREAK)]
    if not built.is_arm and not isinstance(target, OverRtt):
        ways.append(lambda: line_break(target))
    assert target.shell("llext load /ext/exec.elf").startswith("loaded exec")
    for give in ways:
        give()
        assert "llext-shell" in target.shell("version")
        target.enter()
        give()
        target.prompt()
        target.enter()
        request = target.start("llext call exec spin --force")
        while target.next()[0] != wire.OUTPUT:
            pass
        give()
        while target.next()[:2] != (wire.DONE, request):
            pass
        target.prompt()
    # In half a frame; a break from the monitor could overtake that.
    target.enter()
    target.send(frame(wire.RUN, 5, b"mkdir /never")[:-3] + wire.BREAK)
    target.prompt()
    assert "never" not in target.shell("ls /")


def test_a_host_that_leaves_and_another_that_comes(target):
    target.enter(" --timeout 500")
    request = target.start("mkdir /kept")
    assert target.finish(request).status == OK
    # In half a request, the host is gone. The prompt is back for the next one.
    target.send(frame(wire.RUN, 77, b"mkdir /never")[:9])
    target.prompt()
    listed = target.shell("ls /")
    assert "kept" in listed and "never" not in listed


def test_who_is_not_asked_waits(built, command_line, new_image):
    """While frames go over the UART, RTT is silent; what is typed there runs when they are over."""
    image = new_image()
    target = Target(command_line(image), cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    try:
        client = Rtt(memory(built, image))
        client.expect_exact("llext> ")
        target.enter()
        client.expect_exact("machine")
        client.expect_exact("\n")
        client.send("\x03uptime\r")
        for _ in range(20):
            assert target.run("version").status == OK
        assert client.read() == b""
        target.send(frame(wire.LEAVE, 0))
        client.expect_exact("^C")
        client.expect_exact("up ")
        target.expect(b"up ")
    finally:
        target.close()


def heap(target) -> list[dict[str, str]]:
    """What `llext heap` says, but for what remembers a past."""
    answer = target.run("llext heap")
    assert answer.status == OK and answer.records
    return [{key: value for key, value in record.items() if key != "peak"} for record in answer.records]


@pytest.mark.timeout(600 + 3 * ROUNDS)
def test_many_rounds_leave_the_heap_as_it_was(built, command_line, new_image):
    content = built.extensions["hello"].read_bytes()
    image = new_image()
    options = {"cwd": ROOT, "env": {**os.environ, "TERM": "dumb"}}
    target = OverRtt(command_line(image), lambda: Rtt(memory(built, image)), **options)
    try:
        target.enter()
        before = None
        for _ in range(ROUNDS):
            assert Sender(target, "recv /ext/hello.elf", content).send_all()["size"] == str(len(content))
            assert target.run("llext load /ext/hello.elf").status == OK
            assert target.run("llext call hello hello_world").output == "hello world\n"
            assert target.run("llext unload hello").status == OK
            before = before or heap(target)
        assert heap(target) == before
        # Shown by `pytest -rP`.
        print(f"{ROUNDS} rounds:", before[0])
    finally:
        target.close()
