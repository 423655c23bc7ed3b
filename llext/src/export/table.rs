//! A table that is made when the firmware is compiled: names packed one behind the other, and a minimal perfect hash.
//!
//! A name's hash says its bucket, and the bucket's displacement says where among all records the name must be, if
//! it is there at all: so a search looks at one record, whatever the number of records. (Belazzougui, Botelho and
//! Dietzfelbinger, "Hash, displace, and compress", 2009, without the compressing.)

use super::Found;
use super::hash;
use super::record::{Address, Export};

/// Names in a bucket, on average. More make the table smaller and the compiler's search for displacements longer.
const BUCKET: usize = 4;

/// Seeds that are tried. One nearly always does.
const SEEDS: u32 = 32;

/// A table of so many `RECORDS`, made by [`exports!`](crate::exports).
#[derive(Debug)]
pub struct ExportTable<
    const RECORDS: usize,
    const STARTS: usize,
    const LETTERS: usize,
    const BUCKETS: usize,
> {
    addresses: [Address; RECORDS],
    /// Where each name starts, and where the last one ends.
    starts: [u16; STARTS],
    displacements: [u16; BUCKETS],
    names: [u8; LETTERS],
    seed: u32,
}

/// An [`ExportTable`] without its sizes.
#[derive(Debug)]
pub struct TableView<'a> {
    addresses: &'a [Address],
    starts: &'a [u16],
    displacements: &'a [u16],
    names: &'a [u8],
    seed: u32,
}

impl<'a> TableView<'a> {
    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// The name of the record at `position`.
    pub(super) fn name(&self, position: usize) -> Option<&'a [u8]> {
        let [start, end] = self.starts.get(position..)?.first_chunk()?;
        self.names.get(usize::from(*start)..usize::from(*end))
    }

    /// The address of the record at `position`.
    pub(super) fn address(&self, position: usize) -> Option<usize> {
        Some(self.addresses.get(position)?.get())
    }

    /// Looks the name up that `text` begins with.
    #[inline(always)]
    pub(super) fn search(&self, text: &[u8]) -> Found {
        let (hash, len) = hash::of_text(self.seed, text);
        let position = self.candidate(hash);
        let is_found = position.is_some_and(|position| self.is_name(position, text, len));
        Found {
            len,
            position: position.filter(|_| is_found).unwrap_or(Found::NOWHERE),
        }
    }

    /// Where the name with this hash is, if it is there.
    #[inline(always)]
    fn candidate(&self, hash: u32) -> Option<usize> {
        let bucket = hash::bucket(hash, self.displacements.len());
        let displacement = *self.displacements.get(bucket)?;
        Some(hash::position(hash, displacement, self.addresses.len()))
    }

    /// Whether the first `len` letters of `text` are the name at `position`.
    #[inline(always)]
    fn is_name(&self, position: usize, text: &[u8], len: usize) -> bool {
        let (Some(&end), Some(&start)) = (
            self.starts.get(position.wrapping_add(1)),
            self.starts.get(position),
        ) else {
            return false;
        };
        if usize::from(end).wrapping_sub(usize::from(start)) != len {
            return false;
        }
        let Some(found) = self.names.get(usize::from(start)..usize::from(end)) else {
            return false;
        };
        let Some(wanted) = text.get(..found.len()) else {
            return false;
        };
        is_same(found, wanted)
    }
}

/// Whether two names of the same length are the same, word by word; the last words overlap those before.
#[inline(always)]
fn is_same(found: &[u8], wanted: &[u8]) -> bool {
    let last = wanted.len().wrapping_sub(4);
    let (Some(found_end), Some(wanted_end)) = (found.get(last..), wanted.get(last..)) else {
        return found.iter().eq(wanted);
    };
    let word = |name: &[u8]| name.first_chunk().copied().map(u32::from_le_bytes);
    if word(found_end) != word(wanted_end) {
        return false;
    }
    let (mut found, mut wanted) = (found, wanted);
    while let (Some((a, found_behind)), Some((b, wanted_behind))) =
        (found.split_first_chunk(), wanted.split_first_chunk())
    {
        if u32::from_le_bytes(*a) != u32::from_le_bytes(*b) {
            return false;
        }
        (found, wanted) = (found_behind, wanted_behind);
    }
    true
}

// From here on everything runs when a firmware is compiled: a panic is its compiler's error, and nothing is linked.

