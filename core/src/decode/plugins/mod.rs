//! Decoders that are code, for logs that patterns cannot take apart.
//!
//! A decoder names one with `<plugin_decoder>`. It sets fields and perhaps the
//! type of the event; what is missing in the log stays unset. No pattern
//! machine is needed: each is a scan from left to right.

mod json;
mod ossec_alert;
pub mod packet;
mod pf;
mod sonicwall;
mod symantec_ws;

use crate::event::Event;
use crate::record::Span;

/// A plug-in decoder of OSSEC 4.3 or Wazuh 4.14; packets are our own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Plugin {
    /// Packet filter of the BSDs.
    Pf,
    /// Symantec Web Security.
    SymantecWs,
    /// SonicWall firewalls.
    SonicWall,
    /// Alerts of other managers, received as syslog.
    OssecAlert,
    /// Packet filters of all makers.
    Packet,
    /// JSON (Wazuh only).
    Json,
}

/// What a plug-in reads, and how; only JSON asks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Where it starts, as an offset into the log.
    pub from: usize,
    /// Whether `null` is no field.
    pub without_null: bool,
    /// Whether an array is its items with commas between.
    pub arrays_as_csv: bool,
}

impl Plugin {
    const ALL: [Self; 6] =
        [Self::Pf, Self::SymantecWs, Self::SonicWall, Self::OssecAlert, Self::Packet, Self::Json];

    /// The words that decoder files use, by number.
    pub const NAMES: [&'static str; 6] = [
        "PF_Decoder",
        "SymantecWS_Decoder",
        "SonicWall_Decoder",
        "OSSECAlert_Decoder",
        "Packet_Decoder",
        "JSON_Decoder",
    ];

    /// The plug-in of a word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().zip(Self::ALL).find(|(known, _)| **known == name).map(|(_, found)| found)
    }

    /// The plug-in of a number.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The plug-in of a decoder's row, which holds the number plus one, or 0
    /// for none.
    pub fn from_row(number: u8) -> Option<Self> {
        Self::from_u8(number.checked_sub(1)?)
    }
}

/// Runs a plug-in on the log of an event.
pub fn run(plugin: Plugin, event: &mut Event<'_>, reading: &Reading) {
    // What a plug-in does not find it leaves out; there is nobody to tell.
    let _ = match plugin {
        Plugin::Pf => pf::run(event),
        Plugin::SymantecWs => symantec_ws::run(event),
        Plugin::SonicWall => sonicwall::run(event),
        Plugin::OssecAlert => ossec_alert::run(event),
        Plugin::Packet => packet::run(event),
        Plugin::Json => json::run(event, reading),
    };
}

/// A place in a log that moves from left to right. Every step gives `None`
/// where the log does not go on as asked; the place then does not move.
struct Reader<'l> {
    log: &'l [u8],
    place: usize,
}

impl<'l> Reader<'l> {
    fn new(log: &'l [u8]) -> Self {
        Self { log, place: 0 }
    }

    /// What has not been read.
    fn rest(&self) -> &'l [u8] {
        self.log.get(self.place..).unwrap_or(b"")
    }

    /// Passes `what`, if it comes next.
    fn tag(&mut self, what: &[u8]) -> Option<()> {
        self.rest().starts_with(what).then(|| self.place += what.len())
    }

    /// Passes everything up to and including the next `what`, which gives the
    /// span in front of it.
    fn until(&mut self, what: &[u8]) -> Option<Span> {
        let at = self.rest().windows(what.len()).position(|part| part == what)?;
        let span = Span::new(self.place, self.place + at);
        self.place += at + what.len();
        Some(span)
    }

    /// Passes the bytes of a set, at most `most`; gives their span, which may
    /// be empty.
    fn take_while(&mut self, most: usize, inside: impl Fn(u8) -> bool) -> Span {
        let len = self.rest().iter().take(most).take_while(|byte| inside(**byte)).count();
        let span = Span::new(self.place, self.place + len);
        self.place += len;
        span
    }
}

#[cfg(test)]
mod tests;
