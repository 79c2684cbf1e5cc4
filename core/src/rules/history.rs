//! Earlier events, in lent memory.
//!
//! What a correlation rule may ask about is kept here: the text of every event
//! that fired a rule, when, and the values that rules compare. Events stand in
//! a ring of slots, their bytes in a ring of bytes; when either is full the
//! oldest go. Each correlation list is a queue of links to slots. Nothing here
//! grows: remembering one event drops a bounded number of old ones, and a
//! search looks at each remembered event once at most.
//!
//! Rows and keys belong to an image. When another one takes its place, its
//! history adopts (`adopt`) what this one remembers.

mod adopt;

pub use super::key::Key;

use super::condition;
use crate::event::{Copies, Event};
use crate::image::Image;
use crate::limits::REMEMBERED_NAMES_MAX;
use crate::record::Span;
use heapless::Vec;
use zerocopy::little_endian::U16;

/// A number that names a remembered event for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventNumber(pub u64);

/// One remembered event.
#[derive(Clone, Debug, Default)]
pub struct Slot {
    /// When it was judged, seconds.
    pub time: i64,
    /// Level of the rule whose search used it up; 0 for none.
    pub mark: u16,
    /// Row of the rule it fired.
    pub rule: u16,
    /// Type of log.
    pub category: u8,
    /// How many packets it stands for.
    pub copies: Copies,
    /// Whether it has dynamic fields.
    pub dynamic: bool,
    /// Whether an agent has sent it.
    pub from_agent: bool,
    /// Of each of the first values something that tells most others apart.
    prints: [u8; PRINTS],
    start: u32,
    len: u32,
    text: u16,
    /// How many values have a place.
    values: u16,
    log: Span,
}

/// One entry of a correlation list.
#[derive(Clone, Debug, Default)]
pub struct Link {
    event: u64,
    older: u32,
    newer: u32,
}

/// One correlation list.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    oldest: u32,
    newest: u32,
    len: u32,
}

const NOWHERE: u32 = u32::MAX;

/// Values of an event of which a print is kept: keys come first.
const PRINTS: usize = 16;

/// Stands for the rule of an event whose rule is not there any more.
const NO_RULE: u16 = u16::MAX;

/// Where the events stand in their memory.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    first: u64,
    next: u64,
    /// The slot of the first one.
    slot: usize,
    write: usize,
    free: u32,
}

/// Memory that the host lends to a [`History`]. What is remembered is all in
/// here, so that another history can go on where one has ended.
#[derive(Debug)]
pub struct Memory<'m> {
    /// One for each event to remember.
    pub slots: &'m mut [Slot],
    /// One for each entry of a list; twice the slots is plenty.
    pub links: &'m mut [Link],
    /// One for each correlation list of the image.
    pub queues: &'m mut [Queue],
    /// For the texts of the events.
    pub bytes: &'m mut [u8],
    /// Where they stand in it.
    pub at: &'m mut Standing,
}

impl Memory<'_> {
    /// Forgets everything.
    pub fn clear(&mut self) {
        let links = self.links.len() as u32;
        for (n, link) in self.links.iter_mut().enumerate() {
            let next = n as u32 + 1;
            link.newer = if next < links { next } else { NOWHERE };
        }
        self.queues.fill(Queue { oldest: NOWHERE, newest: NOWHERE, len: 0 });
        let free = if links == 0 { NOWHERE } else { 0 };
        *self.at = Standing { free, ..Standing::default() };
    }
}

/// Earlier events.
#[derive(Debug)]
pub struct History<'i, 'm> {
    image: Image<'i>,
    memory: Memory<'m>,
}

impl<'i, 'm> History<'i, 'm> {
    /// An empty history.
    pub fn new(image: Image<'i>, mut memory: Memory<'m>) -> Self {
        memory.clear();
        Self { image, memory }
    }

    /// Goes on with what a history of the same image has left in its memory.
    pub fn resume(image: Image<'i>, memory: Memory<'m>) -> Self {
        Self { image, memory }
    }

    /// Forgets everything.
    pub fn forget(&mut self) {
        self.memory.clear();
    }

    /// Number of events remembered.
    pub fn len(&self) -> usize {
        (self.memory.at.next - self.memory.at.first) as usize
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.memory.at.first == self.memory.at.next
    }

