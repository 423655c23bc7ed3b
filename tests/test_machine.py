"""Machine mode on the boards: frames instead of lines at a prompt (wire/README.md), spoken by `wire.py`.

    > RUN 1 `llext call exec spin`            00 03 00
    < TEXT 1 `error: call: …`   FIELDS 1 `outcome=interrupted …`   DONE 1 failed
"""

import os

import pytest

import wire
from conftest import ROOT
from wire import FAILED, OK, REFUSED, Target, frame


@pytest.fixture
def target(command_line, new_image, misbehaving):
    """A run at its human prompt, with `exec.elf` on its file system."""
    command = command_line(new_image(), "--add", misbehaving)
    target = Target(command, cwd=ROOT, env={**os.environ, "TERM": "dumb"})
    yield target
    target.close()


def test_load_call_unload(target):
    hello = target.enter()
    assert hello["protocol"] == "1" and int(hello["window"]) == 3072 and int(hello["payload"]) == 1024
    assert hello["board"] in target.run("version").text and hello["abi"].startswith("0x")
    assert target.run("llext load /ext/hello.elf").status == OK
    listed = target.run("llext list").records
    assert [record["name"] for record in listed] == ["hello"]
    called = target.run("llext call hello hello_world")
    assert (called.status, called.output) == (OK, "hello world\n")
    assert called.record("outcome") == {"outcome": "returned", "value": "0"}
    failed = target.run("llext call hello nothing")
    assert failed.status == FAILED
    assert failed.error == "hello: no function nothing"
    # The same line says the same to a person.
    target.send(frame(wire.LEAVE, 0))
    target.prompt()
    assert target.shell("llext call hello nothing").startswith("error: call: hello: no function nothing\nhint: ")
    assert target.shell("llext call hello hello_world") == "hello world\n=> 0 (0x0)\n"


def test_what_a_call_takes_on_the_wire(target):
    """Figures for wire/README.md: a call, its output and its result."""
    target.enter()
    assert target.run("llext load /ext/hello.elf").status == OK
    sent, came = target.sent, target.came
    target.run("llext call hello hello_world")
    assert (target.sent - sent, target.came - came) == (37, 88)


def test_faults_and_interrupts(target):
    target.enter()
    assert target.run("llext load /ext/exec.elf").status == OK
    fault = target.run("llext call exec bad_read")
    outcome = fault.record("outcome")
    assert (fault.status, outcome["outcome"], outcome["address"]) == (FAILED, "fault", "0xf0000000")
    assert outcome["kind"].startswith("bus error") and outcome["where"].startswith("exec:bad_read")
    assert fault.record("frame")["where"].startswith("exec:bad_read")
    assert fault.text.startswith(f"error: call: {fault.error}\n")
    for function in ["spin", "spin_printing", "sleep"]:
        request = target.start(f"llext call exec {function} --force")
        target.send(wire.INTERRUPT)
        ended = target.finish(request)
        assert ended.status == FAILED and ended.record("outcome")["outcome"] == "interrupted", function
    # What is printed is seen at a pause, though its line is not at its end.
    request = target.start("llext call exec spin_after_a_pause --force")
    assert target.next() == (wire.OUTPUT, request, b"half")
    target.send(wire.INTERRUPT)
    assert target.finish(request, seen=1).output == ""
    # One that comes too late, before the next request, is no business of that.
    target.send(wire.INTERRUPT + wire.INTERRUPT)
    assert target.run("llext call exec formats --force").status == OK


def test_noise_and_damage(target):
    target.enter()
    good = frame(wire.RUN, 1, b"mkdir /once")
    target.send(bytes(range(1, 256)) * 3 + b"\0")
    for place in (0, 5, len(good) - 2):
        target.send(good[:place] + bytes([good[place] ^ 0x10]) + good[place + 1 :] + b"\0")
    target.send(good[:-4] + b"\0" + b"\xff" * 2000 + b"\0")
    target.send(frame(0x42, 9, b"of no known kind") + frame(wire.DATA, 9, b"12345678"))
    # Not run so far, and not run twice.
    target.send(good + good + good)
    for _ in range(3):
        assert target.finish(1).status == OK
    target.request = 1
    assert target.run("mkdir /once").status == FAILED
    assert target.run(b"\xff\xfe").status == REFUSED
    assert target.run("ls" + " " * 1000 + "/").status in (OK, FAILED)


def test_a_person_who_types_machine_is_told_what_happened(target):
    target.send(b"machine --timeout 1500\n")
    target.expect(b"frames for programs from here on: type nothing, and the prompt is back in 2 s\r\n")
    target.prompt()
    assert "llext-shell" in target.shell("version")


def test_ways_out(target):
    for leave in (b"\0" + wire.BREAK, frame(wire.PING, 7) + frame(wire.LEAVE, 8)):
        target.enter()
        target.send(leave)
        target.prompt()
        assert "llext-shell" in target.shell("version")
    # By itself; noise does not keep it open.
    target.enter(" --timeout 300")
    target.send(b"\1\2\3")
    target.prompt()
    assert "llext-shell" in target.shell("version")
    target.enter()
    assert target.start("reboot") and target.next()[0] == wire.DONE
    target.prompt()
    assert target.shell("llext list") == "nothing is loaded\n"
