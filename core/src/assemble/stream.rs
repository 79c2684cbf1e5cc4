//! Messages out of a stream of bytes: syslog over TCP.

/// A message of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// The message, without its frame.
    pub text: &'a [u8],
    /// Bytes at its end that were left out.
    pub cut: u32,
}

/// Cuts a stream into messages, in lent memory that says how long a message
/// may be. RFC 6587: octet counting, or a newline or NUL at the end; each
/// message shows anew which it is.
#[derive(Debug)]
pub struct Stream<M> {
    memory: M,
}

impl<M: AsRef<[u8]> + AsMut<[u8]>> Stream<M> {
    /// A stream at its start.
    pub fn new(memory: M) -> Self {
        Self { memory }
    }

    /// Takes the next bytes; gives out the messages that end in them.
    pub fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(Message<'_>)) {
        let _ = (bytes, out, self.memory.as_mut());
    }

    /// The stream has ended: gives out what is left as a message.
    pub fn finish(&mut self, out: &mut dyn FnMut(Message<'_>)) {
        let _ = out;
    }
}
