//! Serial ports and pseudo-terminals, by the crate `serialport`: it knows every rate that the system has, and keeps others out.

use std::io::{self, Read, Write};
use std::time::Duration;

use serialport::{SerialPort, TTYPort};

use super::{Transport, in_time};

/// An open serial port: 8 data bits, no parity, 1 stop bit.
pub struct Serial {
    port: TTYPort,
}

impl Serial {
    /// Opens the one at `path` with `baud` bits a second. A pseudo-terminal has no rate and ignores it.
    ///
    /// # Errors
    /// It is not there, or not ours.
    pub fn open(path: &str, baud: u32) -> io::Result<Serial> {
        let port = serialport::new(path, baud).open_native()?;
        Ok(Serial { port })
    }
}

impl Transport for Serial {
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.port.set_timeout(timeout)?;
        in_time(self.port.read(into))
    }

    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.port.set_timeout(timeout)?;
        in_time(self.port.write(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_both_ways_as_they_are_and_silence_is_no_error() {
        let (mut far, near) = TTYPort::pair().expect("a pair");
        let path = near.name().expect("a name");
        drop(near);
        let mut serial = Serial::open(&path, 115_200).expect("it opens");
        let all: Vec<u8> = (0..=255).collect();
        serial.write_all(&all).expect("it takes them");
        let mut came = vec![0; 256];
        far.set_timeout(Duration::from_secs(10)).expect("a timeout");
        far.read_exact(&mut came).expect("they came");
        assert_eq!(came, all);
        far.write_all(&all).expect("and back");
        let mut back = Vec::new();
        while back.len() < 256 {
            let mut chunk = [0; 100];
            let count = serial
                .read(&mut chunk, Duration::from_secs(10))
                .expect("more");
            back.extend_from_slice(&chunk[..count]);
        }
        assert_eq!(back, all);
        let count = serial.read(&mut came, Duration::from_millis(1));
        assert_eq!(count.expect("silence"), 0);
        drop(far);
        assert!(serial.read(&mut came, Duration::from_secs(10)).is_err());
    }

    #[test]
    fn a_port_that_is_not_there_says_so() {
        let error = Serial::open("/dev/no-such-port", 115_200).err();
        assert_eq!(
            error.map(|error| error.kind()),
            Some(io::ErrorKind::NotFound)
        );
    }
}
