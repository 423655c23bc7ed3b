"""Files over the console: YMODEM at the prompt with lrzsz's own programs, and frames in machine mode.

    $ cargo xtask run --serial pty          # says which: /dev/pts/3
    llext> recv                             # in a terminal program on it
    $ sb hello.elf < /dev/pts/3 > /dev/pts/3
"""

import os
import random
import re
import struct
import subprocess
import time
import zlib
from pathlib import Path

import pexpect.fdpexpect
import pytest

import wire
from conftest import PROMPT, ROOT, TIMEOUT_S
from wire import ACK, ACK_OUT, CANCEL, DATA, DATA_OUT, DONE, END, END_OUT, FAILED, OK, RUN, Target, frame

SOH, ETX, EOT, ACKNOWLEDGE, NAK, CAN = b"\x01", b"\x03", b"\x04", b"\x06", b"\x15", b"\x18"
CHUNK, WINDOW = 1024, 3072
# Commands that wait for the other side, and say so.
WAITING = re.compile("recv|send|llext (load|reload \\w+) -$")


def noise(length: int) -> bytes:
    """A file of every byte."""
    return random.Random(length).randbytes(length)


class Line:
    """A board's serial line on a pseudo-terminal, and what a user does at it."""

    def __init__(self, command: list[str]):
        environment = {**os.environ, "TERM": "dumb"}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.run = subprocess.Popen([*command, "--serial", "pty"], cwd=ROOT, env=environment, **pipes)
        said = b""
        while not (found := re.search(rb"(/dev/pts/\d+) ", said)):
            said += self.run.stdout.readline()
        self.path = found[1].decode()
        self.fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY)
        self.child = pexpect.fdpexpect.fdspawn(self.fd, encoding="latin-1", timeout=TIMEOUT_S)
        # What was said before the line was open is lost.
        self.child.send("\n")
        self.come_back()

    def type(self, line: str) -> str:
        """Types a line and returns what it prints."""
        self.start(line)
        return self.wait()

    def start(self, line: str) -> None:
        # Each prompt that is still on its way is answered by another: the live one echoes this.
        mark = f"# {random.getrandbits(48):x}"
        self.child.send(mark + "\n")
        self.child.expect_exact(mark)
        self.child.expect_exact(PROMPT)
        self.child.send(line + "\n")
        self.child.expect_exact(line)
        self.child.expect("\r?\n")
        if WAITING.match(line):
            self.child.expect("for a minute\r?\n")

    def wait(self) -> str:
        self.child.expect_exact(PROMPT)
        return self.child.before.replace("\r\n", "\n")

    def program(self, *command, **options) -> subprocess.Popen:
        """A program that talks over the line, as a terminal program starts it."""
        return subprocess.Popen([*map(str, command)], stdin=self.fd, stdout=self.fd, stderr=subprocess.DEVNULL, **options)

    def transfer(self, line: str, *command, **options) -> None:
        """Types `line`, starts the other side of it, and comes back to the prompt.

        lrzsz may read on for a moment when it is done: what the shell says then may be its, and is no matter here.
        """
        self.start(line)
        self.program(*command, **options).wait(TIMEOUT_S)
        self.come_back()

    def come_back(self) -> None:
        """Finds the prompt, whatever has become of it."""
        for _ in range(TIMEOUT_S):
            mark = f"# {random.getrandbits(48):x}"
            self.child.send(f"\n{mark}\n")
            if self.child.expect_exact([mark, pexpect.TIMEOUT], timeout=1) == 0:
                return self.wait()
        raise AssertionError("no prompt")

    def close(self) -> None:
        self.run.kill()
        self.run.wait()
        os.close(self.fd)


@pytest.fixture
def line(command_line, new_image):
    """A run at its prompt, on a pseudo-terminal."""
    line = Line(command_line(new_image()))
    yield line
    line.close()


