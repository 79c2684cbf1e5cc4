//! `<syslog_output>`: alerts for a syslog server, in the layouts of OSSEC 4.3
//! and in that of RFC 5424.
//!
//! Syslog has no word for "I have it". Of a datagram nobody knows what became
//! of it; of a connection it can be seen whether the server closes it without
//! an error after all was sent, so each parcel has a connection of its own.

mod format;
mod transport;

pub use format::Format;

use super::{BATCH, Unusable, entries};
use crate::config::{SyslogOutput, Transport};
use crate::outbox::{Content, Destination, Failure, Parcel};
use transport::Way;

/// Stands between messages of a parcel; it is in none of them.
const BETWEEN: u8 = 0;

/// A syslog server.
#[derive(Debug)]
pub(super) struct Output {
    format: Format,
    /// As this machine is called.
    host: String,
    /// Messages are lines.
    stream: bool,
    way: Way,
}

impl Output {
    pub(super) fn new(output: &SyslogOutput) -> Result<Self, Unusable> {
        let node = super::node();
        let short = node.split('.').next().unwrap_or(node);
        Ok(Self {
            format: output.format,
            host: if output.use_fqdn { node } else { short }.to_owned(),
            stream: output.transport != Transport::Udp,
            way: Way::new(output)?,
        })
    }
}

impl Destination for Output {
    fn parcel_max(&self) -> usize {
        BATCH
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        let messages = entries::all(content).into_iter().map(|entry| {
            let message = self.format.write(&entry.alert(), &self.host);
            // In a stream the end of a line is the end of a message.
            if self.stream { message.replace(['\r', '\n'], " ") } else { message }.into_bytes()
        });
        messages.collect::<Vec<_>>().join(&BETWEEN)
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        let messages = parcel.payload.split(|byte| *byte == BETWEEN);
        self.way.send(messages).map_err(|why| Failure::Temporary(why, None))
    }
}
