use super::*;
use crate::alert::{Alert, AlertId, Entry, Rule};
use crate::mail::{Program, Route};
use crate::outbox::{HeldBack, Notice};
use crate::outputs::clock::LocalTime;
use bartizan_core::event::Field;
use mail_parser::{Message, MessageParser, MimeHeaders};

fn account() -> Account {
    Account {
        from: "ids@example.com".to_owned(),
        reply_to: Some("team@example.com".to_owned()),
        ids_name: "keep one".to_owned(),
        full_subject: false,
        route: Route::Program(Program::new("/bin/false")),
    }
}

fn alert<'a>(level: u16, description: &'a [u8], log: &'a [u8]) -> Alert<'a> {
    let mut alert = Alert {
        id: AlertId { epoch: 1_764_000_000, ticket: 7 },
        time: LocalTime { year: 2026, month: 11, day: 21, second: 30_590, weekday: 6 },
        rule: Some(Rule {
            id: 5716,
            level,
            description: Some(description),
            groups: b"syslog,sshd,",
            mail: true,
            ..Rule::default()
        }),
        location: b"/var/log/auth.log",
        hostname: b"web1",
        log,
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(b"192.0.2.7");
    alert
}

fn mail_of(alerts: &[Alert<'_>], format: MailFormat) -> Vec<u8> {
    let content = Content { alerts: alerts.iter().map(Entry::new).collect(), ..Content::default() };
    compose(&account(), "root@example.com", format, "parcel-1", &content)
}

fn parsed(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).expect("a mail")
}

fn text(mail: &Message<'_>) -> String {
    mail.body_text(0).expect("a text").replace("\r\n", "\n")
}

/// What every mail is, whatever is in it.
fn check(bytes: &[u8]) {
    assert!(bytes.iter().all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~')), "7-bit text");
    let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
    let (last, lines) = lines.split_last().expect("there are lines");
    assert!(last.is_empty(), "the last line has an end");
    for line in lines {
        assert!(line.ends_with(b"\r") && line.len() <= LINE_MAX + 1, "a line with CR LF, not too long");
        assert!(!line[..line.len() - 1].contains(&b'\r'), "no CR but at the end of a line");
    }
}

#[test]
fn an_alert_is_laid_out_as_ossec_does() {
    let bytes = mail_of(
        &[alert(5, b"SSHD authentication failed.", b"Nov 21 08:29:50 web1 sshd[1]: no")],
        MailFormat::Full,
    );
    check(&bytes);
    let (head, body) = std::str::from_utf8(&bytes).expect("text").split_once("\r\n\r\n").expect("a header");
    let body = body.replace("\r\n", "\n");
    let expected = "\nOSSEC HIDS Notification.\n2026 Nov 21 08:29:50\n\nReceived From: web1->/var/log/auth.log\n\
        Rule: 5716 fired (level 5) -> \"SSHD authentication failed.\"\nSrc IP: 192.0.2.7\n\
        Portion of the log(s):\n\nNov 21 08:29:50 web1 sshd[1]: no\n\n\n\n --END OF NOTIFICATION\n\n\n";
    assert_eq!(body, expected);
    let names: Vec<_> = head.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    let ossec = ["To", "From", "Reply-To", "Date", "X-IDS-OSSEC", "Subject"];
    assert_eq!(names[..6], ossec);
    assert!(head.contains("Subject: OSSEC Alert - web1 - Level 5 - SSHD authentication failed."), "{head}");
    assert!(head.contains("Message-ID: <parcel-1@keep.one>"), "{head}");
    assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
    assert!(head.contains("To: <root@example.com>"), "{head}");
}

#[test]
fn a_group_is_one_after_the_other_under_the_subject_of_the_highest_level() {
    let alerts = [alert(5, b"low", b"1"), alert(10, b"first high", b"2"), alert(10, b"second high", b"3")];
    let bytes = mail_of(&alerts, MailFormat::Full);
    let mail = parsed(&bytes);
    assert_eq!(mail.subject(), Some("OSSEC Alert - web1 - Level 10 - first high"));
    let text = text(&mail);
    let places: Vec<_> = ["\"low\"", "\"first high\"", "\"second high\""].map(|what| text.find(what)).into();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{text}");
    assert_eq!(text.matches(" --END OF NOTIFICATION").count(), 3);
}

#[test]
fn the_host_is_what_stands_before_the_arrow() {
    let subject = |location: &[u8]| {
        let alert = Alert { location, ..alert(3, b"what", b"log") };
        let full = Account { full_subject: true, ..account() };
        let content = Content { alerts: vec![Entry::new(&alert)], ..Content::default() };
        let bytes = compose(&full, "a@example.com", MailFormat::Full, "1", &content);
        parsed(&bytes).subject().expect("a subject").to_owned()
    };
    assert_eq!(subject(b"/var/log/auth.log"), "OSSEC Notification - web1 - Alert level 3");
    assert_eq!(
        subject(b"(gate 1) 192.0.2.1->/var/log/x"),
        "OSSEC Notification - (gate 1) 192.0.2.1 - Alert level 3"
    );
    assert_eq!(subject(b"(odd"), "OSSEC Notification - (odd - Alert level 3");
}

#[test]
fn nothing_in_a_log_breaks_a_mail() {
    let long = [b"x".repeat(6144), b"\n".to_vec(), b".".to_vec()].concat();
    let every: Vec<u8> = (0..=255).collect();
    let hostile: [(&str, &[u8]); 9] = [
        ("a header", b"root\r\nBcc: thief@example.net\r\n\r\nbody"),
        ("the end of a mail", b"a\r\n.\r\nQUIT\r\n"),
        ("long lines", &long),
        ("every byte", &every),
        ("an encoded word", b"=?utf-8?Q?ping?= and =?us-ascii?B?cm9vdA==?="),
        ("a boundary", b"--boundary\r\nContent-Type: text/html\r\n\r\n<script>"),
        ("nothing", b""),
        ("blanks", b"   \t  "),
        ("other letters", "Gr\u{fc}\u{df}e \u{1f512} \u{202e}gnp.exe".as_bytes()),
    ];
    for (name, bytes) in hostile {
        let mut alert = alert(12, bytes, bytes);
        alert.location = bytes;
        alert.hostname = bytes;
        alert.fields = [Some(bytes); Field::COUNT];
        alert.previous = vec![bytes; 30];
        for format in [MailFormat::Full, MailFormat::Sms] {
            let mail = mail_of(std::slice::from_ref(&alert), format);
            check(&mail);
            let mail = parsed(&mail);
            assert!(mail.bcc().is_none() && mail.to().is_some_and(|to| to.iter().count() == 1), "{name}");
            assert_eq!(mail.parts.len(), 1, "{name}");
            assert!(mail.subject().is_some_and(|subject| subject.starts_with("OSSEC ")), "{name}");
            assert!(!mail.subject().is_some_and(|subject| subject.contains("=?")), "{name}");
            if format == MailFormat::Full {
                let shown = readable::readable(bytes);
                assert!(text(&mail).contains(&shown), "{name}: all of the log is there");
            }
        }
    }
}

#[test]
fn a_changed_output_is_shown_with_what_has_changed() {
    let (old, new) = (&b"ports:\n22\n80"[..], &b"ports:\n22\n\x1b[2J\r\nBcc: x"[..]);
    let changed =
        Alert { previous: vec![b"Previous output:", old], message: new, ..alert(7, b"ports changed", new) };
    let bytes = mail_of(&[changed], MailFormat::Full);
    check(&bytes);
    let mail = parsed(&bytes);
    assert!(mail.bcc().is_none());
    let expected = "\nports:\n22\n\\x1b[2J\\r\nBcc: x\nPrevious output:\nports:\n22\n80\n\n\
        What has changed:\n\n@@ -1,3 +1,4 @@\n ports:\n 22\n-80\n+\\x1b[2J\n+Bcc: x\n\n\n\n --END";
    assert!(text(&mail).contains(expected), "{}", text(&mail));
}

#[test]
fn an_alert_without_a_description_or_a_rule_is_a_mail() {
    let none = Alert { rule: Some(Rule { description: None, ..Rule::default() }), ..alert(0, b"", b"log") };
    let bytes = mail_of(&[none], MailFormat::Full);
    assert!(text(&parsed(&bytes)).contains("Rule: 0 fired (level 0) -> \"(null)\""));
    check(&mail_of(&[Alert::default()], MailFormat::Full));
    check(&mail_of(&[], MailFormat::Full));
    check(&mail_of(&[], MailFormat::Sms));
}

#[test]
fn a_short_message_is_one_short_line() {
    let long = "a very long description ".repeat(20);
    let alerts = [alert(5, b"low", b"1"), alert(12, long.as_bytes(), b"2")];
    let bytes = mail_of(&alerts, MailFormat::Sms);
    let mail = parsed(&bytes);
    let text = text(&mail);
    assert_eq!(mail.subject(), Some("OSSEC 12 - 5716 - web1"));
    assert!(text.starts_with("web1: a very long") && text.ends_with(" from 192.0.2.7 (+1 more)\n"), "{text}");
    assert!(text.chars().count() <= 161 && text.lines().count() == 1, "{text}");
}

#[test]
fn what_was_held_back_is_a_table_of_counts() {
    let held = |rule, count| HeldBack {
        rule,
        level: 10,
        description: "too\nmany".to_owned(),
        count,
        span: (1_764_000_000, 1_764_003_599),
    };
    let content = Content { held_back: vec![held(0, 2), held(5712, 1200)], ..Content::default() };
    let bytes = compose(&account(), "a@example.com", MailFormat::Full, "1", &content);
    check(&bytes);
    let mail = parsed(&bytes);
    assert_eq!(mail.subject(), Some("OSSEC Alert - 1202 alerts held back - Level 10"));
    let text = text(&mail);
    assert!(text.contains("Held back since the last mail: 1202 alerts\n"), "{text}");
    let rows: Vec<_> = text.lines().filter(|line| line.ends_with("too\\nmany")).collect();
    assert!(
        rows.len() == 2 && rows[0].starts_with("    1200     10    5712  ") && rows[1].contains("  -  "),
        "{text}"
    );
}

#[test]
fn a_notice_has_its_html_beside_its_text() {
    let notice = |text: &str, html: Option<Page>| Content {
        notice: Some(Notice {
            title: "Daily report: \u{fc}berblick\r\nBcc: x".to_owned(),
            text: text.to_owned(),
            html,
        }),
        ..Content::default()
    };
    let page = |picture| Page { markup: "<p>html</p>".to_owned(), picture };
    let composed = |notice| compose(&account(), "a@example.com", MailFormat::Full, "1", &notice);
    let both = composed(notice("text", Some(page(None))));
    check(&both);
    let mail = parsed(&both);
    assert_eq!(mail.subject(), Some("Daily report: \u{fc}berblick\\r\\nBcc: x"));
    assert_eq!(text(&mail), "text\n");
    assert_eq!(mail.body_html(0).as_deref(), Some("<p>html</p>"));
    assert_eq!(mail.parts[0].content_type().and_then(|kind| kind.subtype()), Some("alternative"));
    let alone = composed(notice("", None));
    assert!(text(&parsed(&alone)).starts_with("Daily report"));
    let drawn: Vec<u8> = (0..=255).cycle().take(5000).collect();
    let drawn_bytes = composed(notice("text", Some(page(Some(drawn.clone())))));
    check(&drawn_bytes);
    let mail = parsed(&drawn_bytes);
    assert_eq!(mail.body_html(0).as_deref(), Some("<p>html</p>"));
    let picture = mail.parts.iter().find(|part| part.content_id() == Some(Page::PICTURE)).expect("a picture");
    assert_eq!(picture.contents(), drawn);
}

#[test]
fn a_mail_of_plain_text_is_sent_as_it_is_and_other_ones_are_encoded() {
    let encoding = |log: &[u8]| {
        let bytes = mail_of(&[alert(5, b"what", log)], MailFormat::Full);
        parsed(&bytes).content_transfer_encoding().expect("an encoding").to_owned()
    };
    assert_eq!(encoding(&b"plain text ".repeat(80)), "7bit");
    assert_eq!(encoding(&b"plain text ".repeat(100)), "quoted-printable");
    assert_eq!(encoding("Gr\u{fc}\u{df}e".as_bytes()), "quoted-printable");
}
