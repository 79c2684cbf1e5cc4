//! `bartizan-agent enrol`: makes a key and introduces it to a manager.

use super::{Arguments, Failure, complain, say};
use crate::config::Manager;
use crate::file;
use crate::host;
use crate::identity::{Identity, beside, parse_address, show_address};
use crate::link::{Keys, Link, Trouble};
use crate::names;
use crate::noise::builder;
use crate::sys;
use bartizan_core::time::Millis;
use bartizan_core::wire::PROLOGUE_ENROL;
use bartizan_core::wire::message::{CONTROL_MAX, ToAgent, ToManager};
use bartizan_core::wire::token::{TOKEN_BYTES_MAX, Token, TokenError};
use mio::{Events, Poll};
use std::fs;
use std::io::Read;
use std::time::Duration;

/// How long one address may take.
const PATIENCE_MS: u64 = 15_000;

/// Token of the one connection.
const LINK: mio::Token = mio::Token(0);

/// Enrols this machine with the token of the command line.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = arguments.key_file();
    // The token is good once: what can go wrong here is found before it is used.
    if path.exists() && !arguments.force {
        return Err(Failure::Usage(format!(
            "{} exists: this machine is enrolled; --force makes a new key",
            path.display()
        )));
    }
    fs::create_dir_all(&arguments.home)
        .and_then(|()| file::open(beside(&path), file::WRITE))
        .and_then(|_| fs::remove_file(beside(&path)))
        .map_err(|error| Failure::System(format!("{}: {error}", arguments.home.display())))?;
    let text = token_text(arguments)?;
    let mut memory = [0; TOKEN_BYTES_MAX];
    let token = Token::read(&text, &mut memory).map_err(|error| Failure::Usage(explain(error)))?;
    let identity = introduce(&token, arguments.name.as_deref().unwrap_or(token.name))?;
    identity.write(&path, arguments.force).map_err(|error| {
        Failure::System(format!("{}: {error}; the token is used up, ask for another one", path.display()))
    })?;
    say(&format!("enrolled as {}; start it with `bartizan-agent run`\n", identity.name));
    Ok(())
}

fn token_text(arguments: &Arguments) -> Result<String, Failure> {
    match arguments.words.as_slice() {
        [word] if word == "-" => {
            let mut text = String::new();
            let read = sys::standard(0).by_ref().take(TOKEN_BYTES_MAX as u64 * 2).read_to_string(&mut text);
            read.map_err(|error| Failure::System(format!("standard input: {error}")))?;
            Ok(text)
        }
        [word] => Ok(word.clone()),
        _ => Err(Failure::Usage("enrol needs the token that `bartizan agents add NAME` prints".to_owned())),
    }
}

fn explain(error: TokenError) -> String {
    let what = match error {
        TokenError::Character { at } => format!("its character {} stands in no token", at + 1),
        TokenError::Cut { has, needs } => format!("it has {has} of {needs} characters: copy the whole line"),
        TokenError::Version(version) => {
            format!("it is of version {version}: this agent is too old for the manager")
        }
        TokenError::Damaged => "a character is wrong or missing".to_owned(),
        TokenError::Limit => "its contents make no sense".to_owned(),
    };
    format!("this is not a token: {what}")
}

/// Tries the manager's addresses in their order.
fn introduce(token: &Token<'_>, name: &str) -> Result<Identity, Failure> {
    let system = |what: &str, error: &dyn std::fmt::Display| Failure::System(format!("{what}: {error}"));
    let pair = builder().generate_keypair().map_err(|error| system("making a key", &error))?;
    let own = pair.private.try_into().map_err(|_| Failure::System("making a key failed".to_owned()))?;
    let addresses: Vec<Manager> = token.addresses.iter().filter_map(|text| parse_address(text)).collect();
    let mut identity = Identity { name: name.to_owned(), manager: token.key, own, addresses };
    for address in &identity.addresses {
        match try_address(address, token, &identity) {
            Ok(name) => {
                identity.name = name;
                return Ok(identity);
            }
            Err(Refusal::No(why)) => return Err(Failure::No(format!("the manager says no: {why}"))),
            Err(Refusal::Trouble(trouble)) => complain(&format!("{}: {trouble}", show_address(address))),
        }
    }
    Err(Failure::System(
        "no address of the manager answers: is it running, and does a firewall let TCP through?".to_owned(),
    ))
}

/// Why an address does not do.
enum Refusal {
    No(String),
    Trouble(Trouble),
}

impl<E: Into<Trouble>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Trouble(error.into())
    }
}

/// The name that the manager gives.
fn try_address(address: &Manager, token: &Token<'_>, identity: &Identity) -> Result<String, Refusal> {
    let mut poll = Poll::new()?;
    let mut link = Link::new();
    let keys = Keys { own: &identity.own, manager: &identity.manager };
    let to = names::resolve(&address.host, address.port)?;
    link.connect(poll.registry(), LINK, to, keys, PROLOGUE_ENROL)?;
    let end = host::now().plus(PATIENCE_MS);
    wait(&mut poll, &mut link, end, &mut |link| Ok(link.is_open().then(String::new)))?;
    let mut message = [0; CONTROL_MAX];
    let enrol = ToManager::Enrol { secret: token.secret, name: &identity.name, system: &host::system() };
    let len = enrol.write(&mut message).map_err(|_| Refusal::No("the name is too long".to_owned()))?;
    link.send(message.get(..len).unwrap_or_default())?;
    wait(&mut poll, &mut link, end, &mut |link| {
        let Some(message) = link.receive()? else { return Ok(None) };
        match ToAgent::read(message) {
            Ok(ToAgent::Enrolled { name, .. }) => Ok(Some(name.to_owned())),
            Ok(ToAgent::EnrolRefused { why }) => Err(Refusal::No(why.to_owned())),
            Ok(ToAgent::Alive) => Ok(None),
            _ => Err(Refusal::No("its answer makes no sense to this version".to_owned())),
        }
    })
}

/// Lets the link work until there is an answer.
fn wait(
    poll: &mut Poll,
    link: &mut Link,
    end: Millis,
    answer: &mut dyn FnMut(&mut Link) -> Result<Option<String>, Refusal>,
) -> Result<String, Refusal> {
    let mut events = Events::with_capacity(4);
    loop {
        link.ready()?;
        if let Some(answer) = answer(link)? {
            return Ok(answer);
        }
        let left = end.since(host::now());
        if left == 0 {
            return Err(Refusal::Trouble(Trouble::Io(std::io::ErrorKind::TimedOut.into())));
        }
        match poll.poll(&mut events, Some(Duration::from_millis(left))) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
    }
}
