//! The commands, one word per job.
//!
//! A command is a module with `run`; this room reads the command line, which
//! is small enough to be read by hand (an argument parser would be a quarter
//! of the program).

mod check;
mod enrol;
mod help;
mod run;
mod status;

use crate::sys;
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Why a command has not done its job. The number is the exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The answer is no: problems were found, nobody is connected (1).
    No(String),
    /// The command line asks for what cannot be, or there is nothing to work
    /// on (2).
    Usage(String),
    /// A file, a socket or the network failed (3).
    System(String),
}

impl Failure {
    fn report(&self) -> ExitCode {
        let (code, text) = match self {
            Self::No(text) => (1, text),
            Self::Usage(text) => (2, text),
            Self::System(text) => (3, text),
        };
        if !text.is_empty() {
            complain(text);
        }
        ExitCode::from(code)
    }
}

/// One message to standard error, where nobody may be listening.
pub(crate) fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "bartizan-agent: {text}");
}

/// Text to standard output; that nobody reads it is no failure.
pub(crate) fn say(text: &str) {
    let _ = sys::standard(1).write_all(text.as_bytes());
}

/// What the command line says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// `-c FILE`.
    pub(crate) config: Option<PathBuf>,
    /// `--home DIR`.
    pub(crate) home: PathBuf,
    /// `--socket PATH`.
    pub(crate) socket: Option<PathBuf>,
    /// `--user NAME`.
    pub(crate) user: Option<String>,
    /// `--no-sandbox`.
    pub(crate) no_sandbox: bool,
    /// `--force`.
    pub(crate) force: bool,
    /// `--json`.
    pub(crate) json: bool,
    /// `--name NAME`.
    pub(crate) name: Option<String>,
    /// What is no option, behind the command.
    pub(crate) words: Vec<String>,
}

/// The folder of key and configuration.
const HOME: &str = "/etc/bartizan";

/// The folder of the status socket when root runs the agent.
const SOCKET: &str = "/run/bartizan-agent.sock";

impl Default for Arguments {
    fn default() -> Self {
        Self {
            config: None,
            home: PathBuf::from(HOME),
            socket: None,
            user: None,
            no_sandbox: false,
            force: false,
            json: false,
            name: None,
            words: Vec::new(),
        }
    }
}

impl Arguments {
    /// Reads everything behind the command. `Err` names the word that is wrong.
    fn read(words: impl Iterator<Item = OsString>) -> Result<Self, Failure> {
        let mut arguments = Self::default();
        let mut words = words.peekable();
        while let Some(word) = words.next() {
            let text = word.to_string_lossy();
            // Both `--home DIR` and `--home=DIR`.
            let (option, attached) = match text.split_once('=') {
                Some((option, value)) if option.starts_with("--") => (option, Some(OsString::from(value))),
                _ => (&*text, None),
            };
            let mut value = || {
                let value = attached.clone().or_else(|| words.next());
                value.ok_or_else(|| Failure::Usage(format!("`{option}` needs a value")))
            };
            match option {
                "-c" | "--config" => arguments.config = Some(value()?.into()),
                "--home" => arguments.home = value()?.into(),
                "--socket" => arguments.socket = Some(value()?.into()),
                "--user" => arguments.user = Some(value()?.to_string_lossy().into_owned()),
                "--name" => arguments.name = Some(value()?.to_string_lossy().into_owned()),
                "--no-sandbox" => arguments.no_sandbox = true,
                "--force" => arguments.force = true,
                "--json" => arguments.json = true,
                _ if option.starts_with('-') => {
                    return Err(Failure::Usage(format!(
                        "unknown option `{option}`; try `bartizan-agent --help`"
                    )));
                }
                _ => arguments.words.push(text.into_owned()),
            }
        }
        Ok(arguments)
    }

    /// Where `agent.key` is.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.home.join("agent.key")
    }

    /// The configuration: the one that was named, else `agent.conf` at home.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.clone().unwrap_or_else(|| self.home.join("agent.conf"))
    }

    /// Where the status is asked for: below `/run` for root's agent, else at
    /// home.
    pub(crate) fn socket_file(&self) -> PathBuf {
        match &self.socket {
            Some(path) => path.clone(),
            None if self.home == *HOME && nix::unistd::geteuid().is_root() => PathBuf::from(SOCKET),
            None => self.home.join("agent.sock"),
        }
    }
}

/// Runs what the command line asks for.
pub fn main(mut words: impl Iterator<Item = OsString>) -> ExitCode {
    let command = words.next().unwrap_or_default();
    let run = match command.to_str() {
        Some("run") => run::run,
        Some("enrol" | "enroll") => enrol::run,
        Some("check") => check::run,
        Some("status") => status::run,
        Some("-h" | "--help" | "help") => return help::show(),
        Some("-V" | "--version" | "version") => return help::version(),
        Some("") => return Failure::Usage(help::SHORT.to_owned()).report(),
        _ => {
            let command = command.to_string_lossy();
            return Failure::Usage(format!("unknown command `{command}`; {}", help::SHORT)).report();
        }
    };
    let mut words: Vec<OsString> = words.collect();
    if words.iter().any(|word| word == "-h" || word == "--help") {
        return help::show();
    }
    let outcome = Arguments::read(words.drain(..)).and_then(|arguments| run(&arguments));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Arguments, Failure> {
        Arguments::read(words.iter().map(OsString::from))
    }

    #[test]
    fn options_are_taken_with_and_without_an_equals_sign() {
        let apart = read(&["--home", "h", "-c", "f", "TOKEN"]).unwrap();
        assert_eq!(apart, read(&["--home=h", "--config=f", "TOKEN"]).unwrap());
        assert_eq!(apart.key_file(), PathBuf::from("h/agent.key"));
        assert_eq!(apart.config_file(), PathBuf::from("f"));
        assert_eq!(apart.words, ["TOKEN"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(matches!(read(&["--hom", "x"]), Err(Failure::Usage(_))));
        assert!(matches!(read(&["--home"]), Err(Failure::Usage(_))));
    }
}
