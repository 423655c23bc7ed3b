"""What gdb/llext.py does about faults of extensions. It is a part of that, which reads it.

    llext fault                        the last fault that the firmware remembers
    set llext-stop-at-faults off       do not stop where an extension faults

The firmware calls `llext_fault_stop` before it does anything about a fault (src/debugger.rs says how a debugger has it go back).
"""

RECORD = "LLEXT_LAST_FAULT"  # Laid out as shell-cmds/src/last_fault.rs says.
MAGIC = b"llxF"
HEAD, FRAME_COUNT, RESTARTED = 272, 164, 264
REGISTERS = {
    17: [f"r{number}" for number in range(13)] + "sp lr pc xpsr".split(),
    33: (
        "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6 pc"
    ).split(),
}


UNKNOWN = 0xFFFFFFFF


class FaultRecord(gdb.Command):
    """Show the last fault, also one that restarted the firmware: its report, and the source of each address: llext fault"""

    def __init__(self):
        super().__init__("llext fault", gdb.COMMAND_STACK)

    def invoke(self, argument, from_tty):
        at = address_of(RECORD)
        if at is None:
            raise gdb.GdbError(f"This firmware remembers no faults: no symbol {RECORD}.")
        head = read(at, HEAD)
        length = struct.unpack_from("<I", head, HEAD - 4)[0]
        size = HEAD + length if length <= 4096 else HEAD
        if head[:4] != MAGIC:
            print("No fault is remembered.")
            return
        data = head + read(at + HEAD, size - HEAD)
        print(data[HEAD:].decode("utf-8", "replace").rstrip("\n"))
        if struct.unpack_from("<I", head, RESTARTED)[0]:
            print("The firmware restarted for it.")
        loaded = extensions()
        for name, value in self.registers(head):
            symbol = gdb.execute(f"info symbol {value:#x}", to_string=True)
            if "in section .text" in symbol or any(extension.region_at(value) for extension in loaded):
                print(f"{name:5} {value:#010x} {place(value, loaded)}")
        count, *frames = struct.unpack_from("<25I", head, FRAME_COUNT)
        for number, address in enumerate(frames[: min(count, len(frames))]):
            # A return address may be that of the next function: the call lies before it.
            sal = gdb.find_pc_line(address - (number > 0))
            source = f" at {sal.symtab.filename}:{sal.line}" if sal.symtab else ""
            print(f"#{number:<2} {place(address, loaded)}{source}")

    @staticmethod
    def registers(head):
        low, high, *values = struct.unpack_from("<35I", head, 24)
        known = low | high << 32
        names = REGISTERS[17 if is_arm() else 33]
        return [(name, values[number]) for number, name in enumerate(names) if known >> number & 1]


class StopAtFaults(gdb.Parameter):
    """Whether an extension that faults stops at the instruction, before the firmware ends its call. `continue` goes on to that."""

    set_doc = show_doc = __doc__

    def __init__(self):
        super().__init__("llext-stop-at-faults", gdb.COMMAND_BREAKPOINTS, gdb.PARAM_BOOLEAN)
        self.value = True

    def get_set_string(self):
        return ""

    def get_show_string(self, value):
        return f"Stopping at faults of extensions is {value}."


class FaultStop(gdb.Breakpoint):
    """Where the firmware tells of a fault before it does anything about it."""

    def __init__(self):
        super().__init__("*" + hex(address_of("llext_fault_stop")), internal=True)
        self.commands = "silent\npython stop_at_fault()"

    def stop(self):
        return gdb.parameter("llext-stop-at-faults")


def stop_at_fault():
    """Sends the call back to the instruction that faulted, where a breakpoint stops it."""
    names = ("r0", "r1", "r2", "r3") if is_arm() else ("a0", "a1", "a2", "a3")
    frame = gdb.newest_frame()
    pc, text, length, address = (int(frame.read_register(name)) & UNKNOWN for name in names)
    accessed = f", accessing {address:#010x}" if address != UNKNOWN else ""
    where = f" at {place(pc, extensions())}" if pc != UNKNOWN else ""
    print(f"Fault: {read(text, length).decode()}{where}{accessed}")
    again = address_of("llext_fault_again")
    here = None
    try:
        if pc != UNKNOWN:
            here = gdb.Breakpoint(f"*{pc:#x}", internal=True, temporary=True)
            here.commands = "silent\nframe"
            gdb.selected_inferior().write_memory(again, struct.pack("<I", 2))
            gdb.execute("continue")
            return
    except gdb.error:
        # No breakpoint can be there.
        here.delete()
        gdb.selected_inferior().write_memory(again, bytes(4))
    print("There is nothing to go back to: this is the firmware's handler. `continue` goes on to the end of the call.")


FaultRecord()
StopAtFaults()
if address_of("llext_fault_stop") is not None:
    FaultStop()
