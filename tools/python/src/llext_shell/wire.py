"""The protocol of machine mode, as wire/README.md describes it: frames, and the fields in them.

On the wire a frame is COBS(kind u8, request u16, payload, CRC-32 u32) and a 00; numbers are little-endian.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

RUN, DATA, END, ACK, LEAVE, PING, CANCEL = range(0x01, 0x08)
HELLO, TEXT, OUTPUT, FIELDS, ACK_OUT = range(0x81, 0x86)
DATA_OUT, DONE, END_OUT = range(0x87, 0x8A)

#: How a request ended.
OK, FAILED, REFUSED = range(3)

#: Ctrl-C, for the call that runs.
INTERRUPT = b"\0\3\0"
#: Back to the human prompt, whatever goes on.
BREAK = bytes(16)

#: The version of the protocol.
PROTOCOL = 1
#: The most bytes of a file in a frame.
CHUNK = 1024
#: The most bytes in a payload.
PAYLOAD = 1028


class Frame(NamedTuple):
    """What came between two 00."""

    kind: int
    request: int
    payload: bytes


def stuffed(body: bytes) -> bytes:
    """COBS (Cheshire and Baker, 1999), with the 00 at the end."""
    line = bytearray()
    for group in body.split(b"\0"):
        while len(group) >= 254:
            line += b"\xff" + group[:254]
            group = group[254:]
        line += bytes([len(group) + 1]) + group
    return bytes(line) + b"\0"


def unstuffed(line: bytes) -> bytes | None:
    """What was stuffed; None if that is none."""
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
    """A frame as it goes on the wire."""
    body = struct.pack("<BH", kind, request) + payload
    return stuffed(body + struct.pack("<I", zlib.crc32(body)))


def opened(line: bytes) -> Frame | None:
    """The frame in what came before a 00; None if it was damaged."""
    body = unstuffed(line)
    if body is None or len(body) < 7 or struct.unpack("<I", body[-4:])[0] != zlib.crc32(body[:-4]):
        return None
    kind, request = struct.unpack_from("<BH", body)
    return Frame(kind, request, body[3:-4])


def records(text: str) -> list[dict[str, str]]:
    """The fields of a request: a dictionary a record. In values `\\\\` stands for a backslash and `\\n` for a new line."""
    found: list[dict[str, str]] = [{}]
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            found[-1][key] = re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), value)
        else:
            found.append({})
    return [record for record in found if record]


def harmless(kind: int) -> bytes:
    """A frame whose bytes a line editor takes for harmless keys: without a 00 before its end, and but for the first two
    bytes nothing but letters. It may be sent to a target that is at its prompt."""
    for request in range(0x2121, 0x7E7E):
        line = frame(kind, request)
        if all(0x21 <= byte < 0x7F for byte in line[2:-1]):
            return line
    raise ValueError(f"no such frame of kind {kind}")


class Decoder:
    """Finds frames in what comes, piece by piece."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. What is damaged is dropped: the number of frames in DONE tells."""
        *lines, self._rest = (self._rest + data).split(b"\0")
        frames = [opened(line) for line in lines if line]
        return [frame for frame in frames if frame is not None]
