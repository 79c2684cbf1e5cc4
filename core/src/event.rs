//! One event: the text of a record and what has been understood of it.
//!
//! An [`Event`] is filled from left to right along the walk: the host sets
//! text, place and time, [`crate::predecode`] the header, [`crate::decode`]
//! decoder and fields. Rules only read it.

use crate::image::Image;
use crate::limits::{ASSIGNED_MAX, DYNAMIC_MAX, SIDE_MAX};
use crate::packet::merged::Merged;
use crate::record::{Span, Value};
use core::fmt::Write;
use heapless::{String, Vec};

/// Fields that every decoder and rule knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Field {
    /// Source address.
    SrcIp,
    /// Destination address.
    DstIp,
    /// Source port.
    SrcPort,
    /// Destination port.
    DstPort,
    /// User the action comes from.
    SrcUser,
    /// User the action is about.
    DstUser,
    /// Network protocol.
    Protocol,
    /// What was done: pass, drop, GET, ….
    Action,
    /// Id of the message or of what it is about.
    Id,
    /// URL or request.
    Url,
    /// Status or result code.
    Status,
    /// Free data (`data` and `extra_data` of OSSEC 4.3).
    Data,
    /// `extra_data` where it is a field of its own (Wazuh).
    ExtraData,
    /// Name of the system spoken of.
    SystemName,
    /// File name.
    Filename,
    /// Place in the world of the source address. No decoder sets it: the host
    /// does, where it knows places.
    SrcGeo,
    /// Place in the world of the destination address, likewise.
    DstGeo,
}

impl Field {
    /// Number of fields.
    pub const COUNT: usize = 17;

    /// All fields, in the order of their numbers.
    pub const ALL: [Self; Self::COUNT] = [
        Self::SrcIp,
        Self::DstIp,
        Self::SrcPort,
        Self::DstPort,
        Self::SrcUser,
        Self::DstUser,
        Self::Protocol,
        Self::Action,
        Self::Id,
        Self::Url,
        Self::Status,
        Self::Data,
        Self::ExtraData,
        Self::SystemName,
        Self::Filename,
        Self::SrcGeo,
        Self::DstGeo,
    ];

    /// The field of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The name that OSSEC's test program prints.
    pub fn label(self) -> &'static str {
        match self {
            Self::SrcIp => "srcip",
            Self::DstIp => "dstip",
            Self::SrcPort => "srcport",
            Self::DstPort => "dstport",
            Self::SrcUser => "srcuser",
            Self::DstUser => "dstuser",
            Self::Protocol => "proto",
            Self::Action => "action",
            Self::Id => "id",
            Self::Url => "url",
            Self::Status => "status",
            Self::Data | Self::ExtraData => "extra_data",
            Self::SystemName => "system_name",
            Self::Filename => "filename",
            Self::SrcGeo => "srcgeoip",
            Self::DstGeo => "dstgeoip",
        }
    }
}

/// The type of log that a decoder names; selects the root of the rule tree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Category {
    /// Anything without a type of its own.
    #[default]
    Syslog,
    /// Packet filters.
    Firewall,
    /// Intrusion detection systems.
    Ids,
    /// Web access logs.
    WebLog,
    /// Proxies.
    Squid,
    /// Windows.
    Windows,
    /// `host-information`.
    HostInformation,
    /// Messages of the system itself.
    Ossec,
    /// An alert of another manager: it brings its own rule.
    OssecAlert,
}

impl Category {
    /// All categories with the words that rule files use, by number.
    pub const WORDS: [(&'static str, Self); 8] = [
        ("syslog", Self::Syslog),
        ("firewall", Self::Firewall),
        ("ids", Self::Ids),
        ("web-log", Self::WebLog),
        ("squid", Self::Squid),
        ("windows", Self::Windows),
        ("host-information", Self::HostInformation),
        ("ossec", Self::Ossec),
    ];

    /// The category of a number, as images store it.
    pub fn from_u8(number: u8) -> Option<Self> {
        match number {
            8 => Some(Self::OssecAlert),
            n => Self::WORDS.get(usize::from(n)).map(|(_, category)| *category),
        }
    }
}

/// What a field assignment was to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A field that all know.
    Static(Field),
    /// A dynamic field: number of its item among the image's order items.
    Dynamic(u32),
}