    /// The lists that remember the events of a rule.
    fn feeds(&self, rule: u16) -> &'i [U16] {
        self.image.rule(rule).map_or(&[], |rule| self.image.range(self.image.index, rule.feeds))
    }

    /// The slot of an event. No event stands before the first in its ring.
    fn place(&self, number: u64) -> Option<usize> {
        let at = &self.memory.at;
        let known = (at.first..at.next).contains(&number);
        let place = at.slot + known.then(|| number - at.first)? as usize;
        let slots = self.memory.slots.len();
        Some(if place < slots { place } else { place - slots })
    }

    /// A remembered event.
    #[inline]
    pub fn get(&self, number: EventNumber) -> Option<&Slot> {
        self.memory.slots.get(self.place(number.0)?)
    }

    /// Marks an event as used up by a rule of this level.
    pub fn mark(&mut self, number: EventNumber, level: u16) {
        if let Some(slot) = self.place(number.0).and_then(|place| self.memory.slots.get_mut(place)) {
            slot.mark = level;
        }
    }

    fn bytes_of(&self, slot: &Slot) -> &[u8] {
        let start = slot.start as usize;
        self.memory.bytes.get(start..start + slot.len as usize).unwrap_or(b"")
    }

    /// The full log of a remembered event.
    pub fn text(&self, number: EventNumber) -> Option<&[u8]> {
        self.get(number).map(|slot| self.text_of(slot))
    }

    fn text_of(&self, slot: &Slot) -> &[u8] {
        self.bytes_of(slot).get(..usize::from(slot.text)).unwrap_or(b"")
    }

    /// What stood behind its header.
    pub fn log(&self, slot: &Slot) -> &[u8] {
        slot.log.of(self.bytes_of(slot))
    }

    /// The value of a key of a remembered event. Only keys that some rule
    /// compares are remembered.
    pub fn key(&self, slot: &Slot, key: Key) -> Option<&[u8]> {
        self.value(slot, self.number_of(key)?)
    }

    /// The value of a dynamic field of a remembered event, by the number of
    /// its name among those that rules compare.
    pub fn dynamic(&self, slot: &Slot, name: u16) -> Option<&[u8]> {
        self.value(slot, self.number_of_name(name))
    }

    /// The number of a key's value: the keys come first.
    pub(super) fn number_of(&self, key: Key) -> Option<usize> {
        let keys = self.image.header.settings.keys.get();
        (keys & key.bit() != 0).then(|| (keys & (key.bit() - 1)).count_ones() as usize)
    }

    /// The number of a dynamic field's value.
    fn number_of_name(&self, name: u16) -> usize {
        Key::of_mask(self.image.header.settings.keys.get()).count() + usize::from(name)
    }

    /// A value by its number.
    pub(super) fn value(&self, slot: &Slot, number: usize) -> Option<&[u8]> {
        let (start, len) = self.place_of(slot, number)?;
        self.bytes_of(slot).get(start as usize..)?.get(..usize::from(len))
    }

    /// Whether a value by its number is this one.
    pub(super) fn is_value(&self, slot: &Slot, number: usize, value: &[u8], print: u8) -> bool {
        slot.prints.get(number).is_none_or(|kept| *kept == print) && self.value(slot, number) == Some(value)
    }

    /// Where a value is, in the bytes of its event: stands behind the text.
    fn place_of(&self, slot: &Slot, number: usize) -> Option<(u32, u16)> {
        if number >= usize::from(slot.values) {
            return None;
        }
        let entry = usize::from(slot.text) + number * PLACE;
        let [a, b, c, d, e, f] = *self.bytes_of(slot).get(entry..)?.first_chunk::<PLACE>()?;
        Some((u32::from_le_bytes([a, b, c, d]), u16::from_le_bytes([e, f])))
    }

    /// All events, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = EventNumber> + use<> {
        (self.memory.at.first..self.memory.at.next).rev().map(EventNumber)
    }

    /// The newest entry of a list; [`older`](Self::older) goes on from it.
    pub fn newest_in(&self, list: u16) -> Option<Entry> {
        self.entry(self.memory.queues.get(usize::from(list))?.newest)
    }

    /// The entry before this one in its list.
    pub fn older(&self, entry: Entry) -> Option<Entry> {
        self.entry(self.memory.links.get(entry.link as usize)?.older)
    }

    fn entry(&self, link: u32) -> Option<Entry> {
        let event = self.memory.links.get(link as usize)?.event;
        Some(Entry { link, event: EventNumber(event) })
    }

    /// Remembers an event that fired a rule, in the history and in the lists
    /// that the rule feeds.
    pub fn remember(&mut self, event: &Event<'_>, rule: u16, mark: u16) {
        if self.memory.slots.is_empty() {
            return;
        }
        if self.len() >= self.memory.slots.len() {
            self.overflow(event.now.epoch);
        }
        // Of one that a search has used up its packets do not count again.
        let copies = if mark == 0 { event.copies } else { Copies::default() };
        let mut slot = Slot {
            time: event.now.epoch,
            mark,
            rule,
            category: event.category as u8,
            copies,
            dynamic: condition::has_dynamic(&self.image, event),
            from_agent: event.is_from_agent(),
            log: event.log,
            ..Slot::default()
        };
        if self.write_bytes(event.text, &values(&self.image, event), &mut slot) {
            self.push(slot);
        }
    }

    /// Adds an event whose bytes are written.
    fn push(&mut self, slot: Slot) {
        let (number, rule) = (self.memory.at.next, slot.rule);
        self.memory.at.next += 1;
        if let Some(place) = self.place(number).and_then(|place| self.memory.slots.get_mut(place)) {
            *place = slot;
        }
        for list in self.feeds(rule) {
            self.append(list.get(), number);
        }
    }

    /// OSSEC 4.3 drops the oldest ten, and further ones while they are older
    /// than the largest frequency of any rule, taken as seconds.
    fn overflow(&mut self, now: i64) {
        let age_max = i64::from(self.image.header.settings.frequency_max.get());
        let mut dropped = 0;
        while let Some(slot) = self.get(EventNumber(self.memory.at.first)) {
            if dropped >= 10 && now - slot.time <= age_max {
                break;
            }
            self.drop_oldest();
            dropped += 1;
        }
    }

    /// Forgets the oldest event: its entries are the oldest of its lists.
    fn drop_oldest(&mut self) {
        let Some(slot) = self.get(EventNumber(self.memory.at.first)) else { return };
        let (rule, number) = (slot.rule, self.memory.at.first);
        for list in self.feeds(rule) {
            let queue = self.memory.queues.get(usize::from(list.get()));
            if queue.and_then(|queue| self.entry(queue.oldest)).is_some_and(|oldest| oldest.event.0 == number)
            {
                self.drop_entry(list.get());
            }
        }
        self.memory.at.first += 1;
        self.memory.at.slot += 1;
        if self.memory.at.slot == self.memory.slots.len() {
            self.memory.at.slot = 0;
        }
        if self.is_empty() {
            self.memory.at.write = 0;
        }
    }

    /// Finds room for an event's bytes, dropping the oldest events until
    /// there is; false if there can be none.
    fn reserve(&mut self, len: usize) -> bool {
        let size = self.memory.bytes.len();
        if len > size {
            return false;
        }
        loop {
            let Some(oldest) = self.get(EventNumber(self.memory.at.first)).map(|slot| slot.start as usize)
            else {
                self.memory.at.write = 0;
                return true;
            };
            let wrapped = self.memory.at.write <= oldest;
            if wrapped && self.memory.at.write + len < oldest
                || !wrapped && self.memory.at.write + len <= size
            {
                return true;
            }
            if !wrapped && len < oldest {
                self.memory.at.write = 0;
                return true;
            }
            self.drop_oldest();
        }
    }

    /// Writes what is remembered of an event: its text, a table of places, and
    /// those values that do not stand in the text.
    fn write_bytes(&mut self, text: &[u8], values: &[Remembered<'_>], slot: &mut Slot) -> bool {
        let table = text.len() + values.len() * PLACE;
        let copied = |value: &Remembered<'_>| match value {
            Remembered::Copy(bytes) => bytes.len(),
            Remembered::Nothing | Remembered::InText(_) => 0,
        };
        let len = table + values.iter().map(copied).sum::<usize>();
        if !self.reserve(len) {
            return false;
        }
        for (kept, value) in slot.prints.iter_mut().zip(values) {
            *kept = print(value.bytes(text));
        }
        slot.start = self.memory.at.write as u32;
        slot.len = len as u32;
        slot.text = text.len() as u16;
        slot.values = values.len() as u16;
        self.put(text);
        let mut next = table;
        for value in values {
            let (start, len) = match value {
                Remembered::Nothing => (u32::MAX, 0),
                Remembered::InText(span) => (span.start.into(), span.len),
                Remembered::Copy(bytes) => (next as u32, bytes.len() as u16),
            };
            next += copied(value);
            let ([a, b, c, d], [e, f]) = (start.to_le_bytes(), len.to_le_bytes());
            self.put(&[a, b, c, d, e, f]);
        }
        for value in values {
            if let Remembered::Copy(bytes) = value {
                self.put(bytes);
            }
        }
        true
    }

    /// Copies bytes to where room was reserved.
    fn put(&mut self, bytes: &[u8]) {
        let start = self.memory.at.write;
        self.put_at(start as u32, bytes);
        self.memory.at.write = start + bytes.len();
    }

    /// Copies bytes to a place; whether they fit there.
    fn put_at(&mut self, start: u32, bytes: &[u8]) -> bool {
        let start = start as usize;
        let room = self.memory.bytes.get_mut(start..start + bytes.len());
        room.map(|room| room.copy_from_slice(bytes)).is_some()
    }

    fn append(&mut self, list: u16, number: u64) {
        let settings = &self.image.header.settings;
        let bounded = list < settings.bounded_lists.get();
        let full = |queue: &Queue| bounded && queue.len >= settings.bounded_len.get();
        if self.memory.queues.get(usize::from(list)).is_some_and(full) {
            self.drop_entry(list);
        }
        while self.memory.at.free == NOWHERE && self.memory.at.first + 1 < self.memory.at.next {
            self.drop_oldest();
        }
        let link = self.memory.at.free;
        let Some(entry) = self.memory.links.get_mut(link as usize) else { return };
        let Some(queue) = self.memory.queues.get_mut(usize::from(list)) else { return };
        self.memory.at.free = entry.newer;
        *entry = Link { event: number, older: queue.newest, newer: NOWHERE };
        let before = queue.newest;
        queue.newest = link;
        queue.len += 1;
        match self.memory.links.get_mut(before as usize) {
            Some(before) => before.newer = link,
            None => queue.oldest = link,
        }
    }

    /// Removes the oldest entry of a list.
    fn drop_entry(&mut self, list: u16) {
        let Some(queue) = self.memory.queues.get_mut(usize::from(list)) else { return };
        let link = queue.oldest;
        let Some(entry) = self.memory.links.get_mut(link as usize) else { return };
        let newer = entry.newer;
        entry.newer = self.memory.at.free;
        self.memory.at.free = link;
        queue.oldest = newer;
        queue.len -= 1;
        match self.memory.links.get_mut(newer as usize) {
            Some(newer) => newer.older = NOWHERE,
            None => queue.newest = NOWHERE,
        }
    }
}

