//! One connection: what the sender says, and what is answered.

use super::line::Line;
use super::{Fault, Received, Shared, SmtpOptions, Stage, lock};
use crate::process::DEADLINE;
use rustls::ServerConfig;
use smtp_proto::request::receiver::DataReceiver;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, Request};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// How long it waits between two bytes, if it drips.
const DRIP: Duration = Duration::from_millis(50);

/// One connection to its end; an error is an end, too.
pub(super) fn serve(
    stream: TcpStream,
    options: &SmtpOptions,
    tls: &Arc<ServerConfig>,
    shared: &Shared,
) -> io::Result<()> {
    stream.set_read_timeout(Some(DEADLINE))?;
    let mut line = Line::Open(stream);
    if options.tls_first {
        line = line.secure(tls)?;
    }
    let secret = options.tls_first;
    let mut talk = Talk { stream: BufReader::new(line), options, shared, secret, login: None, mail: None };
    if !talk.answer(Stage::Greeting, "220 test.example ESMTP")? {
        return Ok(());
    }
    loop {
        let line = talk.line()?;
        let request = Request::parse(&mut line.as_bytes().iter()).map(Request::into_owned);
        match request {
            Ok(Request::StartTls) if options.starttls && !talk.secret => {
                if !talk.answer(Stage::StartTls, "220 2.0.0 go ahead")? {
                    continue;
                }
                let line = talk.stream.into_inner().secure(tls)?;
                talk.stream = BufReader::new(line);
                (talk.secret, talk.mail) = (true, None);
            }
            Ok(Request::Quit) => return talk.say("221 2.0.0 bye"),
            Ok(request) => talk.request(request)?,
            Err(_) => talk.say("500 5.5.1 what?")?,
        }
    }
}

struct Talk<'t> {
    stream: BufReader<Line>,
    options: &'t SmtpOptions,
    shared: &'t Shared,
    secret: bool,
    login: Option<String>,
    mail: Option<Received>,
}

