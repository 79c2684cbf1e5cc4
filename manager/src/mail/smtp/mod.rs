//! SMTP, the side that sends (RFC 5321): one mail to one mailbox, over one
//! connection.
//!
//! ```text
//!  connect ──► greeting ──► EHLO ──► STARTTLS, EHLO ──► AUTH ──► MAIL, RCPT, DATA ──► 250
//!            └─ TLS ─┘
//! ```
//!
//! A mail is handed over when the server has said 250 behind its last line,
//! and not before; what happens behind that is of no importance. If the
//! connection breaks before, nobody knows, and it is sent again with the same
//! `Message-ID`. Each sending ends within [`Timing::whole`], each step within
//! [`Timing::step`]; replies have a bounded length.
//!
//! | room | what happens there |
//! |---|---|
//! | [`reply`] | what a server says |
//! | `connect` | from a name to a connection |
//! | `dialogue` | one command after the other |
//! | `lines` | a mail as lines on the wire |
//! | [`trouble`] | what can go wrong, and what to do about it |

mod connect;
mod dialogue;
mod lines;
pub mod reply;
pub mod trouble;

pub use dialogue::exercise;
pub use reply::Reply;
pub use trouble::{Step, Trouble};

use crate::config::Secret;
use crate::config::email::Security;
use connect::Line;
use dialogue::Dialogue;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A mail server, and how it is talked to.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How others are kept from listening.
    pub security: Security,
    /// Whether its certificate must be good.
    pub verify: bool,
    /// Certificates of authorities to trust, instead of those of this machine.
    pub ca: Option<PathBuf>,
    /// What this machine is called in `EHLO`.
    pub helo: String,
    /// Who this machine is, if the server asks for that.
    pub login: Option<Login>,
    /// How long it may take.
    pub timing: Timing,
}

/// A name and its password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Secret,
    /// It may be said where others can listen.
    pub without_tls: bool,
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// A connection to one address.
    pub connect: Duration,
    /// One step of the dialogue.
    pub step: Duration,
    /// All of it.
    pub whole: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), step: seconds(40), whole: seconds(55) }
    }
}

/// What is to be handed over.
#[derive(Clone, Copy, Debug)]
pub struct Mail<'m> {
    /// Who is told if it cannot be delivered.
    pub from: &'m str,
    /// Who gets it.
    pub to: &'m str,
    /// Header and body.
    pub bytes: &'m [u8],
}

/// One step of a sending, for those who watch.
#[derive(Clone, Copy, Debug)]
pub enum Said<'s> {
    /// What happens beside the dialogue.
    Note(&'s str),
    /// A command; secrets are left out.
    Client(&'s str),
    /// An answer.
    Server(&'s Reply),
}

/// Somebody who watches a sending.
pub type Watcher<'w> = &'w mut dyn FnMut(Said<'_>);

impl Server {
    /// Hands a mail over. Says what the server said in the end.
    pub fn send(&self, mail: Mail<'_>, watch: Watcher<'_>) -> Result<Reply, Trouble> {
        let until = Instant::now() + self.timing.whole;
        match self.dialogue(mail, Some(self.when()), until, watch) {
            // What is offered but does not work is done without, where nothing is secret.
            Err(Trouble::Tls(why)) if self.security == Security::Offered && !self.needs_tls() => {
                watch(Said::Note(&format!("TLS does not work here ({why}): once more without")));
                self.dialogue(mail, None, until, watch)
            }
            result => result,
        }
    }

    /// One connection; `tls` says when it is secured, `None` for never.
    fn dialogue(
        &self,
        mail: Mail<'_>,
        tls: Option<When>,
        until: Instant,
        watch: Watcher<'_>,
    ) -> Result<Reply, Trouble> {
        let mut line = Line::open(self, until, watch)?;
        if tls == Some(When::First) {
            line = line.secure(self, watch)?;
        }
        let mut dialogue = Dialogue::new(line, watch);
        dialogue.greeting()?;
        dialogue.hello(&self.helo)?;
        let wanted = match tls {
            Some(When::Required) => true,
            Some(When::Offered) => dialogue.offers_tls(),
            Some(When::First) | None => false,
        };
        if wanted {
            dialogue = dialogue.start_tls(|line, watch| line.secure(self, watch))?;
            dialogue.hello(&self.helo)?;
        }
        if let Some(login) = &self.login {
            if !dialogue.is_private() && !login.without_tls {
                return Err(Trouble::Overheard);
            }
            dialogue.log_in(login)?;
        }
        let taken = dialogue.hand_over(mail)?;
        dialogue.quit();
        Ok(taken)
    }

    fn when(&self) -> When {
        match (self.security, self.port) {
            (Security::Offered, _) => When::Offered,
            (Security::StartTls, _) | (Security::ByPort, 25 | 587) => When::Required,
            (Security::Tls | Security::ByPort, _) => When::First,
        }
    }

    /// Whether there is something that nobody else may hear.
    fn needs_tls(&self) -> bool {
        self.login.as_ref().is_some_and(|login| !login.without_tls)
    }

    /// Whether the certificate must be good: not where there might as well be
    /// no TLS at all.
    fn verifies(&self) -> bool {
        self.verify && (self.security != Security::Offered || self.needs_tls())
    }
}

/// When a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before anything is said.
    First,
    /// By STARTTLS, or nothing is said.
    Required,
    /// By STARTTLS, if the server can.
    Offered,
}
