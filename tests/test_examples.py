"""Every example gives its transcript, on every board."""

from pathlib import Path

import pytest

import transcript

EXAMPLES = sorted(path for path in (Path(__file__).parent.parent / "examples").iterdir() if path.is_dir())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example_gives_its_transcript(shell, example):
    steps = transcript.read(example / "transcript.txt")
    used_before = shell.heap_used()
    transcript.play(shell, steps)
    shell.run("llext unload --all")
    assert shell.heap_used() == used_before, "after the last unload the heap is as it was"


def test_a_difference_is_shown_line_by_line():
    step = transcript.Step("llext list", ["alpha <n> <hex>", "beta"])
    assert transcript.compare(step, "alpha 12 0x20\nbeta") == []
    assert transcript.compare(step, "alpha 12 0x20\ngamma") == [
        "llext> llext list",
        "  alpha <n> <hex>",
        "- beta",
        "+ gamma",
    ]
    assert transcript.compare(step, "alpha 12 0x20") == ["llext> llext list", "  alpha <n> <hex>", "- beta"]


def test_wildcards_stand_for_what_they_say():
    assert transcript.matches("=> <n> (<hex>)", "=> -3 (0xfffffffd)")
    assert not transcript.matches("=> <n> (<hex>)", "=> -3 (fffffffd)")
    assert transcript.matches("<...> (a.b)", "anything at all (a.b)")
    assert not transcript.matches("a.b", "axb")
