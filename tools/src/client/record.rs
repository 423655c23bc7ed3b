//! Results of a request.

use llext_wire::{Field, Fields};

/// Keys and values, in the order they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record(pub Vec<(String, String)>);

impl Record {
    /// The first value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.as_str())
    }

    /// The first value of `key` as a number, decimal or `0x…`.
    pub fn number(&self, key: &str) -> Option<u64> {
        number(self.get(key)?)
    }
}

/// A number, decimal or `0x…`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The records in the text of all fields of a reply.
pub fn read(text: &str) -> Vec<Record> {
    let mut records = vec![Record::default()];
    for field in Fields(text) {
        match (field, records.last_mut()) {
            (Field::Value { key, value }, Some(record)) => {
                let value = Fields::unescape(value).collect();
                record.0.push((key.to_owned(), value));
            }
            _ => records.push(Record::default()),
        }
    }
    records.retain(|record| !record.0.is_empty());
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_end_at_empty_lines() {
        let records = read("name=a\nsize=12\n\nname=b\naddress=0x20\nsays=x\\ny=z\n\n");
        assert_eq!(records.len(), 2);
        let numbers: Vec<_> = records
            .iter()
            .map(|record| {
                (
                    record.get("name"),
                    record.number("size"),
                    record.number("address"),
                )
            })
            .collect();
        assert_eq!(
            numbers,
            [(Some("a"), Some(12), None), (Some("b"), None, Some(32))]
        );
        assert_eq!(records[1].get("says"), Some("x\ny=z"));
        assert!(read("").is_empty());
    }
}
