//! A socket: QEMU's `-serial tcp:HOST:PORT,server`, or a terminal server.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Transport, in_time};

/// A connection.
pub struct Tcp {
    stream: TcpStream,
}

impl Tcp {
    /// Connects to `HOST:PORT`.
    ///
    /// # Errors
    /// Nobody listens there.
    pub fn connect(address: &str) -> io::Result<Tcp> {
        let stream = TcpStream::connect(address)?;
        // Keys and acknowledgements are small, and wait for nothing.
        stream.set_nodelay(true)?;
        Ok(Tcp { stream })
    }
}

/// The system takes a timeout of 0 for none at all.
fn at_least(timeout: Duration) -> Option<Duration> {
    Some(timeout.max(Duration::from_micros(1)))
}

impl Transport for Tcp {
    fn read(&mut self, into: &mut [u8], timeout: Duration) -> io::Result<usize> {
        self.stream.set_read_timeout(at_least(timeout))?;
        in_time(self.stream.read(into))
    }

    fn write_some(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
        self.stream.set_write_timeout(at_least(timeout))?;
        in_time(self.stream.write(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn bytes_go_both_ways_and_the_end_is_told() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let mut tcp = Tcp::connect(&address).expect("it listens");
        let (mut far, _) = listener.accept().expect("a guest");
        let mut chunk = [0; 8];
        let count = tcp.read(&mut chunk, Duration::ZERO).expect("silence");
        assert_eq!(count, 0);
        tcp.write_all(b"ping").expect("it goes");
        far.read_exact(&mut chunk[..4]).expect("it came");
        far.write_all(b"pong").expect("and back");
        let count = tcp.read(&mut chunk, Duration::from_secs(10)).expect("more");
        assert_eq!(&chunk[..count], b"pong");
        drop(far);
        let error = tcp.read(&mut chunk, Duration::from_secs(10)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn where_nobody_listens_is_an_error() {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|it| it.local_addr());
        let address = free.expect("a port").to_string();
        let error = Tcp::connect(&address).err().map(|error| error.kind());
        assert_eq!(error, Some(io::ErrorKind::ConnectionRefused));
    }
}
