//! One command after the other, each with its answer.

use super::connect::Line;
use super::lines::stuffed;
use super::reply::Reply;
use super::trouble::{Step, Trouble};
use super::{Login, Mail, Said, Watcher};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use smtp_proto::{
    AUTH_LOGIN, AUTH_PLAIN, EXT_8BIT_MIME, EXT_SIZE, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse,
};
use std::io::{BufReader, Read, Write};

/// What a server can do.
#[derive(Clone, Copy, Debug, Default)]
struct Offers {
    extensions: u32,
    /// Ways to log in.
    logins: u64,
    /// Bytes of a mail that it takes; 0 for any number.
    size_max: usize,
}

impl Offers {
    fn new(reply: &[u8]) -> Self {
        // What cannot be understood is not used.
        let found = EhloResponse::parse(&mut reply.iter()).unwrap_or_default();
        Self {
            extensions: found.capabilities,
            logins: found.auth_mechanisms,
            // More than can be addressed is a number that was not understood.
            size_max: if found.size == usize::MAX { 0 } else { found.size },
        }
    }

    fn has(self, extension: u32) -> bool {
        self.extensions & extension != 0
    }
}

/// A conversation over `S`.
pub(super) struct Dialogue<'w, S> {
    stream: BufReader<S>,
    offers: Offers,
    /// What is not shown, even if the server repeats it.
    hidden: Vec<String>,
    watch: Watcher<'w>,
}

/// A password shorter than this would hide ordinary words.
const HIDDEN_MIN: usize = 6;

impl<'w, S: Read + Write> Dialogue<'w, S> {
    pub(super) fn new(stream: S, watch: Watcher<'w>) -> Self {
        Self { stream: BufReader::new(stream), offers: Offers::default(), hidden: Vec::new(), watch }
    }

    /// Hears the first words of the server.
    pub(super) fn greeting(&mut self) -> Result<(), Trouble> {
        self.answer(Step::Greeting).map(drop)
    }

    /// Introduces this machine, and learns what the server can do. One that
    /// does not know `EHLO` can do nothing but the most necessary.
    pub(super) fn hello(&mut self, name: &str) -> Result<(), Trouble> {
        self.offers = Offers::default();
        match self.ask(Step::Hello, &format!("EHLO {name}")) {
            Ok((_, bytes)) => {
                self.offers = Offers::new(&bytes);
                Ok(())
            }
            Err(Trouble::Refused(_, reply)) if matches!(reply.code, 500..=504 | 550) => {
                self.ask(Step::Hello, &format!("HELO {name}")).map(drop)
            }
            Err(trouble) => Err(trouble),
        }
    }

    /// Whether it can be talked to in secret.
    pub(super) fn offers_tls(&self) -> bool {
        self.offers.has(EXT_START_TLS)
    }

    /// Says who this machine is.
    pub(super) fn log_in(&mut self, login: &Login) -> Result<(), Trouble> {
        let Login { user, password, .. } = login;
        let secret = BASE64.encode(format!("\0{user}\0{}", password.reveal()));
        let word = BASE64.encode(password.reveal());
        // Some servers repeat a command that they do not like.
        let hidden = [&secret, &word, password.reveal()].map(|text| text.trim_end_matches('=').to_owned());
        self.hidden = hidden.into_iter().filter(|text| text.len() >= HIDDEN_MIN).collect();
        if self.offers.logins & AUTH_PLAIN != 0 {
            return self.ask_secret("AUTH PLAIN ", &secret).and_then(welcomed);
        }
        if self.offers.logins & AUTH_LOGIN == 0 {
            return Err(Trouble::Lacks("a way to log in that is known here (PLAIN, LOGIN)"));
        }
        self.ask(Step::Login, "AUTH LOGIN")?;
        self.ask_secret("", &BASE64.encode(user))?;
        self.ask_secret("", &word).and_then(welcomed)
    }

    /// Hands the mail over; it is the server's when it has answered.
    pub(super) fn hand_over(&mut self, mail: Mail<'_>) -> Result<Reply, Trouble> {
        let sender = self.sender(mail)?;
        self.ask(Step::Sender, &sender)?;
        self.ask(Step::Recipient, &format!("RCPT TO:<{}>", mail.to))?;
        self.ask(Step::Data, "DATA")?;
        let wire = stuffed(mail.bytes);
        (self.watch)(Said::Client(&format!("({} bytes of mail)", wire.len())));
        self.write(Step::Message, &wire)?;
        self.answer(Step::Message).map(|(reply, _)| reply)
    }

    /// The command that names the sender and what the mail needs.
    fn sender(&self, mail: Mail<'_>) -> Result<String, Trouble> {
        let mut command = format!("MAIL FROM:<{}>", mail.from);
        let Offers { size_max, .. } = self.offers;
        if size_max > 0 && mail.bytes.len() > size_max {
            return Err(Trouble::TooLarge(mail.bytes.len(), size_max));
        }
        if self.offers.has(EXT_SIZE) {
            command += &format!(" SIZE={}", mail.bytes.len());
        }
        if !mail.to.is_ascii() && !self.offers.has(EXT_SMTP_UTF8) {
            return Err(Trouble::Address(mail.to.to_owned()));
        }
        if !mail.from.is_ascii() {
            self.needs(EXT_SMTP_UTF8, "SMTPUTF8, which <email_from> with other letters than ASCII needs")?;
        }
        if !mail.from.is_ascii() || !mail.to.is_ascii() {
            command += " SMTPUTF8";
        }
        if !mail.bytes.is_ascii() {
            self.needs(EXT_8BIT_MIME, "8BITMIME, which a mail with other letters than ASCII needs")?;
            command += " BODY=8BITMIME";
        }
        Ok(command)
    }

