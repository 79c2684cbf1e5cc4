//! Scripts of the users: which may run, and what they are told.
//!
//! A script is told by arguments, or by one line of JSON on its standard
//! input. One that answers with its keys is told to continue.

use bartizan_core::respond::order::{Begin, Means, Order, Talk, What};
use bartizan_core::respond::script::{self, CONTINUE, Line};
use nix::unistd::geteuid;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Whether a script can be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Yes.
    Runs,
    /// There is none.
    Nothing,
    /// It is not run, and why.
    Refused(&'static str),
}

/// Looks at a script: who else could write what is about to be run?
pub(super) fn look(path: &Path) -> Found {
    let Ok(found) = path.symlink_metadata() else { return Found::Nothing };
    let is_trusted = found.uid() == 0 || found.uid() == geteuid().as_raw();
    match found {
        found if !found.is_file() => Found::Refused("the script is not a regular file"),
        _ if !is_trusted => Found::Refused("the script belongs neither to root nor to the agent's user"),
        found if found.mode() & 0o022 != 0 => Found::Refused("others than its owner may write the script"),
        found if found.mode() & 0o111 == 0 => Found::Refused("the script is not executable"),
        _ => Found::Runs,
    }
}

/// Whether a script's name means that the configuration is read again.
fn is_restart(file: &str) -> bool {
    matches!(file.strip_suffix(".sh").unwrap_or(file), "restart-ossec" | "restart-wazuh")
}

/// The order with what the agent does itself instead of a stock script that
/// is not there in `folder`.
pub(super) fn without_stock<'a>(order: &Order<'a>, folder: &Path) -> Order<'a> {
    let Order { id, what: What::Begin(begin) } = *order else { return *order };
    let Means::Script { file, .. } = begin.means else { return *order };
    if begin.check().is_err() || look(&folder.join(file)) != Found::Nothing {
        return *order;
    }
    match Means::stock(file) {
        Some(means) => Order { id, what: What::Begin(Begin { means, ..begin }) },
        None if is_restart(file) && !begin.dry_run => Order { id, what: What::Reload },
        None => *order,
    }
}

/// What a script is started with, and what it reads.
pub(super) struct Told {
    /// Program and arguments.
    pub(super) words: Vec<String>,
    /// Its standard input.
    pub(super) input: String,
    /// What it reads once it has said its keys.
    pub(super) reply: Option<String>,
}

/// What is told to a script at `path`.
pub(super) fn tell(path: &Path, talk: Talk<'_>, add: bool, begin: &Begin<'_>) -> Told {
    let path = path.display().to_string();
    match talk {
        Talk::Arguments => {
            let mut words = vec![path];
            script::arguments(add, begin, &mut |word| words.push(word.to_owned()));
            Told { words, input: String::new(), reply: None }
        }
        Talk::Json { node, extra, alert } => {
            let line = |verb| {
                let mut text = String::new();
                Line { node, extra, alert, program: &path }.write(verb, &mut |piece| text.push_str(piece));
                text + "\n"
            };
            let (input, reply) = (line(script::verb(add)), add.then(|| line(CONTINUE)));
            Told { words: vec![path], input, reply }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::respond::network::Network;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn begin(file: &str) -> Begin<'_> {
        Begin {
            response: "r",
            means: Means::Script { file, talk: Talk::Arguments },
            network: Network::parse("192.0.2.7"),
            user: "",
            file: "",
            for_s: 600,
            dry_run: false,
            alert: "1764000000.42",
            rule: 5712,
            location: "(web) 192.0.2.1->/var/log/auth.log",
        }
    }

    fn script(folder: &Path, name: &str, mode: u32) {
        let path = folder.join(name);
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_script_that_others_could_have_written_does_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for (name, mode) in [("good", 0o755), ("group", 0o775), ("all", 0o757), ("text", 0o644)] {
            script(folder, name, mode);
        }
        symlink(folder.join("good"), folder.join("link")).unwrap();
        assert_eq!(look(&folder.join("good")), Found::Runs);
        assert_eq!(look(&folder.join("nothing")), Found::Nothing);
        for name in ["group", "all", "text", "link", "."] {
            assert!(matches!(look(&folder.join(name)), Found::Refused(_)), "{name}");
        }
    }

    #[test]
    fn a_stock_script_is_needed_no_more_and_is_used_where_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let means = |file| match without_stock(
            &Order { id: 1, what: What::Begin(begin(file)) },
            folder.path(),
        )
        .what
        {
            What::Begin(begin) => Some(begin.means),
            _ => None,
        };
        for (file, is_meant) in [
            ("firewall-drop", Means::Block),
            ("firewall-drop.sh", Means::Block),
            ("host-deny.sh", Means::HostsDeny),
            ("route-null", Means::NullRoute),
        ] {
            assert_eq!(means(file), Some(is_meant));
        }
        assert_eq!(means("restart-ossec.sh"), None);
        assert_eq!(means("other.sh"), Some(begin("other.sh").means));
        script(folder.path(), "firewall-drop", 0o755);
        assert_eq!(means("firewall-drop"), Some(begin("firewall-drop").means));
        // What is there and may not run is no reason to do something else.
        script(folder.path(), "route-null", 0o777);
        assert_eq!(means("route-null"), Some(begin("route-null").means));
    }

    #[test]
    fn a_script_that_wants_arguments_reads_nothing() {
        let told = tell(Path::new("/s/x.sh"), Talk::Arguments, false, &begin("x.sh"));
        assert_eq!(told.words[..4], ["/s/x.sh", "delete", "-", "192.0.2.7"]);
        assert!(told.input.is_empty() && told.reply.is_none());
    }

    #[test]
    fn a_script_that_wants_json_reads_a_line_and_may_ask() {
        let talk = Talk::Json { node: "manager", extra: "", alert: "" };
        let told = tell(Path::new("/s/a"), talk, true, &begin("a"));
        assert!(told.input.contains(r#""command":"add""#) && told.input.ends_with("\"/s/a\"}}\n"));
        assert_eq!(
            (told.words, told.reply),
            (vec!["/s/a".to_owned()], Some(told.input.replace("add", "continue")))
        );
        assert!(tell(Path::new("/s/a"), talk, false, &begin("a")).reply.is_none());
    }
}
