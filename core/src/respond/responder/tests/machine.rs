//! A machine as far as responses change it: it understands the scripts as
//! strictly as the real programs do.

use super::std::collections::{BTreeMap, BTreeSet};
use super::std::format;
use super::std::string::String;
use super::std::vec::Vec;
use crate::respond::responder::Tool;

/// When it is forgotten, in seconds from the job; `None` for never.
type Timeout = Option<u64>;

/// What is in force: names like `nft 192.0.2.1/32`, with the moment in
/// milliseconds at which the kernel forgets them.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub(super) in_force: BTreeMap<String, Option<u64>>,
    nft_sets: BTreeSet<String>,
    ip_sets: BTreeSet<String>,
    /// Whether nobody has emptied the packet filter.
    is_whole: bool,
}

impl Machine {
    /// What a boot leaves.
    pub(super) fn reboot(&mut self) {
        let is_kept = |name: &str| !["nft ", "ipset ", "route "].iter().any(|kind| name.starts_with(kind));
        self.in_force.retain(|name, _| is_kept(name));
        self.nft_sets.clear();
        self.ip_sets.clear();
        self.is_whole = false;
    }

    /// Whether all lines of a question are true.
    pub(super) fn answers(&self, tool: Tool, script: &str) -> bool {
        match tool {
            Tool::Nft => script == "flush chain inet bartizan whole\n" && self.is_whole,
            Tool::Ipset => script.lines().all(|line| self.ip_sets.contains(line.split(' ').nth(1).unwrap())),
        }
    }

    /// Somebody empties the packet filter.
    pub(super) fn flush(&mut self) {
        self.is_whole = false;
        self.in_force.retain(|name, _| !name.starts_with("nft "));
        self.nft_sets.clear();
    }

    /// Forgets what is due; its names.
    pub(super) fn forget(&mut self, time: u64) -> BTreeSet<String> {
        let is_due = |due: &Option<u64>| due.is_some_and(|due| due <= time);
        let due = self.in_force.iter().filter(|(_, due)| is_due(due)).map(|(name, _)| name.clone()).collect();
        self.in_force.retain(|_, due| !is_due(due));
        due
    }

    /// Gives a script to a program.
    pub(super) fn run(&mut self, tool: Option<Tool>, script: &str, time: u64) {
        for line in script.lines() {
            match tool {
                Some(Tool::Nft) => self.nft(line, time),
                Some(Tool::Ipset) => self.ipset(line, time),
                None => self.route(line),
            }
        }
    }

    pub(super) fn set(&mut self, name: String, add: bool, due: Option<u64>) {
        if add {
            self.in_force.insert(name, due);
        } else {
            self.in_force.remove(&name);
        }
    }

    fn nft(&mut self, line: &str, time: u64) {
        let words: Vec<_> = line.split(' ').collect();
        assert_eq!(words.get(2..4), Some(&["inet", "bartizan"][..]), "{line}");
        match (words[0], words[1]) {
            ("add", "table") => {}
            ("delete", "table") => self.flush(),
            ("add", "set") => drop(self.nft_sets.insert(words[4].into())),
            ("add", "chain") if words[4..] == ["whole"] => self.is_whole = true,
            ("flush", "chain") | ("add", "chain" | "rule") => {
                assert!(self.nft_sets.contains(words[4]), "{line}")
            }
            (command, "element") => {
                let (_, list) = line.split_once(" { ").unwrap();
                assert!(self.nft_sets.contains(words[4]), "{line}");
                for element in list.strip_suffix(" }").unwrap().split(", ") {
                    self.element(command, words[4], element, time);
                }
            }
            _ => panic!("{line}"),
        }
    }

    fn element(&mut self, command: &str, set: &str, element: &str, time: u64) {
        let (address, timeout) = match element.split_once(" timeout ") {
            Some((address, timeout)) => (address, timeout.strip_suffix("s").map(|s| s.parse().unwrap())),
            None => (element, None),
        };
        let length = set.split_once('_').map(|(_, length)| length);
        let name =
            format!("nft {}", wide(&length.map_or(address.into(), |length| format!("{address}/{length}"))));
        if command == "delete" {
            assert!(self.in_force.remove(&name).is_some(), "nft fails: {element} is not there");
        } else {
            // What is there keeps its time.
            self.in_force.entry(name).or_insert(moment(time, timeout));
        }
    }

    fn ipset(&mut self, line: &str, time: u64) {
        let words: Vec<_> = line.split(' ').collect();
        let has_set = self.ip_sets.contains(words[1]);
        match words[..] {
            ["create", set, "hash:ip" | "hash:net", "family", _, "timeout", "0", "maxelem", _] => {
                self.ip_sets.insert(set.into());
            }
            ["flush", "bartizan4"] => {
                self.in_force.retain(|name, _| !(name.starts_with("ipset ") && name.ends_with("/32")))
            }
            ["flush", "bartizan6"] => {
                self.in_force.retain(|name, _| !(name.starts_with("ipset ") && name.ends_with("/128")))
            }
            ["flush", set] => self.in_force.retain(|name, _| {
                let is_range = !name.ends_with("/32") && !name.ends_with("/128");
                !(name.starts_with("ipset ") && is_range && name.contains(':') == set.contains('6'))
            }),
            ["add", _, address, "timeout", seconds] if has_set => {
                let seconds: u64 = seconds.parse().unwrap();
                let timeout = Some(seconds).filter(|seconds| *seconds > 0);
                self.set(format!("ipset {}", wide(address)), true, moment(time, timeout));
            }
            ["del", _, address] if has_set => self.set(format!("ipset {}", wide(address)), false, None),
            _ => panic!("{line}"),
        }
    }

    fn route(&mut self, line: &str) {
        let words: Vec<_> = line.split(' ').collect();
        let ["route", command, "blackhole", network, "metric", "7"] = words[..] else { panic!("{line}") };
        let name = format!("route {network}");
        assert!(command == "replace" || self.in_force.contains_key(&name), "ip fails: {line}");
        self.set(name, command == "replace", None);
    }
}

fn moment(time: u64, timeout: Timeout) -> Option<u64> {
    timeout.map(|seconds| time + seconds * 1000)
}

/// A network with its length.
pub(super) fn wide(network: &str) -> String {
    match (network.contains('/'), network.contains(':')) {
        (true, _) => network.into(),
        (_, true) => format!("{network}/128"),
        _ => format!("{network}/32"),
    }
}
