//! A small world for the commands: a screen, files in memory, the real loader for an ARM target, and a
//! CPU that runs nothing and remembers what it was asked to run.
#![allow(dead_code, reason = "every test file uses a part of it")]

mod disk;
pub use disk::Disk;

use llext::{AbiId, Export, Exports, ExtensionId, Llext, OwnedBlocks, TlsfHeap, Usage, machine};
use llext_wire::{Done, Framer, Kind};
use shell_cmds::{
    Candidate, Context, Failed, LastFault, Status,
    context::{
        Announced, Call, Cause, Console, Cost, Count, Cpu, Ended, Fault, FaultKind, Layout, Limits,
        Mode, Outcome, Stop, System,
    },
};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind, panic_any},
    ptr::{NonNull, without_provenance},
    rc::Rc,
};
use unwind::{ARM, Registers};

/// Where the target sees the heap.
pub const HEAP: usize = 0x2100_0000;
/// Where the target has memory that `mem` may touch, and how much, in bytes.
pub const MEMORY: (usize, usize) = (0x1000, 256);

/// Where the rest of the target's memory is.
pub const LAYOUT: Layout = Layout {
    null: 0..0x100,
    code: 0x200..0x800,
    constants: 0x800..0x900,
    data: 0x2000_0000..0x2000_8000,
    heap: HEAP..HEAP + 64 * 1024,
    files: [0x3000..0x6000, 0..0],
    stack: 0x2200_8000..0x2201_0000,
    rtt: 0x2300_0000..0x2300_1000,
    guard: 0x2200_0000..0x2200_8000,
    door: 0x700..0x780,
};

/// All that a command may touch.
pub struct World {
    pub screen: Screen,
    pub disk: Disk,
    pub llext: Llext<'static>,
    pub cpu: Recorder,
    pub machine: Machine,
    pub owned: &'static OwnedBlocks,
}

impl World {
    /// A machine that has just started, with extensions in `/ext` and one more file.
    pub fn new() -> Self {
        Self::with_heap(64 * 1024)
    }

