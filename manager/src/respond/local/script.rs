//! Scripts of the users: found, distrusted, started.

use super::program::{self, Failure};
use bartizan_core::respond::order::{Begin, Means, Talk};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The folder of such programs in the home folder (OSSEC 4.3).
const FOLDER: &str = "active-response/bin";

/// How long a script may take.
const LIMIT: Duration = Duration::from_secs(60);

/// What is used where a stock script of OSSEC or Wazuh is named and not there.
pub(super) fn stock(home: &Path, means: Means<'_>) -> Option<Means<'static>> {
    let Means::Script { file, .. } = means else { return None };
    Means::stock(file).filter(|_| !path(home, file).exists())
}

fn path(home: &Path, file: &str) -> PathBuf {
    home.join(FOLDER).join(file)
}

/// A script that is about to be run.
#[derive(Debug)]
pub(super) struct Call {
    home: PathBuf,
    path: PathBuf,
    told: Told,
}

#[derive(Debug)]
enum Told {
    Arguments(Vec<String>),
    /// The line, and what answers a question about keys: the same script about
    /// the same target is one response here, so whatever its keys are, they
    /// are new.
    Json {
        line: String,
        next: String,
    },
}

impl Call {
    pub(super) fn new(home: &Path, file: &str, talk: Talk<'_>, add: bool, begin: &Begin<'_>) -> Self {
        let (home, path) = (home.to_owned(), path(home, file));
        let word = if add { "add" } else { "delete" };
        let told = match talk {
            Talk::Arguments => Told::Arguments(arguments(word, begin)),
            Talk::Json { node, extra, alert } => {
                let line = |word| message(node, word, extra, alert, &path);
                Told::Json { line: line(word), next: line("continue") }
            }
        };
        Self { home, path, told }
    }

    pub(super) fn run(self) -> Result<(), Failure> {
        let Self { home, path, told } = self;
        trust(&path).map_err(|why| Failure::NotStarted(format!("{}: {why}", path.display())))?;
        match told {
            Told::Arguments(arguments) => program::run(&path, &arguments, "", LIMIT),
            Told::Json { line, next } => {
                let answer = move |said: &str| said.contains("\"check_keys\"").then_some(next);
                program::talk(&path, &home, &line, answer, LIMIT)
            }
        }
    }
}

/// A program that others can change would run what they like.
pub(crate) fn trust(path: &Path) -> Result<(), String> {
    let about = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    let own = nix::unistd::geteuid().as_raw();
    match () {
        () if !about.is_file() => Err("it is not a regular file".to_owned()),
        () if about.permissions().mode() & 0o022 != 0 => Err("others can write to it: chmod go-w".to_owned()),
        () if about.uid() != 0 && about.uid() != own => Err("it belongs to another user".to_owned()),
        () if about.permissions().mode() & 0o111 == 0 => Err("it is not executable: chmod +x".to_owned()),
        () => Ok(()),
    }
}

/// `add USER IP ALERT RULE LOCATION FILE`; `-` stands for none. A place with
/// blanks gives several arguments (OSSEC 4.3).
fn arguments(word: &str, begin: &Begin<'_>) -> Vec<String> {
    let some = |text: &str| if text.is_empty() { "-".to_owned() } else { text.to_owned() };
    let network = begin.network.map_or("-".to_owned(), |network| network.to_string());
    let rule = if begin.rule == 0 { "(no_rule_id)".to_owned() } else { begin.rule.to_string() };
    let alert = if begin.alert.is_empty() { "(from_the_server)" } else { begin.alert };
    let mut all = vec![word.to_owned(), some(begin.user), network, alert.to_owned(), rule];
    all.extend(begin.location.split(' ').filter(|part| !part.is_empty()).map(str::to_owned));
    all.push(some(begin.file));
    all
}

/// The line of Wazuh 4.14. Extra arguments and alert are JSON already.
fn message(node: &str, word: &str, extra: &str, alert: &str, path: &Path) -> String {
    let [node, program] =
        [node, &path.to_string_lossy()].map(|text| serde_json::Value::from(text).to_string());
    let [extra, alert] =
        [(extra, "[]"), (alert, "{}")].map(|(json, none)| if json.is_empty() { none } else { json });
    format!(
        "{{\"version\":1,\"origin\":{{\"name\":{node},\"module\":\"wazuh-execd\"}},\"command\":\"{word}\",\
         \"parameters\":{{\"extra_args\":{extra},\"alert\":{alert},\"program\":{program}}}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::respond::network::Network;

    fn begin(means: Means<'_>) -> Begin<'_> {
        Begin {
            response: "own600",
            means,
            network: Network::parse("192.0.2.7"),
            user: "",
            file: "",
            for_s: 600,
            dry_run: false,
            alert: "1764000000.42",
            rule: 5712,
            location: "(gate 1) 192.0.2.1->/var/log/auth.log",
        }
    }

    fn script(home: &Path, text: &str, mode: u32) {
        let path = path(home, "own");
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("a file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("it is ours");
    }

    #[test]
    fn arguments_are_those_of_ossec() {
        let home = tempfile::tempdir().expect("a folder");
        script(home.path(), "echo \"$@\" >\"$(dirname \"$0\")/said\"", 0o755);
        let begin = begin(Means::Script { file: "own", talk: Talk::Arguments });
        assert_eq!(Call::new(home.path(), "own", Talk::Arguments, false, &begin).run(), Ok(()));
        let said = fs::read_to_string(path(home.path(), "said")).expect("it has run");
        assert_eq!(said, "delete - 192.0.2.7 1764000000.42 5712 (gate 1) 192.0.2.1->/var/log/auth.log -\n");
    }

    #[test]
    fn a_stateful_script_of_wazuh_is_told_to_continue() {
        let home = tempfile::tempdir().expect("a folder");
        let ask = r#"read a; echo '{"version":1,"command":"check_keys","parameters":{"keys":["192.0.2.7"]}}'
            read b; case "$a$b" in *'"command":"add"'*'"srcip":"192.0.2.7"'*'"command":"continue"'*) exit 0;; esac; exit 1"#;
        script(home.path(), ask, 0o700);
        let talk = Talk::Json { node: "keep", extra: "[\"x\"]", alert: r#"{"data":{"srcip":"192.0.2.7"}}"# };
        let begin = begin(Means::Script { file: "own", talk });
        assert_eq!(Call::new(home.path(), "own", talk, true, &begin).run(), Ok(()));
    }

    #[test]
    fn what_others_can_change_is_not_run_and_what_is_not_there_is_built_in() {
        let home = tempfile::tempdir().expect("a folder");
        script(home.path(), "exit 0", 0o777);
        let begin = begin(Means::Script { file: "own", talk: Talk::Arguments });
        let refused = Call::new(home.path(), "own", Talk::Arguments, true, &begin).run();
        let why = refused.expect_err("it is refused").why().to_owned();
        assert!(why.contains("others can write to it"), "{why}");
        let stock = |file| stock(home.path(), Means::Script { file, talk: Talk::Arguments });
        assert_eq!(stock("firewall-drop.sh"), Some(Means::Block));
        assert_eq!((stock("own"), stock("other")), (None, None));
    }
}