/// Where the name of a dynamic field stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// In the image: the item of this number among the order items, at this
    /// position in the order of its decoder.
    Item {
        /// Row of the order table.
        item: u32,
        /// Place in the decoder's order.
        position: u8,
    },
    /// In the event, as a value does.
    Here(Value),
}

/// A dynamic field.
#[derive(Clone, Copy, Debug)]
pub struct Dynamic {
    /// The name.
    pub name: Name,
    /// The value.
    pub value: Value,
}

/// The moment at which an event is judged; the core has no clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970.
    pub epoch: i64,
    /// Minute of the local day, 0 to 1439.
    pub minute: u16,
    /// Local day of the week, Sunday = 0.
    pub weekday: u8,
}

/// What the alert of another manager brought with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarded {
    /// Id of the rule that fired there.
    pub rule: u32,
    /// Where it came from: this event's location, `|`, the original one.
    pub location: Value,
}

/// How many packets an event stands for: more than one only if it was
/// [merged](crate::packet::merged).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copies {
    /// All of them.
    pub packets: u32,
    /// Different ports of the target among them, at least 1.
    pub ports: u32,
    /// Those that went to the port of the first.
    pub same_port: u32,
    /// Those that are known to come from the source port of the first.
    pub same_source_port: u32,
}

impl Default for Copies {
    fn default() -> Self {
        Self { packets: 1, ports: 1, same_port: 1, same_source_port: 1 }
    }
}

/// What has been understood of an event. The host lends one for each event
/// that is on its way, and may hand it from thread to thread.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Host name of the header.
    pub header_host: Option<Span>,
    /// Name of the agent, as a span of the location, where that is the host
    /// name (Wazuh 4.14).
    pub agent_host: Option<Span>,
    /// Program name of the header.
    pub program: Option<Span>,
    /// What is left behind the header.
    pub log: Span,
    /// How many packets it stands for.
    pub copies: Copies,
    /// The part of the text that somebody wrote; more is only behind the
    /// first of several packets.
    line: Span,
    /// `packets` and `ports` in decimal, if there are several packets.
    counts: [Value; 2],
    /// The decoder, as a row of the image; `None` if none fits.
    pub decoder: Option<u16>,
    /// Type of log.
    pub category: Category,
    /// A stage before the rules has found that it was never seen before.
    pub is_new: bool,
    /// Set if the event is an alert of another manager; `log` is then the
    /// original log, which takes the place of the text.
    pub forwarded: Option<Forwarded>,
    /// Fields that were left out because there was no room for them.
    pub left_out: u16,
    fields: [Value; Field::COUNT],
    dynamic: Vec<Dynamic, DYNAMIC_MAX>,
    assigned: Vec<(Target, Value), ASSIGNED_MAX>,
    side: Side,
}

/// The side buffer of an event: values that do not stand in its text.
pub type Side = Vec<u8, SIDE_MAX>;

impl Known {
    /// Forgets everything; cheap, because buffers are only marked empty.
    fn clear(&mut self, text_len: usize) {
        self.header_host = None;
        self.agent_host = None;
        self.program = None;
        self.log = Span::new(0, text_len);
        self.copies = Copies::default();
        self.line = self.log;
        self.counts = [Value::Unset; 2];
        self.decoder = None;
        self.category = Category::default();
        self.is_new = false;
        self.forwarded = None;
        self.left_out = 0;
        self.fields = [Value::Unset; Field::COUNT];
        self.dynamic.clear();
        self.assigned.clear();
        self.side.clear();
    }
}

/// Where an event comes from.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'t> {
    /// Path of the file, address of the sender, or `(agent) address->path`.
    pub location: &'t [u8],
    /// Name of this host; used when the header names none.
    pub local_host: &'t [u8],
    /// When the event is judged.
    pub now: Moment,
}

/// One event: its text (as [`crate::predecode::clean`] leaves it), its origin,
/// and what is known of it. What is known is used like fields of the event itself.
#[derive(Debug)]
pub struct Event<'t> {
    /// The full log.
    pub text: &'t [u8],
    /// Where it came from: path of the file, address of the sender, or
    /// `(agent) address->path`.
    pub location: &'t [u8],
    /// Name of this host; used when the header names none.
    pub local_host: &'t [u8],
    /// When it is judged.
    pub now: Moment,
    known: &'t mut Known,
}

