//! The way in: keys from the port.

use super::{
    Port,
    keys::{Key, Keys},
};

/// The other end is gone: there will be no more keys.
pub struct HungUp;

/// The input half of the console. It outlives a line: a CR LF may come in two halves.
pub struct Input<'p> {
    port: &'p dyn Port,
    keys: Keys,
}

impl<'p> Input<'p> {
    /// The keys that come through `port`.
    pub fn new(port: &'p dyn Port) -> Self {
        Self {
            port,
            keys: Keys::new(),
        }
    }

    /// Whether [`Input::next`] would return at once.
    pub fn ready(&self) -> bool {
        self.port.ready()
    }

    /// Waits for the next byte, and returns the key that it completes.
    pub fn next(&mut self) -> Result<Option<Key>, HungUp> {
        let mut byte = [0];
        match self.port.read(&mut byte) {
            0 => Err(HungUp),
            _ => Ok(self.keys.push(byte[0])),
        }
    }
}
