"""Files that are no extensions for this board: each has its own message and leaves everything as it was."""

import struct

import pytest

import transcript


def refused(shell, command: str, message: str) -> None:
    """Runs a load that must be refused with this message, and changes nothing."""
    before = shell.heap(), shell.run("llext list")
    errors = [line for line in shell.run(command).splitlines() if line.startswith("error: ")]
    assert len(errors) == 1, command
    assert transcript.matches(f"error: load: {command.split()[2]}: {message}", errors[0]), errors[0]
    assert (shell.heap(), shell.run("llext list")) == before


# Each file is made from an example by a few bytes.


def patched(*patches: tuple[int, bytes]):
    """A function that replaces bytes at offsets of a file."""

    def patch(data: bytearray) -> bytes:
        for offset, new in patches:
            data[offset : offset + len(new)] = new
        return bytes(data)

    return patch


def huge_bss(data: bytearray) -> bytes:
    """Makes .bss 64 MiB long."""
    return with_section(data, lambda fields: fields[1] == 8, {5: 64 << 20})


def wild_symbols(data: bytearray) -> bytes:
    """Points the symbol table outside of the file."""
    return with_section(data, lambda fields: fields[1] == 2, {4: 0x7FFFFFF0})


def unknown_relocations(data: bytearray) -> bytes:
    """Gives the first relocation of a loaded section a type that nobody knows."""
    for offset, fields in sections(data):
        if fields[1] in (4, 9) and section(data, fields[7])[2] & 2:
            data[fields[4] + 4] = 0xEE
            break
    return bytes(data)


def sections(data: bytes):
    """Offset and fields of every section header: Elf32_Shdr."""
    (table,) = struct.unpack_from("<I", data, 32)
    size, count = struct.unpack_from("<HH", data, 46)
    for index in range(count):
        yield table + index * size, list(struct.unpack_from("<10I", data, table + index * size))


def section(data: bytes, index: int) -> list[int]:
    return list(sections(data))[index][1]


def with_section(data: bytearray, wanted, changes: dict[int, int]) -> bytes:
    """Changes fields of the first section that is wanted."""
    for offset, fields in sections(data):
        if wanted(fields):
            for field, value in changes.items():
                fields[field] = value
            struct.pack_into("<10I", data, offset, *fields)
            return bytes(data)
    raise AssertionError("no such section")


BAD_FILES = {
    "text": (lambda data: b"#!/bin/sh\nexit\n" * 10, "not an ELF file"),
    "empty": (lambda data: b"", "<...>"),
    "machine": (patched((18, b"\x3e\x00")), "wrong machine: built for <...>, this is <...>"),
    "class": (patched((4, b"\x02")), "wrong class: a 64-bit ELF file, 32-bit is needed"),
    "endianness": (patched((5, b"\x02")), "wrong endianness: a big-endian file, little-endian is needed"),
    "executable": (patched((16, b"\x02\x00")), "not a relocatable file but an executable"),
    "truncated": (lambda data: bytes(data[: len(data) // 2]), "truncated: <...>"),
    "header": (lambda data: bytes(data[:40]), "truncated: <...>"),
    "symbols": (wild_symbols, "truncated: <...>"),
    "relocation": (unknown_relocations, "unsupported <...> relocation type <n> at <...>"),
    "memory": (huge_bss, "out of memory: <n> bytes needed, <n> available in one block (<n> free)"),
}

# Files that a dry run can tell all about.
TOLD_BY_DRY_RUN = {"relocation": "0 undefined symbols, 1 unsupported relocation", "memory": None}


@pytest.fixture
def bad_files(built, start_shell, tmp_path):
    """A run with all of them on the image."""
    added = []
    for name, (make, _) in BAD_FILES.items():
        source = built.extensions["counter"].parent / "stripped" / "counter.elf"
        (tmp_path / f"{name}.elf").write_bytes(make(bytearray(source.read_bytes())))
        added += ["--add", f"{tmp_path}/{name}.elf:/bad/{name}.elf"]
    return start_shell(*added)


def test_every_bad_file_has_its_message_and_changes_nothing(bad_files):
    bad_files.run("llext load /ext/hello.elf")
    for name, (_, message) in BAD_FILES.items():
        refused(bad_files, f"llext load /bad/{name}.elf", message)
        message = TOLD_BY_DRY_RUN.get(name, message)
        if message:
            refused(bad_files, f"llext load /bad/{name}.elf --dry-run", message)
    assert bad_files.run("llext call hello hello_world").startswith("hello world")


def test_dry_run_tells_the_memory_that_is_not_there(bad_files):
    lines = bad_files.run("llext load /bad/memory.elf --dry-run").splitlines()
    assert "bss 67108864" in lines
    assert transcript.matches("memory needs <n> bytes, <...>; <n> are free, <n> of them in one block", lines[-1])


def test_a_failing_command_says_so_in_one_line(bad_files):
    for command in ("nonsense", "cat /no", "llext load /bad/text.elf", "mem read x", "llext call a b"):
        lines = bad_files.run(command).splitlines()
        assert lines[0].startswith("error: ")
        assert all(line.startswith("hint: ") for line in lines[1:]) and len(lines) <= 2