impl core::ops::Deref for Event<'_> {
    type Target = Known;

    fn deref(&self) -> &Known {
        self.known
    }
}

impl core::ops::DerefMut for Event<'_> {
    fn deref_mut(&mut self) -> &mut Known {
        self.known
    }
}

impl<'t> Event<'t> {
    /// An event of which nothing is understood yet: the log is the whole text.
    pub fn new(text: &'t [u8], origin: Origin<'t>, known: &'t mut Known) -> Self {
        known.clear(text.len());
        Self::resume(text, origin, known)
    }

    /// An event of which something is understood already.
    pub fn resume(text: &'t [u8], origin: Origin<'t>, known: &'t mut Known) -> Self {
        let Origin { location, local_host, now } = origin;
        Self { text, location, local_host, now, known }
    }

    /// Reads what stands behind the first of several packets. Only for a
    /// record that was [merged](crate::packet::merged::MERGED), and before
    /// anything else is understood: the log ends where it begins.
    pub fn take_apart(&mut self) {
        let Some(merged) = Merged::read(self.text) else { return };
        // The port of the first packet stands first.
        self.copies = Copies {
            packets: merged.packets,
            ports: merged.targets(),
            same_port: merged.parts().next().map_or(1, |(_, count)| count),
            same_source_port: if merged.has_other_ports { 1 } else { merged.packets },
        };
        self.line = Span::new(0, merged.line.len());
        self.log = self.line;
        self.counts = [self.copies.packets, self.copies.ports].map(|count| self.keep_number(count));
    }

