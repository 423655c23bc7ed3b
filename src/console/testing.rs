//! What the console's unit tests share.

use std::sync::Mutex;

use super::Port;

/// A port that keeps what is written to it and has nothing to read.
pub struct Recorder(Mutex<Vec<u8>>);

impl Recorder {
    /// A recorder that lives as long as the test program, as a `static` port does.
    pub fn leak() -> &'static Self {
        Box::leak(Box::new(Self(Mutex::new(Vec::new()))))
    }

    /// What was written so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Port for Recorder {
    fn read(&self, _: &mut [u8]) -> usize {
        0
    }

    fn ready(&self) -> bool {
        false
    }

    fn write(&self, bytes: &[u8]) {
        self.0.lock().unwrap().extend_from_slice(bytes);
    }
}
