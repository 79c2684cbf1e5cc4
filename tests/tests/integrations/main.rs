//! Other services are told of alerts: each kind over real sockets, against
//! servers that fail on demand.

mod faults;
mod kinds;
mod syslog;

use bartizan::alert::{Alert, AlertId, Decoder, Entry, Rule};
use bartizan::config::{Config, Home};
use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::integrations::configured;
use bartizan::outbox::{Configured, Content, Failure, Parcel};
use bartizan::outputs::clock::LocalTime;
use bartizan_core::event::Field;
use bartizan_tests::Folder;

/// The only destination of a configuration.
fn destination_in(folder: &Folder, section: &str) -> Configured {
    let home = Home::new(folder.path());
    let mut sources = Sources::new();
    let source = sources.add("ossec.conf", format!("<ossec_config>{section}</ossec_config>"));
    let mut report = Diagnostics::new();
    let config = Config::from_source(&home, source, &sources, &mut report);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    let mut all = configured(&config, &home).expect("destinations can be used");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn destination(section: &str) -> Configured {
    destination_in(&Folder::new("integrations-none"), section)
}

/// `<integration>` of a kind with an address and more.
fn integration(name: &str, url: &str, more: &str) -> Configured {
    destination(&format!(
        "<integration><name>{name}</name><hook_url>{url}</hook_url><timeout>2</timeout>{more}</integration>"
    ))
}

/// An alert as there are many.
fn alert<'a>() -> Alert<'a> {
    let mut alert = Alert {
        id: AlertId { epoch: 1_795_246_190, ticket: 7 },
        time: LocalTime { year: 2026, month: 11, day: 21, second: 30_590, weekday: 6 },
        rule: Some(Rule {
            id: 5712,
            level: 10,
            description: Some(b"sshd: brute force"),
            groups: b"syslog,sshd,",
            ..Rule::default()
        }),
        fired: 1,
        decoder: Some(Decoder { name: b"sshd", ..Decoder::default() }),
        location: b"(web1) 192.0.2.1->/var/log/auth.log",
        hostname: b"web1",
        program_name: Some(b"sshd"),
        message: b"Failed password for root from 192.0.2.7",
        log: b"Failed password for root from 192.0.2.7",
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
    alert.fields[Field::DstUser as usize] = Some(b"root");
    alert
}

fn entry(seq: u64, alert: &Alert<'_>) -> Entry {
    let mut entry = Entry::new(alert);
    entry.seq = seq;
    entry
}

fn content(alerts: Vec<Entry>) -> Content {
    Content { alerts, ..Content::default() }
}

/// Renders a parcel and hands it over.
fn send(to: &mut Configured, id: &str, content: &Content) -> Result<(), Failure> {
    let payload = to.destination.render(id, content);
    to.destination.deliver(&Parcel { id: id.to_owned(), payload })
}

/// Sends one alert.
fn tell(to: &mut Configured) -> Result<(), Failure> {
    send(to, "p-1", &content(vec![entry(42, &alert())]))
}

/// Alerts that nobody would send who means well.
fn hostile() -> Vec<(&'static str, Entry)> {
    let long = vec![b'x'; 6144];
    let none = Alert { rule: Some(Rule { id: 1, ..Rule::default() }), ..alert() };
    let mut all = vec![("no description", entry(1, &none)), ("nothing at all", entry(2, &Alert::default()))];
    for (name, bytes) in [
        ("6 KB fields", &long[..]),
        ("control characters", b"a\0b\x01c\x07d\x1b[2Je\x7ff\xc2\x85g\tx"),
        ("line ends", b"root\r\nBcc: everybody@example.org\r\n\r\n.\r\n"),
        ("quotes", b"\"'\\<>&`*_[](){}|"),
        ("line separators", "a\u{2028}b\u{2029}c\u{202e}d".as_bytes()),
        ("not UTF-8", b"\xff\xfe\xe2\x80 \xc0\xaf \xed\xa0\x80"),
        ("orders", b"<!channel> <https://evil.example|click> @everyone {{rule.id}} ${jndi:x} %s%n"),
    ] {
        let rule = Rule { description: Some(bytes), groups: bytes, ..alert().rule.unwrap_or_default() };
        let mut alert = Alert { rule: Some(rule), location: bytes, hostname: bytes, log: bytes, ..alert() };
        alert.fields = [Some(bytes); Field::COUNT];
        alert.previous = vec![bytes, bytes];
        all.push((name, entry(3, &alert)));
    }
    all
}