    /// The same with a heap of `size` bytes.
    pub fn with_heap(size: usize) -> Self {
        let pool: &'static mut [u64] = Box::leak(vec![0; size / 8].into_boxed_slice());
        let heap: &'static TlsfHeap = Box::leak(Box::new(TlsfHeap::new()));
        // SAFETY: the pool is leaked, so it lives on, and nothing else knows it.
        unsafe { heap.init_mapped(NonNull::from(pool).cast(), size, HEAP) }.expect("a heap");
        let owned: &'static OwnedBlocks = Box::leak(Box::new(OwnedBlocks::new()));
        let exports: &'static [Export] = Box::leak(Box::new([
            Export::new(c"memcpy", without_provenance(0x201)),
            Export::new(c"printf", without_provenance(0x301)),
            Export::new(c"printk", without_provenance(0x401)),
            Export::new(c"puts", without_provenance(0x501)),
        ]));
        let machine = machine::for_elf(40, machine::Class::Elf32).expect("the loader knows ARM");
        let screen = Screen::default();
        screen.clock.set(12_034_567);
        Self {
            disk: Disk::new(),
            llext: Llext::new(heap, Exports::new(exports), machine)
                .with_abi(AbiId(0x600d_ab1e))
                .with_allocations(owned),
            cpu: Recorder {
                screen: screen.clone(),
                calls: vec![],
                script: VecDeque::new(),
                cost: COST,
                limits: vec![],
                words: BTreeMap::new(),
                peeked: vec![],
                memory: (0..=255).collect(),
            },
            machine: Machine {
                losses: 0,
                unread: 0,
                clock: screen.clock.clone(),
                announced: Announced::Whole,
                known: vec![],
                owned,
                ticks: 0.into(),
                last_fault: LastFault::new(),
            },
            screen,
            owned,
        }
    }

    /// Types a line; returns what the screen shows then, and how the command ended.
    pub fn try_line(&mut self, line: &str) -> (String, Status) {
        let mut ctx = Context {
            console: &mut self.screen,
            files: &mut self.disk,
            llext: &mut self.llext,
            cpu: &mut self.cpu,
            system: &mut self.machine,
        };
        let status = shell_cmds::execute(line, &mut ctx);
        (std::mem::take(&mut *self.screen.text.borrow_mut()), status)
    }

    /// Types a line that must succeed; returns what the screen shows.
    pub fn line(&mut self, line: &str) -> String {
        let (text, status) = self.try_line(line);
        assert_eq!(status, Ok(()), "{line}: {text}");
        text
    }

    /// Types a line that must fail, with one line `error:`; returns what the screen shows.
    pub fn fails(&mut self, line: &str) -> String {
        let (text, status) = self.try_line(line);
        assert_eq!(status, Err(Failed), "{line}: {text}");
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("error: "))
                .count(),
            1,
            "{line}: {text}"
        );
        text
    }

    /// Types a line that ends the run; returns how it ended.
    pub fn ends(&mut self, line: &str) -> End {
        let ended = catch_unwind(AssertUnwindSafe(|| self.try_line(line)));
        *ended
            .expect_err("the run goes on")
            .downcast()
            .expect("a panic")
    }

    /// What Tab offers at `|` in `line`: words, with a space where one may follow.
    pub fn tab(&mut self, line: &str) -> Vec<String> {
        let cursor = line.find('|').unwrap_or(line.len());
        let line = line.replacen('|', "", 1);
        let mut ctx = Context {
            console: &mut self.screen,
            files: &mut self.disk,
            llext: &mut self.llext,
            cpu: &mut self.cpu,
            system: &mut self.machine,
        };
        let mut words = vec![];
        let start =
            shell_cmds::complete(&line, cursor, &mut ctx, &mut |Candidate { text, done }| {
                words.push(format!("{text}{}", if done { " " } else { "" }));
            });
        let typed = &line[start..cursor];
        assert!(
            words.iter().all(|word| word.starts_with(typed)),
            "{line}: {words:?}"
        );
        words
    }

    /// Bytes of the heap that are in use.
    pub fn used(&self) -> usize {
        self.llext.heap().stats().used
    }
}

/// What the user sees; extensions write here too.
#[derive(Clone, Default)]
pub struct Screen {
    text: Rc<RefCell<String>>,
    /// How often a command may still ask for Ctrl-C before it was typed; never, unless set.
    pub patience: Rc<Cell<Option<usize>>>,
    /// What a person at the terminal will type when asked; none, if a program is there.
    pub keys: Rc<RefCell<Option<VecDeque<u8>>>>,
    /// What waits to be read from the line. Where it is empty, the time is over.
    pub incoming: Rc<RefCell<VecDeque<u8>>>,
    /// What comes again and again when that is read, and until when.
    pub endless: Rc<RefCell<(Vec<u8>, u64)>>,
    /// Microseconds since boot: what is waited for takes them, and each byte.
    pub clock: Rc<Cell<u64>>,
    /// What was written to the line: frames, and raw bytes.
    pub outgoing: Rc<RefCell<Vec<u8>>>,
    framer: Rc<Framer>,
    framed: Rc<Cell<bool>>,
    /// The line broke.
    pub broken: Rc<Cell<bool>>,
    leaving: Rc<Cell<Option<u16>>>,
}

/// Microseconds that a byte takes at 115,200 8N1.
const BYTE_US: u64 = 87;

impl Screen {
    fn pass(&self, us: u64) {
        self.clock.set(self.clock.get() + us);
    }

    /// What an extension prints.
    fn print(&mut self, text: &str) {
        match self.framed.get() {
            true => self.frame(Kind::Output, text.as_bytes()),
            false => self.write(text.as_bytes()),
        }
    }

    /// Goes over the line, framed.
    fn frame(&self, kind: Kind, text: &[u8]) {
        let mut line = self.outgoing.borrow_mut();
        self.framer
            .write(kind, text, &mut |bytes| line.extend(bytes));
    }
}

