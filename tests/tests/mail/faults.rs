//! Whatever goes wrong on the way, a mail arrives in the end, or is refused
//! for good and that is said; what was confirmed does not come again.

use super::{impatient, login, parcel, recipient, server};
use bartizan::config::email::Security;
use bartizan::mail::smtp::Server;
use bartizan::outbox::{Destination, Failure};
use bartizan_tests::Folder;
use bartizan_tests::smtp_server::{Fault, SmtpOptions, SmtpServer, Stage};
use std::time::{Duration, Instant};

const STAGES: [Stage; 8] = [
    Stage::Greeting,
    Stage::Hello,
    Stage::StartTls,
    Stage::Login,
    Stage::Sender,
    Stage::Recipient,
    Stage::Data,
    Stage::Message,
];

/// A server that passes every stage, and how to talk to it.
fn with_all_stages(folder: &Folder) -> (SmtpServer, Server) {
    let options = SmtpOptions { starttls: true, login: Some(("us", "hunter2")), ..SmtpOptions::default() };
    let smtp = SmtpServer::start(options);
    let ca = folder.write("ca.pem", &smtp.certificate);
    let server = Server { security: Security::StartTls, ca: Some(ca), login: Some(login()), ..server(&smtp) };
    (smtp, server)
}

#[test]
fn what_is_bad_for_now_is_tried_again_at_every_stage() {
    let folder = Folder::new("mail-temporary");
    let (smtp, server) = with_all_stages(&folder);
    let mut recipient = recipient(server);
    let faults = [Fault::Say("451 4.3.0 later"), Fault::Say("421 4.3.2 good bye"), Fault::Close];
    let mut sent = 0;
    for stage in STAGES {
        for fault in &faults {
            let parcel = parcel(&recipient, &format!("p{sent}"));
            smtp.fail(stage, fault.clone(), 1);
            let failed = recipient.deliver(&parcel);
            assert!(matches!(failed, Err(Failure::Temporary(..))), "{stage:?} {fault:?}: {failed:?}");
            assert_eq!(smtp.confirmed().len(), sent, "{stage:?} {fault:?}");
            assert_eq!(recipient.deliver(&parcel), Ok(()), "{stage:?} {fault:?}");
            sent += 1;
            assert_eq!(smtp.confirmed().len(), sent, "{stage:?} {fault:?}");
        }
    }
}

#[test]
fn only_a_mail_or_a_recipient_is_refused_for_good() {
    let folder = Folder::new("mail-permanent");
    let (smtp, server) = with_all_stages(&folder);
    let mut recipient = recipient(server);
    for stage in STAGES {
        let parcel = parcel(&recipient, "p");
        // A server that does not know EHLO is greeted as one of old.
        let fault =
            if stage == Stage::Hello { Fault::Say("521 5.0.0 never") } else { Fault::Say("554 5.0.0 never") };
        smtp.fail(stage, fault, 1);
        let failed = recipient.deliver(&parcel).expect_err("it is refused");
        let for_good = matches!(stage, Stage::Recipient | Stage::Data | Stage::Message);
        assert_eq!(matches!(failed, Failure::Permanent(_)), for_good, "{stage:?} {failed:?}");
        assert!(format!("{failed:?}").contains("never"), "{failed:?}");
    }
    assert!(smtp.confirmed().is_empty());
}

#[test]
fn a_mail_whose_confirmation_is_lost_comes_again_as_the_same() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let mut recipient = recipient(server(&smtp));
    let parcel = parcel(&recipient, "the-same");
    smtp.fail(Stage::Message, Fault::Close, 1);
    assert!(matches!(recipient.deliver(&parcel), Err(Failure::Temporary(..))));
    assert_eq!(recipient.deliver(&parcel), Ok(()));
    let mails = smtp.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id(), mails[1].message_id());
    assert_eq!(mails[1].message_id(), "<the-same@keep>");
    assert_eq!(mails[0].bytes, mails[1].bytes);
}

#[test]
fn an_answer_that_does_not_fit_confirms_nothing() {
    let folder = Folder::new("mail-odd");
    let (smtp, server) = with_all_stages(&folder);
    let mut recipient = recipient(server);
    let parcel = parcel(&recipient, "p");
    for (stage, reply) in [
        (Stage::Greeting, "hello"),
        (Stage::Hello, "354 go on"),
        (Stage::Login, "334 VXNlcm5hbWU6"),
        (Stage::Data, "250 ok"),
        (Stage::Message, "354 go on"),
        (Stage::Message, "999 what"),
        (Stage::Message, "2"),
    ] {
        smtp.fail(stage, Fault::SayAndClose(reply), 1);
        let failed = recipient.deliver(&parcel);
        assert!(matches!(failed, Err(Failure::Temporary(..))), "{stage:?} {reply}: {failed:?}");
    }
    assert!(smtp.confirmed().is_empty());
}

