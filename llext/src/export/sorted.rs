//! A table whose records are sorted by name: those that a linker sorts.

use super::{Export, Found};

/// Looks the name up that `text` begins with.
pub(super) fn search(records: &[Export], text: &[u8]) -> Found {
    let nul = text.iter().position(|&byte| byte == 0);
    let name = nul.and_then(|len| text.get(..len)).unwrap_or(text);
    let found = records.binary_search_by(|record| record.compare(name));
    Found {
        len: name.len(),
        position: found.unwrap_or(Found::NOWHERE),
    }
}
