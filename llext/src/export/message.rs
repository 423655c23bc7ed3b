//! What a firmware's compiler says when it refuses a table.

/// A text that is put together when a firmware is compiled. What is too long for it is cut.
pub(super) struct Message {
    bytes: [u8; 160],
    len: usize,
}

impl Message {
    pub(super) const fn new(text: &str) -> Self {
        let mut message = Self {
            bytes: [0; 160],
            len: 0,
        };
        message.add(text.as_bytes());
        message
    }

    pub(super) const fn add(&mut self, text: &[u8]) {
        let mut index = 0;
        while index < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[index];
            self.len += 1;
            index += 1;
        }
    }

    pub(super) const fn text(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "exported twice: a name that is not UTF-8",
        }
    }
}
