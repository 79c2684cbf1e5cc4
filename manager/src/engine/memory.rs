//! What outlives one event and is not history: first-time keys, outputs of
//! commands, the ignore list, key-value lists.
//!
//! With a home folder the three are kept there, in the files and formats that
//! OSSEC uses; without one they live as long as the process. None grows
//! without bound: of first-time keys the newest 65,536 are known, of ignore
//! lines too. All but the lists belong to no ruleset and go on with the next.

use super::states::States;
use super::{Ruleset, Settings};
use bartizan_core::event::Event;
use bartizan_core::rules::judge::Host;
use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::{self, File, OpenOptions};
use std::hash::BuildHasher;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

const KEYS_MAX: usize = 65_536;
const OUTPUTS_MAX: usize = 4096;
const OUTPUT_MAX: usize = 8192;

/// A set of the newest lines, by keyed hash: 16 bytes a line.
#[derive(Debug, Default)]
struct NewestLines {
    hasher: RandomState,
    known: HashSet<u64>,
    order: VecDeque<u64>,
}

impl NewestLines {
    fn contains(&self, line: &[u8]) -> bool {
        self.known.contains(&self.hasher.hash_one(line))
    }

    /// Adds a line; false if it was known.
    fn insert(&mut self, line: &[u8]) -> bool {
        let hash = self.hasher.hash_one(line);
        if !self.known.insert(hash) {
            return false;
        }
        self.order.push_back(hash);
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

/// Lines that are also in a file, if there is a home folder to keep it in.
#[derive(Debug, Default)]
struct KeptLines {
    lines: NewestLines,
    file: Option<File>,
}

impl KeptLines {
    fn open(path: Option<PathBuf>, write: bool) -> io::Result<Self> {
        let mut kept = Self::default();
        let Some(path) = path else { return Ok(kept) };
        match File::open(&path) {
            Ok(file) => {
                for line in BufReader::new(file).split(b'\n') {
                    kept.lines.insert(&line?);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if write {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            kept.file = Some(OpenOptions::new().create(true).append(true).open(path)?);
        }
        Ok(kept)
    }

    /// Adds a line, to the file too; false if it was known.
    fn insert(&mut self, line: &[u8]) -> bool {
        let new = self.lines.insert(line);
        if new && let Some(file) = &mut self.file {
            // A full disk must not stop the analysis: the key is known until
            // the end of the process.
            let _ = file.write_all(&[line, b"\n"].concat());
        }
        new
    }
}

/// Keys of intrusion detection systems come in families: once more than two
/// of the last keys share a beginning, the beginning stands for all.
#[derive(Debug, Default)]
struct Families {
    newest: VecDeque<Vec<u8>>,
}

impl Families {
    /// What of a key counts.
    fn cut<'k>(&mut self, key: &'k [u8], settings: &Settings) -> &'k [u8] {
        let shared_min = settings.fts_min_size_for_str;
        let shared =
            |other: &&Vec<u8>| key.iter().zip(other.iter()).take_while(|(a, b)| a == b).count() > shared_min;
        let family = self.newest.iter().filter(shared).count() > 2;
        let key = if family { key.get(..shared_min).unwrap_or(key) } else { key };
        self.newest.push_back(key.to_vec());
        while self.newest.len() > settings.fts_list_size {
            self.newest.pop_front();
        }
        key
    }
}

/// How the memory behaves.
#[derive(Clone, Debug, Default)]
pub struct MemoryOptions {
    /// The folder of the installation; `None` keeps nothing.
    pub home: Option<PathBuf>,
    /// Whether files there are written, not only read.
    pub write: bool,
}

/// What is remembered whatever the rules are: nothing in it names a row.
#[derive(Debug, Default)]
pub struct Kept {
    first_seen: KeptLines,
    ignored: KeptLines,
    families: Families,
    outputs: HashMap<(Vec<u8>, u32), Vec<u8>>,
    states: Option<States>,
    /// The output before the one that differed last.
    previous_output: Vec<u8>,
}

impl Kept {
    /// Opens what is kept in the home folder.
    pub fn open(options: &MemoryOptions) -> io::Result<Self> {
        let queue = options.home.as_ref().map(|home| home.join("queue"));
        let file = |name: &str| queue.as_ref().map(|queue| queue.join("fts").join(name));
        Ok(Self {
            first_seen: KeptLines::open(file("fts-queue"), options.write)?,
            ignored: KeptLines::open(file("ig-queue"), options.write)?,
            states: options.home.as_deref().filter(|_| options.write).map(States::new),
            ..Self::default()
        })
    }

    /// Remembers an output; gives what it replaces, if that is another.
    fn swap_output(&mut self, host: Vec<u8>, rule: u32, log: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some(states) = &self.states else {
            if self.outputs.len() >= OUTPUTS_MAX {
                self.outputs.clear();
            }
            let old = self.outputs.insert((host, rule), log.to_vec());
            return Ok(old.filter(|old| old != log));
        };
        states.swap(&host, rule, log)
    }
}

/// The memory of one engine: what is kept, and the lists of its rules.
#[derive(Debug)]
pub struct HostMemory<'r, 'm> {
    ruleset: &'r Ruleset,
    kept: &'m mut Kept,
}

impl<'r, 'm> HostMemory<'r, 'm> {
    /// The memory for a ruleset.
    pub fn new(ruleset: &'r Ruleset, kept: &'m mut Kept) -> Self {
        Self { ruleset, kept }
    }

    /// Forgets everything. What is kept in a home folder stays there, and is
    /// not asked any more.
    pub fn forget(&mut self) {
        *self.kept = Kept::default();
    }

    /// The output of a command before the one that differed last.
    pub fn previous_output(&self) -> &[u8] {
        &self.kept.previous_output
    }
}

/// Whose output it is: the agent's name, or the host's.
fn output_owner(event: &Event<'_>) -> Vec<u8> {
    let name = match event.location.strip_prefix(b"(") {
        Some(agent) => agent.split(|b| *b == b')').next().unwrap_or(agent),
        None => event.hostname(),
    };
    name.to_vec()
}

impl Host for HostMemory<'_, '_> {
    fn is_new(&mut self, key: &[u8], ids: bool) -> bool {
        if self.kept.first_seen.lines.contains(key) {
            return false;
        }
        let key = if ids { self.kept.families.cut(key, &self.ruleset.settings) } else { key };
        self.kept.first_seen.insert(key)
    }

    fn differs(&mut self, event: &Event<'_>, rule: u32) -> bool {
        let log = event.log();
        if log.len() >= OUTPUT_MAX {
            return false;
        }
        // A state that cannot be read or written is no change.
        let old = self.kept.swap_output(output_owner(event), rule, log).unwrap_or(None);
        let differs = old.is_some();
        if let Some(old) = old {
            self.kept.previous_output = old;
        }
        differs
    }

    fn has_list(&self, list: u16) -> bool {
        self.ruleset.lists.get(usize::from(list)).is_some_and(Option::is_some)
    }

    fn look_up(&self, list: u16, key: &[u8]) -> Option<&[u8]> {
        self.ruleset.lists.get(usize::from(list))?.as_ref()?.get(key)
    }

    fn is_ignored(&mut self, line: &[u8]) -> bool {
        self.kept.ignored.lines.contains(line)
    }

    fn ignore(&mut self, line: &[u8]) {
        self.kept.ignored.insert(line);
    }
}
