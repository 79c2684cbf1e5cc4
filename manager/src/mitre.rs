//! What the numbers of MITRE ATT&CK® stand for: names of techniques and of
//! the tactics that they serve.
//!
//! Rules name techniques by their ids, `T1110.001`: Wazuh's in an element of
//! its own, the built-in ones as groups, `attack_T1110_001`. The table is read
//! when somebody first asks.

use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;
use std::sync::LazyLock;

/// A technique of MITRE ATT&CK for enterprises, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Technique {
    /// Its id: `T1110.001`.
    pub id: &'static str,
    /// Its name, without that of what it is a part of: `Password Guessing`.
    pub name: &'static str,
    /// The tactics that it serves: `Credential Access`.
    pub tactics: Vec<&'static str>,
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.name)
    }
}

/// All techniques, by id.
static TECHNIQUES: LazyLock<Vec<Technique>> = LazyLock::new(|| {
    let lines = include_str!("mitre/techniques.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(read).collect()
});

fn read(line: &'static str) -> Option<Technique> {
    let mut parts = line.split(" | ");
    let (id, name) = (parts.next()?, parts.next()?);
    Some(Technique { id, name, tactics: parts.next()?.split(", ").collect() })
}

/// The technique of an id; none if this version of ATT&CK does not have it.
fn technique(id: &[u8]) -> Option<&'static Technique> {
    let place = TECHNIQUES.binary_search_by(|one| one.id.as_bytes().cmp(id)).ok()?;
    TECHNIQUES.get(place)
}

fn ids(ids: &[u8]) -> impl Iterator<Item = &[u8]> {
    ids.split(|byte| *byte == b',').filter(|id| !id.is_empty())
}

/// The techniques of ids with commas between.
pub fn of_ids(text: &[u8]) -> Vec<&'static Technique> {
    ids(text).filter_map(technique).collect()
}

/// The technique of a group `attack_T1110_001`.
pub fn of_group(group: &[u8]) -> Option<&'static Technique> {
    let id = group.strip_prefix(b"attack_")?;
    technique(&id.iter().map(|byte| if *byte == b'_' { b'.' } else { *byte }).collect::<Vec<_>>())
}

/// What ids with commas between stand for: `T1110 Brute Force, T1021.004 SSH`.
/// One that is not known stands alone.
pub fn titles(text: &[u8]) -> String {
    let title =
        |id| technique(id).map_or_else(|| String::from_utf8_lossy(id).into_owned(), ToString::to_string);
    ids(text).map(title).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_of_the_table_is_read_and_in_order() {
        let lines = include_str!("mitre/techniques.txt").lines().filter(|line| !line.starts_with('#'));
        assert_eq!(TECHNIQUES.len(), lines.count());
        assert!(TECHNIQUES.is_sorted_by(|one, next| one.id < next.id));
        let is_id = |id: &str| {
            let digits = |text: &str, count| text.len() == count && text.bytes().all(|b| b.is_ascii_digit());
            let (technique, part) = id[1..].split_once('.').unwrap_or((&id[1..], "000"));
            id.starts_with('T') && digits(technique, 4) && digits(part, 3)
        };
        assert!(TECHNIQUES.iter().all(|one| is_id(one.id) && !one.name.is_empty()));
        let tactics: BTreeSet<_> = TECHNIQUES.iter().flat_map(|one| &one.tactics).collect();
        assert_eq!(tactics.len(), 14, "{tactics:?}");
    }

    #[test]
    fn a_technique_has_its_name_and_its_tactics_in_order() {
        let guessing = technique(b"T1110.001").expect("it is there");
        assert_eq!(
            (guessing.name, guessing.tactics.as_slice()),
            ("Password Guessing", &["Credential Access"][..])
        );
        let accounts = technique(b"T1078").expect("it is there");
        let tactics = ["Defense Evasion", "Persistence", "Privilege Escalation", "Initial Access"];
        assert_eq!(accounts.tactics, tactics);
        for unknown in [&b""[..], b"T1", b"TA0011", b"T1110.999", b"t1110", b"#", b"\xff"] {
            assert_eq!(technique(unknown), None);
        }
    }

    #[test]
    fn rules_name_techniques_by_ids_and_by_groups() {
        let names = |ids: &[u8]| of_ids(ids).iter().map(|one| one.name).collect::<Vec<_>>();
        assert_eq!(names(b"T1110,T9999,T1021.004"), ["Brute Force", "SSH"]);
        assert_eq!(titles(b"T1110,T9999,T1021.004"), "T1110 Brute Force, T9999, T1021.004 SSH");
        assert_eq!(titles(b""), "");
        assert_eq!(of_group(b"attack_T1110_003").map(|one| one.name), Some("Password Spraying"));
        assert!(
            [&b"attack_"[..], b"attack_x_y", b"T1110"].into_iter().all(|group| of_group(group).is_none())
        );
    }
}
