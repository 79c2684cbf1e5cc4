//! What a rule of Wazuh's says: `$(name)` stands for a value of the event.

use super::Alert;
use bartizan_core::event::Field;
use std::borrow::Cow;

/// Bytes of a description; one that would be longer is shown with its names.
const EXPANDED_MAX: usize = 1023;

const FIELDS: [(&[u8], Field); 16] = [
    (b"dstuser", Field::DstUser),
    (b"srcuser", Field::SrcUser),
    (b"srcip", Field::SrcIp),
    (b"dstip", Field::DstIp),
    (b"srcgeoip", Field::SrcGeo),
    (b"dstgeoip", Field::DstGeo),
    (b"srcport", Field::SrcPort),
    (b"dstport", Field::DstPort),
    (b"protocol", Field::Protocol),
    (b"action", Field::Action),
    (b"id", Field::Id),
    (b"url", Field::Url),
    (b"data", Field::Data),
    (b"status", Field::Status),
    (b"extra_data", Field::ExtraData),
    (b"system_name", Field::SystemName),
];

/// A description with the values of an event; what is not set is empty.
pub fn expand<'a>(text: &'a [u8], alert: &Alert<'a>) -> Cow<'a, [u8]> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(start) = memchr::memmem::find(rest, b"$(") {
        let (before, named) = rest.split_at(start);
        let Some(end) = memchr::memchr(b')', named) else { break };
        out.extend_from_slice(before);
        out.extend_from_slice(value(alert, &named[2..end]).unwrap_or_default());
        rest = &named[end + 1..];
    }
    if rest.len() == text.len() || out.len() + rest.len() > EXPANDED_MAX {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

fn value<'a>(alert: &Alert<'a>, name: &[u8]) -> Option<&'a [u8]> {
    match name {
        b"program_name" => alert.program_name,
        b"hostname" => Some(alert.hostname),
        _ => match FIELDS.iter().find(|(known, _)| *known == name) {
            Some((_, field)) => alert.field(*field),
            None => {
                let named = |(known, _): &&(&[u8], &'a [u8])| known.eq_ignore_ascii_case(name);
                alert.dynamic.iter().find(named).map(|(_, value)| *value)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Rule;

    #[test]
    fn names_stand_for_values_and_what_is_not_set_is_nothing() {
        let rule = Rule {
            description: Some(b"$(srcip) ($(srcgeoip)) as $(win.User)$(none) $(open"),
            wazuh: true,
            ..Rule::default()
        };
        let mut alert =
            Alert { rule: Some(rule), dynamic: vec![(b"win.user", b"$(srcip)")], ..Alert::default() };
        alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
        alert.fields[Field::SrcGeo as usize] = Some(b"ES / Madrid");
        assert_eq!(*alert.description(), *b"192.0.2.7 (ES / Madrid) as $(srcip) $(open");
        let long = [b'x'; 1100];
        alert.fields[Field::SrcIp as usize] = Some(&long);
        assert_eq!(*alert.description(), *b"$(srcip) ($(srcgeoip)) as $(win.User)$(none) $(open");
    }
}
