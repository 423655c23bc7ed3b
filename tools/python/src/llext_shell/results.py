"""What a target answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import wire
from .errors import CommandError

if TYPE_CHECKING:
    from .target import Target


@dataclass(frozen=True)
class Hello:
    """What a target is."""

    board: str
    version: str
    #: The id of what the firmware exports, `0x…`; a kit says which one it is for.
    abi: str | None
    protocol: int
    #: Bytes of a file that may be on their way.
    window: int
    #: Bytes of a file in one frame.
    payload: int

    @classmethod
    def read(cls, payload: bytes) -> Hello:
        fields = {key: value for record in wire.records(payload.decode(errors="replace")) for key, value in record.items()}
        return cls(
            board=fields.get("board", ""),
            version=fields.get("version", ""),
            abi=fields.get("abi"),
            protocol=int(fields.get("protocol", 0)),
            window=int(fields.get("window", wire.CHUNK)),
            payload=int(fields.get("payload", wire.CHUNK)),
        )


@dataclass
class Response:
    """What came back for a command line."""

    line: str
    #: `wire.OK`, `FAILED` or `REFUSED`.
    status: int = wire.OK
    #: What a person would have read.
    text: str = ""
    #: What extensions printed.
    output: str = ""
    #: The results, a dictionary a record: those of `llext list` are one an extension.
    records: list[dict[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return self.status == wire.OK

    @property
    def fields(self) -> dict[str, str]:
        """All records in one; the last word wins."""
        return {key: value for record in self.records for key, value in record.items()}

    def check(self) -> Response:
        """This, unless the command failed.

        Raises:
            CommandError: it did.
        """
        if self.ok:
            return self
        fields = self.fields
        what = fields.get("what") or self.line.split(" ")[0]
        why = fields.get("error") or ("no such request" if self.status == wire.REFUSED else self.text.strip() or "failed")
        raise CommandError(what, why, fields.get("hint"))


@dataclass(frozen=True)
class Fault:
    """Why a call did not return."""

    #: In a word: `fault`, `abort`, `interrupted`, `timeout` …
    outcome: str
    #: In a sentence, as after `error: call: `.
    why: str
    #: All that the shell says: registers, backtrace.
    report: str
    #: The fields of it.
    fields: dict[str, str]

    def __str__(self) -> str:
        return f"{self.why}\n{self.report}"


@dataclass(frozen=True)
class Result:
    """What a call gave: a value, or a fault."""

    #: The value, as a C `int`; None if the call did not return.
    value: int | None
    #: What the extension printed meanwhile.
    output: str
    #: Why it did not return; None if it did.
    fault: Fault | None = None


@dataclass(frozen=True)
class Extension:
    """An extension that is loaded."""

    target: Target = field(repr=False, compare=False)
    name: str
    #: As `llext list` has them: bytes, address …
    fields: dict[str, str] = field(default_factory=dict, compare=False)

    def call(self, function: str, *arguments: int | str, **options: object) -> Result:
        """`Target.call` for this extension."""
        return self.target.call(self.name, function, *arguments, **options)  # type: ignore[arg-type]

    def unload(self) -> None:
        """`Target.unload` for this extension."""
        self.target.unload(self.name)