impl Talk<'_> {
    fn request(&mut self, request: Request<String>) -> io::Result<()> {
        match request {
            Request::Ehlo { .. } if !self.options.extended => self.say("502 5.5.1 no such command"),
            Request::Ehlo { .. } => {
                let offers = self.offers();
                self.answer(Stage::Hello, &offers).map(drop)
            }
            Request::Helo { .. } => self.answer(Stage::Hello, "250 test.example").map(drop),
            Request::Auth { mechanism, initial_response } => self.log_in(mechanism, &initial_response),
            Request::Mail { .. } if self.options.login.is_some() && self.login.is_none() => {
                self.say("530 5.7.0 log in first")
            }
            Request::Mail { from } => {
                self.mail = Some(Received {
                    from: from.address,
                    eight_bit: from.flags & MAIL_BODY_8BITMIME != 0,
                    utf8: from.flags & MAIL_SMTPUTF8 != 0,
                    secret: self.secret,
                    login: self.login.clone(),
                    ..Received::default()
                });
                self.answer(Stage::Sender, "250 2.1.0 ok").map(drop)
            }
            Request::Rcpt { to } => self.recipient(to.address),
            Request::Data if self.mail.as_ref().is_none_or(|mail| mail.to.is_empty()) => {
                self.say("503 5.5.1 for whom?")
            }
            Request::Data => self.data(),
            Request::Noop { .. } | Request::Rset => self.say("250 2.0.0 ok"),
            _ => self.say("502 5.5.1 not here"),
        }
    }

    /// The answer to `EHLO`, its lines joined.
    fn offers(&self) -> String {
        let mut lines = vec!["test.example".to_owned()];
        lines.extend(self.options.extensions.iter().map(|extension| (*extension).to_owned()));
        if self.options.starttls && !self.secret {
            lines.push("STARTTLS".to_owned());
        }
        if self.options.login.is_some() {
            lines.push(format!("AUTH {}", self.options.mechanisms));
        }
        let last = lines.len() - 1;
        let mark = |at| if at == last { ' ' } else { '-' };
        let lines: Vec<_> =
            lines.iter().enumerate().map(|(at, line)| format!("250{}{line}", mark(at))).collect();
        lines.join("\r\n")
    }

    fn log_in(&mut self, mechanism: u64, initial: &str) -> io::Result<()> {
        let Some((user, password)) = self.options.login else { return self.say("502 5.5.1 not here") };
        let right = match mechanism {
            AUTH_PLAIN => decode(initial) == format!("\0{user}\0{password}"),
            AUTH_LOGIN => {
                self.say("334 VXNlcm5hbWU6")?;
                let said_user = decode(self.line()?.trim());
                self.say("334 UGFzc3dvcmQ6")?;
                said_user == user && decode(self.line()?.trim()) == password
            }
            _ => return self.say("504 5.5.4 not so"),
        };
        if !right {
            return self.say("535 5.7.8 wrong name or password");
        }
        self.login = Some(user.to_owned());
        self.answer(Stage::Login, "235 2.7.0 welcome").map(drop)
    }

    fn recipient(&mut self, to: String) -> io::Result<()> {
        let Some(mail) = &mut self.mail else { return self.say("503 5.5.1 from whom?") };
        if self.options.unknown.contains(&to.as_str()) {
            return self.say("550 5.1.1 no such mailbox");
        }
        let pair = (mail.from.clone(), to.clone());
        let mut seen = lock(&self.shared.seen);
        if self.options.greylist && !seen.contains(&pair) {
            seen.push(pair);
            drop(seen);
            return self.say("451 4.7.1 greylisted, come again later");
        }
        drop(seen);
        if self.answer(Stage::Recipient, "250 2.1.5 ok")? {
            self.mail.iter_mut().for_each(|mail| mail.to.push(to.clone()));
        }
        Ok(())
    }

    fn data(&mut self) -> io::Result<()> {
        if !self.answer(Stage::Data, "354 go ahead")? {
            return Ok(());
        }
        let Some(mut mail) = self.mail.take() else { return Ok(()) };
        let mut receiver = DataReceiver::new();
        loop {
            let bytes = self.stream.fill_buf()?;
            if bytes.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let count = bytes.len();
            let mut rest = bytes.iter();
            let done = receiver.ingest(&mut rest, &mut mail.bytes);
            let used = count - rest.len();
            self.stream.consume(used);
            if done {
                break;
            }
        }
        let at = {
            let mut mails = lock(&self.shared.mails);
            mails.push(mail);
            mails.len() - 1
        };
        if self.answer(Stage::Message, "250 2.0.0 taken")? {
            lock(&self.shared.mails)[at].confirmed = Some(Instant::now());
            self.shared.arrived.notify_all();
        }
        Ok(())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        lock(&self.shared.heard).push_str(&line);
        Ok(line)
    }

    fn say(&mut self, reply: &str) -> io::Result<()> {
        let line = self.stream.get_mut();
        line.write_all(format!("{reply}\r\n").as_bytes())?;
        line.flush()
    }

    /// Answers, or fails as it was told; says whether it answered well.
    fn answer(&mut self, stage: Stage, reply: &str) -> io::Result<bool> {
        match self.fault(stage) {
            None => self.say(reply).map(|()| true),
            Some(Fault::Say(reply)) => self.say(reply).map(|()| false),
            Some(Fault::SayAndClose(reply)) => self.say(reply).and_then(|()| self.close()),
            Some(Fault::Close) => self.close(),
            Some(Fault::Silence) => loop {
                // Whatever comes: no answer.
                self.line()?;
            },
            Some(Fault::Drip) => {
                for byte in reply.bytes() {
                    self.stream.get_mut().write_all(&[byte])?;
                    self.stream.get_mut().flush()?;
                    thread::sleep(DRIP);
                }
                self.say("").map(|()| true)
            }
        }
    }

    fn close(&self) -> io::Result<bool> {
        let _ = self.stream.get_ref().socket().shutdown(Shutdown::Both);
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    fn fault(&self, stage: Stage) -> Option<Fault> {
        let mut faults = lock(&self.shared.faults);
        let (_, fault, times) = faults.iter_mut().find(|(at, _, times)| *at == stage && *times > 0)?;
        *times -= 1;
        Some(fault.clone())
    }
}

/// Base64 as text; nothing if it is none.
fn decode(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.bytes().filter_map(|byte| DIGITS.iter().position(|digit| *digit == byte));
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in digits {
        bits = bits << 6 | digit as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
