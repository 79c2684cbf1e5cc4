//! Values with conditions.
//!
//! ```text
//! line      = value [ "if" either ] [ ";" ]
//! value     = term { "." term }
//! term      = text | number | $fields[N] | field() | regex_replace(text)
//! either    = both { "||" both }
//! both      = single { "&&" single }
//! single    = "!" single | "(" either ")" | match(text) | any_regex(text)
//!           | subnet(value, text) | value [ compare value | "=~" pattern ]
//! ```

use super::super::{Role, Triple};
use super::Wrong;
use super::tokens::{Token, tokens};
use regex_automata::meta::Regex;
use regex_automata::util::syntax;
use std::borrow::Cow;
use std::net::IpAddr;

/// Parentheses and negations within each other.
const DEPTH_MAX: usize = 50;

/// Bytes of a compiled pattern.
const PATTERN_MAX: usize = 1 << 20;

/// A value, if a condition holds.
#[derive(Debug)]
pub(super) struct Expression {
    value: Vec<Term>,
    condition: Option<Condition>,
}

/// A part of a value.
#[derive(Debug)]
enum Term {
    Text(String),
    Field(usize),
    /// The field of the node in question.
    Own,
    /// What the first group of a pattern takes from it; all of it if nothing.
    Replace(Regex),
}

#[derive(Debug)]
enum Condition {
    Either(Vec<Condition>),
    Both(Vec<Condition>),
    Not(Box<Condition>),
    /// The value matches.
    Matches(Vec<Term>, Regex),
    /// One of the fields matches.
    Any(Regex),
    /// The address is in the network.
    Subnet(Vec<Term>, IpAddr, u8),
    Compare(Vec<Term>, &'static str, Vec<Term>),
    /// The value is neither empty nor 0.
    True(Vec<Term>),
}

/// What an expression is about.
pub(super) struct Scope<'t> {
    pub(super) triple: &'t Triple,
    pub(super) role: Role,
}

impl Scope<'_> {
    fn field(&self, number: usize) -> &str {
        Role::ALL.get(number).map_or("", |role| self.triple.name(*role))
    }
}

impl Expression {
    /// Reads what stands in a line behind an offset.
    pub(super) fn read(line: &[u8], from: usize) -> Result<Self, Wrong> {
        let tokens = tokens(line, from)?;
        let mut parser = Parser { tokens: &tokens, next: 0, end: line.trim_ascii_end().len(), depth: 0 };
        let value = parser.value()?;
        let condition = if parser.takes_word("if") { Some(parser.either()?) } else { None };
        while parser.takes(";") {}
        match parser.peek() {
            None => Ok(Self { value, condition }),
            Some(_) => Err(parser.wrong("this is too much", "only `if (CONDITION)` may follow a value")),
        }
    }

    /// The value, if the condition holds.
    pub(super) fn of(&self, scope: &Scope<'_>) -> Option<String> {
        let holds = self.condition.as_ref().is_none_or(|condition| condition.holds(scope));
        holds.then(|| join(&self.value, scope).into_owned())
    }
}

fn join<'t>(terms: &'t [Term], scope: &'t Scope<'_>) -> Cow<'t, str> {
    match terms {
        [one] => one.of(scope),
        terms => Cow::Owned(terms.iter().map(|term| term.of(scope)).collect()),
    }
}

impl Term {
    fn of<'t>(&'t self, scope: &'t Scope<'_>) -> Cow<'t, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Field(number) => Cow::Borrowed(scope.field(*number)),
            Self::Own => Cow::Borrowed(scope.triple.name(scope.role)),
            Self::Replace(pattern) => {
                let own = scope.triple.name(scope.role);
                let mut captures = pattern.create_captures();
                pattern.captures(own, &mut captures);
                let part = captures.get_group(1).and_then(|span| own.get(span.start..span.end));
                Cow::Borrowed(part.unwrap_or(own))
            }
        }
    }
}

impl Condition {
    fn holds(&self, scope: &Scope<'_>) -> bool {
        match self {
            Self::Either(list) => list.iter().any(|one| one.holds(scope)),
            Self::Both(list) => list.iter().all(|one| one.holds(scope)),
            Self::Not(one) => !one.holds(scope),
            Self::Matches(value, pattern) => pattern.is_match(join(value, scope).as_bytes()),
            Self::Any(pattern) => Role::ALL.iter().any(|role| pattern.is_match(scope.triple.name(*role))),
            Self::Subnet(value, network, bits) => {
                join(value, scope).parse().is_ok_and(|address| is_in(address, *network, *bits))
            }
            Self::Compare(left, sign, right) => compare(&join(left, scope), sign, &join(right, scope)),
            Self::True(value) => !matches!(&*join(value, scope), "" | "0"),
        }
    }
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let mask = |all: u32, value: u128| value.checked_shr(all.saturating_sub(bits.into())).unwrap_or(0);
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => mask(32, u32::from(a).into()) == mask(32, u32::from(n).into()),
        (IpAddr::V6(a), IpAddr::V6(n)) => mask(128, a.into()) == mask(128, n.into()),
        _ => false,
    }
}

/// Perl's comparisons: signs compare numbers, words texts.
fn compare(left: &str, sign: &str, right: &str) -> bool {
    let number = |text: &str| text.trim().parse().unwrap_or(0.0f64);
    let (l, r) = (number(left), number(right));
    match sign {
        "==" => l == r,
        "!=" => l != r,
        "<" => l < r,
        ">" => l > r,
        "<=" => l <= r,
        ">=" => l >= r,
        "eq" => left == right,
        "ne" => left != right,
        "lt" => left < right,
        "gt" => left > right,
        _ => false,
    }
}