impl Console for Screen {
    fn write(&mut self, text: &[u8]) {
        if self.framed.get() {
            return self.frame(Kind::Text, text);
        }
        self.text
            .borrow_mut()
            .push_str(std::str::from_utf8(text).expect("text"));
    }

    fn fresh_line(&mut self) {
        let mut text = self.text.borrow_mut();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }

    fn mode(&self) -> Mode {
        Mode::Plain
    }

    fn set_mode(&mut self, mode: Mode) {
        self.write(if mode == Mode::Ansi {
            b"(now ansi)\n"
        } else {
            b""
        });
    }

    fn interrupted(&mut self) -> bool {
        match self.patience.get() {
            Some(0) => self.patience.take().is_some(),
            Some(times) => {
                self.patience.set(Some(times - 1));
                false
            }
            None => false,
        }
    }

    fn has_reader(&self) -> bool {
        self.keys.borrow().is_some() && !self.framed.get()
    }

    fn read_key(&mut self) -> Option<u8> {
        self.keys.borrow_mut().as_mut()?.pop_front()
    }

    fn read_raw(&mut self, into: &mut [u8], timeout_ms: u32) -> usize {
        let mut incoming = self.incoming.borrow_mut();
        let (endless, until) = &*self.endless.borrow();
        if incoming.is_empty() && self.clock.get() < *until {
            incoming.extend(endless);
        }
        self.pass(match incoming.len() {
            0 => 1000 * u64::from(timeout_ms),
            waiting => BYTE_US * into.len().min(waiting) as u64,
        });
        let waiting = std::iter::from_fn(|| incoming.pop_front());
        into.iter_mut()
            .zip(waiting)
            .map(|(place, byte)| *place = byte)
            .count()
    }

    fn write_raw(&mut self, bytes: &[u8]) {
        self.outgoing.borrow_mut().extend(bytes);
    }

    fn set_framed(&mut self, request: Option<u16>) {
        self.framed.set(request.is_some());
        if let Some(id) = request {
            self.framer.begin(id);
        }
    }

    fn framed(&self) -> Option<u16> {
        self.framed.get().then(|| self.framer.request())
    }

    fn broken(&mut self) -> bool {
        self.broken.take()
    }

    fn leave(&mut self, id: u16) {
        self.leaving.set(Some(id));
    }

    fn take_leave(&mut self) -> Option<u16> {
        self.leaving.take()
    }

    fn write_fields(&mut self, text: &[u8]) {
        if self.framed.get() {
            self.frame(Kind::Fields, text);
        }
    }

    fn send(&mut self, kind: Kind, payload: &[&[u8]]) {
        let mut line = self.outgoing.borrow_mut();
        let sent = self
            .framer
            .send(kind, payload, &mut |bytes| line.extend(bytes));
        sent.expect("a payload that fits");
    }

    fn done(&mut self, status: llext_wire::Status) -> Done {
        let mut line = self.outgoing.borrow_mut();
        self.framer.done(status, &mut |bytes| line.extend(bytes))
    }
}

/// What every call is said to take.
pub const COST: Cost = Cost {
    count: Count::Instructions(1234),
    micros: 49,
    stack: 312,
};

