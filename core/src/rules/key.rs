//! Values of an event that rules compare with the same of earlier events.

use crate::event::{Event, Field};
use crate::record::{Span, Value};

macro_rules! keys {
    ($($(#[$doc:meta])* $name:ident = $field:expr,)*) => {
        /// One value that rules compare.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Key { $($(#[$doc])* $name,)* }

        impl Key {
            /// All keys, in the order of their numbers.
            pub const ALL: [Self; Self::COUNT] = [$(Self::$name,)*];
            const FIELDS: [Option<Field>; Self::COUNT] = [$($field,)*];
        }
    };
}

keys! {
    /// The id.
    Id = Some(Field::Id),
    /// The source address.
    SrcIp = Some(Field::SrcIp),
    /// The destination user.
    User = Some(Field::DstUser),
    /// The source port.
    SrcPort = Some(Field::SrcPort),
    /// The destination port.
    DstPort = Some(Field::DstPort),
    /// The host name.
    Host = None,
    /// The URL.
    Url = Some(Field::Url),
    /// The place in the world of the source address.
    SrcGeo = Some(Field::SrcGeo),
    /// The source user.
    SrcUser = Some(Field::SrcUser),
    /// The destination address.
    DstIp = Some(Field::DstIp),
    /// The protocol.
    Protocol = Some(Field::Protocol),
    /// What was done.
    Action = Some(Field::Action),
    /// Free data.
    Data = Some(Field::Data),
    /// Further data.
    ExtraData = Some(Field::ExtraData),
    /// The status.
    Status = Some(Field::Status),
    /// The system spoken of.
    SystemName = Some(Field::SystemName),
    /// The location.
    Location = None,
    /// Name and address of the agent; not set for this machine.
    Agent = None,
    /// The place in the world of the destination address.
    DstGeo = Some(Field::DstGeo),
}

impl Key {
    /// Number of keys.
    pub const COUNT: usize = 19;

    /// The bit of the key in a mask.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }

    /// The keys of a mask, in order.
    pub fn of_mask(mask: u32) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |key| mask & key.bit() != 0)
    }

    fn field(self) -> Option<Field> {
        Self::FIELDS.get(self as usize).copied().flatten()
    }

    /// The key's value in an event.
    pub fn of<'e>(self, event: &'e Event<'_>) -> Option<&'e [u8]> {
        match self {
            Self::Host => Some(event.hostname()),
            Self::Location => Some(event.location),
            Self::Agent => agent(event.location),
            key => event.field(key.field()?),
        }
    }

    /// Where the key's value stands in the event's text, if it stands there.
    pub(super) fn in_text(self, event: &Event<'_>) -> Option<Span> {
        match (self, self.field()) {
            (Self::Host, _) => {
                event.header_host.filter(|_| !event.is_from_agent() && event.forwarded.is_none())
            }
            (_, Some(field)) => match event.value(field) {
                Value::Text(span) => Some(span),
                _ => None,
            },
            _ => None,
        }
    }
}

/// `(name) address` of `(name) address->path`.
fn agent(location: &[u8]) -> Option<&[u8]> {
    let end = location.windows(2).position(|two| two == b"->").unwrap_or(location.len());
    location.get(..end).filter(|agent| agent.first() == Some(&b'('))
}
