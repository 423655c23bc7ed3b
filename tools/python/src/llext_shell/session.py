"""Requests and their answers, over a link: how a client stays in touch with a target."""

from __future__ import annotations

import random
import struct
import threading
import time
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from . import wire
from .errors import ConnectionLost, FrameLost, LlextError, NoAnswer
from .links import Link
from .results import Hello, Response

PROMPT = b"llext> "
#: A target leaves machine mode by itself after 10 s without a frame: before that, it is asked whether it is still there.
STALE_S = 5.0
#: A request of which nothing comes is sent again after so many seconds, and at last so rarely.
RESEND_S, RARELY_S = 1.0, 8.0
#: How long an interrupted request may take to end.
ENDING_S = 5.0
#: The longest wait for bytes at a time, so that what runs beside them gets its turn.
TURN_S = 0.1


class Transfer(Protocol):
    """A file that goes beside a request, one way or the other."""

    def take(self, frame: wire.Frame, answer: Answer) -> bool:
        """Takes in a frame that is not the answer's own; whether the transfer goes on by it."""

    def frames(self) -> Iterable[tuple[int, bytes]]:
        """Kind and payload of all that is to be sent now."""


class Session:
    """A target in machine mode."""

    def __init__(self, link: Link, patience: float):
        self._link = link
        self._decoder = wire.Decoder()
        self._frames: deque[wire.Frame] = deque()
        self._writing = threading.Lock()
        # A target does not run a request again whose id is that of the last one: somebody else's, maybe.
        self._request = random.randrange(0xFFFF)
        self._heard = 0.0
        #: What the target is.
        self.hello = self._enter(patience)

    def send(self, kind: int, request: int, payload: bytes = b"") -> None:
        """Sends a frame."""
        self._write(wire.frame(kind, request, payload))

    def interrupt(self) -> None:
        """Ctrl-C for the request that runs; any thread may call this."""
        self._write(wire.INTERRUPT)

    def leave(self) -> None:
        """Back to the human prompt, and away."""
        try:
            self.send(wire.LEAVE, 0)
        except ConnectionLost:
            pass
        self._link.close()

    def request(self, line: str, timeout: float, transfer: Transfer | None = None) -> Response:
        """Runs a command line, which may take `timeout` seconds anew whenever something comes of it or of its file."""
        if len(line.encode()) > wire.PAYLOAD:
            raise LlextError(line[:20] + "…", f"a command line has at most {wire.PAYLOAD} bytes")
        self._stay()
        self._request = self._request % 0xFFFF + 1
        answer = Answer(line)
        self.send(wire.RUN, self._request, line.encode())
        end = time.monotonic() + timeout
        # The line may have lost it, or its end: a target that has run it does not run it again. More and more rarely, in a long call.
        heard, again = time.monotonic(), RESEND_S
        try:
            while not answer.is_done:
                frame = self._next(min(end, time.monotonic() + TURN_S))
                if frame and frame.request == self._request:
                    heard, again = time.monotonic(), RESEND_S
                elif time.monotonic() - heard >= again:
                    again += min(again, RARELY_S)
                    self._write(b"\0")
                    self.send(wire.RUN, self._request, line.encode())
                if frame and frame.request == self._request and answer.goes_on(frame, transfer):
                    end = time.monotonic() + timeout
                elif time.monotonic() >= end:
                    raise NoAnswer(line, f"no answer in {timeout:g} s", "it was interrupted; give it a longer timeout")
                if transfer and not answer.is_done:
                    for kind, payload in transfer.frames():
                        self.send(kind, self._request, payload)
        except (NoAnswer, KeyboardInterrupt):
            self._end(answer)
            raise
        return answer.response()

    def _end(self, answer: Answer) -> None:
        """Interrupts the request, so that the target can be used on."""
        self.send(wire.CANCEL, self._request)
        self.interrupt()
        end = time.monotonic() + ENDING_S
        while not answer.is_done and (frame := self._next(end)):
            if frame.request == self._request:
                answer.take(frame)

    def _write(self, data: bytes) -> None:
        with self._writing:
            self._link.write(data)

    def _next(self, end: float) -> wire.Frame | None:
        """The next frame, or None if none has come by then."""
        while not self._frames:
            left = end - time.monotonic()
            if left <= 0:
                return None
            self._feed(self._link.read(left))
        return self._frames.popleft()

    def _feed(self, data: bytes) -> None:
        frames = self._decoder.feed(data)
        if frames:
            self._heard = time.monotonic()
        self._frames.extend(frames)

    def _stay(self) -> None:
        """Brings the target back to machine mode, if it may have left."""
        if time.monotonic() - self._heard > STALE_S:
            self.hello = self._enter(30.0)

    def _enter(self, patience: float) -> Hello:
        """Brings the target to machine mode, whatever it is doing.

        What is sent to find out harms nobody: a PING that a line editor takes for keys, and Ctrl-C.
        """
        end = time.monotonic() + patience
        if self._link.starts and not self._heard:
            self._until_prompt(end)
            self._write(b"machine\n")
            if hello := self._hello(end):
                return hello
        wait = 0.25
        while time.monotonic() < end:
            self._write(b"\0" + wire.harmless(wire.PING))
            if hello := self._hello(time.monotonic() + wait):
                return hello
            self._write(wire.harmless(wire.CANCEL) + wire.INTERRUPT)
            # What was in a request is in machine mode, and is asked again.
            if self._until_prompt(time.monotonic() + 2 * wait):
                self._write(b"machine\r")
                if hello := self._hello(time.monotonic() + 4 * wait):
                    return hello
            wait *= 2
        raise NoAnswer("open", f"no target has answered in {patience:g} s", "is it on, and the address the right one?")

    def _hello(self, end: float) -> Hello | None:
        while frame := self._next(end):
            if frame.kind == wire.HELLO:
                hello = Hello.read(frame.payload)
                if hello.protocol != wire.PROTOCOL:
                    why = f"it speaks version {hello.protocol} of the protocol, this client version {wire.PROTOCOL}"
                    raise LlextError("open", why, "take both of one release")
                return hello
        return None

    def _until_prompt(self, end: float) -> bool:
        """Waits for the human prompt."""
        tail = b""
        while (left := end - time.monotonic()) > 0:
            data = self._link.read(left)
            tail = (tail + data)[-len(PROMPT) :]
            if tail == PROMPT:
                return True
        return False