/// A CPU that adds: a call returns the sum of its first two arguments, unless the script has an outcome for it.
pub struct Recorder {
    screen: Screen,
    /// The calls: owner, entry and arguments.
    pub calls: Vec<(ExtensionId, usize, [usize; 8])>,
    /// What the next calls print, and how they end.
    pub script: VecDeque<(&'static str, Outcome)>,
    /// What every call is said to take.
    pub cost: Cost,
    /// What the calls were allowed to do.
    pub limits: Vec<Limits>,
    memory: Vec<u8>,
    /// Memory that a backtrace may read, beside that which extensions lie in: words by their addresses.
    pub words: BTreeMap<usize, u32>,
    /// Where it was read.
    pub peeked: Vec<usize>,
}

/// The end of a call with only the program counter known, if that.
pub fn stopped(cause: Cause, pc: Option<usize>) -> Outcome {
    let mut registers = Registers::unknown(&ARM);
    if let Some(pc) = pc {
        registers.set(ARM.pc, pc as u32);
    }
    Outcome::Stopped(Stop { cause, registers })
}

/// The end of a call by a fault.
pub fn faulted(kind: FaultKind, pc: Option<usize>, address: Option<usize>) -> Outcome {
    stopped(Cause::Fault(Fault { kind, address }), pc)
}

impl Recorder {
    fn place(&self, address: usize, width: usize) -> Result<std::ops::Range<usize>, Fault> {
        let (start, size) = MEMORY;
        let fault = Fault {
            kind: FaultKind::Bus,
            address: Some(address),
        };
        let offset = address.checked_sub(start).ok_or(fault)?;
        if offset + width > size {
            Err(fault)
        } else {
            Ok(offset..offset + width)
        }
    }
}

impl Cpu for Recorder {
    fn call(&mut self, call: &Call<'_>) -> Ended {
        let args = call.args;
        self.calls.push((call.owner, call.entry, *args));
        self.limits.push(call.limits);
        let outcome = match self.script.pop_front() {
            Some((text, outcome)) => {
                self.screen.print(text);
                outcome
            }
            None => Outcome::Returned((args[0] as u32).wrapping_add(args[1] as u32)),
        };
        Ended {
            outcome,
            cost: call.measured.then_some(self.cost),
        }
    }

    fn layout(&self) -> Layout {
        LAYOUT
    }

    fn peek(&mut self, address: usize, width: usize) -> Result<u32, Fault> {
        self.peeked.push(address);
        if let Some(word) = self.words.get(&address) {
            return Ok(*word);
        }
        let mut word = [0; 4];
        word[..width].copy_from_slice(&self.memory[self.place(address, width)?]);
        Ok(u32::from_le_bytes(word))
    }

    fn poke(&mut self, address: usize, width: usize, value: u32) -> Result<(), Fault> {
        let place = self.place(address, width)?;
        self.memory[place].copy_from_slice(&value.to_le_bytes()[..width]);
        Ok(())
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Exit(i32),
    Reboot,
}

/// The rest of the machine.
pub struct Machine {
    /// How often input was lost.
    pub losses: u32,
    /// What a host at RTT has missed.
    pub unread: u32,
    /// What a debugger is told of the next extension.
    pub announced: Announced,
    /// The extensions that a debugger knows.
    pub known: Vec<ExtensionId>,
    owned: &'static OwnedBlocks,
    clock: Rc<Cell<u64>>,
    ticks: std::cell::Cell<u64>,
    last_fault: LastFault,
}

impl System for Machine {
    fn protection(&self) -> &'static str {
        "off"
    }

    fn board(&self) -> &'static str {
        "test bench"
    }

    fn uptime_us(&self) -> u64 {
        self.clock.get()
    }

    fn ticks(&self) -> u64 {
        self.ticks.set(self.ticks.get() + 25);
        self.ticks.get()
    }

    fn tick_rate(&self) -> u32 {
        25_000_000
    }

    fn ready_us(&self) -> u64 {
        1500
    }

    fn losses(&self) -> u32 {
        self.losses
    }

    fn unread(&self) -> u32 {
        self.unread
    }

    fn features(&self) -> &'static [&'static str] {
        &["machine", "transfer"]
    }

    fn allocated(&self, owner: ExtensionId) -> Usage {
        self.owned.usage(owner)
    }

    fn last_fault(&mut self) -> &mut LastFault {
        &mut self.last_fault
    }

    fn announce(&mut self, extension: &llext::Extension) -> Announced {
        self.known.push(extension.id());
        self.announced
    }

    fn withdraw(&mut self, id: ExtensionId) {
        self.known.retain(|&known| known != id);
    }

    fn reboot(&mut self) -> ! {
        panic_any(End::Reboot)
    }

    fn exit(&mut self, status: i32) -> ! {
        panic_any(End::Exit(status))
    }
}

/// The address of an export.
pub fn address(world: &World, extension: &str, symbol: &str) -> usize {
    world
        .llext
        .by_name(extension)
        .unwrap()
        .find(symbol)
        .unwrap()
}