    fn needs(&self, extension: u32, what: &'static str) -> Result<(), Trouble> {
        if self.offers.has(extension) { Ok(()) } else { Err(Trouble::Lacks(what)) }
    }

    /// Says good-bye. Whatever the answer, all is done.
    pub(super) fn quit(mut self) {
        let _ = self.ask(Step::Quit, "QUIT");
    }

    fn ask(&mut self, step: Step, command: &str) -> Result<(Reply, Vec<u8>), Trouble> {
        (self.watch)(Said::Client(command));
        self.write(step, format!("{command}\r\n").as_bytes())?;
        self.answer(step)
    }

    /// Says something of which only the first part may be shown.
    fn ask_secret(&mut self, command: &str, secret: &str) -> Result<(Reply, Vec<u8>), Trouble> {
        (self.watch)(Said::Client(&format!("{command}…")));
        self.write(Step::Login, format!("{command}{secret}\r\n").as_bytes())?;
        self.answer(Step::Login)
    }

    fn write(&mut self, step: Step, bytes: &[u8]) -> Result<(), Trouble> {
        let stream = self.stream.get_mut();
        stream.write_all(bytes).and_then(|()| stream.flush()).map_err(|error| Trouble::broken(step, error))
    }

    fn answer(&mut self, step: Step) -> Result<(Reply, Vec<u8>), Trouble> {
        let (mut reply, bytes) = Reply::read(&mut self.stream, step)?;
        for hidden in &self.hidden {
            reply.text = reply.text.replace(hidden.as_str(), "…");
        }
        (self.watch)(Said::Server(&reply));
        // Behind DATA comes the mail, in AUTH maybe a further question.
        let awaited = match step {
            Step::Data => 300..400,
            Step::Login => 200..400,
            _ => 200..300,
        };
        match reply.code {
            code if awaited.contains(&code) => Ok((reply, bytes)),
            400.. => Err(Trouble::Refused(step, reply)),
            _ => Err(Trouble::unexpected(step, &reply)),
        }
    }
}

/// Whether a login is over, and not another question.
fn welcomed((reply, _): (Reply, Vec<u8>)) -> Result<(), Trouble> {
    if reply.code < 300 { Ok(()) } else { Err(Trouble::unexpected(Step::Login, &reply)) }
}

impl<'w> Dialogue<'w, Line> {
    /// Goes on in secret, if the server agrees. What it can do is to be asked
    /// again: before, anybody may have answered.
    pub(super) fn start_tls(
        mut self,
        secure: impl FnOnce(Line, Watcher<'_>) -> Result<Line, Trouble>,
    ) -> Result<Self, Trouble> {
        if !self.offers_tls() {
            return Err(Trouble::Lacks("STARTTLS"));
        }
        self.ask(Step::StartTls, "STARTTLS")?;
        if !self.stream.buffer().is_empty() {
            let what = "it goes on talking in the open behind STARTTLS".to_owned();
            return Err(Trouble::Strange(Step::StartTls, what));
        }
        let line = secure(self.stream.into_inner(), self.watch)?;
        Ok(Self::new(line, self.watch))
    }

    /// Whether nobody else can listen.
    pub(super) fn is_private(&self) -> bool {
        self.stream.get_ref().is_private()
    }
}

/// Holds a whole dialogue with a server that says these bytes, for fuzzing.
///
/// # Panics
/// If a secret is shown to those who watch, after it was needed.
pub fn exercise(bytes: &[u8]) {
    struct Canned<'b>(&'b [u8]);
    impl Read for Canned<'_> {
        fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(to)
        }
    }
    impl Write for Canned<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut is_told = false;
    let mut watch = |said: Said<'_>| {
        let (shown, is_ours) = match said {
            Said::Note(text) | Said::Client(text) => (text.to_owned(), true),
            Said::Server(reply) => (reply.to_string(), false),
        };
        is_told |= is_ours && shown.starts_with("AUTH");
        // Before, a server can only guess.
        let is_secret = shown.contains("aHVudGVyMg") && (is_ours || is_told);
        assert!(!shown.contains(char::is_control) && !is_secret, "{shown:?}");
    };
    let password = crate::config::Secret::new("hunter2");
    let login = Login { user: "us".to_owned(), password, without_tls: true };
    let mut dialogue = Dialogue::new(Canned(bytes), &mut watch);
    let mail = Mail { from: "us@example.com", to: "you@example.com", bytes: b"Subject: a test\r\n\r\n.\r\n" };
    let held = dialogue.greeting().and_then(|()| dialogue.hello("localhost"));
    let held = held.and_then(|()| dialogue.log_in(&login)).and_then(|()| dialogue.hand_over(mail));
    if let Err(trouble) = held {
        let _ = (trouble.to_string(), trouble.advice());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_repeats_a_password_does_not_give_it_away() {
        exercise(
            b"220 x\r\n250-x\r\n250 AUTH LOGIN\r\n334 user\r\n334 word\r\n535 I do not like aHVudGVyMg==\r\n",
        );
        exercise(b"220 x\r\n250-x\r\n250 AUTH PLAIN\r\n500 unknown: AUTH PLAIN AHVzAGh1bnRlcjI=\r\n");
        // One that has guessed it gives nothing away.
        exercise(b"220 aHVudGVyMg\r\n251 x\r\n");
    }
}