class Answer:
    """The frames of an answer, as they come."""

    def __init__(self, line: str):
        self.line = line
        self.is_done = False
        self._status = wire.OK
        self._parts = {wire.TEXT: b"", wire.OUTPUT: b"", wire.FIELDS: b""}
        self._came = self._sent = 0

    def take(self, frame: wire.Frame) -> bool:
        """Takes a frame in; whether it is part of what the command says."""
        if frame.kind == wire.DONE:
            self._status, self._sent = struct.unpack("<BH", frame.payload)
            self.is_done = True
            return True
        self._came += 1
        if frame.kind not in self._parts:
            return False
        self._parts[frame.kind] += frame.payload
        return True

    def goes_on(self, frame: wire.Frame, transfer: Transfer | None) -> bool:
        """Takes a frame in, or lets the transfer; whether it says something new."""
        return self.take(frame) or (transfer is not None and transfer.take(frame, self))

    def records(self) -> list[dict[str, str]]:
        """The fields that have come."""
        return wire.records(self._parts[wire.FIELDS].decode(errors="replace"))

    def response(self) -> Response:
        """All of it."""
        if self._came % 0x10000 != self._sent:
            raise FrameLost(
                self.line, "a part of the answer was lost on the way", "the command was carried out; ask again for what it says"
            )
        text, output = (self._parts[kind].decode(errors="replace") for kind in (wire.TEXT, wire.OUTPUT))
        return Response(self.line, self._status, text, output, self.records())