#[test]
fn a_silent_server_is_left_in_time() {
    for stage in [Stage::Greeting, Stage::Hello, Stage::Sender, Stage::Message] {
        let smtp = SmtpServer::start(SmtpOptions::default());
        let mut recipient = recipient(Server { timing: impatient(), ..server(&smtp) });
        let parcel = parcel(&recipient, "p");
        smtp.fail(stage, Fault::Silence, 1);
        let start = Instant::now();
        let failed = recipient.deliver(&parcel).expect_err("nobody answers");
        assert!(format!("{failed:?}").contains("in time"), "{stage:?} {failed:?}");
        assert!(start.elapsed() < Duration::from_secs(30), "{stage:?}");
    }
}

#[test]
fn a_server_that_drips_is_heard_to_the_end_but_not_for_ever() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let mut patient = recipient(server(&smtp));
    let parcel = parcel(&patient, "p");
    smtp.fail(Stage::Sender, Fault::Drip, 1);
    assert_eq!(patient.deliver(&parcel), Ok(()));
    // Every byte comes in time, but all of it takes longer than it may.
    for stage in [Stage::Greeting, Stage::Hello, Stage::Sender, Stage::Recipient] {
        smtp.fail(stage, Fault::Drip, 1);
    }
    let mut impatient = recipient(Server { timing: impatient(), ..server(&smtp) });
    assert!(matches!(impatient.deliver(&parcel), Err(Failure::Temporary(..))));
    assert_eq!(smtp.confirmed().len(), 1);
}

#[test]
fn greylisting_is_a_delay() {
    let smtp = SmtpServer::start(SmtpOptions { greylist: true, ..SmtpOptions::default() });
    let mut recipient = recipient(server(&smtp));
    let parcel = parcel(&recipient, "p");
    let failed = recipient.deliver(&parcel).expect_err("it is too early");
    assert!(matches!(&failed, Failure::Temporary(why, _) if why.contains("greylisted")), "{failed:?}");
    assert_eq!(recipient.deliver(&parcel), Ok(()));
    assert_eq!(smtp.confirmed().len(), 1);
}

#[test]
fn who_does_not_exist_is_refused_for_good_and_others_are_not() {
    let options = SmtpOptions { unknown: vec!["root@example.com"], ..SmtpOptions::default() };
    let smtp = SmtpServer::start(options);
    let mut nobody = recipient(server(&smtp));
    let mut somebody = bartizan::mail::Recipient::new(
        super::account(server(&smtp)),
        "team@example.com",
        bartizan::config::email::MailFormat::Full,
    );
    let failed = nobody.deliver(&parcel(&nobody, "p")).expect_err("nobody is there");
    assert!(matches!(&failed, Failure::Permanent(why) if why.contains("no such mailbox")), "{failed:?}");
    assert_eq!(somebody.deliver(&parcel(&somebody, "q")), Ok(()));
    assert_eq!(smtp.wait_for(1)[0].to, ["team@example.com"]);
}

#[test]
fn nobody_listening_is_trouble_for_now() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let mut gone = recipient(server(&smtp));
    let parcel = parcel(&gone, "p");
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a port");
    gone = recipient(Server { port: port.port(), ..server(&smtp) });
    assert!(matches!(gone.deliver(&parcel), Err(Failure::Temporary(..))));
    let nowhere = Server { host: "mail.invalid".to_owned(), timing: impatient(), ..server(&smtp) };
    assert!(matches!(recipient(nowhere).deliver(&parcel), Err(Failure::Temporary(..))));
}

#[test]
fn a_server_that_knows_no_extensions_gets_mail_all_the_same() {
    let smtp = SmtpServer::start(SmtpOptions { extended: false, ..SmtpOptions::default() });
    let mut recipient = recipient(server(&smtp));
    assert_eq!(recipient.deliver(&parcel(&recipient, "p")), Ok(()));
    let heard = smtp.heard();
    assert!(heard.contains("EHLO client.example") && heard.contains("HELO client.example"), "{heard}");
    assert!(!heard.contains("SIZE=") && !heard.contains("BODY="), "{heard}");
}
