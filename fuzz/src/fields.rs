//! One relocation of any type, at any place.

use llext::machine::{self, Class, Machine, Operands, Row};

/// `e_machine` of all that the loader may know.
const NUMBERS: [u16; 9] = [3, 40, 62, 93, 94, 183, 195, 243, 258];
/// Bytes of a place, and of what follows it in its section.
const PLACE: usize = 16;

/// Takes numbers off the front of the input; 0 when there is nothing left.
struct Input<'i>(&'i [u8]);

impl Input<'_> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        let (now, later) = self.0.split_at(N.min(self.0.len()));
        bytes[..now.len()].copy_from_slice(now);
        self.0 = later;
        bytes
    }

    /// A number of the class, most often a small one.
    fn number(&mut self, class: Class) -> usize {
        let [how] = self.bytes();
        let number = match how % 4 {
            0 => u64::from(u16::from_le_bytes(self.bytes())),
            1 => u64::from(u16::from_le_bytes(self.bytes())).wrapping_neg(),
            2 => u64::from(u32::from_le_bytes(self.bytes())),
            _ => u64::from_le_bytes(self.bytes()),
        };
        match class {
            Class::Elf32 => number as u32 as usize,
            Class::Elf64 => number as usize,
        }
    }
}

/// Applies one relocation. A value that does not fit leaves the place as it was; one that fits changes nothing behind it, and
/// writing it again changes nothing.
pub fn fields(data: &[u8]) {
    let mut input = Input(data);
    let [number, class, row] = input.bytes();
    let class = if class % 2 == 0 {
        Class::Elf32
    } else {
        Class::Elf64
    };
    let number = NUMBERS[usize::from(number) % NUMBERS.len()];
    let Some(machine) = machine::for_elf(number, class) else {
        return;
    };
    let row = &machine.rows[usize::from(row) % machine.rows.len()];
    let mut number = || input.number(class);
    let operands = Operands {
        s: number(),
        a: number() as isize,
        p: number(),
        t: number() % 2,
        g: number(),
        got: number(),
        tp: number(),
    };
    apply(machine, row, &operands, input.bytes());
}

fn apply(machine: &Machine, row: &Row, operands: &Operands, before: [u8; PLACE]) {
    let width = if row.is_open() { PLACE } else { row.width() };
    let name = (machine.name, row.name);
    let mut place = before;
    row.addend(&place[..width]);
    let value = row.value(&place[..width], operands);
    if row.put(&mut place[..width], value).is_err() {
        assert_eq!(place, before, "{name:?}: an error changes nothing");
        return;
    }
    assert_eq!(
        place[width..],
        before[width..],
        "{name:?}: what follows stays"
    );
    let once = place;
    row.put(&mut place[..width], value)
        .expect("it fitted before");
    assert_eq!(place, once, "{name:?}: the same again");
    let mut applied = before;
    row.apply(&mut applied[..width], operands)
        .expect("it is value and put");
    assert_eq!(applied, once, "{name:?}");
    let mut weak = before;
    if row
        .apply_weak_undefined(&mut weak[..width], operands)
        .is_err()
    {
        assert_eq!(weak, before, "{name:?}: an error changes nothing");
    }
}
