//! `bartizan-agent run`: watches and sends until it is told to end.

use super::{Arguments, Failure, complain};
use crate::agent::{self, Agent, Parts, Paths};
use crate::identity::Identity;
use crate::privileges::{self, Other};
use crate::respond;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs;
use std::path::Path;

/// Opens what needs privileges, gives them up, and runs.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let key = arguments.key_file();
    let identity =
        Identity::read(&key).map_err(|error| Failure::Usage(format!("{} {error}", key.display())))?;
    let paths = paths(arguments);
    let configuration = agent::load(&paths, &identity.name).map_err(Failure::No)?;
    if !configuration.config.warnings.is_empty() {
        complain(&configuration.config.warnings.to_string());
    }
    if configuration.config.watches_nothing() {
        complain("nothing is watched yet: the configuration names no source");
    }
    let client = &configuration.config.client;
    let user = arguments.user.as_deref().or(client.user.as_deref());
    let other = Other::find(user).map_err(Failure::Usage)?;
    let starts_programs = configuration.starts_programs;
    let carries_out = respond::carries_out(configuration.config.responses, &paths.home);
    let is_confined = client.sandbox && !arguments.no_sandbox;
    let spool = client.spool_file.clone();
    raise_file_limit();
    let (store, spool_place, trouble) = agent::store(spool.as_deref(), client.spool_bytes as usize);
    if let Some(trouble) = trouble {
        complain(&trouble);
    }
    let socket = arguments.socket_file();
    let parts = Parts { identity, paths, configuration, store, spool_place, socket: Some(socket.clone()) };
    let system = |error: std::io::Error| Failure::System(error.to_string());
    let mut agent =
        Agent::new(parts).map_err(|error| Failure::System(format!("{}: {error}", socket.display())))?;
    if let Some(other) = &other {
        hand_over(arguments, spool.as_deref(), other)
            .and_then(|()| other.put_on(carries_out))
            .map_err(|error| Failure::System(format!("cannot become `{}`: {error}", other.name())))
            .map(|may_block| {
                if !may_block {
                    complain("only root can change the packet filter here; blocks will fail");
                }
            })?;
    }
    if is_confined && !privileges::confine(starts_programs).map_err(system)? {
        complain("this kernel has no system call filters; running without");
    }
    agent.run().map_err(system)
}

/// Where the files of an agent are.
pub(super) fn paths(arguments: &Arguments) -> Paths {
    Paths {
        home: arguments.home.clone(),
        config: arguments.config_file(),
        is_named: arguments.config.is_some(),
    }
}

/// What the agent writes later becomes its user's.
fn hand_over(arguments: &Arguments, spool: Option<&Path>, other: &Other) -> std::io::Result<()> {
    let pushed = arguments.home.join("pushed");
    fs::create_dir_all(&pushed)?;
    other.own(&pushed)?;
    let kept = pushed.join("agent.conf");
    let responses = respond::prepare(&arguments.home)?;
    let socket = arguments.socket_file();
    let paths = [Some(&*kept), Some(&*socket), spool];
    for path in paths.into_iter().flatten().chain(responses.iter().map(|path| &**path)) {
        if path.exists() {
            other.own(path)?;
        }
    }
    Ok(())
}

/// One open file for each log: as many as the system lets us have.
fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Where it stays, files beyond it are reported as unreadable.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard.min(65_536).max(soft), hard);
    }
}