/// The number of records in `groups`.
pub const fn records(groups: &[&[Export]]) -> usize {
    let (mut sum, mut group) = (0, 0);
    while group < groups.len() {
        sum += groups[group].len();
        group += 1;
    }
    sum
}

/// The bytes of all names in `groups`.
pub const fn letters(groups: &[&[Export]]) -> usize {
    let (mut sum, mut group) = (0, 0);
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            sum += groups[group][index].name().len();
            index += 1;
        }
        group += 1;
    }
    sum
}

/// The number of buckets for so many records.
pub const fn buckets(records: usize) -> usize {
    records / BUCKET + 1
}

impl<const RECORDS: usize, const STARTS: usize, const LETTERS: usize, const BUCKETS: usize>
    ExportTable<RECORDS, STARTS, LETTERS, BUCKETS>
{
    /// The table of all records in `groups`: [`exports!`](crate::exports) works the sizes out.
    ///
    /// # Panics
    /// That is, the firmware does not compile: a name is exported twice; all names together have more than 65,535 bytes.
    pub const fn new(groups: &[&[Export]]) -> Self {
        assert!(
            STARTS == RECORDS + 1 && RECORDS == records(groups),
            "not the sizes of these groups"
        );
        assert!(LETTERS == letters(groups), "not the sizes of these groups");
        assert!(
            LETTERS <= u16::MAX as usize,
            "the names of the exports have more than 65,535 bytes"
        );
        let records = gather(groups);
        let mut seed = 0;
        while seed < SEEDS {
            if let Some(places) = Places::<RECORDS, BUCKETS>::find(&records, seed) {
                return Self::lay_out(&records, &places, seed);
            }
            seed += 1;
        }
        panic!("no perfect hash for these names: too many of them for displacements of 16 bits");
    }

    /// The table without its sizes.
    pub const fn view(&'static self) -> TableView<'static> {
        TableView {
            addresses: &self.addresses,
            starts: &self.starts,
            displacements: &self.displacements,
            names: &self.names,
            seed: self.seed,
        }
    }

    const fn lay_out(
        records: &[Export; RECORDS],
        places: &Places<RECORDS, BUCKETS>,
        seed: u32,
    ) -> Self {
        let mut table = Self {
            addresses: [Address::NULL; RECORDS],
            starts: [0; STARTS],
            displacements: places.displacements,
            names: [0; LETTERS],
            seed,
        };
        let (mut position, mut at) = (0, 0);
        while position < RECORDS {
            let record = &records[places.records[position] as usize];
            let name = record.name();
            table.addresses[position] = record.place();
            let mut letter = 0;
            while letter < name.len() {
                table.names[at] = name[letter];
                (at, letter) = (at + 1, letter + 1);
            }
            position += 1;
            table.starts[position] = at as u16;
        }
        table
    }
}

/// The records of all groups in one array.
pub(super) const fn gather<const RECORDS: usize>(groups: &[&[Export]]) -> [Export; RECORDS] {
    let mut all = [Export::new(c"", core::ptr::null()); RECORDS];
    let (mut at, mut group) = (0, 0);
    while group < groups.len() {
        let mut index = 0;
        while index < groups[group].len() {
            all[at] = groups[group][index];
            (at, index) = (at + 1, index + 1);
        }
        group += 1;
    }
    all
}

/// Which record goes where.
struct Places<const RECORDS: usize, const BUCKETS: usize> {
    /// The record at each position; `FREE` until one is there.
    records: [u16; RECORDS],
    displacements: [u16; BUCKETS],
}

const FREE: u16 = u16::MAX;

impl<const RECORDS: usize, const BUCKETS: usize> Places<RECORDS, BUCKETS> {
    /// Finds a displacement for every bucket, the largest first; `None` if with this seed there is none for one of them.
    const fn find(records: &[Export; RECORDS], seed: u32) -> Option<Self> {
        assert!(RECORDS < FREE as usize, "more than 65,534 exports");
        let buckets = Buckets::<RECORDS, BUCKETS>::of(records, seed);
        let mut places = Self {
            records: [FREE; RECORDS],
            displacements: [0; BUCKETS],
        };
        let mut size = buckets.largest();
        while size > 0 {
            let mut bucket = 0;
            while bucket < BUCKETS {
                if buckets.size(bucket) == size
                    && (!buckets.is_distinct(bucket, records) || !places.displace(&buckets, bucket))
                {
                    return None;
                }
                bucket += 1;
            }
            size -= 1;
        }
        Some(places)
    }

    /// Gives the records of `bucket` free places, by the first displacement that does.
    const fn displace(&mut self, buckets: &Buckets<RECORDS, BUCKETS>, bucket: usize) -> bool {
        let mut displacement = 0;
        loop {
            if self.settle(buckets, bucket, displacement) {
                self.displacements[bucket] = displacement;
                return true;
            }
            if displacement == u16::MAX {
                return false;
            }
            displacement += 1;
        }
    }

    /// Puts the records of `bucket` where `displacement` says, if all those places are free.
    const fn settle(
        &mut self,
        buckets: &Buckets<RECORDS, BUCKETS>,
        bucket: usize,
        displacement: u16,
    ) -> bool {
        let (start, end) = (buckets.start(bucket), buckets.ends[bucket] as usize);
        let mut at = start;
        while at < end {
            let record = buckets.records[at];
            let hash = buckets.hashes[record as usize];
            let position = hash::position(hash, displacement, RECORDS);
            if self.records[position] != FREE {
                // Those before it have their places back.
                while at > start {
                    at -= 1;
                    let hash = buckets.hashes[buckets.records[at] as usize];
                    self.records[hash::position(hash, displacement, RECORDS)] = FREE;
                }
                return false;
            }
            self.records[position] = record;
            at += 1;
        }
        true
    }
}

/// Records by their buckets.
struct Buckets<const RECORDS: usize, const BUCKETS: usize> {
    hashes: [u32; RECORDS],
    /// Indexes of records, bucket by bucket.
    records: [u16; RECORDS],
    /// Where in `records` each bucket ends.
    ends: [u16; BUCKETS],
}

impl<const RECORDS: usize, const BUCKETS: usize> Buckets<RECORDS, BUCKETS> {
    /// Sorts by counting.
    const fn of(records: &[Export; RECORDS], seed: u32) -> Self {
        let mut all = Self {
            hashes: [0; RECORDS],
            records: [0; RECORDS],
            ends: [0; BUCKETS],
        };
        let mut index = 0;
        while index < RECORDS {
            all.hashes[index] = hash::of_name(seed, records[index].name());
            all.ends[hash::bucket(all.hashes[index], BUCKETS)] += 1;
            index += 1;
        }
        let mut bucket = 1;
        while bucket < BUCKETS {
            all.ends[bucket] += all.ends[bucket - 1];
            bucket += 1;
        }
        // From the back, every end moves down to its bucket's start, and up again.
        while index > 0 {
            index -= 1;
            let end = &mut all.ends[hash::bucket(all.hashes[index], BUCKETS)];
            *end -= 1;
            all.records[*end as usize] = index as u16;
        }
        while index < RECORDS {
            all.ends[hash::bucket(all.hashes[index], BUCKETS)] += 1;
            index += 1;
        }
        all
    }

    const fn start(&self, bucket: usize) -> usize {
        if bucket == 0 {
            0
        } else {
            self.ends[bucket - 1] as usize
        }
    }

    const fn size(&self, bucket: usize) -> usize {
        self.ends[bucket] as usize - self.start(bucket)
    }

    const fn largest(&self) -> usize {
        let (mut largest, mut bucket) = (0, 0);
        while bucket < BUCKETS {
            if self.size(bucket) > largest {
                largest = self.size(bucket);
            }
            bucket += 1;
        }
        largest
    }

    /// Whether all hashes in `bucket` differ: another seed tells names apart that have the same one.
    const fn is_distinct(&self, bucket: usize, records: &[Export; RECORDS]) -> bool {
        let (mut first, end) = (self.start(bucket), self.ends[bucket] as usize);
        while first < end {
            let mut second = first + 1;
            while second < end {
                let (a, b) = (self.records[first] as usize, self.records[second] as usize);
                if self.hashes[a] == self.hashes[b] {
                    refuse_twins(records[a].name(), records[b].name());
                    return false;
                }
                second += 1;
            }
            first += 1;
        }
        true
    }
}

/// Ends the compilation if both names are the same.
const fn refuse_twins(a: &[u8], b: &[u8]) {
    let mut index = 0;
    while index < a.len() && index < b.len() {
        if a[index] != b[index] {
            return;
        }
        index += 1;
    }
    if a.len() == b.len() {
        let mut message = super::message::Message::new("exported twice: ");
        message.add(a);
        panic!("{}", message.text());
    }
}
