//! Configuration that the manager gives to agents.
//!
//! `shared/agent.conf` in the home folder is for all, `shared/GROUP/agent.conf`
//! for the agents of a group. Both hold blocks `<agent_config name= os=
//! profile=>` with patterns (the match language) that all have to match, as in
//! OSSEC 4.3: name against the agent's name, os against what it says of its
//! system, profile against the profile in the agent's own configuration. The
//! manager sends the blocks whose name and os match; profile, which only the
//! agent knows, is looked at there.

use super::registry::{Agent, is_name};
use crate::config;
use crate::diagnose::{Diagnostics, LoadError, Sources};
use crate::pattern::{Expressions, Language, Options, cases};
use crate::xml::{self, Element, Syntax};
use bartizan_core::pattern::Matcher;
use blake2::{Blake2s256, Digest};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Bytes of a configuration for one agent.
pub use bartizan_core::limits::CONFIGURATION_MAX as TEXT_MAX;

/// The folder in the home folder, and the file in it and in those of groups.
const FOLDER: &str = "shared";
const FILE: &str = "agent.conf";

/// The configuration for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    /// Tells it from others; never 0, which stands for none.
    pub hash: u64,
    /// The blocks that apply to the agent, as they are written.
    pub text: Vec<u8>,
}

/// Why there is no configuration for an agent; it keeps what it has.
#[derive(Debug, Error)]
pub enum SharedError {
    /// A file cannot be read.
    #[error("cannot read {}: {why}; {}", path.display(), why.help())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: LoadError,
    },
    /// A file has errors.
    #[error("{} has errors: `bartizan check --home DIR` shows them", .0.display())]
    Wrong(PathBuf),
    /// The blocks are too long together.
    #[error("the blocks for this agent have {0} bytes; at most {TEXT_MAX} can be given: shorten them")]
    TooLong(usize),
}

/// The configuration for an agent; `None` if nothing applies to it.
pub fn configuration_for(home: &Path, agent: &Agent) -> Result<Option<Configuration>, SharedError> {
    let mut text = Vec::new();
    for path in files(home, &agent.groups) {
        add_blocks(&mut text, path, agent)?;
    }
    match text.len() {
        0 => Ok(None),
        1..=TEXT_MAX => Ok(Some(Configuration { hash: hash(&text), text })),
        length => Err(SharedError::TooLong(length)),
    }
}

/// Reads the files for all groups; what is wrong goes to the report.
pub fn check(home: &Path, sources: &mut Sources, report: &mut Diagnostics) {
    for path in files(home, &groups(home)).into_iter().filter(|path| path.exists()) {
        config::check_shared(home, &path, sources, report);
    }
}

/// Where configuration for an agent in these groups may stand.
fn files(home: &Path, groups: &[String]) -> Vec<PathBuf> {
    let folder = home.join(FOLDER);
    let all = std::iter::once(folder.join(FILE));
    all.chain(groups.iter().map(|group| folder.join(group).join(FILE))).collect()
}

/// The groups that have a folder, by name.
fn groups(home: &Path) -> Vec<String> {
    let folders = fs::read_dir(home.join(FOLDER)).into_iter().flatten();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
    let mut groups: Vec<_> = folders.filter_map(name).filter(|name| is_name(name)).collect();
    groups.sort();
    groups
}

fn add_blocks(text: &mut Vec<u8>, path: PathBuf, agent: &Agent) -> Result<(), SharedError> {
    let mut sources = Sources::new();
    let file = match sources.load(&path) {
        Ok(file) => file,
        Err(LoadError::Missing) => return Ok(()),
        Err(why) => return Err(SharedError::File { path, why }),
    };
    let document = xml::read(&Syntax::OSSEC, &sources, file, &mut Diagnostics::new());
    let blocks = document.roots.iter().all(|root| root.name == config::SHARED_ROOT);
    if !document.sound || !blocks {
        return Err(SharedError::Wrong(path));
    }
    for block in &document.roots {
        if applies(block, agent).ok_or_else(|| SharedError::Wrong(path.clone()))? {
            text.extend(&sources.bytes(file)[block.span.start..block.span.end]);
            text.push(b'\n');
        }
    }
    Ok(())
}

/// Whether a block is for this agent; `None` if a pattern is none.
fn applies(block: &Element, agent: &Agent) -> Option<bool> {
    let known = [("name", &agent.name), ("os", &agent.about.system)];
    let mut expressions = Expressions::new(cases);
    for (attribute, text) in known {
        if let Some(pattern) = block.attribute(attribute) {
            let id = expressions.add(Language::Match, &pattern.value, Options::default()).ok()?;
            if !expressions.is_match(id, text.as_bytes()) {
                return Some(false);
            }
        }
    }
    Some(true)
}

