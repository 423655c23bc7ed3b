"""Machine mode as wire/README.md describes it, written from that page: nothing of the firmware's own code is in it.

    target = Target(command)            # a run whose stdin and stdout are pipes, at its prompt
    target.enter()                      # types `machine`
    answer = target.run("llext list")   # Answer(status, text, output, records, kinds)
"""

import os
import re
import selectors
import struct
import subprocess
import zlib
from dataclasses import dataclass, field

RUN, DATA, END, ACK, LEAVE, PING, CANCEL = range(0x01, 0x08)
HELLO, TEXT, OUTPUT, FIELDS, ACK_OUT = range(0x81, 0x86)
DATA_OUT, DONE, END_OUT = range(0x87, 0x8A)
OK, FAILED, REFUSED = range(3)
INTERRUPT = b"\0\3\0"
BREAK = bytes(16)
# Far beyond what anything takes.
TIMEOUT_S = 120


def stuffed(body: bytes) -> bytes:
    """COBS, with the 00 at the end."""
    line = bytearray()
    for group in body.split(b"\0"):
        while len(group) >= 254:
            line += b"\xff" + group[:254]
            group = group[254:]
        line += bytes([len(group) + 1]) + group
    return bytes(line) + b"\0"


def unstuffed(line: bytes) -> bytes | None:
    """What was stuffed, or None if that is none."""
    body, at = bytearray(), 0
    while at < len(line):
        length = line[at]
        group = line[at + 1 : at + length]
        if length == 0 or len(group) != length - 1:
            return None
        at += length
        body += group
        if length < 255 and at < len(line):
            body.append(0)
    return bytes(body)


def frame(kind: int, request: int, payload: bytes = b"") -> bytes:
    body = struct.pack("<BH", kind, request) + payload
    return stuffed(body + struct.pack("<I", zlib.crc32(body)))


def opened(line: bytes) -> tuple[int, int, bytes] | None:
    """Kind, request and payload of what came between two 00; None if it was damaged."""
    body = unstuffed(line)
    if body is None or len(body) < 7 or struct.unpack("<I", body[-4:])[0] != zlib.crc32(body[:-4]):
        return None
    kind, request = struct.unpack_from("<BH", body)
    return kind, request, body[3:-4]


def records(text: str) -> list[dict[str, str]]:
    """The fields of a request: a dictionary for each record."""
    found = [{}]
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            found[-1][key] = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), value)
        else:
            found.append({})
    return [record for record in found if record]


@dataclass
class Answer:
    """What came back for a request."""

    status: int = OK
    text: str = ""
    output: str = ""
    records: list[dict[str, str]] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)

    def record(self, kind: str) -> dict[str, str]:
        """The first record of this kind: with this key first."""
        return next(record for record in self.records if next(iter(record)) == kind)

    @property
    def error(self) -> str:
        """Why it failed."""
        return self.record("what")["error"]


class Target:
    """A run on pipes: a prompt first, then frames, and a prompt again."""

    def __init__(self, command: list[str], **options):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.received = b""
        self.request = 0
        self.sent = 0
        self.came = 0
        self.expect(b"llext> ")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()

    def send(self, data: bytes) -> None:
        self.sent += len(data)
        self.process.stdin.write(data)

    def more(self) -> None:
        """Waits for bytes."""
        assert self.selector.select(TIMEOUT_S), f"silence after {self.received[-200:]!r}"
        data = os.read(self.process.stdout.fileno(), 65536)
        assert data, f"the run ended after {self.received[-200:]!r}"
        self.came += len(data)
        self.received += data

    def expect(self, what: bytes) -> bytes:
        """Waits for `what`, and returns what came before it."""
        while what not in self.received:
            self.more()
        before, _, self.received = self.received.partition(what)
        return before

    def next(self) -> tuple[int, int, bytes]:
        """The next frame."""
        while True:
            line = self.expect(b"\0")
            if found := opened(line):
                return found

    def enter(self, options: str = "") -> dict[str, str]:
        """Goes to machine mode from the prompt; returns what the target says that it is."""
        self.send(f"machine{options}\n".encode())
        kind, request, payload = self.next()
        assert (kind, request) == (HELLO, 0)
        return records(payload.decode())[0]

    def start(self, line: str | bytes) -> int:
        """Sends a request; returns its id."""
        self.request = self.request % 0xFFFF + 1
        self.send(frame(RUN, self.request, line.encode() if isinstance(line, str) else line))
        return self.request

    def finish(self, request: int) -> Answer:
        """Collects what a request sends until it is over."""
        answer, texts = Answer(), {TEXT: b"", OUTPUT: b"", FIELDS: b""}
        while True:
            kind, of, payload = self.next()
            assert of == request, (kind, of, payload)
            if kind == DONE:
                answer.status, frames = struct.unpack("<BH", payload)
                assert frames == len(answer.kinds) % 0x10000, "a frame was lost"
                break
            answer.kinds.append(kind)
            if kind in texts:
                texts[kind] += payload
        answer.text, answer.output = texts[TEXT].decode(), texts[OUTPUT].decode()
        answer.records = records(texts[FIELDS].decode())
        return answer

    def run(self, line: str | bytes) -> Answer:
        """Runs a line."""
        return self.finish(self.start(line))

    def prompt(self) -> None:
        """Waits for the human prompt."""
        self.expect(b"llext> ")

    def shell(self, line: str) -> str:
        """Runs a line at the human prompt."""
        self.send(line.encode() + b"\n")
        self.expect(line.encode() + b"\n")
        return self.expect(b"llext> ").decode()