    /// The packets, if they are several.
    pub fn merged(&self) -> Option<Merged<'t>> {
        let is_merged = self.line.end() < self.text.len();
        is_merged.then(|| Merged::read(self.text)).flatten()
    }

    /// The text without what was put behind it when it was merged.
    pub fn line(&self) -> &'t [u8] {
        self.text.get(..self.line.end()).unwrap_or(b"")
    }

    /// The names and values of what is known of a merged event alone:
    /// `packets`, and `ports`, the different ports of the target.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let named = ["packets", "ports"].into_iter().zip(self.counts);
        named.filter_map(|(name, value)| Some((name, self.bytes(value)?)))
    }

    /// The text behind the header.
    pub fn log(&self) -> &'t [u8] {
        self.text.get(usize::from(self.log.start)..self.log.end()).unwrap_or(b"")
    }

    /// Program name of the header.
    pub fn program_name(&self) -> Option<&'t [u8]> {
        self.program.and_then(|s| self.text.get(usize::from(s.start)..s.end()))
    }

    /// Whether the event came from an agent: its location names one.
    pub fn is_from_agent(&self) -> bool {
        self.location.first() == Some(&b'(')
    }

    /// Makes the agent's name the host name, if the event came from an agent:
    /// `web1` of `(web1) 192.0.2.7->/var/log/messages` (Wazuh 4.14).
    pub fn name_agent(&mut self) {
        let name = self.location.strip_prefix(b"(").unwrap_or(b"");
        let end = name.iter().position(|byte| *byte == b')');
        self.agent_host = end.map(|end| Span::new(1, 1 + end));
    }

    /// The host name: for an agent's event its location (OSSEC 4.3) or its
    /// name (Wazuh 4.14), else the header's, else this host's; for the alert of
    /// another manager the joined location.
    pub fn hostname(&self) -> &[u8] {
        if let (Some(name), None) = (self.agent_host, self.forwarded) {
            return name.of(self.location);
        }
        if self.is_from_agent() || self.forwarded.is_some() {
            return self.shown_location();
        }
        match self.header_host {
            Some(s) => self.text.get(usize::from(s.start)..s.end()).unwrap_or(b""),
            None => self.local_host,
        }
    }

    /// The location that alerts show.
    pub fn shown_location(&self) -> &[u8] {
        let forwarded = self.forwarded.as_ref();
        forwarded.and_then(|f| self.bytes(f.location)).unwrap_or(self.location)
    }

    /// The full log that alerts show.
    pub fn full_log(&self) -> &'t [u8] {
        if self.forwarded.is_some() { self.log() } else { self.text }
    }

    /// The bytes of a value of this event.
    pub fn bytes(&self, value: Value) -> Option<&[u8]> {
        match value {
            Value::Unset => None,
            Value::Text(span) => Some(span.of(self.text)),
            Value::Side(span) => Some(span.of(&self.known.side)),
        }
    }

    /// The value of a field, if it is set.
    pub fn field(&self, field: Field) -> Option<&[u8]> {
        self.bytes(self.value(field))
    }

    /// Where the value of a field is.
    pub fn value(&self, field: Field) -> Value {
        self.fields[field as usize]
    }

    /// Sets a field without a trace in the list of assignments.
    pub fn set(&mut self, field: Field, value: Value) {
        self.fields[field as usize] = value;
    }

    /// Sets a field to a span of the log (not of the whole text).
    pub fn set_in_log(&mut self, field: Field, span: Span) {
        self.set(field, Value::Text(span.shifted(usize::from(self.log.start))));
    }

    /// Copies bytes that do not stand in the text; cut when the side buffer
    /// is full.
    pub fn keep(&mut self, bytes: &[u8]) -> Value {
        let side = &mut self.known.side;
        let start = side.len();
        let cut = bytes.get(..bytes.len().min(SIDE_MAX - start)).unwrap_or(b"");
        // Cannot fail: cut to the room that is left.
        let _ = side.extend_from_slice(cut);
        Value::Side(Span::new(start, side.len()))
    }

    /// A number in decimal.
    fn keep_number(&mut self, number: u32) -> Value {
        let mut digits = String::<10>::new();
        // Has room for the largest.
        let _ = write!(digits, "{number}");
        self.keep(digits.as_bytes())
    }

    /// Keeps what `write` appends to the side buffer. If that gives `None`,
    /// nothing is kept.
    pub fn compose(&mut self, write: impl FnOnce(&mut Side) -> Option<()>) -> Option<Value> {
        let side = &mut self.known.side;
        let start = side.len();
        match write(side) {
            Some(()) => Some(Value::Side(Span::new(start, side.len()))),
            None => {
                side.truncate(start);
                None
            }
        }
    }

    /// Sets what a decoder's order names and notes the assignment.
    pub fn assign(&mut self, target: Target, position: u8, value: Value) {
        match target {
            Target::Static(field) => self.set(field, value),
            Target::Dynamic(item) => self.add_dynamic(Name::Item { item, position }, value),
        }
        // A longer list is of no use to anybody: it is only printed.
        let _ = self.assigned.push((target, value));
    }

    /// Adds a dynamic field, also if there is one of this name already. Beyond
    /// [`DYNAMIC_MAX`] it is left out.
    pub fn add_dynamic(&mut self, name: Name, value: Value) {
        if self.known.dynamic.push(Dynamic { name, value }).is_err() {
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// All assignments by captures, in order.
    pub fn assigned(&self) -> &[(Target, Value)] {
        &self.assigned
    }

    /// Where names and values of the dynamic fields are, in the order of their
    /// assignment.
    pub fn dynamic_fields(&self) -> &[Dynamic] {
        &self.known.dynamic
    }

    /// Names and values of the dynamic fields, in the order of their
    /// assignment; `image` must be the one that the event was decoded with.
    pub fn dynamic<'e>(&'e self, image: &Image<'e>) -> impl Iterator<Item = (&'e [u8], &'e [u8])> {
        let image = *image;
        self.known.dynamic.iter().filter_map(move |field| {
            let name = match field.name {
                Name::Item { item, .. } => image.text(image.order.get(item as usize)?.name),
                Name::Here(name) => self.bytes(name)?,
            };
            Some((name, self.bytes(field.value)?))
        })
    }

    /// What the last of the decoders put at a position of its order.
    pub fn dynamic_at(&self, wanted: usize) -> Option<&[u8]> {
        let stands_there = |field: &&Dynamic| match field.name {
            Name::Item { position, .. } => usize::from(position) == wanted,
            Name::Here(_) => false,
        };
        self.bytes(self.dynamic.iter().rev().find(stands_there)?.value)
    }
}
