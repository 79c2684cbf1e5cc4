//! How mail leaves this machine, and whom it is from.

use super::program::Program;
use super::smtp::{Login, Mail, Said, Server, Timing};
use crate::config::email::Security;
use crate::config::{Config, Email};
use crate::outbox::Failure;

/// What all mail of a manager has in common.
#[derive(Clone, Debug)]
pub struct Account {
    /// Whom it is from.
    pub from: String,
    /// Whom answers go to.
    pub reply_to: Option<String>,
    /// The name of this manager (`X-IDS-OSSEC`).
    pub ids_name: String,
    /// `maild.full_subject`: the other kind of subject.
    pub full_subject: bool,
    /// Where it is handed over.
    pub route: Route,
}

/// Where mail is handed over.
#[derive(Clone, Debug)]
pub enum Route {
    /// To a server.
    Server(Server),
    /// To a program of this machine.
    Program(Program),
}

impl Account {
    /// The account of a configuration; none if it does not say where mail is
    /// handed over, or whom it is from.
    pub fn new(config: &Config) -> Option<Self> {
        let email = &config.global.email;
        let host = full_host();
        Some(Self {
            from: email.from.clone()?,
            reply_to: email.reply_to.clone(),
            ids_name: email.ids_name.clone().unwrap_or_else(|| host.clone()),
            full_subject: config.internal.full_subject,
            route: Route::new(email, email.smtp_server.as_deref()?, host),
        })
    }
}

impl Route {
    /// The route of a configuration, if it says where mail is handed over.
    pub fn configured(config: &Config) -> Option<Self> {
        let email = &config.global.email;
        Some(Self::new(email, email.smtp_server.as_deref()?, full_host()))
    }

    /// A server that is given as `HOST`, `HOST:PORT` or `[ADDRESS]:PORT`, or
    /// the path of a program. TLS is used if it is offered.
    pub fn named(server: &str) -> Self {
        let route = |host: &str, port| {
            let mut email = Email::default();
            email.smtp_port = port;
            Self::new(&email, host, full_host())
        };
        if let Some((host, port)) = server.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            return route(host, port.strip_prefix(':').and_then(|port| port.parse().ok()));
        }
        match server.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') && !server.starts_with('/') => {
                route(host, port.parse().ok())
            }
            _ => route(server, None),
        }
    }

    /// Hands a mail over.
    pub fn hand_over(&self, mail: Mail<'_>) -> Result<(), Failure> {
        match self {
            Self::Program(program) => program.send(mail.bytes).map_err(|why| Failure::Temporary(why, None)),
            Self::Server(server) => {
                let sent = server.send(mail, &mut |_: Said<'_>| {});
                sent.map(drop).map_err(|trouble| named(&server.host, trouble.into()))
            }
        }
    }

    /// A path is a program; anything else is a server.
    fn new(email: &Email, server: &str, host: String) -> Self {
        if server.starts_with('/') {
            return Self::Program(Program::new(server));
        }
        let port = match email.secure_smtp {
            Security::Offered => 25,
            Security::StartTls => 587,
            Security::ByPort | Security::Tls => 465,
        };
        let login = |user: &String| {
            let password = email.smtp_password.clone()?;
            Some(Login { user: user.clone(), password, without_tls: email.auth_without_tls })
        };
        Self::Server(Server {
            host: server.to_owned(),
            port: email.smtp_port.unwrap_or(port),
            security: email.secure_smtp,
            verify: email.smtp_tls_verify,
            ca: email.smtp_tls_ca.clone(),
            helo: email.helo_server.clone().unwrap_or(host),
            login: email.smtp_user.as_ref().filter(|_| email.auth_smtp).and_then(login),
            timing: Timing::default(),
        })
    }
}

/// The failure with the name of the server in front.
fn named(host: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Temporary(why, when) => Failure::Temporary(format!("{host}: {why}"), when),
        Failure::Permanent(why) => Failure::Permanent(format!("{host}: {why}")),
    }
}

/// The name of this machine as the kernel has it.
pub(crate) fn full_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        name if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) => name.to_owned(),
        _ => "localhost".to_owned(),
    }
}
