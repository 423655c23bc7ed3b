"""Files on their way: go-back-N, with a window that the receiver gives."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Iterator

from . import wire

#: What is not acknowledged for so many seconds is sent again.
RESEND_S = 0.5


class Sending:
    """A file on its way to the target."""

    def __init__(self, data: bytes):
        self.data = data
        #: All before this is there, and all before the other was sent.
        self.acked = self.next = 0
        self.window = 0
        self.has_ended = False
        #: It was sent again because an acknowledgement repeated; the same may come more often for what was still on its way.
        self.went_back = False
        self.last = time.monotonic()

    def take(self, frame: wire.Frame) -> bool:
        """Takes an acknowledgement in; whether it says something new."""
        if frame.kind != wire.ACK_OUT:
            return False
        offset, window = struct.unpack("<II", frame.payload)
        offset = min(offset, len(self.data))
        has_begun, self.window = self.window != 0, max(window, 1)
        if offset > self.acked or not has_begun:
            self.acked, self.next, self.went_back = offset, max(self.next, offset), False
            self.last = time.monotonic()
            return True
        if offset == self.acked and not self.went_back:
            self.go_back()
            self.went_back = True
        return False

    def go_back(self) -> None:
        self.next, self.has_ended, self.last = self.acked, False, time.monotonic()

    def frames(self) -> Iterator[tuple[int, bytes]]:
        """Kind and payload of all that may go now."""
        if self.window == 0:
            return
        if time.monotonic() - self.last >= RESEND_S:
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
        self.last = time.monotonic()

    def take(self, frame: wire.Frame) -> bool:
        """Takes a piece or the end in; whether that is to be acknowledged."""
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
        self.has_begun, self.last = True, time.monotonic()
        return True

    def is_silent(self) -> bool:
        """Whether the last acknowledgement is to be said again."""
        if not self.has_begun or time.monotonic() - self.last < RESEND_S:
            return False
        self.last = time.monotonic()
        return True

    def acknowledgement(self) -> tuple[int, bytes]:
        """Kind and payload: all before this came."""
        return wire.ACK, struct.pack("<I", len(self.data))
