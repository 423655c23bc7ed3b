//! The dynamic section of a linked file (`PT_DYNAMIC`): where its symbols, relocations and functions are.

use super::claim::{Chunk, Span, Table};
use super::class::Class;
use super::image::Image;
use super::reader::{Checked, Reader};
use super::refusal::Why;
use super::reloc::Entries;
use super::string::Strings;
use super::symbol::Symbols;

/// Tags, by their numbers in the ELF specification (gABI, "Dynamic Section").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag {
    Needed = 1,
    PltRelSize = 2,
    Hash = 4,
    StrTab = 5,
    SymTab = 6,
    Rela = 7,
    RelaSize = 8,
    RelaEnt = 9,
    StrSize = 10,
    SymEnt = 11,
    Init = 12,
    Fini = 13,
    Rel = 17,
    RelSize = 18,
    RelEnt = 19,
    PltRel = 20,
    JmpRel = 23,
    InitArray = 25,
    FiniArray = 26,
    InitArraySize = 27,
    FiniArraySize = 28,
    PreinitArray = 32,
    PreinitArraySize = 33,
    RelrSize = 35,
    GnuHash = GNU_HASH as isize,
}

/// Tags below this have their value kept by number; those above say nothing to a loader.
const KEPT: usize = 36;
/// `DT_GNU_HASH`, the one tag of the systems' range that matters.
const GNU_HASH: usize = 0x6fff_fef5;

/// The dynamic section. Its values are claims.
pub(crate) struct Dynamic {
    values: [usize; KEPT],
    gnu_hash: usize,
    entries: Span,
}

impl Dynamic {
    /// Reads the dynamic section of `image`, and checks what there is no other form of.
    pub(crate) fn read<C: Class>(reader: &mut Reader<'_>, image: &Image<C>) -> Checked<Self> {
        let mut dynamic = Self {
            values: [0; KEPT],
            gnu_hash: 0,
            entries: image.dynamic.unwrap_or(Span::EMPTY),
        };
        each_entry::<C>(reader, dynamic.entries, &mut |_, tag, value| {
            if tag == GNU_HASH {
                dynamic.gnu_hash = value;
            } else if let Some(kept) = dynamic.values.get_mut(tag) {
                *kept = value;
            }
        })?;
        for (tag, size) in [
            (Tag::SymEnt, size_of::<C::Symbol>()),
            (Tag::RelEnt, size_of::<C::Rel>()),
            (Tag::RelaEnt, size_of::<C::Rela>()),
            // Packed relative relocations are not read.
            (Tag::RelrSize, 0),
        ] {
            let value = dynamic.value(tag);
            if value != 0 && value != size {
                return reader.refuse(Why::BadDynamic, tag as usize, value);
            }
        }
        Ok(dynamic)
    }

    /// The value of the last entry with this tag; 0 if there is none.
    pub(crate) fn value(&self, tag: Tag) -> usize {
        self.values.get(tag as usize).copied().unwrap_or(0)
    }

    /// The bytes of a table: `None` if there is none.
    fn table<C: Class>(
        &self,
        reader: &mut Reader<'_>,
        image: &Image<C>,
        (at, size): (Tag, Tag),
    ) -> Checked<Option<Span>> {
        let (address, size) = (self.value(at), self.value(size));
        if size == 0 {
            return Ok(None);
        }
        match image.find(reader, address, size)? {
            Some(span) => Ok(Some(span)),
            None => reader.refuse(Why::BadDynamic, at as usize, address),
        }
    }

    /// The tables of relocations: `DT_RELA`, `DT_REL`, `DT_JMPREL`.
    pub(crate) fn relocations<C: Class>(
        &self,
        reader: &mut Reader<'_>,
        image: &Image<C>,
    ) -> Checked<[Option<Entries>; 3]> {
        let plt_is_rela = self.value(Tag::PltRel) == Tag::Rela as usize;
        let mut tables = [None; 3];
        for (table, (tags, is_rela)) in tables.iter_mut().zip([
            ((Tag::Rela, Tag::RelaSize), true),
            ((Tag::Rel, Tag::RelSize), false),
            ((Tag::JmpRel, Tag::PltRelSize), plt_is_rela),
        ]) {
            let span = self.table(reader, image, tags)?;
            *table = span.map(|span| Entries { span, is_rela });
        }
        Ok(tables)
    }

