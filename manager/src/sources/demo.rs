//! An attack of our own, to see the program at work before any log of one's
//! own is at hand.
//!
//! Plays the log of a small server into a file, with the times of today: a
//! port scan, a web scan with injections, a password that is guessed at last,
//! what the intruder does then, a USB stick, a process that ate all memory.
//! Whoever follows the file sees it as it would see the real thing. All
//! addresses are documentation addresses (RFC 5737).

use super::epoch_now;
use super::stamp::{access_time, syslog_time};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The log as it was written, with its own times.
const LOG: &str = include_str!("../../demo/attack.log");

/// Name of the file below the home folder.
const NAME: &str = "demo.log";

/// How fast the log is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Spread evenly over this time.
    Over(Duration),
    /// All lines at once.
    AtOnce,
}

impl Default for Pace {
    fn default() -> Self {
        Self::Over(Duration::from_secs(10))
    }
}

/// A demonstration that can be played into its file.
#[derive(Debug)]
pub struct Demo {
    path: PathBuf,
    file: File,
}

impl Demo {
    /// Creates the file `demo.log` in the folder `home`, or empties it. Follow
    /// it, from its beginning or its end, and then play.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn prepare(home: &Path) -> io::Result<Self> {
        let path = home.join(NAME);
        let file = File::create(&path)?;
        Ok(Self { path, file })
    }

    /// The file that is written.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the log with present times until it ends or `stop` is set.
    /// Returns the number of lines written.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn play(&mut self, pace: Pace, stop: &AtomicBool) -> io::Result<usize> {
        let total = u32::try_from(lines().count()).unwrap_or(u32::MAX).max(1);
        let start = Instant::now();
        let mut written = 0;
        for line in lines() {
            if let Pace::Over(time) = pace {
                wait_until(start + time / total * written, stop);
            }
            if stop.load(Relaxed) {
                break;
            }
            let mut text = at_time(line, epoch_now()).into_owned();
            text.push('\n');
            self.file.write_all(text.as_bytes())?;
            written += 1;
        }
        Ok(usize::try_from(written).unwrap_or(usize::MAX))
    }
}

/// The lines of the log with the times at which they were written.
pub fn lines() -> impl Iterator<Item = &'static str> {
    LOG.lines()
}

/// A line of the log with another time: in front (`May  4 09:12:01`), or in
/// brackets as web servers write it. A line without a time stays as it is.
pub fn at_time(line: &str, epoch: i64) -> Cow<'_, str> {
    let is_syslog = |head: &[u8]| {
        [3, 6, 15].iter().all(|&k| head.get(k) == Some(&b' '))
            && [9, 12].iter().all(|&k| head.get(k) == Some(&b':'))
    };
    if is_syslog(line.as_bytes()) {
        let rest = line.get(15..).unwrap_or("");
        return Cow::Owned(syslog_time(epoch) + rest);
    }
    match line.split_once(" [").and_then(|(front, rest)| Some((front, rest.split_once("] \"")?))) {
        Some((front, (_, rest))) => Cow::Owned(format!("{front} [{}] \"{rest}", access_time(epoch))),
        None => Cow::Borrowed(line),
    }
}

fn wait_until(until: Instant, stop: &AtomicBool) {
    while !stop.load(Relaxed) {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        std::thread::sleep(left.min(Duration::from_millis(100)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Arrival;
    use crate::sources::follow::{Follower, Start};
    use crate::sources::stamp::Stamper;

    #[test]
    fn every_line_but_command_output_gets_the_present_time() {
        let now = epoch_now();
        let mut stamper = Stamper::new(now);
        for line in lines() {
            let time = stamper.time_of(at_time(line, now).as_bytes());
            let want = if line.starts_with("ossec: ") { None } else { Some(now) };
            assert_eq!(time, want, "{line}");
        }
        assert!((100..150).contains(&lines().count()));
    }

    #[test]
    fn only_documentation_addresses_and_plain_text_are_in_the_log() {
        let known = ["192.0.2.", "198.51.100.", "203.0.113.", "0.0.0.0", "127.0.0.1"];
        for line in lines() {
            assert!(line.is_ascii() && line.len() < 1000, "{line}");
            let words = line.split(|c: char| !(c.is_ascii_digit() || c == '.'));
            let addresses = words.filter(|w| w.parse::<std::net::Ipv4Addr>().is_ok());
            for address in addresses {
                assert!(known.iter().any(|k| address.starts_with(k)), "{address} in {line}");
            }
        }
    }

    #[test]
    fn no_line_is_like_one_of_the_three_before_it() {
        // OSSEC 4.3 drops such lines: they would be missing in the show.
        let all: Vec<&str> = lines().map(|l| l.get(15..).unwrap_or(l)).collect();
        for (at, line) in all.iter().enumerate() {
            assert!(!all[at.saturating_sub(3)..at].contains(line), "{line}");
        }
    }

    #[test]
    fn what_is_played_comes_out_of_the_followed_file() {
        let home = tempfile::tempdir().expect("a folder");
        let mut demo = Demo::prepare(home.path()).expect("created");
        let path = demo.path().display().to_string();
        let mut follower = Follower::new(std::slice::from_ref(&path), Start::End);
        let mut count = 0;
        let mut poll = |follower: &mut Follower, now| {
            follower.poll(now, 0, &mut |arrival| match arrival {
                Arrival::Line(line) => {
                    assert_eq!(line.location, path);
                    count += 1;
                }
                Arrival::News(..) | Arrival::Reached(..) => {}
            })
        };
        let now = Instant::now();
        while poll(&mut follower, now) {}
        let stop = AtomicBool::new(false);
        assert_eq!(demo.play(Pace::AtOnce, &stop).expect("written"), lines().count());
        while poll(&mut follower, now + Duration::from_secs(2)) {}
        assert_eq!(count, lines().count());
    }

    #[test]
    fn the_pace_is_kept_and_a_stop_is_heeded() {
        let home = tempfile::tempdir().expect("a folder");
        let mut demo = Demo::prepare(home.path()).expect("created");
        let (stop, start) = (AtomicBool::new(false), Instant::now());
        let pace = Pace::Over(Duration::from_millis(200));
        assert_eq!(demo.play(pace, &stop).expect("written"), lines().count());
        assert!(start.elapsed() >= Duration::from_millis(190));
        stop.store(true, Relaxed);
        assert_eq!(demo.play(Pace::default(), &stop).expect("written"), 0);
    }
}
