//! Passwords are said only where nobody else can hear them, and mail goes
//! only to whom it is meant for, where that is asked for.

use super::{login, parcel, recipient, server};
use bartizan::config::email::Security;
use bartizan::mail::smtp::{Login, Mail, Said, Server, Trouble};
use bartizan::outbox::{Destination, Failure};
use bartizan_tests::Folder;
use bartizan_tests::smtp_server::{Fault, Received, SmtpOptions, SmtpServer, Stage};

/// Sends one mail, and says what the server got.
fn sent(smtp: &SmtpServer, server: Server) -> Result<Received, Failure> {
    let mut recipient = recipient(server);
    recipient.deliver(&parcel(&recipient, "p")).map(|()| smtp.wait_for(1).remove(0))
}

#[test]
fn tls_from_the_first_byte_and_by_starttls() {
    for tls_first in [true, false] {
        let folder = Folder::new(&format!("mail-tls-{tls_first}"));
        let smtp = SmtpServer::start(SmtpOptions { tls_first, starttls: true, ..SmtpOptions::default() });
        let ca = Some(folder.write("ca.pem", &smtp.certificate));
        let security = if tls_first { Security::Tls } else { Security::StartTls };
        let mail = sent(&smtp, Server { security, ca, ..server(&smtp) }).expect("it is sent");
        assert!(mail.secret, "{security:?}");
    }
}

#[test]
fn what_is_offered_is_used_whoever_it_is() {
    let smtp = SmtpServer::start(SmtpOptions { starttls: true, ..SmtpOptions::default() });
    assert!(sent(&smtp, server(&smtp)).expect("it is sent").secret);
}

#[test]
fn what_is_offered_and_does_not_work_is_done_without() {
    let smtp = SmtpServer::start(SmtpOptions { starttls: true, ..SmtpOptions::default() });
    smtp.fail(Stage::StartTls, Fault::SayAndClose("220 go ahead"), 1);
    assert!(!sent(&smtp, server(&smtp)).expect("it is sent").secret);
}

#[test]
fn without_tls_nothing_is_said_where_tls_is_asked_for() {
    let smtp = SmtpServer::start(SmtpOptions::default());
    let required = Server { security: Security::StartTls, login: Some(login()), ..server(&smtp) };
    assert!(matches!(sent(&smtp, required), Err(Failure::Temporary(..))));
    let heard = smtp.heard();
    assert!(!heard.contains("MAIL") && !heard.contains("AUTH"), "{heard}");
}

#[test]
fn a_certificate_of_somebody_else_ends_it() {
    let folder = Folder::new("mail-certificate");
    let smtp = SmtpServer::start(SmtpOptions {
        starttls: true,
        login: Some(("us", "hunter2")),
        ..SmtpOptions::default()
    });
    let other = SmtpServer::start(SmtpOptions::default());
    let ca = Some(folder.write("ca.pem", &other.certificate));
    let careful = Server { security: Security::StartTls, ca, login: Some(login()), ..server(&smtp) };
    let failed = sent(&smtp, careful.clone()).expect_err("it is not trusted");
    assert!(matches!(&failed, Failure::Temporary(why, _) if why.contains("ertificate")), "{failed:?}");
    // Also where TLS was not asked for, if there is a password to say.
    let offered = Server { security: Security::Offered, ..careful.clone() };
    assert!(sent(&smtp, offered).is_err());
    assert!(!smtp.heard().contains("AUTH"), "{}", smtp.heard());
    // Who trusts anybody gets on.
    let trusting = Server { verify: false, ..careful };
    assert_eq!(sent(&smtp, trusting).expect("it is sent").login.as_deref(), Some("us"));
}

#[test]
fn both_ways_to_log_in_work() {
    for mechanisms in ["PLAIN", "LOGIN", "CRAM-MD5 LOGIN PLAIN", "XOAUTH2 LOGIN"] {
        let folder = Folder::new(&format!("mail-login-{}", mechanisms.len()));
        let login_of = Some(("us", "hunter2"));
        let smtp = SmtpServer::start(SmtpOptions {
            starttls: true,
            login: login_of,
            mechanisms,
            ..SmtpOptions::default()
        });
        let ca = Some(folder.write("ca.pem", &smtp.certificate));
        let server = Server { security: Security::StartTls, ca, login: Some(login()), ..server(&smtp) };
        let mail = sent(&smtp, server).expect("it is sent");
        assert_eq!(mail.login.as_deref(), Some("us"), "{mechanisms}");
    }
}

#[test]
fn a_password_is_not_said_in_the_open_unless_that_is_allowed() {
    let smtp = SmtpServer::start(SmtpOptions { login: Some(("us", "hunter2")), ..SmtpOptions::default() });
    let open = Server { login: Some(login()), ..server(&smtp) };
    let failed = sent(&smtp, open.clone()).expect_err("it is not said");
    assert!(matches!(&failed, Failure::Temporary(why, _) if why.contains("not secret")), "{failed:?}");
    assert!(!smtp.heard().contains("AUTH"), "{}", smtp.heard());
    let allowed = Login { without_tls: true, ..login() };
    let mail = sent(&smtp, Server { login: Some(allowed), ..open }).expect("it is sent");
    assert_eq!(mail.login.as_deref(), Some("us"));
}

#[test]
fn a_wrong_password_is_trouble_for_now_and_is_shown_to_nobody() {
    let smtp = SmtpServer::start(SmtpOptions { login: Some(("us", "other")), ..SmtpOptions::default() });
    let login = Login { without_tls: true, ..login() };
    let server = Server { login: Some(login), ..server(&smtp) };
    let mut seen = format!("{server:?}");
    let mail = Mail { from: "a@example.com", to: "b@example.com", bytes: b"Subject: x\r\n\r\n" };
    let trouble = server.send(mail, &mut |said| match said {
        Said::Note(text) | Said::Client(text) => seen += text,
        Said::Server(reply) => seen += &reply.to_string(),
    });
    let trouble = trouble.expect_err("it is wrong");
    assert!(matches!(&trouble, Trouble::Refused(_, reply) if reply.code == 535), "{trouble}");
    assert!(!trouble.is_for_good(), "it can be set right");
    seen += &trouble.to_string();
    assert!(!seen.contains("hunter2") && !seen.contains("aHVudGVyMg"), "{seen}");
    assert!(seen.contains("AUTH PLAIN …"), "{seen}");
}

#[test]
fn what_is_said_in_the_open_behind_starttls_is_not_believed() {
    let folder = Folder::new("mail-injection");
    let smtp = SmtpServer::start(SmtpOptions { starttls: true, ..SmtpOptions::default() });
    let ca = Some(folder.write("ca.pem", &smtp.certificate));
    smtp.fail(Stage::StartTls, Fault::Say("220 go ahead\r\n250 AUTH PLAIN"), 1);
    let careful = Server { security: Security::StartTls, ca, ..server(&smtp) };
    let failed = sent(&smtp, careful).expect_err("somebody talks in between");
    assert!(format!("{failed:?}").contains("in the open"), "{failed:?}");
}
