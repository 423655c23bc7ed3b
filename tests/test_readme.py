"""The session that README.md opens with is a real one."""

import re

import transcript
from conftest import ROOT


def session() -> str:
    """The first session in the README, with wildcards for the numbers: they differ between boards and compilers."""
    text = re.search(r"^```text\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL).group(1)
    return re.sub(r"0x[0-9a-f]+|\b\d+\b", lambda number: "<hex>" if "x" in number[0] else "<n>", text)


def test_the_readme_shows_what_a_user_sees(shell):
    steps = transcript.parse(session())
    assert len(steps) > 5
    transcript.play(shell, steps)
