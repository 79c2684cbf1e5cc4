//! An alert of any bytes as a mail: a mail that can be read again, with one
//! recipient and one part, in short lines of ASCII.
#![no_main]

use bartizan::alert::{Alert, Entry, Rule};
use bartizan::config::email::MailFormat;
use bartizan::mail::{Account, Program, Route, message};
use bartizan::outbox::{Content, HeldBack};
use bartizan_core::event::Field;
use libfuzzer_sys::fuzz_target;
use mail_parser::MessageParser;

fuzz_target!(|data: &[u8]| {
    let account = Account {
        from: "ids@example.com".to_owned(),
        reply_to: None,
        ids_name: String::from_utf8_lossy(data).chars().filter(|c| !c.is_control()).take(255).collect(),
        full_subject: data.len() % 2 == 1,
        route: Route::Program(Program::new("/bin/false")),
    };
    let rule = Rule { id: 1, level: 10, description: Some(data), mail: true, ..Rule::default() };
    let alert = Alert {
        rule: Some(rule),
        location: data,
        hostname: data,
        log: data,
        previous: vec![data; 2],
        fields: [Some(data); Field::COUNT],
        ..Alert::default()
    };
    let held_back = HeldBack {
        rule: 1,
        level: 10,
        description: String::from_utf8_lossy(data).into_owned(),
        count: u64::MAX,
        span: (i64::MIN, i64::MAX),
    };
    let content = Content { alerts: vec![Entry::new(&alert)], held_back: vec![held_back], notice: None };
    for format in [MailFormat::Full, MailFormat::Sms] {
        let mail = message::compose(&account, "root@example.com", format, "id-1", &content);
        for line in mail.split(|byte| *byte == b'\n') {
            assert!(line.len() <= 999);
            assert!(line.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b' '..=b'~')));
        }
        let read = MessageParser::default().parse(&mail).expect("a mail");
        assert!(read.bcc().is_none() && read.cc().is_none() && read.parts.len() == 1);
        assert!(read.to().is_some_and(|to| to.iter().count() == 1));
        assert!(read.subject().is_some_and(|subject| subject.starts_with("OSSEC ")));
        assert!(read.message_id().is_some_and(|id| id.starts_with("id-1@")));
    }
});
