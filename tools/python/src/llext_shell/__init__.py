"""Extensions on a running microcontroller, from Python: the client of llext-shell's machine mode.

    from llext_shell import Target

    with Target.open("/dev/ttyUSB0") as target:
        hello = target.load("hello.elf")
        result = hello.call("add", 1, 2)
        assert (result.value, result.output, result.fault) == (3, "", None)
"""

from .errors import CommandError, ConnectionLost, FrameLost, LlextError, NoAnswer, TransferError
from .results import Extension, Fault, Hello, Response, Result
from .target import Target

__all__ = [
    "CommandError",
    "ConnectionLost",
    "Extension",
    "Fault",
    "FrameLost",
    "Hello",
    "LlextError",
    "NoAnswer",
    "Response",
    "Result",
    "Target",
    "TransferError",
]
