//! What tells one reading of the rules from another: its rules, its files, its
//! image.

use super::Loaded;
use crate::compile::RuleSource;
use crate::diagnose::Sources;
use crate::sources::epoch_now;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

/// One reading of the rules.
#[derive(Clone, Debug)]
pub struct Edition {
    /// The rules, in the order of their rows.
    pub rules: Vec<RuleSource>,
    decoders: usize,
    /// Checksum of the image.
    image: u32,
    /// When it was read, seconds since 1970.
    read: i64,
    files: BTreeMap<String, u64>,
    lists: Vec<PathBuf>,
}

impl Edition {
    /// Of rules that were loaded from these sources just now.
    pub fn new(loaded: &Loaded, sources: &Sources) -> Self {
        let lists: Vec<_> = loaded.config.rule_files.lists.iter().map(|list| list.path.clone()).collect();
        Self {
            rules: loaded.sources.clone(),
            decoders: loaded.decoders,
            image: loaded.ruleset.image().header.checksum.get(),
            read: epoch_now(),
            files: fingerprints(sources, &lists),
            lists,
        }
    }

    /// Its sizes, for programs.
    pub fn json(&self) -> Value {
        json!({
            "rules": self.rules.len(),
            "decoders": self.decoders,
            "image": format!("{:08x}", self.image),
            "read": self.read,
        })
    }

    /// Names of files that are not what they were, by what became of them. The
    /// sources are those of another reading, which may have failed.
    pub fn files_changed(&self, now: &Sources) -> Value {
        let now = fingerprints(now, &self.lists);
        let names = |from: &BTreeMap<String, u64>, wanted: &dyn Fn(&String, &u64) -> bool| -> Vec<String> {
            from.iter().filter(|(name, print)| wanted(name, print)).map(|(name, _)| name.clone()).collect()
        };
        json!({
            "changed": names(&now, &|name, print| self.files.get(name).is_some_and(|was| was != print)),
            "added": names(&now, &|name, _| !self.files.contains_key(name)),
            "removed": names(&self.files, &|name, _| !now.contains_key(name)),
        })
    }
}

/// A number for the content of each file; lists, which may be large, are known
/// by their size and time.
fn fingerprints(sources: &Sources, lists: &[PathBuf]) -> BTreeMap<String, u64> {
    let print = |of: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        of(&mut hasher);
        hasher.finish()
    };
    let files = sources.ids().map(|id| {
        let bytes = sources.bytes(id);
        (sources.name(id).to_owned(), print(&|hasher| bytes.hash(hasher)))
    });
    let lists = lists.iter().flat_map(|list| [list.clone(), list.with_added_extension("cdb")]);
    let lists = lists.filter_map(|list| {
        let seen = size_and_time(&list)?;
        Some((list.display().to_string(), print(&|hasher| seen.hash(hasher))))
    });
    files.chain(lists).collect()
}

fn size_and_time(path: &Path) -> Option<(u64, std::time::SystemTime)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.len(), metadata.modified().ok()?))
}
