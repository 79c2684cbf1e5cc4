//! `bartizan-agent check`: what `run` would do, without doing it.

use super::{Arguments, Failure, run, say};
use crate::agent;
use crate::config::{Config, File};
use crate::disk::Disk;
use crate::glob::Glob;
use crate::identity::{Identity, show_address};
use crate::live::Live;
use crate::privileges::Other;
use crate::respond;
use crate::sources::kernel::Kernel;
use crate::sources::syslog::Listener;
use bartizan_core::follow::{Disk as _, Trouble, dated, wildcard};
use bartizan_core::respond::responder::Tool;
use mio::{Poll, Token};
use std::fmt::Write;

/// Reads the configuration, looks at each source, and tells.
pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut page = Page::default();
    let identity = Identity::read(&arguments.key_file());
    let name = identity.as_ref().map(|identity| identity.name.clone()).unwrap_or_default();
    let loaded = agent::load(&run::paths(arguments), &name).map_err(Failure::No)?;
    page.good(&format!("configuration: {}", loaded.from));
    if let Some(trouble) = &loaded.pushed_trouble {
        page.bad(&format!("configuration of the manager: {trouble}"));
    }
    page.lines(&loaded.config.warnings.to_string());
    match &identity {
        Ok(identity) => page.good(&format!("enrolled as {}", identity.name)),
        Err(error) => page.bad(&format!("{} {error}", arguments.key_file().display())),
    }
    managers(&mut page, &loaded.config, identity.ok().as_ref());
    user(&mut page, arguments, &loaded.config);
    for file in &loaded.config.files {
        show_file(&mut page, file);
    }
    others(&mut page, &loaded.config)?;
    responses(&mut page, &loaded.config);
    if loaded.config.watches_nothing() {
        page.bad("nothing is watched");
    }
    say(&page.text);
    match page.problems {
        0 => Ok(()),
        1 => Err(Failure::No("1 problem".to_owned())),
        count => Err(Failure::No(format!("{count} problems"))),
    }
}

/// What is said.
#[derive(Default)]
struct Page {
    text: String,
    problems: usize,
}

impl Page {
    fn good(&mut self, line: &str) {
        self.lines(line);
    }

    fn bad(&mut self, line: &str) {
        self.problems += 1;
        self.text.push_str("PROBLEM: ");
        self.lines(line);
    }

    fn lines(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text.trim_end());
            self.text.push('\n');
        }
    }
}

fn managers(page: &mut Page, config: &Config, identity: Option<&Identity>) {
    let managers = match identity {
        Some(identity) if config.client.managers.is_empty() => &identity.addresses,
        _ => &config.client.managers,
    };
    for manager in managers {
        page.good(&format!("manager: {}", show_address(manager)));
    }
}

fn user(page: &mut Page, arguments: &Arguments, config: &Config) {
    match Other::find(arguments.user.as_deref().or(config.client.user.as_deref())) {
        Ok(Some(other)) => page.good(&format!("becomes the user `{}`", other.name())),
        Ok(None) => {}
        Err(error) => page.bad(&error),
    }
}

fn responses(page: &mut Page, config: &Config) {
    page.good(match respond::tool() {
        _ if config.responses.disabled => "active response: disabled",
        Some(Tool::Nft) => "active response: blocks with nft",
        Some(Tool::Ipset) => "active response: blocks with ipset and iptables",
        None => "active response: cannot block; there is neither nft nor ipset with iptables",
    });
}

fn show_file(page: &mut Page, file: &File) {
    let location = &file.location;
    if dated::is_dated(location) {
        return page.good(&format!("{location}: the name is worked out each day"));
    }
    if !wildcard::is_pattern(location.as_bytes()) {
        return show_path(page, location.as_bytes(), file.from_start);
    }
    let paths = Glob::new(location.as_bytes()).expand();
    let files = if paths.len() == 1 { "file" } else { "files" };
    page.good(&format!("{location}: {} {files} now, others as they come", paths.len()));
    for path in paths {
        show_path(page, &path, file.from_start);
    }
}

fn show_path(page: &mut Page, path: &[u8], from_start: bool) {
    let name = String::from_utf8_lossy(path);
    let size = Disk.open(path).and_then(|file| Disk.stat_open(&file)).map(|stat| stat.size);
    let from = if from_start { "from its beginning" } else { "from its end, or where the manager stands" };
    match size {
        Ok(size) => page.good(&format!("{name}: {size} bytes; is read {from}")),
        Err(Trouble::NotFound) => page.good(&format!("{name}: is not there; is read when it comes")),
        Err(Trouble::Denied) => page.bad(&format!("{name}: may not be read by this user")),
        Err(Trouble::NotAFile) => page.bad(&format!("{name}: a folder, a pipe or a device is not followed")),
        Err(Trouble::Other) => page.bad(&format!("{name}: cannot be read")),
    }
}

/// Sources that cannot wait. The kernel log and ports are opened and closed
/// again; programs are not started.
fn others(page: &mut Page, config: &Config) -> Result<(), Failure> {
    for command in &config.commands {
        page.good(&format!("command every {} s: {}", command.frequency_s, command.line));
    }
    for stream in &config.streams {
        page.good(&format!("command that keeps running: {}", stream.line));
    }
    if !config.journal.is_empty() {
        page.good("the systemd journal");
    }
    let poll = Poll::new().map_err(|error| Failure::System(error.to_string()))?;
    let mut open = |what: &str, source: &mut dyn Live| match source.register(poll.registry(), Token(0)) {
        Ok(()) => page.good(what),
        Err(error) => page.bad(&format!("{what}: {error}")),
    };
    if config.kernel {
        open("the kernel log", &mut Kernel::new());
    }
    for listener in &config.listeners {
        let mut what = String::from("syslog");
        // Writing to a string cannot fail.
        let _ = match &listener.socket {
            Some(path) => write!(what, " on {}", path.display()),
            None => write!(what, " on port {}", listener.port),
        };
        open(&what, &mut Listener::new(listener));
    }
    Ok(())
}