const COMPARISONS: [&str; 6] = ["==", "!=", "<=", ">=", "<", ">"];
const WORD_COMPARISONS: [&str; 4] = ["eq", "ne", "lt", "gt"];

struct Parser<'t> {
    tokens: &'t [(usize, Token)],
    next: usize,
    end: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&'t Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    fn wrong(&self, what: &str, help: &'static str) -> Wrong {
        let at = self.tokens.get(self.next).map_or(self.end, |(at, _)| *at);
        Wrong { at, what: what.to_owned(), help }
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.next += usize::from(is);
        is
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.next += usize::from(is);
        is
    }

    fn needs(&mut self, sign: &'static str) -> Result<(), Wrong> {
        if self.takes(sign) { Ok(()) } else { Err(self.wrong(&format!("`{sign}` is missing"), "")) }
    }

    fn value(&mut self) -> Result<Vec<Term>, Wrong> {
        let mut terms = vec![self.term()?];
        while self.takes(".") {
            terms.push(self.term()?);
        }
        Ok(terms)
    }

    fn term(&mut self) -> Result<Term, Wrong> {
        let token = self.peek();
        let unknown =
            self.wrong("this is no value", "write \"TEXT\", $fields[N], field() or regex_replace(\"RE\")");
        self.next += 1;
        match token {
            Some(Token::Text(text)) => Ok(Term::Text(text.clone())),
            Some(Token::Field(number)) => Ok(Term::Field(*number)),
            Some(Token::Word(word)) if word == "field" => {
                self.needs("(")?;
                self.needs(")")?;
                Ok(Term::Own)
            }
            Some(Token::Word(word)) if word == "regex_replace" => {
                self.pattern_in_parentheses().map(Term::Replace)
            }
            _ => {
                self.next -= 1;
                Err(unknown)
            }
        }
    }

    fn either(&mut self) -> Result<Condition, Wrong> {
        let mut list = vec![self.both()?];
        while self.takes("||") || self.takes_word("or") {
            list.push(self.both()?);
        }
        Ok(Condition::Either(list))
    }

    fn both(&mut self) -> Result<Condition, Wrong> {
        let mut list = vec![self.single()?];
        while self.takes("&&") || self.takes_word("and") {
            list.push(self.single()?);
        }
        Ok(Condition::Both(list))
    }

    fn single(&mut self) -> Result<Condition, Wrong> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong("too many parentheses within each other", "50 is the limit"));
        }
        let condition = self.single_of_depth();
        self.depth -= 1;
        condition
    }

    fn single_of_depth(&mut self) -> Result<Condition, Wrong> {
        if self.takes("!") || self.takes_word("not") {
            return Ok(Condition::Not(Box::new(self.single()?)));
        }
        if self.takes("(") {
            let inner = self.either()?;
            self.needs(")")?;
            return Ok(inner);
        }
        if self.takes_word("match") {
            return Ok(Condition::Matches(vec![Term::Own], self.pattern_in_parentheses()?));
        }
        if self.takes_word("any_regex") {
            return self.pattern_in_parentheses().map(Condition::Any);
        }
        if self.takes_word("subnet") {
            return self.subnet();
        }
        let value = self.value()?;
        if self.takes("=~") {
            return Ok(Condition::Matches(value, self.pattern()?));
        }
        if self.takes("!~") {
            return Ok(Condition::Not(Box::new(Condition::Matches(value, self.pattern()?))));
        }
        let sign = COMPARISONS.into_iter().find(|sign| self.takes(sign));
        let sign = sign.or_else(|| WORD_COMPARISONS.into_iter().find(|word| self.takes_word(word)));
        match sign {
            Some(sign) => Ok(Condition::Compare(value, sign, self.value()?)),
            None => Ok(Condition::True(value)),
        }
    }

    /// `(value, "network/bits")`.
    fn subnet(&mut self) -> Result<Condition, Wrong> {
        self.needs("(")?;
        let value = self.value()?;
        self.needs(",")?;
        let unknown = self.wrong("this is no network", "write \"192.0.2.0/24\"");
        let Some(Token::Text(text)) = self.peek() else { return Err(unknown) };
        let (address, bits) = text.split_once('/').unwrap_or((text, "128"));
        let network = address.parse().ok().zip(bits.parse().ok().filter(|bits| *bits <= 128));
        let Some((address, bits)) = network else { return Err(unknown) };
        self.next += 1;
        self.needs(")")?;
        Ok(Condition::Subnet(value, address, bits))
    }

    fn pattern_in_parentheses(&mut self) -> Result<Regex, Wrong> {
        self.needs("(")?;
        let pattern = self.pattern()?;
        self.needs(")")?;
        Ok(pattern)
    }

    fn pattern(&mut self) -> Result<Regex, Wrong> {
        let (text, caseless) = match self.peek() {
            Some(Token::Pattern(text, caseless)) => (text, *caseless),
            Some(Token::Text(text)) => (text, false),
            _ => return Err(self.wrong("a pattern is missing", "write /PATTERN/ or \"PATTERN\"")),
        };
        let syntax = syntax::Config::new().unicode(false).utf8(false).case_insensitive(caseless);
        let limits = Regex::config().nfa_size_limit(Some(PATTERN_MAX)).utf8_empty(false);
        let pattern = Regex::builder().syntax(syntax).configure(limits).build(text);
        let pattern = pattern.map_err(|error| {
            let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            let why = why.lines().last().unwrap_or_default().trim().to_owned();
            self.wrong(&format!("this pattern cannot be understood: {why}"), "look-around is not understood")
        })?;
        self.next += 1;
        Ok(pattern)
    }
}