    /// The symbols; `None` if there are none.
    pub(crate) fn symbols<'s, C: Class>(
        &self,
        reader: &mut Reader<'s>,
        image: &Image<C>,
    ) -> Checked<Option<Symbols<'s, C>>> {
        let address = self.value(Tag::SymTab);
        let count = self.count_symbols(reader, image)?;
        if address == 0 || count == 0 {
            return Ok(None);
        }
        let size = count.saturating_mul(size_of::<C::Symbol>());
        let Some(table) = image.find(reader, address, size)? else {
            return reader.refuse(Why::BadDynamic, Tag::SymTab as usize, address);
        };
        match self.names(reader, image)? {
            Some(names) => Ok(Some(Symbols::of_image(reader, Table::new(table), names))),
            None => reader.refuse(
                Why::BadDynamic,
                Tag::StrTab as usize,
                self.value(Tag::StrTab),
            ),
        }
    }

    /// The table of names.
    fn names<C: Class>(
        &self,
        reader: &mut Reader<'_>,
        image: &Image<C>,
    ) -> Checked<Option<Strings>> {
        match self.table(reader, image, (Tag::StrTab, Tag::StrSize))? {
            Some(span) => Strings::of_span(reader, span),
            None => Ok(None),
        }
    }

    /// Passes the names of the libraries that the file wants on to `needed`.
    pub(crate) fn each_needed<C: Class>(
        &self,
        reader: &mut Reader<'_>,
        image: &Image<C>,
        needed: &mut dyn FnMut(&str),
    ) -> Checked<()> {
        if self.value(Tag::Needed) == 0 {
            return Ok(());
        }
        let Some(names) = self.names(reader, image)? else {
            return Ok(());
        };
        each_entry::<C>(reader, self.entries, &mut |reader, tag, value| {
            if tag == Tag::Needed as usize {
                needed(names.name(reader, value as u32).as_str());
            }
        })
    }

    /// How many symbols there are: no entry says so, but a hash table knows.
    fn count_symbols<C: Class>(&self, reader: &mut Reader<'_>, image: &Image<C>) -> Checked<usize> {
        let table = |reader: &mut Reader<'_>, address| {
            let rest = image.rest(reader, address)?;
            Ok(Table::<[u32; 1]>::new(rest.unwrap_or(Span::EMPTY)))
        };
        match (self.value(Tag::Hash), self.gnu_hash) {
            (0, 0) => Ok(0),
            (0, hash) => {
                let words = table(reader, hash)?;
                let count = count_hashed::<C>(reader, &words)?;
                count.map_or_else(
                    || reader.refuse(Why::BadDynamic, Tag::GnuHash as usize, hash),
                    Ok,
                )
            }
            // gABI, "Hash Table": nbucket, nchain; there is one chain entry a symbol.
            (hash, _) => {
                let words = table(reader, hash)?;
                let count = words.get(reader, 1, |&[count]| count as usize)?;
                count.map_or_else(
                    || reader.refuse(Why::BadDynamic, Tag::Hash as usize, hash),
                    Ok,
                )
            }
        }
    }
}

/// Calls `each` for every entry up to `DT_NULL`, with tag and value.
fn each_entry<C: Class>(
    reader: &mut Reader<'_>,
    entries: Span,
    each: &mut dyn FnMut(&mut Reader<'_>, usize, usize),
) -> Checked<()> {
    let (mut cursor, mut chunk) = (Table::<C::Dynamic>::new(entries).cursor(), Chunk::new());
    loop {
        let batch = cursor.next(reader, &mut chunk)?;
        if batch.is_empty() {
            return Ok(());
        }
        for entry in batch {
            match C::dynamic(entry) {
                (0, _) => return Ok(()),
                (tag, value) => each(reader, tag, value),
            }
        }
    }
}

/// The number of symbols in a GNU hash table: nbuckets, symoffset, bloom_size, bloom_shift; words of the Bloom filter;
/// buckets, each the first symbol of its chain; and one hash a symbol from `symoffset` on, whose bit 0 ends a chain.
/// `None` if it ends too early.
fn count_hashed<C: Class>(
    reader: &mut Reader<'_>,
    words: &Table<[u32; 1]>,
) -> Checked<Option<usize>> {
    let mut header = [0usize; 3];
    for (index, number) in header.iter_mut().enumerate() {
        *number = words
            .get(reader, index, |&[word]| word as usize)?
            .unwrap_or(0);
    }
    let [buckets, first, bloom] = header;
    let buckets_at = bloom.saturating_mul(C::WORD / 4).saturating_add(4);
    let chains_at = buckets_at.saturating_add(buckets);
    if chains_at > words.len() {
        return Ok(None);
    }
    // Symbols are sorted by bucket, so the last one is in the chain of the last bucket that has one.
    let mut last = 0;
    for index in (buckets_at..chains_at).rev() {
        last = words
            .get(reader, index, |&[symbol]| symbol as usize)?
            .unwrap_or(0);
        if last != 0 {
            break;
        }
    }
    if last < first {
        return Ok(Some(first));
    }
    loop {
        let index = chains_at.saturating_add(last.wrapping_sub(first));
        match words.get(reader, index, |&[hash]| hash & 1)? {
            Some(0) => last = last.saturating_add(1),
            Some(_) => return Ok(Some(last.saturating_add(1))),
            None => return Ok(None),
        }
    }
}
