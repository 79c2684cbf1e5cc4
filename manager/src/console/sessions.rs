//! Who is logged in: kept in memory, by digests of what browsers keep.
//!
//! A session ends when it is not used for half an hour, after twelve hours
//! whatever is done, when its user is removed or has a new password, and when
//! the program ends. Times are seconds of a clock that nobody sets.

use super::secret::{self, Key};
use std::collections::HashMap;
use std::io;

/// Seconds without a request after which a session ends.
pub(super) const IDLE: u64 = 30 * 60;

/// Seconds after which it ends in any case.
pub(super) const LONGEST: u64 = 12 * 3600;

/// Sessions of one user; a further one ends the one used least lately.
const OF_A_USER: usize = 64;

/// Sessions of all.
const ALL: usize = 4096;

/// One session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Session {
    /// Whose.
    pub(super) name: String,
    /// The digest of the password that it began with.
    pub(super) password: String,
    /// What its forms carry.
    pub(super) form: String,
    begun: u64,
    used: u64,
}

impl Session {
    fn is_over(&self, now: u64) -> bool {
        now.saturating_sub(self.used) >= IDLE || now.saturating_sub(self.begun) >= LONGEST
    }
}

/// All sessions.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<Key, Session>);

impl Sessions {
    /// Begins a session; gives what the browser is to keep.
    pub(super) fn begin(&mut self, name: &str, password: &str, now: u64) -> io::Result<String> {
        let (cookie, form) = (secret::random()?, secret::random()?);
        self.0.retain(|_, session| !session.is_over(now));
        let of_user = self.0.values().filter(|session| session.name == name).count();
        if of_user >= OF_A_USER {
            self.end_oldest(|session| session.name == name);
        } else if self.0.len() >= ALL {
            self.end_oldest(|_| true);
        }
        let (name, password) = (name.to_owned(), password.to_owned());
        self.0.insert(secret::key(&cookie), Session { name, password, form, begun: now, used: now });
        Ok(cookie)
    }

    fn end_oldest(&mut self, of: impl Fn(&Session) -> bool) {
        let those = self.0.iter().filter(|(_, session)| of(session));
        if let Some(key) = those.min_by_key(|(_, session)| session.used).map(|(key, _)| *key) {
            self.0.remove(&key);
        }
    }

    /// The session of what a browser keeps, which is used now.
    pub(super) fn used(&mut self, key: &Key, now: u64) -> Option<Session> {
        let session = self.0.get_mut(key)?;
        if session.is_over(now) {
            self.0.remove(key);
            return None;
        }
        session.used = now;
        Some(session.clone())
    }

    /// The same without using it.
    pub(super) fn seen(&self, key: &Key, now: u64) -> Option<Session> {
        self.0.get(key).filter(|session| !session.is_over(now)).cloned()
    }

    /// Ends a session.
    pub(super) fn end(&mut self, key: &Key) {
        self.0.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(sessions: &mut Sessions, now: u64) -> Key {
        secret::key(&sessions.begin("ada", "digest", now).expect("random numbers"))
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_after_its_longest_time() {
        let mut sessions = Sessions::default();
        let idle = begin(&mut sessions, 100);
        assert!(sessions.used(&idle, 100 + IDLE - 1).is_some());
        assert!(sessions.seen(&idle, 100 + 2 * IDLE - 2).is_some(), "its use counts");
        assert!(sessions.used(&idle, 100 + 2 * IDLE - 1).is_none());
        let busy = begin(&mut sessions, 0);
        assert!((0..LONGEST).step_by(60).all(|now| sessions.used(&busy, now).is_some()));
        assert!(sessions.used(&busy, LONGEST).is_none());
    }

    #[test]
    fn looking_at_a_session_does_not_prolong_it() {
        let mut sessions = Sessions::default();
        let key = begin(&mut sessions, 0);
        assert!(sessions.seen(&key, IDLE - 1).is_some());
        assert!(sessions.seen(&key, IDLE).is_none());
    }

    #[test]
    fn a_user_has_a_bounded_number_of_sessions_and_the_oldest_goes() {
        let mut sessions = Sessions::default();
        let keys: Vec<_> = (0..=OF_A_USER as u64).map(|now| begin(&mut sessions, now)).collect();
        assert_eq!(sessions.0.len(), OF_A_USER);
        assert!(sessions.seen(&keys[0], 70).is_none() && sessions.seen(&keys[1], 70).is_some());
    }

    #[test]
    fn what_was_ended_is_over_and_what_was_guessed_is_none() {
        let mut sessions = Sessions::default();
        let key = begin(&mut sessions, 0);
        sessions.end(&key);
        assert!(sessions.used(&key, 1).is_none() && sessions.used(&[0; 32], 1).is_none());
    }
}
