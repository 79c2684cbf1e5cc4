//! Whose turn it is: deficit round robin over priorities, and round robin over
//! the files of one priority.
//!
//! Each priority has a share of every round of bytes, and within it files
//! come one after the other. So a thousand busy files of low priority take
//! one share together, and a file of high priority waits for one turn of each
//! other priority at most.

use std::collections::VecDeque;

/// How urgent a file is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Four shares.
    High,
    /// Two shares.
    #[default]
    Normal,
    /// One share.
    Low,
}

/// Bytes of one share in a round.
pub(super) const SHARE: usize = 16 * 1024;

const PRIORITIES: usize = 3;

/// Files that have something to read.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: [VecDeque<u16>; PRIORITIES],
    /// Bytes that each priority may still read in this round; what one turn
    /// took too much is missing in the next.
    credit: [isize; PRIORITIES],
    at: usize,
}

impl Turns {
    /// Makes room for so many files, so that nothing allocates later.
    pub(super) fn reserve(&mut self, files: usize) {
        for queue in &mut self.waiting {
            queue.reserve(files.saturating_sub(queue.len()));
        }
    }

    /// The file waits for its turn. It must not wait already.
    pub(super) fn add(&mut self, file: u16, priority: Priority) {
        self.waiting[priority as usize].push_back(file);
    }

    /// The file's turn was cut short by a full batch: it is the next one of its
    /// priority. One that got nothing is the next one of all: what it has to
    /// say at once may need most of an empty batch.
    pub(super) fn put_back(&mut self, file: u16, priority: Priority, got_nothing: bool) {
        self.waiting[priority as usize].push_front(file);
        if got_nothing {
            self.at = priority as usize;
            self.credit[self.at] = self.credit[self.at].max(1);
        }
    }

    /// Forgets a file.
    pub(super) fn remove(&mut self, file: u16) {
        for queue in &mut self.waiting {
            queue.retain(|other| *other != file);
        }
    }

    /// Whether nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.iter().all(VecDeque::is_empty)
    }

    /// The file whose turn it is. After two rounds without a share every
    /// priority that waits has credit, so the search is short.
    pub(super) fn next(&mut self) -> Option<u16> {
        if self.is_empty() {
            return None;
        }
        loop {
            let at = self.at;
            if self.waiting[at].is_empty() {
                self.credit[at] = 0;
            } else if self.credit[at] > 0 {
                return self.waiting[at].pop_front();
            } else {
                let shares = [4, 2, 1][at];
                // A debt is never more than a batch, which four shares cover.
                self.credit[at] += (shares * SHARE) as isize;
                if self.credit[at] > 0 {
                    return self.waiting[at].pop_front();
                }
            }
            self.at = (at + 1) % PRIORITIES;
        }
    }

    /// The turn took so many bytes. A priority that has used its share lets
    /// the next one go on.
    pub(super) fn took(&mut self, bytes: usize, priority: Priority) {
        let credit = &mut self.credit[priority as usize];
        *credit -= bytes as isize;
        if *credit <= 0 {
            self.at = (priority as usize + 1) % PRIORITIES;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that each file got after so many turns in which all are busy.
    fn busy(turns: &mut Turns, priorities: &[Priority], count: usize) -> Vec<usize> {
        let mut got = vec![0; priorities.len()];
        for (file, priority) in priorities.iter().enumerate() {
            turns.add(file as u16, *priority);
        }
        for _ in 0..count {
            let file = turns.next().unwrap();
            let priority = priorities[usize::from(file)];
            got[usize::from(file)] += SHARE;
            turns.took(SHARE, priority);
            turns.add(file, priority);
        }
        got
    }

    #[test]
    fn a_thousand_low_files_do_not_starve_a_high_one() {
        let mut priorities = vec![Priority::Low; 1000];
        priorities.push(Priority::High);
        let got = busy(&mut Turns::default(), &priorities, 100);
        assert_eq!(got[1000], 80 * SHARE);
        assert!(got[..20].iter().all(|bytes| *bytes == SHARE));
    }

    #[test]
    fn files_of_one_priority_get_the_same() {
        let got = busy(&mut Turns::default(), &[Priority::Normal; 5], 100);
        assert_eq!(got, [20 * SHARE; 5]);
    }

    #[test]
    fn all_priorities_have_their_share() {
        let got = busy(&mut Turns::default(), &[Priority::Low, Priority::Normal, Priority::High], 70);
        assert_eq!(got, [10 * SHARE, 20 * SHARE, 40 * SHARE]);
    }

    #[test]
    fn a_file_that_found_no_room_is_the_first_in_the_next_batch() {
        let mut turns = Turns::default();
        for (file, priority) in [(0, Priority::High), (1, Priority::Low), (2, Priority::Low)] {
            turns.add(file, priority);
        }
        turns.put_back(3, Priority::Low, true);
        assert_eq!(turns.next(), Some(3));
    }

    #[test]
    fn a_turn_that_took_too_much_is_paid_back() {
        let mut turns = Turns::default();
        turns.add(0, Priority::Low);
        assert_eq!(turns.next(), Some(0));
        turns.took(10 * SHARE, Priority::Low);
        turns.add(0, Priority::Low);
        turns.add(1, Priority::High);
        assert_eq!(turns.next(), Some(1));
        assert_eq!(turns.next(), Some(0));
        assert_eq!(turns.next(), None);
    }
}
