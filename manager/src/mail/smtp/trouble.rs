//! What can go wrong with a sending, whether it will go better later, and
//! what a person may do about it.

use super::reply::Reply;
use crate::outbox::Failure;
use std::fmt;
use std::io;
use thiserror::Error;

/// Where in the dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The first words of the server.
    Greeting,
    /// `EHLO`.
    Hello,
    /// `STARTTLS`.
    StartTls,
    /// `AUTH`.
    Login,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`.
    Data,
    /// The end of the mail.
    Message,
    /// `QUIT`.
    Quit,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Message => "end of the mail",
            Self::Quit => "QUIT",
        })
    }
}

/// Why a mail was not handed over.
#[derive(Debug, Error)]
pub enum Trouble {
    /// Nobody knows the server's name.
    #[error("no address of {0} is known: {1}")]
    Name(String, String),
    /// It does not answer.
    #[error("no connection to {0}")]
    Connect(String),
    /// It cannot be talked to in secret.
    #[error("TLS: {0}")]
    Tls(String),
    /// It says no.
    #[error("{0}: the server says {1}")]
    Refused(Step, Reply),
    /// The connection broke.
    #[error("{0}: {1}")]
    Broken(Step, String),
    /// It says what is no SMTP.
    #[error("{0}: {1}")]
    Strange(Step, String),
    /// It cannot do something that is needed.
    #[error("the server does not offer {0}")]
    Lacks(&'static str),
    /// It knows no address with other letters than ASCII.
    #[error("the server takes no address like {0}: it does not offer SMTPUTF8")]
    Address(String),
    /// The mail is larger than it takes.
    #[error("the mail has {0} bytes, the server takes {1}")]
    TooLarge(usize, usize),
    /// The password would be said where others can listen.
    #[error("the connection is not secret: the password is not said")]
    Overheard,
}

impl Trouble {
    /// The connection was closed.
    pub(super) fn closed(step: Step) -> Self {
        Self::Broken(step, "the server closed the connection".to_owned())
    }

    /// A reply that does not fit here.
    pub(super) fn unexpected(step: Step, reply: &Reply) -> Self {
        Self::Strange(step, format!("the server answers `{reply}`, which does not fit"))
    }

    /// The connection failed.
    pub(super) fn broken(step: Step, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                Self::Broken(step, "the server does not answer in time".to_owned())
            }
            io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::closed(step)
            }
            _ => Self::Broken(step, error.to_string()),
        }
    }

    /// Whether no later attempt can go better: the server refuses this
    /// recipient or this mail. What it has against this machine or the
    /// configuration can be set right, and no alert should be lost before.
    pub fn is_for_good(&self) -> bool {
        match self {
            // A full mailbox (RFC 5321 §4.5.3.1.10) is emptied some day.
            Self::Refused(Step::Recipient, reply) => reply.is_for_good() && reply.code != 552,
            Self::Refused(Step::Sender, reply) => reply.code == 552,
            Self::Refused(Step::Data | Step::Message, reply) => reply.is_for_good(),
            Self::TooLarge(..) | Self::Address(_) => true,
            _ => false,
        }
    }

    /// What a person may do about it.
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Name(..) => "check <smtp_server>: it is the name or address of a mail server",
            Self::Connect(_) => {
                "check <smtp_server> and <smtp_port> (25, 465 or 587), and firewalls between: \
                 many networks let nobody out to port 25, but 465 or 587 with a login"
            }
            Self::Tls(why) if is_about_certificate(why) => {
                "write <smtp_server> as its certificate has it; of an authority of your own give the \
                 certificate: <smtp_tls_ca>FILE</smtp_tls_ca>; \
                 <smtp_tls_verify>no</smtp_tls_verify> trusts anybody"
            }
            Self::Tls(_) => {
                "servers speak TLS at once on port 465, and behind STARTTLS on 587 and 25: \
                 <secure_smtp>tls</secure_smtp> or <secure_smtp>starttls</secure_smtp>"
            }
            Self::Refused(step, reply) => refused(*step, reply)?,
            Self::Strange(Step::Greeting, _) => {
                "no mail server listens there: check <smtp_server> and <smtp_port>"
            }
            Self::Broken(Step::Greeting, _) => {
                "a server that says nothing waits for TLS (<secure_smtp>tls</secure_smtp>), \
                 or does not talk to this machine"
            }
            Self::Broken(..) | Self::Strange(..) => "look into the log of the mail server",
            Self::Lacks("STARTTLS") => {
                "use port 465 with <secure_smtp>tls</secure_smtp>, or ask for STARTTLS there"
            }
            Self::Address(_) => {
                "write the domain as name servers know it (xn--…); other letters before the @ need another \
                 mail server"
            }
            Self::Lacks(_) => "another mail server is needed for this",
            Self::TooLarge(..) => "raise the limit of the mail server",
            Self::Overheard => {
                "set <secure_smtp>yes</secure_smtp>; where nobody else can listen \
                 <auth_without_tls>yes</auth_without_tls> will do"
            }
        })
    }
}

fn is_about_certificate(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["certificate", ".pem", "issuer", "no certificate"].iter().any(|word| why.contains(word))
}

fn refused(step: Step, reply: &Reply) -> Option<&'static str> {
    let policy = matches!(reply.status, Some([_, 7, 0..=2])) || matches!(reply.code, 530 | 554);
    Some(match (step, reply.code) {
        (Step::Login, 535 | 534) => {
            "check <smtp_user> and <smtp_password>; some services want a password made for programs"
        }
        (Step::Login, _) => "check <smtp_user> and <smtp_password>",
        (Step::Greeting, _) => "the server does not want to talk to this machine",
        (Step::Hello, _) => "name this machine as the server knows it: <helo_server>",
        (Step::Sender, _) if reply.is_for_good() => {
            "check <email_from>: the server takes mail from addresses that it knows; or it asks for a login: \
             <auth_smtp>yes</auth_smtp>"
        }
        (Step::Recipient, 450 | 451) => {
            "the server asks to come again in some minutes (greylisting); `bartizan run` does so by itself"
        }
        (Step::Recipient, _) if policy => {
            "the server does not pass on mail from this machine: log in (<auth_smtp>yes</auth_smtp>), \
             or allow this machine there"
        }
        (Step::Recipient, 500..) => "check the address",
        (_, 400..=499) => "the server asks to come again later; `bartizan run` does so by itself",
        (Step::Data | Step::Message, _) => "the server takes the mail for unwanted: see what it says",
        _ => return None,
    })
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble.is_for_good() {
            true => Self::Permanent(trouble.to_string()),
            false => Self::Temporary(trouble.to_string(), None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(step: Step, reply: &str) -> Trouble {
        Trouble::Refused(step, Reply::parse(format!("{reply}\r\n").as_bytes()).expect("a reply"))
    }

    #[test]
    fn only_what_is_about_this_mail_or_this_recipient_is_for_good() {
        for (step, reply, is_for_good) in [
            (Step::Greeting, "554 5.7.1 go away", false),
            (Step::Login, "535 5.7.8 wrong password", false),
            (Step::Sender, "550 5.7.1 sender unknown", false),
            (Step::Sender, "552 5.3.4 too large", true),
            (Step::Recipient, "450 4.7.1 greylisted", false),
            (Step::Recipient, "550 5.1.1 no such user", true),
            (Step::Recipient, "552 5.2.2 mailbox full", false),
            (Step::Data, "554 no", true),
            (Step::Message, "452 4.3.1 no room", false),
            (Step::Message, "554 5.6.0 spam", true),
            (Step::Message, "421 4.3.2 shutting down", false),
        ] {
            assert_eq!(refused(step, reply).is_for_good(), is_for_good, "{step} {reply}");
        }
    }

    #[test]
    fn advice_names_what_to_change() {
        for (step, reply, word) in [
            (Step::Login, "535 5.7.8 no", "<smtp_password>"),
            (Step::Recipient, "550 5.7.1 relaying denied", "<auth_smtp>"),
            (Step::Recipient, "554 relay access denied", "<auth_smtp>"),
            (Step::Recipient, "451 4.7.1 try later", "greylisting"),
            (Step::Recipient, "550 5.1.1 unknown user", "address"),
            (Step::Sender, "553 5.1.8 who", "<email_from>"),
            (Step::Message, "421 busy", "later"),
        ] {
            let advice = refused(step, reply).advice().expect("advice");
            assert!(advice.contains(word), "{step} {reply}: {advice}");
        }
        let unknown = Trouble::Tls("invalid peer certificate: UnknownIssuer".to_owned());
        assert!(unknown.advice().is_some_and(|advice| advice.contains("<smtp_tls_ca>")));
    }
}
