//! What frames there are.

/// What a frame is. From the host: below 0x80; from the target: above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// Runs a command line, as typed at the prompt. One at a time: the next one follows the [`Kind::Done`] of this one. With the
    /// id of the one before, it is not run again: its [`Kind::Done`] is sent again.
    Run = 0x01,
    /// Offset u32, then up to [`CHUNK`](crate::CHUNK) bytes of the file that the running command takes.
    Data = 0x02,
    /// The end of that file: its length u32, its CRC-32 u32.
    End = 0x03,
    /// Offset u32: all before it came, of the file that the running command sends.
    Ack = 0x04,
    /// Back to the human prompt.
    Leave = 0x05,
    /// Is answered by [`Kind::Hello`] with its id, and keeps machine mode open.
    Ping = 0x06,
    /// Ends the transfer that is under way.
    Cancel = 0x07,
    /// Fields: what the target is, and which protocol it speaks.
    Hello = 0x81,
    /// What the shell says of the request, for people.
    Text = 0x82,
    /// What extension code printed.
    Output = 0x83,
    /// A piece of the results, which are [`Fields`](crate::Fields): those of a request are one text, cut anywhere.
    Fields = 0x84,
    /// Offset u32, window u32: all before the offset is taken; the host sends on from there, and has at most so many bytes on
    /// their way.
    AckOut = 0x85,
    /// Like [`Kind::Data`], of the file that the running command sends.
    DataOut = 0x87,
    /// The request is over: [`Done`](crate::Done).
    Done = 0x88,
    /// Like [`Kind::End`].
    EndOut = 0x89,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::Run,
        Self::Data,
        Self::End,
        Self::Ack,
        Self::Leave,
        Self::Ping,
        Self::Cancel,
        Self::Hello,
        Self::Text,
        Self::Output,
        Self::Fields,
        Self::AckOut,
        Self::DataOut,
        Self::Done,
        Self::EndOut,
    ];

    /// The kind with this number.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// It did what it was to do.
    Ok = 0,
    /// It failed; the fields `error` and `hint` say why.
    Failed = 1,
    /// It is none: not UTF-8, or nothing waits for such a frame.
    Refused = 2,
}

impl Status {
    /// The status with this number.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Ok, Self::Failed, Self::Refused]
            .into_iter()
            .find(|status| *status as u8 == number)
    }
}
