"""What can go wrong. Each error says what was tried, why it failed, and where there is one, what to do."""

from __future__ import annotations


class LlextError(Exception):
    """`what: why`, and a hint on a line of its own."""

    def __init__(self, what: str, why: str, hint: str | None = None):
        super().__init__(f"{what}: {why}" + (f"\nhint: {hint}" if hint else ""))
        self.what = what
        self.why = why
        self.hint = hint


class CommandError(LlextError):
    """The target ran the command, which failed; what it says is what a person would have read at its prompt."""


class NoAnswer(LlextError):
    """Nothing came in time. A command that ran has been interrupted, and the target can be used on."""


class ConnectionLost(LlextError):
    """The serial port, the socket or the program at the other end is gone."""


class FrameLost(LlextError):
    """The request was carried out, and a part of its answer was damaged on the way."""


class TransferError(LlextError):
    """A file did not arrive whole."""
