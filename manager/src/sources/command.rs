//! Commands whose output is followed: `command` and `full_command`.
//!
//! A thread for each command runs it at the start and then every `frequency`
//! seconds, by the shell, in a process group of its own. A run that takes too
//! long or says too much is ended with all that it has started.

use super::{Arrival, Line, News, epoch_now};
use crate::config::{LocalFile, LogFormat};
use bartizan_core::assemble::{self, command};
use bartizan_core::limits::TEXT_MAX;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of one run's output.
const OUTPUT_MAX: usize = 1 << 20;

/// Bytes of a line of `command` (OSSEC 4.3).
const LINE_MAX: usize = 5631;

/// Bytes of the output of `full_command` (OSSEC 4.3).
const FULL_MAX: usize = 5632;

/// Seconds that a run may take if nothing is said.
const TIMEOUT_S: u32 = 120;

/// How often a thread looks whether it is to end.
const LOOK: Duration = Duration::from_millis(250);

/// A command that is followed.
#[derive(Clone, Debug)]
pub struct Planned {
    text: String,
    /// What it is called in events.
    alias: String,
    is_full: bool,
    every: Duration,
    timeout: Duration,
}

/// What a run has given.
struct Output {
    bytes: Vec<u8>,
    /// Why it was ended, if it did not end by itself.
    ended: Option<&'static str>,
}

impl Planned {
    /// The command that is configured here, if it is one.
    pub fn of(file: &LocalFile) -> Option<Self> {
        let is_full = match file.format {
            LogFormat::Command => false,
            LogFormat::FullCommand => true,
            _ => return None,
        };
        let text = file.command.clone()?;
        Some(Self {
            // OSSEC 4.3: a colon would end the name in rules.
            alias: file.alias.as_ref().unwrap_or(&text).replace(':', "\\"),
            is_full,
            every: Duration::from_secs(file.frequency.into()),
            timeout: Duration::from_secs(file.timeout.unwrap_or(TIMEOUT_S).into()),
            text,
        })
    }

    /// Runs the command again and again until `stop` is set.
    pub fn run(&self, stop: &AtomicBool, sink: &mut dyn FnMut(Arrival<'_>)) {
        let mut last_news = None;
        while !stop.load(Relaxed) {
            let due = Instant::now() + self.every;
            let news = match self.once(stop) {
                Ok(output) => {
                    self.hand_on(&output.bytes, sink);
                    output.ended.map(|why| News::Remark(format!("was ended: {why}")))
                }
                Err(error) => Some(News::Unreadable(format!("it cannot be run: {error}"))),
            };
            // What goes on being wrong is said once.
            if let Some(news) = news.clone().filter(|news| Some(news) != last_news.as_ref()) {
                sink(Arrival::News(&self.alias, news));
            }
            last_news = news;
            while Instant::now() < due && !stop.load(Relaxed) {
                thread::sleep(LOOK.min(due.saturating_duration_since(Instant::now())));
            }
        }
    }

    fn once(&self, stop: &AtomicBool) -> io::Result<Output> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(&self.text).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.process_group(0).spawn()?;
        let output = self.read(&mut child, stop);
        // The group outlives its leader if that has left something behind.
        if let Ok(group) = i32::try_from(child.id()) {
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
        }
        child.wait()?;
        output
    }

    fn read(&self, child: &mut Child, stop: &AtomicBool) -> io::Result<Output> {
        let mut pipe = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let until = Instant::now() + self.timeout;
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        let ended = loop {
            if stop.load(Relaxed) || Instant::now() >= until {
                break Some("it took too long");
            }
            let wait = PollTimeout::try_from(LOOK).unwrap_or(PollTimeout::ZERO);
            if poll(&mut [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)], wait).unwrap_or(0) == 0 {
                continue;
            }
            let room = OUTPUT_MAX.saturating_sub(bytes.len()).min(chunk.len());
            match pipe.read(&mut chunk[..room])? {
                0 if room == 0 => break Some("it says too much"),
                0 => break None,
                length => bytes.extend_from_slice(&chunk[..length]),
            }
        };
        Ok(Output { bytes, ended })
    }

    fn hand_on(&self, output: &[u8], sink: &mut dyn FnMut(Arrival<'_>)) {
        let mut buffer = vec![0; TEXT_MAX];
        let mut give = |record: assemble::Record<'_>| {
            let (location, time, cut) = (&*self.alias, epoch_now(), record.cut.into());
            sink(Arrival::Line(Line { location, bytes: record.text, is_merged: false, cut, time }));
        };
        if self.is_full {
            let (text, cut) = cut_to(output, FULL_MAX);
            command::full(self.alias.as_bytes(), text, cut, &mut buffer).into_iter().for_each(&mut give);
            return;
        }
        let lines = output.strip_suffix(b"\n").unwrap_or(output);
        for line in lines.split(|byte| *byte == b'\n').filter(|_| !output.is_empty()) {
            let (text, cut) = cut_to(line, LINE_MAX);
            give(command::line(self.alias.as_bytes(), assemble::Line { text, at: 0, cut }, &mut buffer));
        }
    }
}

/// The beginning of a text, and how many bytes are left out behind it.
fn cut_to(text: &[u8], most: usize) -> (&[u8], u32) {
    let (text, rest) = text.split_at_checked(most).unwrap_or((text, b""));
    (text, u32::try_from(rest.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(text: &str, is_full: bool, timeout: Duration) -> Planned {
        let (every, alias) = (Duration::from_secs(3600), "label".to_owned());
        Planned { text: text.to_owned(), alias, is_full, every, timeout }
    }

    /// What comes of one run: lines, then news.
    fn once(command: &Planned) -> Vec<String> {
        let stop = AtomicBool::new(false);
        let output = command.once(&stop).expect("it runs");
        let mut came = Vec::new();
        command.hand_on(&output.bytes, &mut |arrival| {
            if let Arrival::Line(line) = arrival {
                came.push(String::from_utf8_lossy(line.bytes).into_owned());
            }
        });
        came.extend(output.ended.map(str::to_owned));
        came
    }

    #[test]
    fn each_line_is_an_event_and_nothing_of_the_last_one_is_lost() {
        let came = once(&planned("echo one; echo; printf two", false, Duration::from_secs(30)));
        assert_eq!(
            came,
            ["ossec: output: 'label': one", "ossec: output: 'label': ", "ossec: output: 'label': two"]
        );
        assert!(once(&planned("true", false, Duration::from_secs(30))).is_empty());
    }

    #[test]
    fn a_full_command_is_one_event() {
        let came = once(&planned("printf 'one\\ntwo'", true, Duration::from_secs(30)));
        assert_eq!(came, ["ossec: output: 'label':\none\ntwo"]);
    }

    #[test]
    fn what_takes_too_long_or_says_too_much_is_ended_with_its_children() {
        let start = Instant::now();
        let came = once(&planned("echo early; sleep 600 & sleep 600", false, Duration::from_millis(600)));
        assert_eq!(came, ["ossec: output: 'label': early", "it took too long"]);
        let came = once(&planned("yes | head -c 5000000", true, Duration::from_secs(60)));
        assert_eq!(came.last().map(String::as_str), Some("it says too much"));
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
