//! How mail leaves this machine, and whom it is from.

use super::program::Program;
use super::smtp::{Login, Server, Timing};
use crate::config::email::Security;
use crate::config::{Config, Email};

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

/// The name of this machine as the kernel has it.
fn full_host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        name if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()) => name.to_owned(),
        _ => "localhost".to_owned(),
    }
}
