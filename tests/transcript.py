"""Transcripts: a session as the plain console shows it, with wildcards, played and compared.

Lines that start with the prompt are typed; the lines below each are what it must print. In those, `<n>` stands for a
decimal number, `<hex>` for 0x and hexadecimal digits, `<...>` for anything; a line that is `<...>` alone, for any lines.
"""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path

PROMPT = "llext> "

WILDCARDS = {"<n>": r"-?\d+", "<hex>": r"0x[0-9a-fA-F]+", "<...>": r".*"}
WILDCARD = re.compile("|".join(map(re.escape, WILDCARDS)))


@dataclass
class Step:
    """A command and the lines that it must print."""

    command: str
    expected: list[str]


def parse(text: str) -> list[Step]:
    """The steps of a transcript."""
    steps: list[Step] = []
    for line in text.splitlines():
        if line.startswith(PROMPT):
            steps.append(Step(line.removeprefix(PROMPT), []))
        else:
            assert steps, f"a transcript starts with a line `{PROMPT}COMMAND`, not with {line!r}"
            steps[-1].expected.append(line)
    return steps


def read(path: Path) -> list[Step]:
    """The steps of the transcript in a file."""
    return parse(path.read_text())


def matches(pattern: str, line: str) -> bool:
    """Whether a line is what an expected line, with its wildcards, stands for."""
    literals = WILDCARD.split(pattern)
    wildcards = [WILDCARDS[found] for found in WILDCARD.findall(pattern)] + [""]
    return re.fullmatch("".join(re.escape(a) + b for a, b in zip(literals, wildcards)), line) is not None


def are_printed(expected: list[str], got: list[str]) -> bool:
    """Whether all lines of `got` are what the lines of `expected` stand for."""
    if not expected:
        return not got
    if expected[0] == "<...>":
        return any(are_printed(expected[1:], got[start:]) for start in range(len(got) + 1))
    return bool(got) and matches(expected[0], got[0]) and are_printed(expected[1:], got[1:])


def compare(step: Step, output: str) -> list[str]:
    """The difference between what a command printed and what it must print: empty if there is none."""
    got = output.splitlines()
    if are_printed(step.expected, got):
        return []
    # A line that matches counts as equal, so that the difference shows nothing else.
    shown = [next((pattern for pattern in step.expected if matches(pattern, line)), line) for line in got]
    difference = difflib.ndiff(step.expected, shown)
    return [PROMPT + step.command, *(line for line in difference if not line.startswith("?"))]


def play(shell, steps: list[Step]) -> None:
    """Types the commands and fails with a readable difference if one prints something else."""
    for number, step in enumerate(steps):
        difference = compare(step, shell.run(step.command))
        if difference:
            before = [PROMPT + done.command for done in steps[:number]]
            raise AssertionError("\n".join(["- expected, + printed:", *before, *difference]))