@pytest.fixture
def target(command_line, new_image):
    """A run in machine mode."""
    target = Target(command_line(new_image()), cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    target.enter()
    yield target
    target.close()


def last(text: str) -> list[str]:
    """The lines that a command ends with, behind what was left of the protocol."""
    lines = text.splitlines()
    return lines[next(at for at, line in enumerate(lines) if re.match(r"(received|sent|loaded|error)\b", line)) :]


def test_files_go_there_and_back(line, tmp_path):
    """`sb` sends a batch, `rb` takes a file; every byte and every kind of length."""
    names = {"empty": 0, "one": 1, "short": 128, "long": 1024, "odd.bin": 5000}
    files = [tmp_path / name for name in names]
    for file, length in zip(files, names.values()):
        file.write_bytes(noise(length))
    line.transfer("recv", "sb", *files)
    listing = line.type("ls /ext")
    back = tmp_path / "back"
    back.mkdir()
    for name, length in names.items():
        assert re.search(rf"^ +{length} {name}$", listing, re.MULTILINE)
    for name in ("empty", "odd.bin"):
        # Three seconds of lrzsz's own.
        line.transfer(f"send /ext/{name}", "rb", cwd=back)
        assert (back / name).read_bytes() == (tmp_path / name).read_bytes()


def test_blocks_of_1024_bytes_and_a_name_of_ones_own(line, tmp_path):
    (tmp_path / "a").write_bytes(noise(3000))
    line.transfer("recv /new.bin", "sb", "-k", tmp_path / "a")
    assert "    3000 new.bin" in line.type("ls /")
    # XMODEM has neither name nor length: what it brings is whole blocks.
    line.transfer("recv /new.bin", "sx", tmp_path / "a")
    assert "    3072 new.bin" in line.type("ls /")


def test_the_loader_takes_it_from_the_line(line, built):
    before = line.type("llext heap"), line.type("ls /ext")
    line.transfer("llext load -", "sb", built.extensions["hello"])
    assert "hello world\n=> 0 (0x0)" in line.type("llext call hello hello_world")
    first = line.type("llext info hello")
    line.transfer("llext reload hello -", "sb", built.extensions["hello"])
    assert line.type("llext info hello") != first
    assert line.type("llext reload hello").splitlines()[-1] == "hint: say which one: `llext reload hello PATH`"
    assert "hello world\n=> 0 (0x0)" in line.type("llext call hello hello_world")
    line.type("llext unload hello")
    line.transfer("llext load -", "sb", ROOT / "README.md")
    assert line.type("llext list") == "nothing is loaded\n"
    after = line.type("llext heap"), line.type("ls /ext")
    assert [re.sub(r"peak \d+", "", text) for text in after] == [re.sub(r"peak \d+", "", text) for text in before]


def test_what_is_typed_ahead_of_the_prompt_is_not_lost(line, tmp_path):
    """After a transfer, and after Ctrl-C where nobody had begun."""
    (tmp_path / "a").write_bytes(noise(300))
    line.start("recv /a")
    line.program("sb", tmp_path / "a").wait(TIMEOUT_S)
    line.child.send("uptime\n")
    line.child.expect(r"uptime\r?\nup [0-9.]+ s")
    line.come_back()
    for command in ("recv", "send /a", "llext load -"):
        line.start(command)
        line.child.send("\x03uptime\n")
        line.child.expect("error: .* was interrupted by Ctrl-C\r?\n")
        line.child.expect(r"uptime\r?\nup [0-9.]+ s")
        line.wait()


def block(number: int, content: bytes) -> bytes:
    """A block of 128 bytes."""
    content = content.ljust(128, b"\x1a" if number else b"\0")
    crc = 0
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return SOH + bytes([number, 255 - number]) + content + struct.pack(">H", crc)


def test_the_old_file_stays_whatever_happens(line):
    """Ctrl-C while nobody sends and in the middle, a sender that cancels, hostile names and lengths, more than was announced."""
    line.type("cp /ext/hello.elf /old")
    before = line.type("hexdump /old"), line.type("ls /"), line.type("df")
    header = block(0, b"old\x00256")
    for script, error in [
        ([ETX], "was interrupted by Ctrl-C"),
        ([header, block(1, b"x" * 128), ETX], "was interrupted by Ctrl-C"),
        ([header, block(1, b"x" * 128), CAN * 2], "the host cancelled it"),
        ([block(0, b"../old\x00256")], "the host's name for it is none of a file"),
        ([block(0, b"old\x00-256")], "the host's length for it is no number"),
        ([block(0, b"old\x004000000000")], "no space left on the file system"),
        ([header, block(1, b"x" * 128), block(2, b"x" * 128), block(3, b"x")], "the host sent more than it had announced"),
        ([header, block(1, b"x" * 128), EOT, EOT], "the host ended it before the length that it had announced"),
    ]:
        line.start("recv /old")
        for piece in script:
            # Each is answered before the next goes.
            line.child.expect("[C\x06\x15]")
            os.write(line.fd, piece)
        assert last(line.wait())[0] == f"error: recv: /old: {error}"
    assert (line.type("hexdump /old"), line.type("ls /"), line.type("df")) == before


def test_a_sender_that_is_killed_and_garbage(line, tmp_path):
    (tmp_path / "big").write_bytes(noise(2_000_000))
    before = line.type("ls /ext"), line.type("df")
    line.start("recv")
    sender = line.program("sb", tmp_path / "big")
    # Who of the two reads its answers first is not known, so look at what it has written.
    until = time.monotonic() + TIMEOUT_S
    while int(re.search(r"wchar: (\d+)", Path(f"/proc/{sender.pid}/io").read_text())[1]) < 10_000:
        assert time.monotonic() < until
        time.sleep(0.01)
    sender.kill()
    sender.wait()
    # As a user does: Ctrl-C until it is heard. In a block that is not complete it is a byte of the block.
    for _ in range(TIMEOUT_S):
        os.write(line.fd, ETX)
        if line.child.expect_exact([PROMPT, pexpect.TIMEOUT], timeout=1) == 0:
            break
    line.come_back()
    assert (line.type("ls /ext"), line.type("df")) == before
    # Garbage before the first block hinders nothing, nor does a block that is damaged.
    line.start("recv /small")
    os.write(line.fd, b"garbage\r\n\x00\xff")
    first, damaged = block(1, b"hello" + b"." * 123), bytearray(block(2, b"world"))
    damaged[50] ^= 1
    pieces = [block(0, b"x\x00133"), first, bytes(damaged), block(2, b"world"), EOT, EOT, block(0, b"")]
    # A receiver that waits asks again and again: its C may come before any answer.
    for answer, piece in zip([b"C", ACKNOWLEDGE, ACKNOWLEDGE, NAK, ACKNOWLEDGE, NAK, ACKNOWLEDGE], pieces):
        line.child.expect_exact(answer.decode())
        os.write(line.fd, piece)
    assert last(line.wait()) == ["received /small: 133 bytes"]
    assert line.type("cat /small").startswith("hello")


class Sender:
    """A host that sends a file as wire/README.md says: a window, go-back-N, an end."""

    def __init__(self, target: Target, line: str, content: bytes):
        self.target, self.content = target, content
        self.request = target.start(line)
        self.fields = b""

    def acknowledged(self) -> int | None:
        """The next acknowledgement; None at the end of the request."""
        while True:
            kind, request, payload = self.target.next()
            assert request == self.request
            if kind == ACK_OUT:
                return struct.unpack("<II", payload)[0]
            if kind == wire.FIELDS:
                self.fields += payload
            if kind == DONE:
                self.status = payload[0]
                return None

    def data(self, offset: int) -> bytes:
        piece = self.content[offset : offset + CHUNK]
        return frame(DATA, self.request, struct.pack("<I", offset) + piece)

    def end(self, crc: int | None = None) -> bytes:
        crc = zlib.crc32(self.content) if crc is None else crc
        return frame(END, self.request, struct.pack("<II", len(self.content), crc))

    def send_all(self, harm=lambda offset, data: data) -> dict[str, str]:
        """Sends it, each frame changed by `harm`; returns the fields."""
        sent = None
        while (offset := self.acknowledged()) is not None:
            if sent is None or offset <= sent - WINDOW or offset >= sent or offset == getattr(self, "before", None):
                sent = offset
            self.before = offset
            while sent < len(self.content) and sent - offset < WINDOW:
                self.target.send(harm(sent, self.data(sent)))
                sent += CHUNK
            if sent >= len(self.content):
                self.target.send(harm(len(self.content), self.end()))
        return (wire.records(self.fields.decode()) or [{}])[-1]


def fetched(target: Target, path: str) -> bytes:
    """A file of the target, by `send`."""
    request, content = target.start(f"send {path}"), b""
    while True:
        kind, _, payload = target.next()
        if kind == DATA_OUT and struct.unpack_from("<I", payload)[0] == len(content):
            content += payload[4:]
        if kind == END_OUT:
            assert struct.unpack("<II", payload) == (len(content), zlib.crc32(content))
        if kind in (DATA_OUT, END_OUT):
            target.send(frame(ACK, request, struct.pack("<I", len(content))))
        if kind == DONE:
            return content


def test_frames_carry_files_there_and_back(target):
    for length in (0, 1, CHUNK, 5 * CHUNK + 3):
        content = noise(length)
        fields = Sender(target, "recv /file", content).send_all()
        assert (fields["path"], fields["size"]) == ("/file", str(length))
        assert fetched(target, "/file") == content
    assert target.run("ls /").text.count("file") == 1, "and nothing of the way there is left"


def test_frames_that_are_lost_are_sent_again(target):
    content = noise(10_000)
    lost = {2 * CHUNK, 7 * CHUNK, 8 * CHUNK, len(content)}

    def harm(offset: int, data: bytes) -> bytes:
        if offset in lost:
            lost.remove(offset)
            return data[:100] + b"\x55" + data[101:] if offset % 2 else b""
        return data

    assert Sender(target, "recv /file", content).send_all(harm)["size"] == "10000"
    assert not lost and fetched(target, "/file") == content


def test_a_transfer_that_ends_early_leaves_the_old_file(target):
    Sender(target, "recv /file", b"old").send_all()
    before = target.run("ls /").text, target.run("df").text
    for end in ("cancel", "crc", "interrupt"):
        sender = Sender(target, "recv /file", noise(3000))
        assert sender.acknowledged() == 0
        target.send(sender.data(0))
        assert sender.acknowledged() == CHUNK
        if end == "cancel":
            target.send(frame(CANCEL, sender.request))
        elif end == "interrupt":
            target.send(wire.INTERRUPT)
        else:
            target.send(sender.data(CHUNK) + sender.data(2 * CHUNK) + sender.end(crc=1))
        while sender.acknowledged() is not None:
            pass
        assert sender.status == FAILED
        if end == "interrupt":
            # So a host goes on that lost the connection and is back before the target knew of it.
            assert "hint=`recv /file --resume` goes on" in sender.fields.decode()
            assert "file.part" in target.run("ls /").text
            assert target.run("rm /file.part").status == OK
        assert (target.run("ls /").text, target.run("df").text) == before
    assert fetched(target, "/file") == b"old"


def test_a_break_in_a_transfer_is_a_way_out(target):
    sender = Sender(target, "recv /file", noise(3000))
    assert sender.acknowledged() == 0
    target.send(sender.data(0))
    assert sender.acknowledged() == CHUNK
    # One by one, so that the transfer reads them.
    for _ in range(len(wire.BREAK)):
        target.send(b"\0")
    assert sender.acknowledged() is None and sender.status == FAILED
    target.prompt()
    target.enter()
    # What came is kept for a host that goes on; the file itself is not there.
    assert target.run("cat /file").status == FAILED


def test_a_disk_that_is_full_in_the_middle(built, command_line, new_image, tmp_path):
    """Two blocks of 4 KiB are left, or none of 256 KiB: the first 512 bytes of a file are in its directory, and then it needs one."""
    command = command_line(image := new_image())
    target = Target(command, cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    target.enter()
    usage = {key: int(value) for key, value in target.run("df").records[0].items()}
    target.close()
    blocks = usage["free"] // usage["block"] - 3 * WINDOW // usage["block"]
    # Each block has 8 bytes of its own; the last one is half full.
    filler = tmp_path / "filler"
    with filler.open("wb") as file:
        file.truncate(blocks * (usage["block"] - 8) - usage["block"] // 2)
    subprocess.run([built.packer, "add", image, f"{filler}:/filler"], check=True)
    target = Target(command, cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    try:
        target.enter()
        Sender(target, "recv /file", b"old").send_all()
        before = target.run("ls /").text, target.run("df").text
        sender = Sender(target, "recv /file", noise(40_000))
        sender.send_all()
        assert sender.status == FAILED
        assert "error=/file: no space left on the file system\n" in sender.fields.decode()
        assert (target.run("ls /").text, target.run("df").text) == before
        assert fetched(target, "/file") == b"old"
        # What is small enough goes on.
        assert Sender(target, "recv /file", b"new").send_all()["size"] == "3"
    finally:
        target.close()


def test_names_that_are_not_for_files(target):
    target.run("mkdir /kept.part")
    target.run("cp /ext/hello.elf /mine.part")
    # What a transfer has brought is the user's, under whatever name.
    Sender(target, "recv /new", b"new").send_all()
    target.run("mv /new /moved.part")
    before = target.run("ls /").text
    for line, error in [
        ("recv /kept", "/kept.part: is a directory"),
        ("recv /mine", "/mine.part: exists already"),
        ("recv /mine --resume", "/mine.part: exists already"),
        ("recv /moved", "/moved.part: exists already"),
        ("recv /ext", "/ext: is a directory"),
        ("recv /none/new", "/none: no such file or directory"),
        ("llext load -", "-: it has no name"),
    ]:
        ended = target.run(line)
        assert (ended.status, ended.error) == (FAILED, error)
    assert target.run("ls /").text == before
    # An empty one is what a reset may leave before it is marked, so it hinders nobody.
    Sender(target, "recv /empty", b"").send_all()
    target.run("mv /empty /late.part")
    assert Sender(target, "recv /late", b"late").send_all()["size"] == "4"
    request = target.start("llext load_hex tiny -")
    target.send(wire.INTERRUPT)
    assert target.finish(request).error == "tiny: was interrupted by Ctrl-C"


def test_what_came_before_a_loss_is_not_sent_again(target):
    content = noise(10_000)
    Sender(target, "recv /file", b"old").send_all()
    sender = Sender(target, "recv /file", content)
    for offset in range(0, 4 * CHUNK, CHUNK):
        assert sender.acknowledged() == offset
        target.send(sender.data(offset))
    # Nobody says anything for ten seconds: the request ends, and leaves what came.
    while sender.acknowledged() is not None:
        pass
    assert sender.status == FAILED
    assert "hint=`recv /file --resume` goes on" in sender.fields.decode()
    assert fetched(target, "/file") == b"old"
    again = Sender(target, "recv /file --resume", content)
    fields = again.send_all()
    assert again.fields.startswith(b"crc=%d\n" % zlib.crc32(content[: 4 * CHUNK]))
    assert fields["size"] == "10000" and fetched(target, "/file") == content
    assert "part" not in target.run("ls /").text


def test_the_loader_takes_frames(target, built):
    content = built.extensions["hello"].read_bytes()
    used = target.run("llext heap").text
    sender = Sender(target, "llext load - --name hello", content)
    sender.send_all()
    assert sender.status == OK
    assert target.run("llext call hello hello_world").output == "hello world\n"
    target.run("llext unload hello")
    broken = Sender(target, "llext load - --name hello", content[:500])
    broken.send_all()
    assert broken.status == FAILED
    assert re.sub(r"peak \d+", "", target.run("llext heap").text) == re.sub(r"peak \d+", "", used)


def test_pasted_digits_as_for_zephyr(line, built):
    """`xxd -p` prints lines of 60 digits; they are pasted."""
    digits = built.extensions["hello"].read_bytes().hex()
    line.start("llext load_hex hello -")
    for at in range(0, len(digits), 60):
        os.write(line.fd, digits[at : at + 60].encode() + b"\n")
    os.write(line.fd, b"\n")
    assert "loaded hello: " in line.wait()
    assert "hello world\n=> 0 (0x0)" in line.type("llext call hello hello_world")
    too_long = "llext load_hex more " + digits[:300]
    line.child.send(too_long + "\n")
    line.child.expect_exact("hint: `llext load_hex NAME -` takes digits in lines of their own")
    line.come_back()


def share(payload: int, line: int) -> float:
    return 100 * payload / line


def test_share_of_the_line(target):
    """Of 115,200 bit/s at 8N1: what of the bytes on the wire is the file, both directions counted as far as one waits for the other."""
    content = noise(20_000)
    sent = target.sent
    Sender(target, "recv /file", content).send_all()
    framed = share(len(content), target.sent - sent)
    assert framed >= 95, framed
    # The window of three frames outlasts the way of an acknowledgement: the sender never stops for one.
    acknowledgement = len(frame(ACK_OUT, 1, bytes(8)))
    assert WINDOW - CHUNK > acknowledgement
