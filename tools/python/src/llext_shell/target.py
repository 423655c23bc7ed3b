"""A target: what programs do with it."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from . import links
from .errors import LlextError, TransferError
from .results import Extension, Fault, Hello, Response, Result
from .session import Session
from .transfer import Sending, Taking


class Target:
    """A microcontroller at its shell's machine mode. In a `with` statement it is left at the end."""

    def __init__(self, link: links.Link, *, timeout: float = 10.0, patience: float = 60.0):
        #: Seconds that a command may take without a sign of life, unless it says otherwise.
        self.timeout = timeout
        try:
            self._session = Session(link, patience)
        except BaseException:
            link.close()
            raise

    @classmethod
    def open(
        cls,
        where: str | Sequence[str | os.PathLike[str]],
        *,
        timeout: float = 10.0,
        patience: float = 60.0,
        **options: object,
    ) -> Target:
        """The target at an address, or the one that a program runs.

        `where` is `serial:/dev/ttyUSB0`, `serial:/dev/ttyUSB0@921600`, the path of a device or pty, `tcp:HOST:PORT`, or a list
        of words: a command whose stdin and stdout are the console, such as `["cargo", "xtask", "run"]`; `options` are those of
        `subprocess.Popen` then. The target has `patience` seconds to answer, in whatever state it is.

        Raises:
            ConnectionLost: there is no such port, socket or program.
            NoAnswer: nobody answers.
        """
        return cls(links.connected(where, **options), timeout=timeout, patience=patience)

    @property
    def hello(self) -> Hello:
        """What the target says that it is."""
        return self._session.hello

    def run(self, line: str, *, timeout: float | None = None) -> Response:
        """Runs any command line, as a person would type it at the prompt. One that fails is an answer, too: see
        `Response.check`.

        Raises:
            NoAnswer: it took longer than `timeout` seconds, and was interrupted.
            FrameLost: it was carried out, and its answer is not whole.
            ConnectionLost: the target is gone.
        """
        return self._session.request(line, self._seconds(timeout))

    def load(self, path: str | os.PathLike[str] | bytes, *, name: str | None = None, force: bool = False) -> Extension:
        """Loads an extension from a file of the host, or from its bytes, straight into the target's memory.

        Without `name` it has that of the file. By `force`, one for firmware with other exports is loaded, too.

        Raises:
            CommandError: it cannot be loaded; `why` says what is missing.
        """
        if isinstance(path, bytes):
            data = path
            if name is None:
                raise LlextError("load", "bytes have no name", "load(data, name=…)")
        else:
            data, name = Path(path).read_bytes(), name or Path(path).stem
        line = f"llext load - --name {name}" + (" --force" if force else "")
        return self._loaded(self._send(line, data).check())

    def load_stored(self, path: str, *, name: str | None = None, force: bool = False) -> Extension:
        """Loads an extension from the target's own file system.

        Raises:
            CommandError: it cannot be loaded.
        """
        options = (f" --name {name}" if name else "") + (" --force" if force else "")
        return self._loaded(self.run(f"llext load {word(path)}{options}").check())

    def unload(self, name: str) -> None:
        """Unloads an extension.

        Raises:
            CommandError: there is none of this name, or others use it.
        """
        self.run(f"llext unload {name}").check()

    def list(self) -> list[Extension]:
        """What is loaded, in the order of loading."""
        records = self.run("llext list").check().records
        return [Extension(self, record["name"], record) for record in records if "name" in record]

    def call(
        self, name: str, function: str, *arguments: int | str, timeout: float | None = None, force: bool = False
    ) -> Result:
        """Calls a function of an extension with up to eight arguments: integers of 32 bits, and strings, which it gets as pointers.

        A call that does not return is a result with a `fault`. After `timeout` seconds the target ends it. By `force`, an
        extension is called again that has faulted.

        Raises:
            CommandError: nothing was called, since there is no such extension or function.
        """
        options = (f" --timeout {max(1, round(timeout * 1000))}" if timeout else "") + (" --force" if force else "")
        line = " ".join(["llext call", name, function, *map(literal, arguments)]) + options
        # The target keeps the time of the call; the report of a fault takes some, too.
        response = self._session.request(line, self._seconds(timeout) + (self.timeout if timeout else 0))
        fields = response.fields
        outcome = fields.get("outcome")
        if outcome is None:
            response.check()
        if response.ok:
            return Result(int(fields["value"]), response.output)
        fault = Fault(outcome or "", fields.get("error", ""), response.text, fields)
        return Result(None, response.output, fault)

    def push(self, local: str | os.PathLike[str] | bytes, remote: str) -> None:
        """Puts a file of the host, or bytes, on the target's file system. What was there stays until all has come.

        What an earlier transfer to the same place has left, when the line was cut or it was interrupted, is not sent again if it
        is how this file begins.

        Raises:
            CommandError: it cannot be written there.
        """
        data = local if isinstance(local, bytes) else Path(local).read_bytes()
        line, sending = f"recv {word(remote)}", Sending(data)
        response = self._session.request(f"{line} --resume", self.timeout, sending)
        if sending.is_another:
            response = self._send(line, data)
        response.check()

    def pull(self, remote: str, local: str | os.PathLike[str] | None = None) -> bytes:
        """A file of the target's file system; also written to `local`, if given.

        Raises:
            CommandError: there is no such file.
            TransferError: it did not arrive whole.
        """
        taking = Taking()
        self._session.request(f"send {word(remote)}", self.timeout, taking).check()
        if not taking.is_whole:
            raise TransferError(remote, "it did not arrive whole", "try again")
        if local is not None:
            Path(local).write_bytes(taking.data)
        return bytes(taking.data)

    def interrupt(self) -> None:
        """Ctrl-C for the call that runs, from another thread."""
        self._session.interrupt()

    def leave(self) -> None:
        """Brings the target back to its human prompt, and closes the connection."""
        self._session.leave()

    def __enter__(self) -> Target:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()

    def _seconds(self, timeout: float | None) -> float:
        return self.timeout if timeout is None else timeout

    def _send(self, line: str, data: bytes) -> Response:
        return self._session.request(line, self.timeout, Sending(data))

    def _loaded(self, response: Response) -> Extension:
        record = next(record for record in response.records if "name" in record)
        return Extension(self, record["name"], record)


def literal(argument: int | str) -> str:
    """An argument of a call as the shell reads it."""
    if not isinstance(argument, (int, str)):
        raise LlextError("call", f"{argument!r} is neither an integer nor a string", "pass what else there is as its 32 bits")
    if isinstance(argument, int):
        if not -(2**31) <= argument < 2**32:
            raise LlextError("call", f"{argument} has more than 32 bits")
        return str(int(argument))
    escaped = "".join(chr(byte) if 0x20 <= byte < 0x7F and byte not in b'"\\' else f"\\x{byte:02x}" for byte in argument.encode())
    return f'"{escaped}"'


def word(path: str) -> str:
    """A path as one word of a command line."""
    if re.fullmatch(r"[!#-&(-\[\]-~]+", path):
        return path
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
