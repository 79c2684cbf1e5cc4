//! `OSSECAlert_Decoder`: an alert that another manager sent by syslog.
//!
//! `ossec: Alert Level: 3; Rule: 5502 - Logout; Location: (web1) 192.0.2.1->
//! /var/log/secure; user: root;  Dec 29 10:00:01 …`. The event takes the place
//! and the text of the original and brings its own rule: rules are not asked
//! again. An event of this type whose rule is not known is dropped, and so is
//! one that cannot be read (OSSEC 4.3).

use super::Reader;
use crate::event::{Category, Event, Field, Forwarded};
use crate::record::{Span, Value};

/// Bytes of the joined location.
const LOCATION_MAX: usize = 254;
/// Bytes of the original text.
const TEXT_MAX: usize = 4094;

pub(super) fn run(event: &mut Event<'_>) -> Option<()> {
    event.category = Category::OssecAlert;
    let log = event.log();
    if !log.starts_with(b"Alert Level:") && !log.starts_with(b"ossec: Alert Level") {
        return None;
    }
    let mut reader = Reader::new(log);
    reader.until(b";")?;
    reader.until(b": ")?;
    let rule = rule_number(reader.until(b" ")?.of(log))?;
    reader.until(b";")?;
    reader.tag(b" Location: ")?;
    let place = reader.until(b";")?.of(log);
    while items_go_on(reader.rest()) {
        let Some(item) = reader.until(b";") else {
            break;
        };
        take_item(event, log, item);
    }
    reader.take_while(usize::MAX, |byte| byte == b' ');
    let text = reader.take_while(TEXT_MAX, |_| true);
    let location = joined(event, place);
    event.log = text.shifted(event.log.start.into());
    event.forwarded = Some(Forwarded { rule, location });
    Some(())
}

/// One blank stands before an item, two before the text.
fn items_go_on(rest: &[u8]) -> bool {
    rest.starts_with(b" ") && !rest.starts_with(b"  ")
}

/// ` srcip: 192.0.2.1` or ` user: root`; others say nothing new.
fn take_item(event: &mut Event<'_>, log: &[u8], item: Span) {
    let items: [(&[u8], Field); 2] = [(b" srcip: ", Field::SrcIp), (b" user: ", Field::DstUser)];
    for (tag, field) in items {
        if item.of(log).starts_with(tag) {
            let start = usize::from(item.start) + tag.len();
            event.set_in_log(field, Span::new(start, item.end()));
        }
    }
}

fn rule_number(text: &[u8]) -> Option<u32> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// Where the alert came from and where its event came from: `here|there`.
fn joined(event: &mut Event<'_>, there: &[u8]) -> Value {
    let mut start = None;
    let mut end = 0;
    let mut room = LOCATION_MAX;
    for part in [event.location, b"|", there] {
        let part = part.get(..part.len().min(room)).unwrap_or(b"");
        room -= part.len();
        if let Value::Side(span) = event.keep(part) {
            start = start.or(Some(span.start));
            end = span.end();
        }
    }
    Value::Side(Span::new(start.unwrap_or(0).into(), end))
}