/// Bytes that say where a value is.
const PLACE: usize = 6;

/// Values of one event that are remembered.
const VALUES_MAX: usize = Key::COUNT + REMEMBERED_NAMES_MAX;

/// A value to remember.
enum Remembered<'e> {
    Nothing,
    InText(Span),
    Copy(&'e [u8]),
}

impl Remembered<'_> {
    /// The bytes of a value of an event with this text; none if it is missing.
    fn bytes<'t>(&'t self, text: &'t [u8]) -> &'t [u8] {
        match self {
            Self::Nothing => b"",
            Self::InText(span) => span.of(text),
            Self::Copy(bytes) => bytes,
        }
    }
}

/// What tells a value from most others: equal values have equal prints. Ends
/// of addresses and of names differ more often than their beginnings.
pub(super) fn print(value: &[u8]) -> u8 {
    let end = value.get(value.len().saturating_sub(4)..).unwrap_or(value);
    end.iter().fold(value.len() as u8, |print, byte| print.rotate_left(3) ^ byte)
}

/// The values of an event that rules compare: first the keys, then the
/// dynamic fields.
fn values<'e>(image: &Image<'e>, event: &'e Event<'_>) -> Vec<Remembered<'e>, VALUES_MAX> {
    let copy = |value: Option<&'e [u8]>| match value {
        // A value cannot be so long: texts and side buffers are shorter.
        Some(value) if value.len() <= usize::from(u16::MAX) => Remembered::Copy(value),
        _ => Remembered::Nothing,
    };
    let keys = Key::of_mask(image.header.settings.keys.get());
    let keys = keys.map(|key| key.in_text(event).map_or_else(|| copy(key.of(event)), Remembered::InText));
    // Most events have none, and are not asked for each name.
    let has_any = condition::has_dynamic(image, event) || event.counts().next().is_some();
    let names = image.compared_names().iter().filter(|_| has_any);
    let dynamic = names.map(|name| copy(condition::dynamic(image, event, image.text(*name))));
    let mut all = Vec::new();
    all.extend(keys.chain(dynamic).take(VALUES_MAX));
    all
}

/// An entry of a correlation list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    link: u32,
    /// The event.
    pub event: EventNumber,
}