fn hash(text: &[u8]) -> u64 {
    let digest = Blake2s256::digest(text);
    let first = digest.iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
    first.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Registry;
    use crate::agents::registry::About;
    use crate::diagnose::Colour;
    use tempfile::TempDir;

    fn home(files: &[(&str, &str)]) -> TempDir {
        let home = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            let path = home.path().join("shared").join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        home
    }

    /// `gate1`, an OpenWrt router in the groups `edge` and `web`.
    fn gate(home: &Path) -> Agent {
        let mut registry = Registry::open(home).expect("a registry");
        let id = registry.add("gate1", &["edge".to_owned(), "web".to_owned()], 0).expect("it is added").id;
        let about = About { system: "Linux gate 5.15 #1 mips OpenWrt".to_owned(), ..About::default() };
        registry.connected(id, &about, 1).expect("it is there");
        registry.agent(id).expect("it can be asked").expect("it is there")
    }

    #[test]
    fn an_agent_gets_the_blocks_that_are_meant_for_it_in_order() {
        let all = "<!-- for all --><agent_config>1</agent_config>\n<agent_config name=\"^door|^gate\">2</agent_config>\
            <agent_config name='^gate$'>no</agent_config><agent_config os='openwrt' profile='x'>3</agent_config>\
            <agent_config os='Windows' name='gate1'>no</agent_config>";
        let home = home(&[
            ("agent.conf", all),
            ("edge/agent.conf", "<agent_config overwrite='yes'>4</agent_config>"),
            ("other/agent.conf", "<agent_config>no</agent_config>"),
        ]);
        let agent = gate(home.path());
        let given = configuration_for(home.path(), &agent).expect("it is read").expect("there is one");
        let text = String::from_utf8(given.text.clone()).expect("it is text");
        let expected = "<agent_config>1</agent_config>\n<agent_config name=\"^door|^gate\">2</agent_config>\n\
            <agent_config os='openwrt' profile='x'>3</agent_config>\n\
            <agent_config overwrite='yes'>4</agent_config>\n";
        assert_eq!(text, expected);
        let again = configuration_for(home.path(), &agent).expect("it is read").expect("there is one");
        assert_eq!(again.hash, given.hash);
        fs::write(home.path().join("shared/web"), "not a folder").expect("a file");
        assert!(configuration_for(home.path(), &agent).is_err());
    }

    #[test]
    fn without_files_or_blocks_there_is_none() {
        let empty = home(&[]);
        assert_eq!(configuration_for(empty.path(), &gate(empty.path())).expect("nothing is wrong"), None);
        let others = home(&[("agent.conf", "<agent_config name='other'>x</agent_config>")]);
        assert_eq!(configuration_for(others.path(), &gate(others.path())).expect("nothing is wrong"), None);
    }

    #[test]
    fn what_is_wrong_or_too_long_is_not_given() {
        let long = format!("<agent_config>{}</agent_config>", "<a>x</a>".repeat(TEXT_MAX / 8));
        for (text, expected) in [
            ("<agent_config><localfile></agent_config>", "has errors"),
            ("<ossec_config></ossec_config>", "has errors"),
            (long.as_str(), "at most 65536"),
        ] {
            let home = home(&[("agent.conf", text)]);
            let error = configuration_for(home.path(), &gate(home.path())).expect_err("it is refused");
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[test]
    fn every_file_is_checked_with_places() {
        let home = home(&[
            (
                "agent.conf",
                "<agent_config nam='x'>\n<localfile><location>/x</location></localfile></agent_config>",
            ),
            ("edge/agent.conf", "<agent_config><locafile/></agent_config>"),
            (
                "command/agent.conf",
                "<agent_config><localfile><log_format>command</log_format><command>df</command></localfile>\
                 </agent_config>",
            ),
            (
                "good/agent.conf",
                "<agent_config os='Linux'><localfile><location>/x</location><log_format>syslog\
                </log_format></localfile></agent_config>",
            ),
        ]);
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        check(home.path(), &mut sources, &mut report);
        let shown = report.render(&sources, Colour::None);
        assert_eq!(report.errors(), 3, "{shown}");
        assert!(shown.contains("warning: agents refuse commands of the manager"), "{shown}");
        assert!(shown.contains("<agent_config> has no attribute `nam`"), "{shown}");
        assert!(shown.contains("shared/agent.conf:2:2"), "{shown}");
        assert!(shown.contains("did you mean <localfile>?"), "{shown}");
    }
}
