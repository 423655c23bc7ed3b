"""Machine mode frame by frame, with the frames of the Python client, which were written from wire/README.md: nothing of the
firmware's own code is in it.

    target = Target(command)            # a run whose stdin and stdout are pipes, at its prompt
    target.enter()                      # types `machine`
    answer = target.run("llext list")   # Answer(status, text, output, records, kinds)
"""

import os
import selectors
import struct
import subprocess
from dataclasses import dataclass, field

from llext_shell.wire import (
    ACK,
    ACK_OUT,
    BREAK,
    CANCEL,
    DATA,
    DATA_OUT,
    DONE,
    END,
    END_OUT,
    FAILED,
    FIELDS,
    HELLO,
    INTERRUPT,
    LEAVE,
    OK,
    OUTPUT,
    PING,
    REFUSED,
    RUN,
    TEXT,
    frame,
    opened,
    records,
)

# Far beyond what anything takes.
TIMEOUT_S = 120


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
        return next(record["error"] for record in self.records if "error" in record)


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

    def enter(self, options: str = " --timeout 600000") -> dict[str, str]:
        """Goes to machine mode from the prompt, for as long as a busy host may be silent; returns what the target says that it is."""
        self.send(f"machine{options}\n".encode())
        kind, request, payload = self.next()
        assert (kind, request) == (HELLO, 0)
        return records(payload.decode())[0]

    def start(self, line: str | bytes) -> int:
        """Sends a request; returns its id."""
        self.request = self.request % 0xFFFF + 1
        self.send(frame(RUN, self.request, line.encode() if isinstance(line, str) else line))
        return self.request

    def finish(self, request: int, seen: int = 0) -> Answer:
        """Collects what a request sends until it is over, after so many frames of it that were taken before."""
        answer, texts = Answer(), {TEXT: b"", OUTPUT: b"", FIELDS: b""}
        while True:
            kind, of, payload = self.next()
            assert of == request, (kind, of, payload)
            if kind == DONE:
                answer.status, frames = struct.unpack("<BH", payload)
                assert frames == (seen + len(answer.kinds)) % 0x10000, "a frame was lost"
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


