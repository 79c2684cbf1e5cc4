//! What stands in the address bar: which alerts, in the words of
//! `bartizan alerts`.

use super::Failure;
use crate::moment::moment;
use crate::sources::epoch_now;
use crate::store::Filter;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// The words of a filter with what they mean, as the form shows them.
pub(super) const WORDS: [(&str, &str); 10] = [
    ("text", "words of the log"),
    ("level", "this level and higher"),
    ("rule", "rules: 5710,5716"),
    ("group", "groups: sshd,web"),
    ("srcip", "source address"),
    ("user", "user"),
    ("agent", "agent or host"),
    ("location", "part of the place"),
    ("since", "from: 2h, yesterday, 2026-11-21 10:00"),
    ("until", "before"),
];

/// Bytes of one value; what is longer is cut.
const VALUE_MAX: usize = 512;

/// Bytes of a name; a longer one is none of ours.
const NAME_MAX: usize = 32;

/// What was asked for: names with values that are not empty. A name that is
/// there several times has all its values, with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// What stands behind the question mark, or in a form.
    pub(super) fn read(text: &str) -> Self {
        Self::read_up_to(text, VALUE_MAX)
    }

    /// The same with values of up to so many bytes.
    pub(super) fn read_up_to(text: &str, most: usize) -> Self {
        let mut all = BTreeMap::<String, String>::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            let value = value.trim();
            let value = value[..value.floor_char_boundary(most)].trim_end();
            if value.is_empty() || name.len() > NAME_MAX {
                continue;
            }
            match all.get_mut(&*name) {
                Some(before) if before.len() + value.len() < most => *before += &format!(",{value}"),
                Some(_) => {}
                None => drop(all.insert(name.into_owned(), value.to_owned())),
            }
        }
        Self(all)
    }

    /// A value; none if it was not given.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A number.
    pub(super) fn number<N: std::str::FromStr>(&self, name: &str) -> Result<Option<N>, Failure> {
        let read = |text: &str| text.parse().map_err(|_| Failure::Bad(format!("`{name}` is no number here")));
        self.get(name).map(read).transpose()
    }

    /// A time.
    pub(super) fn moment(&self, name: &str) -> Result<Option<i64>, Failure> {
        self.moment_by(name, epoch_now())
    }

    fn moment_by(&self, name: &str, now: i64) -> Result<Option<i64>, Failure> {
        let read = self.get(name).map(|text| moment(text, now)).transpose();
        read.map_err(|error| Failure::Bad(error.to_string()))
    }

    /// The same with another value; none takes it away.
    pub(super) fn with(&self, name: &str, value: Option<&str>) -> Self {
        let mut all = self.0.clone();
        match value {
            Some(value) => all.insert(name.to_owned(), value.to_owned()),
            None => all.remove(name),
        };
        Self(all)
    }

    /// The words of a filter alone.
    pub(super) fn filter_words(&self) -> Self {
        let is_word = |name: &&str| WORDS.iter().any(|(word, _)| word == name);
        let all = self.0.iter().filter(|(name, _)| is_word(&name.as_str()));
        Self(all.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    /// Names and values.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether nothing was asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An address with this behind it.
    pub(super) fn on(&self, path: &str) -> String {
        link(path, self.pairs())
    }

    /// The alerts that are asked for.
    pub(super) fn filter(&self, now: i64) -> Result<Filter, Failure> {
        let text = |name| self.get(name).map(str::to_owned);
        let list = |name| self.get(name).into_iter().flat_map(|all| all.split(','));
        let list = |name| list(name).map(str::trim).filter(|one| !one.is_empty());
        let wrong = |_| Failure::Bad("`rule` is a number, or several with commas".to_owned());
        Ok(Filter {
            since: self.moment_by("since", now)?,
            until: self.moment_by("until", now)?,
            level: self.number("level")?,
            rules: list("rule").map(str::parse).collect::<Result<_, _>>().map_err(wrong)?,
            groups: list("group").map(str::to_owned).collect(),
            agent: text("agent"),
            location: text("location"),
            srcip: text("srcip"),
            user: text("user"),
            text: text("text"),
        })
    }
}

/// What stands behind the question mark of a request.
impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

/// An address with names and values behind it.
pub(super) fn link<'q>(path: &str, pairs: impl Iterator<Item = (&'q str, &'q str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// The alerts that have one value.
pub(super) fn alerts_with(name: &str, value: &str) -> String {
    link("/alerts", [(name, value)].into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_those_of_the_command_line() {
        let query = Query::read(
            "level=7&rule=5710&rule=5716&group=sshd,web&srcip=192.0.2.7&user=root&agent=gate&\
             location=auth.log&text=failed+pass*&since=%401000&until=%402000&empty=&before=9",
        );
        let filter = query.filter(0).expect("a filter");
        let expected = Filter {
            since: Some(1000),
            until: Some(2000),
            level: Some(7),
            rules: vec![5710, 5716],
            groups: vec!["sshd".to_owned(), "web".to_owned()],
            agent: Some("gate".to_owned()),
            location: Some("auth.log".to_owned()),
            srcip: Some("192.0.2.7".to_owned()),
            user: Some("root".to_owned()),
            text: Some("failed pass*".to_owned()),
        };
        assert_eq!(filter, expected);
        assert_eq!(query.filter_words().get("before"), None);
        assert_eq!(query.get("empty"), None);
    }

    #[test]
    fn an_address_leads_back_to_what_it_was_made_of() {
        let query = Query::read("text=%26%3D%23%22%3Cscript%3E&level=3");
        let address = query.on("/alerts");
        let (_, behind) = address.split_once('?').expect("a query");
        assert_eq!(Query::read(behind), query);
        assert!(!address.contains(['<', '"', ' ', '#']), "{address}");
        assert_eq!(Query::default().on("/alerts"), "/alerts");
    }

    #[test]
    fn what_is_wrong_is_said_and_what_is_long_is_cut() {
        for wrong in ["level=high", "rule=a", "since=soon", "level=99999999999"] {
            assert!(matches!(Query::read(wrong).filter(0), Err(Failure::Bad(_))), "{wrong}");
        }
        let long = Query::read(&format!("text={}", "\u{e4}".repeat(9000)));
        assert!(long.get("text").is_some_and(|text| text.len() <= VALUE_MAX));
    }
}
