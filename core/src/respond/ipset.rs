//! Dropping packets by ipset and iptables.

/// The rules that make the sets work: each is checked for with `-C` and, if
/// that fails, inserted with `-I`, both in front of these arguments:
/// `iptables -w -C INPUT -m set …`. A program that is not there has nothing
/// to drop.
pub const RULES: [Rule; 8] = [
    Rule::new("iptables", "INPUT", "bartizan4"),
    Rule::new("iptables", "FORWARD", "bartizan4"),
    Rule::new("iptables", "INPUT", "bartizan4n"),
    Rule::new("iptables", "FORWARD", "bartizan4n"),
    Rule::new("ip6tables", "INPUT", "bartizan6"),
    Rule::new("ip6tables", "FORWARD", "bartizan6"),
    Rule::new("ip6tables", "INPUT", "bartizan6n"),
    Rule::new("ip6tables", "FORWARD", "bartizan6n"),
];

/// A rule of iptables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The program.
    pub program: &'static str,
    /// What stands behind `-C` or `-I`.
    pub arguments: [&'static str; 8],
}

impl Rule {
    const fn new(program: &'static str, chain: &'static str, set: &'static str) -> Self {
        Self { program, arguments: [chain, "-m", "set", "--match-set", set, "src", "-j", "DROP"] }
    }
}
