//! A mail arrives as it was meant, whatever stands in an alert.

use super::{account, parcel, recipient, server};
use bartizan::alert::{Alert, AlertId, Entry, Rule};
use bartizan::config::email::MailFormat;
use bartizan::mail::smtp::Mail;
use bartizan::mail::{Recipient, Route};
use bartizan::outbox::{Content, Destination, Failure, Parcel};
use bartizan_core::event::Field;
use bartizan_tests::smtp_server::{SmtpOptions, SmtpServer};
use mail_parser::MessageParser;

/// An alert in which everything is `bytes`.
fn hostile(bytes: &[u8]) -> Alert<'_> {
    Alert {
        id: AlertId { epoch: 1_764_000_000, ticket: 1 },
        rule: Some(Rule { id: 5716, level: 10, description: Some(bytes), mail: true, ..Rule::default() }),
        location: bytes,
        hostname: bytes,
        log: bytes,
        previous: vec![bytes],
        fields: [Some(bytes); Field::COUNT],
        ..Alert::default()
    }
}

/// Bytes of a log as a mail shows them.
fn shown(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\r' => text += "\\r",
                '\n' | '\t' => text.push(character),
                c if c.is_control() => {
                    c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| text += &format!("\\x{byte:02x}"));
                }
                c => text.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| text += &format!("\\x{byte:02x}"));
    }
    text
}

#[test]
fn a_hostile_alert_arrives_intact_and_alone() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let mut recipient = recipient(server(&smtp));
    let six_kb: Vec<u8> = (0..6144_u32).map(|at| b'!' + (at % 90) as u8).collect();
    let every: Vec<u8> = (0..=255).collect();
    let table: [(&str, &[u8]); 9] = [
        ("no text at all", b""),
        ("6 KB in one line", &six_kb),
        ("control characters", b"\x1b]0;title\x07\x1b[2J\0\x08\x7f"),
        ("a header in a user name", b"root\r\nBcc: thief@example.net"),
        ("a body in a user name", b"root\r\n\r\nClick here"),
        ("the end of a mail", b"a\r\n.\r\nMAIL FROM:<x@example.net>\r\n"),
        ("a bare end of a mail", b"a\n.\nQUIT\r.\r"),
        ("every byte", &every),
        ("other letters", "\u{65e5}\u{672c}\u{8a9e} \u{1f512} \u{202e}".as_bytes()),
    ];
    for (at, (name, bytes)) in table.iter().enumerate() {
        let content = Content { alerts: vec![Entry::new(&hostile(bytes))], ..Content::default() };
        let id = format!("p{at}");
        let parcel = Parcel { payload: recipient.render(&id, &content), id };
        assert_eq!(recipient.deliver(&parcel), Ok(()), "{name}");
        let mails = smtp.wait_for(at + 1);
        assert_eq!(mails.len(), at + 1, "{name}: one mail");
        let mail = &mails[at];
        assert_eq!(mail.bytes, parcel.payload, "{name}: as it was");
        assert_eq!(mail.to, ["root@example.com"], "{name}");
        let read = MessageParser::default().parse(&mail.bytes).expect("a mail");
        assert!(read.bcc().is_none() && read.parts.len() == 1, "{name}");
        assert_eq!(read.message_id(), Some(format!("p{at}@keep").as_str()), "{name}");
        let text = read.body_text(0).expect("a text").replace("\r\n", "\n");
        assert!(text.contains(&format!("\n\n{}\n", shown(bytes))), "{name}: {text}");
    }
}

#[test]
fn letters_of_the_world_in_an_address_need_a_server_that_knows_them() {
    for to in ["gr\u{fc}\u{df}e@example.com", "me@b\u{fc}cher.example"] {
        needs_smtputf8(to);
    }
}

fn needs_smtputf8(to: &str) {
    let modern = SmtpServer::start(SmtpOptions::default());
    let mut there = Recipient::new(account(server(&modern)), to, MailFormat::Full);
    assert_eq!(there.deliver(&parcel(&there, "p")), Ok(()));
    let mail = modern.wait_for(1).remove(0);
    assert!(mail.utf8 && mail.eight_bit && mail.to == [to], "{mail:?}");
    let old = SmtpServer::start(SmtpOptions { extensions: vec!["8BITMIME"], ..SmtpOptions::default() });
    let mut nowhere = Recipient::new(account(server(&old)), to, MailFormat::Full);
    let failed = nowhere.deliver(&parcel(&nowhere, "p")).expect_err("it cannot");
    // It would wait for ever.
    assert!(
        matches!(&failed, Failure::Permanent(why) if why.contains(to) && why.contains("SMTPUTF8")),
        "{failed:?}"
    );
    assert!(old.mails().is_empty() && !old.heard().contains("MAIL FROM"));
}

#[test]
fn a_mail_of_eight_bits_is_said_to_be_one_or_not_sent() {
    let mail = Mail {
        from: "a@example.com",
        to: "b@example.com",
        bytes: "Subject: x\r\n\r\nGr\u{fc}\u{df}e\r\n".as_bytes(),
    };
    let modern = SmtpServer::start(SmtpOptions::default());
    assert!(server(&modern).send(mail, &mut |_| {}).is_ok());
    assert!(modern.wait_for(1)[0].eight_bit);
    let old = SmtpServer::start(SmtpOptions { extensions: Vec::new(), ..SmtpOptions::default() });
    let lacks = server(&old).send(mail, &mut |_| {}).expect_err("it would be garbled");
    assert!(lacks.to_string().contains("8BITMIME"), "{lacks}");
}

#[test]
fn mails_of_alerts_pass_a_server_that_knows_seven_bits_only() {
    let smtp = SmtpServer::start(SmtpOptions { extensions: Vec::new(), ..SmtpOptions::default() });
    let mut recipient = recipient(server(&smtp));
    let alert = hostile("Gr\u{fc}\u{df}e".as_bytes());
    let content = Content { alerts: vec![Entry::new(&alert)], ..Content::default() };
    let parcel = Parcel { id: "p".to_owned(), payload: recipient.render("p", &content) };
    assert_eq!(recipient.deliver(&parcel), Ok(()));
    assert!(smtp.wait_for(1)[0].bytes.is_ascii());
}

#[test]
fn a_mail_that_is_too_large_is_refused_before_it_is_sent() {
    let smtp = SmtpServer::start(SmtpOptions { extensions: vec!["SIZE 100"], ..SmtpOptions::default() });
    let mut recipient = recipient(server(&smtp));
    let failed = recipient.deliver(&parcel(&recipient, "p")).expect_err("it is too large");
    assert!(matches!(&failed, Failure::Permanent(why) if why.contains("100")), "{failed:?}");
    assert!(!smtp.heard().contains("MAIL FROM"), "{}", smtp.heard());
}

#[test]
fn nobody_sees_the_address_of_another() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let account = account(server(&smtp));
    assert!(matches!(account.route, Route::Server(_)));
    for to in ["first@example.com", "second@example.com"] {
        let mut recipient = Recipient::new(account.clone(), to, MailFormat::Full);
        assert_eq!(recipient.deliver(&parcel(&recipient, to)), Ok(()));
    }
    let mails = smtp.wait_for(2);
    assert_eq!((mails[0].to.len(), mails[1].to.len()), (1, 1));
    assert!(!String::from_utf8_lossy(&mails[0].bytes).contains("second@"));
    assert_eq!(mails[1].header("To").as_deref(), Some("<second@example.com>"));
}
