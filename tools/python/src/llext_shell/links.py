"""Ways to a target: a serial port or pty, a socket, the pipes of a program that runs one."""

from __future__ import annotations

import os
import select
import shlex
import socket
import subprocess
from collections.abc import Sequence
from typing import Protocol

import serial

from .errors import ConnectionLost, LlextError

#: Bits a second, unless the address says: `serial:/dev/ttyUSB0@921600`.
BAUD = 115_200


class Link(Protocol):
    """Bytes to and from a target."""

    #: Whether the target starts with the link: its first prompt is yet to come.
    starts: bool

    def read(self, seconds: float) -> bytes:
        """What has come, or b"" if nothing does in so many seconds."""

    def write(self, data: bytes) -> None:
        """Sends all of it."""

    def close(self) -> None:
        """Ends the connection."""


def lost(where: str, why: object) -> ConnectionLost:
    return ConnectionLost(where, f"the connection is lost: {why}", "open the target again when it is back")


class Serial:
    """A serial port, or a pseudo-terminal."""

    starts = False

    def __init__(self, path: str, baud: int = BAUD):
        self.path = path
        try:
            self._port = serial.Serial(path, baud, timeout=0, write_timeout=None)
        except (OSError, serial.SerialException) as error:
            raise ConnectionLost(path, str(error), "is it plugged in, and nobody else's?") from error

    def read(self, seconds: float) -> bytes:
        try:
            self._port.timeout = seconds
            first = self._port.read(1)
            return first + self._port.read(self._port.in_waiting) if first else b""
        except (OSError, serial.SerialException) as error:
            raise lost(self.path, error) from error

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise lost(self.path, error) from error

    def close(self) -> None:
        self._port.close()


class Socket:
    """A TCP connection: an emulator's serial line, a terminal server, or a debugger's RTT port."""

    starts = False

    def __init__(self, host: str, port: int):
        self.address = f"{host}:{port}"
        try:
            self._socket = socket.create_connection((host, port), timeout=10)
        except OSError as error:
            raise ConnectionLost(self.address, str(error), "does the emulator or server run?") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.settimeout(None)

    def read(self, seconds: float) -> bytes:
        try:
            if not select.select([self._socket], [], [], seconds)[0]:
                return b""
            data = self._socket.recv(65536)
        except OSError as error:
            raise lost(self.address, error) from error
        if not data:
            raise lost(self.address, "the other end has closed it")
        return data

    def write(self, data: bytes) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise lost(self.address, error) from error

    def close(self) -> None:
        self._socket.close()


class Program:
    """A program whose stdin and stdout are the console, such as `cargo xtask run`. It ends with the connection."""

    starts = True

    def __init__(self, command: Sequence[str | os.PathLike[str]], **options: object):
        words = [os.fspath(word) for word in command]
        self.name = shlex.join(words)
        try:
            self._process = subprocess.Popen(  # type: ignore[call-overload]
                words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, **options
            )
        except OSError as error:
            raise ConnectionLost(self.name, str(error)) from error

    def read(self, seconds: float) -> bytes:
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return b""
        data = os.read(self._process.stdout.fileno(), 65536)
        if not data:
            raise lost(self.name, f"it ended with status {self._process.wait()}")
        return data

    def write(self, data: bytes) -> None:
        try:
            while data:
                data = data[self._process.stdin.write(data) :]
        except OSError as error:
            raise lost(self.name, error) from error

    def close(self) -> None:
        # The end of its input tells it to end; `terminate` is for one that does not listen.
        self._process.stdin.close()
        for end in (lambda: None, self._process.terminate, self._process.kill):
            end()
            try:
                self._process.wait(10)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process.stdout.close()


def connected(where: str | Sequence[str | os.PathLike[str]], **options: object) -> Link:
    """The link to an address: `serial:/dev/ttyUSB0@115200`, a path of a device, `tcp:HOST:PORT`; or of a command."""
    if not isinstance(where, str):
        return Program(where, **options)
    kind, _, rest = where.partition(":")
    if kind == "tcp":
        host, _, port = rest.rpartition(":")
        if not (host and port.isdecimal()):
            raise LlextError(where, "no host and port", "tcp:localhost:5555")
        return Socket(host, int(port))
    path, _, baud = (rest if kind == "serial" else where).partition("@")
    if kind != "serial" and not path.startswith(("/", ".", "COM")):
        raise LlextError(where, "no address of a target", "serial:/dev/ttyUSB0, /dev/pts/3, tcp:localhost:5555")
    if baud and not baud.isdecimal():
        raise LlextError(where, f"{baud} is no bit rate", f"{path}@{BAUD}")
    return Serial(path, int(baud) if baud else BAUD)
