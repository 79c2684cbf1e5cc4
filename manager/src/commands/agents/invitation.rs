//! Tokens, and what to do with one.

use super::super::{CommandError, now};
use crate::agents::identity::Identity;
use crate::agents::{Agent, PORT, Registry, addresses};
use crate::config::{Config, Connection, Home};
use crate::diagnose::{Diagnostics, Sources};
use bartizan_core::limits::{ADDRESS_MAX, MANAGERS_MAX};
use bartizan_core::wire::token::{TOKEN_TEXT_MAX, Token};
use clap::Args;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

const HOUR_S: u32 = 3600;

#[derive(Args, Debug)]
pub(super) struct InvitationArguments {
    /// Where the agent reaches this manager, with or without a port; may be
    /// given up to four times, best first. Default: the addresses of this
    /// machine. The port is 1517, or the one of
    /// <remote><connection>bartizan</connection> in HOME/etc/ossec.conf.
    #[arg(short = 'a', long = "address", value_name = "HOST:PORT")]
    address: Vec<String>,
    /// How long the token is good.
    #[arg(long = "valid", value_name = "HOURS", default_value_t = 168,
          value_parser = clap::value_parser!(u32).range(1..=8760))]
    hours: u32,
}

impl InvitationArguments {
    /// The addresses for a token: those that are named, or this machine's.
    pub(super) fn addresses(&self, home: &Path) -> Result<Vec<String>, CommandError> {
        let port = port(home);
        if self.address.len() > MANAGERS_MAX {
            let why = format!("a token holds {MANAGERS_MAX} addresses at most");
            return Err(CommandError::Usage(why));
        }
        if !self.address.is_empty() {
            return self.address.iter().map(|address| with_port(address, port)).collect();
        }
        let own = addresses::of_this_machine().into_iter().take(MANAGERS_MAX);
        let own: Vec<_> = own.map(|address| SocketAddr::new(address, port).to_string()).collect();
        if own.is_empty() {
            let why = "this machine has no address that others reach: name one with --address HOST";
            return Err(CommandError::Usage(why.to_owned()));
        }
        Ok(own)
    }

    /// Makes a token, and says what to do with it.
    pub(super) fn invite(
        &self,
        agent: &Agent,
        addresses: &[String],
        home: &Path,
        registry: &mut Registry,
    ) -> Result<String, CommandError> {
        let key = Identity::open(home)?.public;
        let secret = registry.token(agent.id, now() + i64::from(self.hours * HOUR_S))?;
        let token = Token {
            key,
            secret,
            name: &agent.name,
            addresses: addresses.iter().map(String::as_str).take(MANAGERS_MAX).collect(),
        };
        let mut text = [0; TOKEN_TEXT_MAX];
        // Name and addresses are within the limits: they were looked at.
        let too_long = |_| CommandError::Usage("name and addresses are too long for a token".to_owned());
        let token = token.write(&mut text).map_err(too_long)?;
        let (good, at) = (duration(self.hours), addresses.join("\n  "));
        Ok(format!(
            "Run this on its machine, once, within {good}:\n\n  bartizan-agent enrol {token}\n\n\
             Who has the token can take the agent's place until it is used. The agent looks for this\n\
             manager at\n\n  {at}\n"
        ))
    }
}

fn duration(hours: u32) -> String {
    match (hours % 24, hours / 24) {
        (_, 0) | (1.., 1) => format!("{hours} h"),
        (0, 1) => "a day".to_owned(),
        (0, days) => format!("{days} days"),
        _ => format!("{hours} h"),
    }
}

/// The port where agents are heard, as far as a configuration in the home
/// folder says so.
fn port(home: &Path) -> u16 {
    let home = Home::new(home);
    let conf = home.configuration(None);
    if !conf.is_file() {
        return PORT;
    }
    let config = Config::read(&home, &conf, &mut Sources::new(), &mut Diagnostics::new());
    let own = config.remotes.iter().find(|remote| remote.connection == Connection::Bartizan);
    own.map_or(PORT, |remote| remote.port)
}

/// An address as a token holds it: `host:port`.
fn with_port(address: &str, port: u16) -> Result<String, CommandError> {
    let wrong = || CommandError::Usage(format!("`{address}` is no address: write HOST, or HOST:PORT"));
    if let Ok(ip) = address.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, port).to_string());
    }
    if let Ok(whole) = address.parse::<SocketAddr>() {
        return if whole.port() > 0 { Ok(whole.to_string()) } else { Err(wrong()) };
    }
    let (host, port) = match address.split_once(':') {
        Some((host, port)) => (host, port.parse::<u16>().ok().filter(|port| *port > 0).ok_or_else(wrong)?),
        None => (address, port),
    };
    let character = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let whole = format!("{host}:{port}");
    let right = !host.is_empty() && host.bytes().all(character) && whole.len() <= ADDRESS_MAX;
    if right { Ok(whole) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_get_a_port_and_wrong_ones_are_refused() {
        let right = [
            ("192.0.2.1", "192.0.2.1:1517"),
            ("192.0.2.1:99", "192.0.2.1:99"),
            ("2001:db8::1", "[2001:db8::1]:1517"),
            ("[2001:db8::1]", "[2001:db8::1]:1517"),
            ("[2001:db8::1]:7", "[2001:db8::1]:7"),
            ("keep.example.org", "keep.example.org:1517"),
            ("keep:22", "keep:22"),
        ];
        for (text, expected) in right {
            assert_eq!(with_port(text, PORT).ok().as_deref(), Some(expected), "{text}");
        }
        for wrong in
            ["", ":1", "a b", "keep:", "keep:0", "keep:70000", "192.0.2.1:0", "a:b:c", &"x".repeat(300)]
        {
            assert!(with_port(wrong, PORT).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_is_said_in_words() {
        assert_eq!([1, 24, 30, 48, 168].map(duration), ["1 h", "a day", "30 h", "2 days", "7 days"]);
    }
}
