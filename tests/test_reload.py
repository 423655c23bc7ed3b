"""`llext reload`: the new version takes the old one's place all at once, or the old one is as it was.

`reload.c` keeps a count and a name, which `llext_save` and `llext_restore` carry over; its versions from 3 on fail.
"""

import os
import re
import struct
import subprocess

import pytest

from conftest import PROMPT, ROOT, XTASK
from wire import FAILED, OK, Target

FAILURES = [
    (4, r"error: reload: keep: a constructor: .*bus error"),
    (5, r"error: reload: llext_restore returned -22"),
    (6, r"error: reload: keep: llext_restore: .*bus error"),
]
HUGE = 8
TOO_LARGE = 9
SHT_RELA, SHT_REL = 4, 9


@pytest.fixture(scope="session")
def versions(built, tmp_path_factory):
    """The versions of `reload.c`, built for the board: `1.elf` and up."""
    folder = tmp_path_factory.mktemp(f"reload-{built.board}")
    for version in range(1, TOO_LARGE + 1):
        command = [*XTASK, "extension", "tests/reload.c", "--board", built.board, "-o", folder / f"{version}.elf"]
        subprocess.run([*command, "--", f"-DVERSION={version}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return sorted(folder.glob("?.elf"))


@pytest.fixture
def loaded(start_shell, versions):
    """A run with version 1 loaded as `keep`, which has a name and has counted to 2."""
    shell = start_shell(*(word for file in versions for word in ("--add", file)))
    assert shell.run("llext load /ext/1.elf --name keep").startswith("version 1 begins\nloaded keep: ")
    shell.run('llext call keep name "Ada"')
    for count in (1, 2):
        assert shell.run("llext call keep next") == f"version 1 of Ada\n=> {count} (0x{count})"
    return shell


def test_the_new_version_goes_on_where_the_old_one_was(loaded):
    used = loaded.heap_used()
    begins, ends, told = loaded.run("llext reload keep /ext/2.elf").splitlines()
    assert (begins, ends) == ("version 2 begins", "version 1 ends")
    assert re.fullmatch(r"reloaded keep: \d regions?, \d+ bytes at 0x\w{8}; it has its 16 bytes of state", told)
    assert loaded.run("llext call keep next") == "version 2 of Ada\n=> 3 (0x3)"
    assert loaded.heap_used() == used
    # Without a path it is the file that it came from; a host puts a new one there.
    loaded.run("cp /ext/1.elf /ext/2.elf")
    assert "version 1 begins\nversion 2 ends\n" in loaded.run("llext reload keep")
    assert loaded.run("llext call keep next") == "version 1 of Ada\n=> 4 (0x4)"
    loaded.run("llext unload keep")
    assert loaded.heap_used() == 0


def test_whatever_fails_the_old_version_is_as_it_was(loaded):
    before = loaded.heap(), loaded.run("llext info keep"), loaded.run("cat /gdb/keep.gdb")
    for version, error in FAILURES:
        lines = loaded.run(f"llext reload keep /ext/{version}.elf").splitlines()
        assert re.search(error, "\n".join(lines)), lines
        assert lines[-1] == "hint: keep is as it was"
        assert (loaded.heap(), loaded.run("llext info keep"), loaded.run("cat /gdb/keep.gdb")) == before
    for path in ("/ext/hello", "/ext/orphan.elf"):
        assert "error: reload: " in loaded.run(f"llext reload keep {path}")
    assert (loaded.heap(), loaded.run("llext info keep"), loaded.run("cat /gdb/keep.gdb")) == before
    assert loaded.run("llext call keep next") == "version 1 of Ada\n=> 3 (0x3)"


def test_a_version_that_cannot_save_stays_and_then_goes_without_its_state(loaded):
    loaded.run("llext reload keep /ext/3.elf")
    failed = loaded.run("llext reload keep /ext/2.elf").splitlines()
    assert re.search(r"error: reload: keep: llext_save: .*bus error", "\n".join(failed))
    assert failed[-1] == "hint: keep is as it was"
    lines = loaded.run("llext reload keep /ext/2.elf").splitlines()
    assert lines[0] == "warning: it has faulted, so its state is not handed over"
    assert loaded.run("llext call keep next") == "version 2 of \n=> 1 (0x1)"


def test_state_that_is_not_wanted_is_lost_with_a_warning(loaded):
    lines = loaded.run("llext reload keep /ext/7.elf").splitlines()
    assert "warning: 16 bytes of state are lost: the new file has no llext_restore" in lines
    assert loaded.run("llext call keep next") == "version 7 of \n=> 1 (0x1)"


def test_without_room_for_both_it_says_so_and_what_to_do(loaded):
    assert "reloaded keep: " in loaded.run(f"llext reload keep /ext/{HUGE}.elf")
    before = loaded.heap()
    refused = loaded.run("llext reload keep").splitlines()
    assert re.match(rf"error: reload: /ext/{HUGE}\.elf: out of memory: ", refused[0])
    assert refused[1] == "hint: there is no room for both: `llext reload keep --replace` unloads the old one first"
    assert loaded.heap() == before
    lines = loaded.run("llext reload keep --replace").splitlines()
    assert lines[:2] == [f"version {HUGE} ends", f"version {HUGE} begins"]
    assert loaded.run("llext call keep next") == f"version {HUGE} of Ada\n=> 3 (0x3)"
    assert loaded.heap() == before


def test_what_fills_most_of_the_heap_is_replaced_as_often_as_one_likes(start_shell, versions):
    shell = start_shell("--add", versions[HUGE - 1])
    shell.run(f"llext load /ext/{HUGE}.elf --name keep")
    used = shell.heap_used()
    for count in (1, 2, 3):
        assert shell.run("llext call keep next").endswith(f"=> {count} (0x{count})")
        assert "reloaded keep: " in shell.run("llext reload keep --replace")
        assert shell.heap_used() == used


def test_what_would_have_no_room_without_the_old_one_either_is_refused_before_that_goes(loaded):
    before = loaded.heap(), loaded.run("llext info keep")
    refused = loaded.run(f"llext reload keep /ext/{TOO_LARGE}.elf --replace").splitlines()
    sizes = r"(\d+) bytes needed, (\d+) available in one block \((\d+) free\)"
    sizes = re.fullmatch(rf"error: reload: /ext/{TOO_LARGE}\.elf: out of memory: {sizes}", refused[0])
    needed, available, free = map(int, sizes.groups())
    assert available < needed and available <= free
    assert refused[-1] == "hint: keep is as it was"
    assert (loaded.heap(), loaded.run("llext info keep")) == before
    assert loaded.run("llext call keep next") == "version 1 of Ada\n=> 3 (0x3)"


def test_what_no_load_takes_is_refused_before_the_old_one_goes(start_shell, versions, tmp_path):
    file = bytearray(versions[1].read_bytes())
    headers, count = struct.unpack_from("<I", file, 0x20)[0], struct.unpack_from("<H", file, 0x30)[0]
    for at in range(headers, headers + 40 * count, 40):
        if struct.unpack_from("<I", file, at + 4)[0] in (SHT_RELA, SHT_REL):
            struct.pack_into("<I", file, at + 24, 0xFFFFFFFF)
    (tmp_path / "unlinked.elf").write_bytes(file)
    shell = start_shell("--add", versions[0], "--add", tmp_path / "unlinked.elf")
    shell.run("llext load /ext/1.elf --name keep")
    for command in ("load /ext/unlinked.elf --dry-run", "reload keep /ext/unlinked.elf --replace"):
        assert "sh_link is 0xffffffff" in shell.run(f"llext {command}")
    assert shell.run("llext call keep next").endswith("=> 1 (0x1)")


def test_who_sits_at_a_terminal_is_asked(start_shell, versions):
    child = start_shell("--add", versions[HUGE - 1], term="xterm").child

    def run(line: str, *shown: str) -> None:
        child.send(line + "\r")
        for text in shown:
            child.expect_exact(text)
        child.expect_exact(PROMPT)

    def reload() -> None:
        child.send("llext reload keep\r")
        child.expect(r"both do not fit: \d+ bytes needed, \d+ free in one block\r\n")
        child.expect_exact("unload keep first? [y/N] ")

    run(f"llext load /ext/{HUGE}.elf --name keep", f"version {HUGE} begins", "loaded keep: ")
    run('llext call keep name "Ada"', "=> 0")
    for answer, seen in {"\r": "\r\n", "n\r": "n\r\n", "y\x03": "y^C\r\n", "\x04": "\r\n"}.items():
        reload()
        child.send(answer)
        child.expect_exact(seen + "error: reload: keep: it is not reloaded, and as it was")
        child.expect_exact(PROMPT)
    run("llext call keep next", f"version {HUGE} of Ada", "=> 1")
    reload()
    child.send("y\r")
    for text in (f"version {HUGE} ends", f"version {HUGE} begins", "reloaded keep: ", "; it has its 16 bytes of state"):
        child.expect_exact(text)
    child.expect_exact(PROMPT)
    run("llext call keep next", f"version {HUGE} of Ada", "=> 2")


def test_a_program_is_told_what_to_send_instead(command_line, new_image, versions):
    command = command_line(new_image(), "--add", versions[HUGE - 1])
    # Machine mode at a terminal that a person could be asked at.
    target = Target(command, cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    try:
        target.shell("term ansi")
        target.enter()
        assert target.run(f"llext load /ext/{HUGE}.elf --name keep").status == OK
        refused = target.run("llext reload keep")
        assert refused.status == FAILED and " out of memory: " in refused.error
        assert "`llext reload keep --replace` unloads the old one first" in refused.text
        replaced = target.run("llext reload keep --replace")
        assert replaced.status == OK and replaced.record("state") == {"state": "16"}
    finally:
        target.close()


def test_what_others_use_is_not_reloaded(shell):
    shell.run("llext load /ext/greeter.elf")
    shell.run("llext load /ext/visitor.elf")
    before = shell.heap()
    assert shell.run("llext reload greeter").splitlines() == [
        "error: reload: greeter: in use by visitor",
        "hint: their code holds addresses in it: unload them, reload, and load them again",
    ]
    assert shell.heap() == before


def test_gdb_sees_the_new_version_in_place_of_the_old_one(start_bench, attach, built):
    bench = start_bench()
    gdb = attach(bench, f"set debug-file-directory {built.debug_files}")
    shell = bench.shell
    gdb.send("continue")
    shell.wait()
    shell.run("llext load /ext/counter.elf")
    # One more lies where the first was, so that this moves.
    shell.run("llext load /ext/hello.elf")
    shell.run("llext reload counter")
    entry = re.search(r"(0x\w+) counter_advance", shell.run("llext sym counter")).group(1)
    gdb.interrupt()
    places = re.findall(r"address (0x\w+)", gdb.run("info scope counter_advance") + gdb.run("info line counter_advance"))
    assert {int(place, 16) for place in places} == {int(entry, 16) & ~1}
    gdb.run("break counter_advance")
    gdb.send("continue")
    shell.send("llext call counter counter_advance 3")
    assert "Breakpoint 1, counter_advance (times=3) at " in gdb.wait()
