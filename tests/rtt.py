"""A client of RTT, as a debug probe is one: it reads and writes the target's memory while the target runs.

The emulator keeps that memory in a file. The layout is SEGGER's (UM08001, chapter "RTT"):

    +0   "SEGGER RTT" and six NULs
    +16  number of channels up, and down
    +24  each channel: name, buffer, size, write offset, read offset, flags; the up channels first
"""

import mmap
import struct
import time
from pathlib import Path

from conftest import PROMPT, TIMEOUT_S

ID = b"SEGGER RTT" + bytes(6)
CHANNEL = 24
SIZE, WRITE, READ = 8, 12, 16


class Rtt:
    """Channel 0 of the firmware whose memory is in `file`."""

    def __init__(self, file: Path):
        deadline = time.monotonic() + TIMEOUT_S
        # The emulator makes the file, and gives it its length.
        while not file.exists() or file.stat().st_size < 1 << 24:
            assert time.monotonic() < deadline, f"{file} does not come"
            time.sleep(0.01)
        with file.open("r+b") as memory:
            self.memory = mmap.mmap(memory.fileno(), 0)
        while (block := self.find()) is None:
            assert time.monotonic() < deadline, "no RTT control block"
            time.sleep(0.01)
        self.up, self.down = block + 24, block + 24 + CHANNEL
        # What was read, and not expected yet.
        self.unseen = ""
        # What came before that which was expected.
        self.before = ""

    def find(self) -> int | None:
        """Where the control block is: at the end of the file, or before what files and extensions may look like."""
        at = self.memory.rfind(ID)
        return at if at >= 0 and self.word(at + 16) == self.word(at + 20) == 1 else None

    def word(self, at: int) -> int:
        return struct.unpack_from("<I", self.memory, at)[0]

    def buffer(self, channel: int) -> int:
        """Where the channel's buffer is in the file, which begins at a multiple of its length."""
        return self.word(channel + 4) % len(self.memory)

    def read(self) -> bytes:
        """What there is to read, which may be nothing."""
        write, read = self.word(self.up + WRITE), self.word(self.up + READ)
        start = self.buffer(self.up)
        if write >= read:
            data = self.memory[start + read : start + write]
        else:
            data = self.memory[start + read : start + self.word(self.up + SIZE)] + self.memory[start : start + write]
        struct.pack_into("<I", self.memory, self.up + READ, write)
        return data

    def write(self, data: bytes) -> int:
        """Writes what there is room for; returns how many bytes that is."""
        write, read = self.word(self.down + WRITE), self.word(self.down + READ)
        start, size = self.buffer(self.down), self.word(self.down + SIZE)
        data = data[: (read - write - 1) % size]
        for place, byte in enumerate(data):
            self.memory[start + (write + place) % size] = byte
        struct.pack_into("<I", self.memory, self.down + WRITE, (write + len(data)) % size)
        return len(data)

    def send(self, text: str | bytes) -> None:
        """Writes all of `text`, as soon as there is room."""
        data = text.encode() if isinstance(text, str) else text
        deadline = time.monotonic() + TIMEOUT_S
        while data:
            count = self.write(data)
            data = data[count:]
            assert time.monotonic() < deadline, "nobody reads"
            if not count:
                self.unseen += self.read().decode(errors="replace")
                time.sleep(0.001)

    def expect_exact(self, text: str) -> None:
        """Waits for `text`."""
        deadline = time.monotonic() + TIMEOUT_S
        while text not in self.unseen:
            assert time.monotonic() < deadline, f"waiting for {text!r} after {self.unseen!r}"
            data = self.read()
            self.unseen += data.decode(errors="replace")
            if not data:
                time.sleep(0.001)
        self.before, self.unseen = self.unseen.split(text, 1)

    def run(self, command: str) -> str:
        """Types a command at the prompt and returns what it prints, without echo and prompt."""
        self.send(command + "\r")
        self.expect_exact(command + "\n")
        self.wait()
        return self.before.removesuffix("\n")

    def wait(self) -> None:
        """Waits for the prompt of the end of a command: the live one echoes what is typed at it."""
        self.send(" \x7f")
        self.expect_exact(PROMPT + " \b \b")


def memory(built, image: Path) -> Path:
    """The host file that has the memory of RTT in it, while a board runs on `image`."""
    return Path(f"{image}.ram") if built.config["qemu"].get("memory") else image
