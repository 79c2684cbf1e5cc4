//! Sources that cannot wait, and what the agent itself has to say: into the
//! spool.

use super::{Agent, LIVE};
use crate::files::Happening;
use crate::live::{Heard, Live, TOKENS};
use crate::status::{self, Meter};
use bartizan_core::follow::Trouble;
use bartizan_core::limits::RECORD_MAX;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::Record;
use mio::Token;

/// Where the agent's own records come from.
const OWN: &str = "bartizan-agent";

/// How long records of the spool gather after some have left.
const GATHER_MS: u64 = 40;

/// Places that are told apart; the records of others come from [`OWN`].
const PLACES_MAX: usize = 1024;

/// A source and what is known of it.
struct One {
    source: Box<dyn Live>,
    /// What it belongs to, for the status.
    name: &'static str,
    /// Tokens that something has happened to.
    awake: Vec<Token>,
    trouble: Option<String>,
    meter: Meter,
}

/// All of them.
#[derive(Default)]
pub(super) struct Listening {
    all: Vec<Option<One>>,
    places: usize,
    /// When the first record may leave that was not sent.
    waiting: Option<Millis>,
    /// Until then records gather.
    calm: Millis,
}

impl Listening {
    /// Something has happened to a source.
    pub(super) fn wake(&mut self, number: usize, token: Token) {
        if let Some(one) = self.all.get_mut(number).and_then(Option::as_mut)
            && !one.awake.contains(&token)
        {
            one.awake.push(token);
        }
    }

    /// When something is due.
    pub(super) fn next_deadline(&self) -> Millis {
        let running = self.all.iter().flatten().filter(|one| one.trouble.is_none());
        running.filter_map(|one| one.source.next_deadline()).fold(Millis::NEVER, Millis::min)
    }

    /// When what waits in the spool may leave: at once, unless something has
    /// left just now.
    pub(super) fn gathered_at(&self) -> Millis {
        self.waiting.unwrap_or(Millis::NEVER)
    }

    /// What waits is to be sent at once.
    pub(super) fn hurry(&mut self) {
        self.waiting = None;
    }

    /// Whether what waits in the spool may leave. Afterwards it counts as sent.
    pub(super) fn is_gathered(&mut self, now: Millis) -> bool {
        let is_gathered = self.waiting.is_none_or(|at| at <= now);
        if is_gathered {
            (self.waiting, self.calm) = (None, now.plus(GATHER_MS));
        }
        is_gathered
    }

    /// For the status.
    pub(super) fn report(&self, now: Millis, sources: &mut Vec<status::Source>) {
        sources.extend(self.all.iter().flatten().map(|one| status::Source {
            name: one.name.to_owned(),
            state: one.trouble.clone().unwrap_or_else(|| "read".to_owned()),
            records: one.meter.records,
            bytes: one.meter.bytes,
            rate: one.meter.rate(now),
            ..status::Source::default()
        }));
    }

    fn is_awake(&self) -> bool {
        self.all.iter().flatten().any(|one| !one.awake.is_empty())
    }
}

impl Agent {
    /// Lets every source have its turn. `true`: there is more.
    pub(super) fn listen(&mut self, now: Millis) -> bool {
        for number in 0..self.listening.all.len() {
            let Some(mut one) = self.listening.all.get_mut(number).and_then(Option::take) else { continue };
            self.listen_to(&mut one, now);
            self.listening.all[number] = Some(one);
        }
        self.listening.is_awake()
    }

    fn listen_to(&mut self, one: &mut One, now: Millis) {
        let One { source, awake, trouble: None, meter, .. } = one else { return };
        let mut sink = |heard: Heard<'_>| {
            meter.count(1, heard.text.len() as u64);
            self.spool_record(heard, now);
        };
        if source.next_deadline().is_some_and(|at| at <= now) {
            source.tick(now, &mut sink);
        }
        awake.retain(|token| source.ready(*token, now, &mut sink));
    }

    pub(super) fn spool_record(&mut self, heard: Heard<'_>, now: Millis) {
        let Some(source) = self.place_of(heard.place) else { return };
        let record = Record { source, queue: heard.queue, age_ms: 0, cut: heard.cut, text: heard.text };
        self.spool.push(&record, heard.place, now);
        let at = self.listening.calm.max(now);
        self.listening.waiting.get_or_insert(at);
    }

    /// The number of a place; that of [`OWN`] when there are too many.
    fn place_of(&mut self, place: &str) -> Option<u16> {
        if let Some(index) = self.roster.find(place) {
            return Some(index);
        }
        let place = if self.listening.places < PLACES_MAX { place } else { OWN };
        let uplink = &mut self.uplink;
        let index = self.roster.add(place, |index| uplink.open(index));
        self.listening.places += usize::from(index.is_some());
        index
    }

    /// A record of the agent's own, and a line on standard error.
    pub(super) fn note(&mut self, parts: &[&str], now: Millis) {
        let mut text = parts.concat();
        crate::commands::complain(&text);
        let mut end = text.len().min(RECORD_MAX);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        self.spool_record(Heard { place: OWN, queue: b'1', cut: 0, text: text.as_bytes() }, now);
    }

    /// What happened to files, as far as somebody should know.
    pub(super) fn note_happenings(&mut self, now: Millis) {
        for Happening { path, news } in self.files.take_happenings() {
            if news.rotated > 0 {
                self.note(&["ossec: File rotated (inode changed): '", &path, "'."], now);
            }
            if news.truncated {
                self.note(&["ossec: File size reduced (inode remained): '", &path, "'."], now);
            }
            if news.lost {
                let why = "': lines that were not read are gone (compressed or deleted).";
                self.note(&["ossec: Place lost in '", &path, why], now);
            }
            if let Some(why) = news.trouble.and_then(why) {
                self.note(&["bartizan: cannot read '", &path, "': ", why], now);
            }
        }
    }

    /// Forgets the sources of some names, once they have said all.
    pub(super) fn end_listening(&mut self, is_meant: impl Fn(&str) -> bool, now: Millis) {
        for number in 0..self.listening.all.len() {
            let place = self.listening.all.get_mut(number);
            let Some(mut one) = place.and_then(|one| one.take_if(|one| is_meant(one.name))) else { continue };
            one.source.end(now, &mut |heard| self.spool_record(heard, now));
        }
    }

    /// Opens sources, or forgets those of a name. What cannot be opened is
    /// said once.
    pub(super) fn listen_anew(&mut self, name: &'static str, sources: Vec<Box<dyn Live>>, now: Millis) {
        self.end_listening(|one| one == name, now);
        for mut source in sources {
            let free = self.listening.all.iter().position(Option::is_none);
            let number = free.unwrap_or(self.listening.all.len());
            let first = Token(LIVE + number * TOKENS);
            let opened = source.register(self.poll.registry(), first);
            let trouble = opened.err().map(|error| error.to_string());
            if let Some(trouble) = &trouble {
                self.note(&["bartizan: ", name, ": ", trouble], now);
            }
            let one =
                One { source, name, awake: Vec::with_capacity(TOKENS), trouble, meter: Meter::new(now) };
            match free {
                Some(number) => self.listening.all[number] = Some(one),
                None => self.listening.all.push(Some(one)),
            }
        }
    }
}

/// Why a file cannot be read, if somebody should do something about it.
fn why(trouble: Trouble) -> Option<&'static str> {
    match trouble {
        Trouble::NotFound => None,
        Trouble::Denied => Some("no permission; run the agent as root or in the file's group"),
        Trouble::NotAFile => Some("it is a folder, a pipe or a device, which are not followed"),
        Trouble::Other => Some("the system reports an error"),
    }
}
