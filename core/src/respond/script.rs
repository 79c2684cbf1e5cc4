//! What a script of the users is told: by arguments, as OSSEC 4.3 does it, or
//! by one line of JSON, as Wazuh 4.14 does it.
//!
//! Both are given piece by piece, so that no memory is needed.

use super::order::Begin;
use super::text::Text;

/// The word for what is to be done.
pub fn verb(add: bool) -> &'static str {
    if add { "add" } else { "delete" }
}

/// The question of a script of Wazuh that has learnt what is to be done: is
/// there a response with the same keys? It is answered by a line with the
/// verb [`CONTINUE`]: equal responses are found before a script is started.
pub const QUESTION: &str = "check_keys";

/// The verb that answers [`QUESTION`].
pub const CONTINUE: &str = "continue";

/// The arguments, one by one:
/// `add|delete USER IP ALERT RULE LOCATION FILE` (OSSEC 4.3). `-` stands for
/// what there is not, and a location with blanks is several arguments. What
/// somebody orders by hand has no alert and is
/// `add|delete USER IP (from_the_server) (no_rule_id)`.
pub fn arguments(add: bool, begin: &Begin<'_>, word: &mut dyn FnMut(&str)) {
    let or_none = |text| if str::is_empty(text) { "-" } else { text };
    let mut memory = [0; 48];
    let mut network = Text::new(&mut memory);
    begin.network.iter().for_each(|known| network.network(known));
    word(verb(add));
    word(or_none(begin.user));
    word(or_none(network.as_str()));
    if begin.alert.is_empty() {
        word("(from_the_server)");
    } else {
        word(begin.alert);
    }
    let mut memory = [0; 20];
    let mut rule = Text::new(&mut memory);
    rule.number(begin.rule.into());
    word(if begin.rule == 0 { "(no_rule_id)" } else { rule.as_str() });
    begin.location.split_whitespace().for_each(&mut *word);
    let is_by_hand = begin.alert.is_empty() && begin.rule == 0;
    if !is_by_hand || !begin.file.is_empty() {
        word(or_none(begin.file));
    }
}

/// What a line of JSON is about.
#[derive(Clone, Copy, Debug)]
pub struct Line<'t> {
    /// Name of the manager's machine.
    pub node: &'t str,
    /// The array `extra_args`, as JSON; empty for none.
    pub extra: &'t str,
    /// The alert, as JSON; empty for none.
    pub alert: &'t str,
    /// The script's whole name.
    pub program: &'t str,
}

impl Line<'_> {
    /// The line (Wazuh 4.14), piece by piece, without its end.
    pub fn write(&self, verb: &str, piece: &mut dyn FnMut(&str)) {
        let or = |text, none| if str::is_empty(text) { none } else { text };
        piece(r#"{"version":1,"origin":{"name":"#);
        quoted(self.node, piece);
        piece(r#","module":"wazuh-execd"},"command":""#);
        piece(verb);
        piece(r#"","parameters":{"extra_args":"#);
        piece(or(self.extra, "[]"));
        piece(r#","alert":"#);
        piece(or(self.alert, "{}"));
        piece(r#","program":"#);
        quoted(self.program, piece);
        piece("}}");
    }
}

/// A text as JSON has it.
fn quoted(text: &str, piece: &mut dyn FnMut(&str)) {
    piece("\"");
    for part in text.split_inclusive(is_special) {
        let special = part.chars().next_back().filter(|last| is_special(*last));
        piece(part.strip_suffix(is_special).unwrap_or(part));
        match special {
            Some('"') => piece("\\\""),
            Some('\\') => piece("\\\\"),
            Some(control) => {
                let hex = |shift: u32| char::from_digit(u32::from(control) >> shift & 15, 16).unwrap_or('0');
                piece("\\u00");
                piece(hex(4).encode_utf8(&mut [0; 4]));
                piece(hex(0).encode_utf8(&mut [0; 4]));
            }
            None => {}
        }
    }
    piece("\"");
}

/// Whether it does not stand for itself in JSON; also what a terminal obeys.
fn is_special(c: char) -> bool {
    matches!(c, '"' | '\\') || c.is_control()
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::respond::network::Network;
    use crate::respond::order::{Means, Talk};
    use std::string::{String, ToString};
    use std::vec::Vec;

    const BEGIN: Begin<'_> = Begin {
        response: "r",
        means: Means::Script { file: "x.sh", talk: Talk::Arguments },
        network: None,
        user: "",
        file: "",
        for_s: 600,
        dry_run: false,
        alert: "1764000000.42",
        rule: 5712,
        location: "(gate 1) 192.0.2.1->/var/log/auth.log",
    };

    fn words(add: bool, begin: &Begin<'_>) -> Vec<String> {
        let mut words = Vec::new();
        arguments(add, begin, &mut |word| words.push(word.to_string()));
        words
    }

    fn line(line: Line<'_>, verb: &str) -> String {
        let mut all = String::new();
        line.write(verb, &mut |piece| all.push_str(piece));
        all
    }

    #[test]
    fn arguments_are_those_of_ossec() {
        let begin = Begin { network: Network::parse("192.0.2.7"), ..BEGIN };
        let place = ["(gate", "1)", "192.0.2.1->/var/log/auth.log"];
        let head = ["delete", "-", "192.0.2.7", "1764000000.42", "5712"];
        assert_eq!(words(false, &begin), [&head[..], &place, &["-"]].concat());
        let begin = Begin { user: "anna", file: "/a b", location: "", ..BEGIN };
        assert_eq!(words(true, &begin), ["add", "anna", "-", "1764000000.42", "5712", "/a b"]);
    }

    #[test]
    fn what_is_ordered_by_hand_has_the_words_of_ossec() {
        let long = "2001:db8:1111:2222:3333:4444:5555:6666/127";
        let begin = Begin { network: Network::parse(long), alert: "", rule: 0, location: "", ..BEGIN };
        assert_eq!(words(true, &begin), ["add", "-", long, "(from_the_server)", "(no_rule_id)"]);
    }

    #[test]
    fn a_line_is_that_of_wazuh() {
        let whole = Line {
            node: "keep",
            extra: r#"["-x"]"#,
            alert: r#"{"id":"1"}"#,
            program: "/s/a\"b\\\n\u{85}\u{e4}",
        };
        let expected = r#"{"version":1,"origin":{"name":"keep","module":"wazuh-execd"},"command":"add","parameters":{"extra_args":["-x"],"alert":{"id":"1"},"program":"/s/a\"b\\\u000a\u0085ä"}}"#;
        assert_eq!(line(whole, verb(true)), expected);
        let bare = line(Line { node: "", extra: "", alert: "", program: "" }, CONTINUE);
        assert!(bare.contains(r#""command":"continue""#) && bare.contains(r#""extra_args":[],"alert":{}"#));
    }
}
