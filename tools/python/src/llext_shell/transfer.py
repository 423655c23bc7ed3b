"""Files on their way: go-back-N, with a window that the receiver gives."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from . import wire

if TYPE_CHECKING:
    from .session import Answer

#: What is not acknowledged for so many seconds is sent again; on a target that is slow, at last after so many.
RESEND_S, RARELY_S = 0.5, 2.0


class Sending:
    """A file on its way to the target."""

    def __init__(self, data: bytes):
        self.data = data
        #: All before this is there, and all before the other was sent.
        self.acked = self.next = 0
        self.window = 0
        self.has_ended = False
        #: It was sent again up to here. Acknowledgements that repeat before that is there are of what came twice.
        self.again = -1
        #: Seconds until it is sent again.
        self.patience = RESEND_S
        #: What the target has of an earlier transfer is not how this file begins.
        self.is_another = False
        self.last = time.monotonic()

    def take(self, frame: wire.Frame, answer: Answer) -> bool:
        """Takes an acknowledgement in; whether it says something new."""
        if frame.kind != wire.ACK_OUT:
            return False
        offset, window = struct.unpack("<II", frame.payload)
        has_begun, self.window = self.window != 0, max(window, 1)
        if not has_begun and offset:
            crc = next((record["crc"] for record in answer.records() if "crc" in record), None)
            self.is_another = offset > len(self.data) or crc != str(zlib.crc32(self.data[:offset]))
        offset = min(offset, len(self.data))
        if offset > self.acked or not has_begun:
            self.acked, self.next = offset, max(self.next, offset)
            self.last = time.monotonic()
            return True
        if offset == self.acked > self.again:
            self.go_back()
        return False

    def go_back(self) -> None:
        self.again = max(self.again, self.next - 1)
        self.next, self.has_ended, self.last = self.acked, False, time.monotonic()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Kind and payload of all that may go now."""
        if self.window == 0:
            return
        if self.is_another:
            yield wire.CANCEL, b""
            return
        if time.monotonic() - self.last >= self.patience:
            self.patience = min(2 * self.patience, RARELY_S)
            self.go_back()
        while self.next < len(self.data):
            piece = self.data[self.next : self.next + wire.CHUNK]
            # A piece goes whole, unless the window is smaller: small ones would cost more of the line.
            if self.next > self.acked and self.next + len(piece) > self.acked + self.window:
                return
            piece = piece[: self.window]
            yield wire.DATA, struct.pack("<I", self.next) + piece
            self.next += len(piece)
        if not self.has_ended:
            self.has_ended = True
            yield wire.END, struct.pack("<II", len(self.data), zlib.crc32(self.data))


class Taking:
    """A file on its way from the target."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.is_whole = False
        self.has_begun = False
        #: What is missing was asked for.
        self.has_asked = False
        #: What has come is to be acknowledged.
        self.is_due = False
        self.last = time.monotonic()

    def take(self, frame: wire.Frame, answer: Answer) -> bool:
        """Takes a piece or the end in; whether it says something new."""
        if frame.kind == wire.DATA_OUT:
            offset = struct.unpack_from("<I", frame.payload)[0]
            if offset == len(self.data):
                self.data += frame.payload[4:]
                self.has_asked = False
            elif self.has_asked:
                return False
            else:
                self.has_asked = True
        elif frame.kind == wire.END_OUT:
            self.is_whole = struct.unpack("<II", frame.payload) == (len(self.data), zlib.crc32(self.data))
        else:
            return False
        self.has_begun = self.is_due = True
        self.last = time.monotonic()
        return True

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """The acknowledgement of what has come: after each piece, and again after silence."""
        if self.has_begun and (self.is_due or time.monotonic() - self.last >= RESEND_S):
            self.is_due, self.last = False, time.monotonic()
            yield wire.ACK, struct.pack("<I", len(self.data))
