//! Programs that carry responses out: without a shell, with an environment of
//! one variable, and with an end.

use crate::child::{Child, End, Got};
use crate::sys;
use bartizan_core::respond::ipset::RULES;
use bartizan_core::respond::responder::{Outcome, Ticket};
use bartizan_core::respond::script::QUESTION;
use bartizan_core::time::Millis;
use mio::{Registry, Token};
use nix::unistd::{AccessFlags, access};
use std::fs;
use std::path::Path;

/// Milliseconds that a program of the system may take.
pub(super) const TIME_MS: u64 = 30_000;

/// Bytes of a program's output that are kept.
const OUTPUT_MAX: usize = 4096;

/// Characters of it that are reported.
const SAID_MAX: usize = 200;

/// Milliseconds between two looks at whether a program has ended.
const LOOK_MS: u64 = 250;

/// Where programs are found besides in `PATH`, which may be a user's.
const FOLDERS: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// What is run for one job.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The program and its arguments.
    pub(super) words: Vec<String>,
    /// Its standard input.
    pub(super) input: String,
    /// What it reads once it has asked with `check_keys`.
    pub(super) reply: Option<String>,
    /// What is run next, the last one first.
    pub(super) then: Vec<Then>,
    /// A program that fails has changed nothing.
    pub(super) is_atomic: bool,
}

/// What is run after another program.
#[derive(Debug)]
pub(super) struct Then {
    words: Vec<String>,
    /// It is run where the one before has failed, and that is no failure.
    is_remedy: bool,
}

impl Plan {
    /// Words, of which the first is a program's name.
    ///
    /// # Errors
    /// There is no such program.
    pub(super) fn new(words: &[&str]) -> Result<Self, String> {
        Ok(Self { words: command(words)?, ..Self::default() })
    }

    /// `ipset`, and after it the rules that look into the sets that it makes:
    /// they must be there, or are inserted.
    pub(super) fn ipset(script: &str, inserts: bool) -> Result<Self, String> {
        let mut plan = Self { input: script.to_owned(), ..Self::new(&["ipset", "-exist", "restore"])? };
        let is_made = |set: &str| contains(script.as_bytes(), ["create ", set, " "].concat().as_bytes());
        for rule in RULES.iter().filter(|rule| is_made(rule.arguments[4])) {
            let words = |option| command(&[&[rule.program, "-w", option][..], &rule.arguments].concat());
            if let (Ok(check), Ok(insert)) = (words("-C"), words("-I")) {
                if inserts {
                    plan.then.push(Then { words: insert, is_remedy: true });
                }
                plan.then.push(Then { words: check, is_remedy: false });
            }
        }
        Ok(plan)
    }

    /// `ip` with a script; the one of BusyBox gets a line at a time.
    pub(super) fn ip(script: &str) -> Result<Self, String> {
        let program = find("ip").ok_or("there is no program `ip` here")?;
        let is_busybox = fs::read_link(&program).is_ok_and(|real| real.ends_with("busybox"));
        if !is_busybox {
            return Ok(Self { input: script.to_owned(), ..Self::new(&["ip", "-force", "-batch", "-"])? });
        }
        let words =
            |line: &str| [program.as_str()].into_iter().chain(line.split(' ')).map(str::to_owned).collect();
        let mut then: Vec<_> =
            script.lines().rev().map(|line| Then { words: words(line), is_remedy: false }).collect();
        let words = then.pop().map_or_else(Vec::new, |first| first.words);
        Ok(Self { words, then, ..Self::default() })
    }
}

fn command(words: &[&str]) -> Result<Vec<String>, String> {
    let (name, arguments) = words.split_first().unwrap_or((&"", &[]));
    let program = find(name).ok_or_else(|| format!("there is no program `{name}` here"))?;
    Ok([program].into_iter().chain(arguments.iter().map(|word| (*word).to_owned())).collect())
}

/// Whether a part stands in a text. Neither is long.
fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The folders in which programs are found.
fn folders() -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    if path.is_empty() { FOLDERS.to_owned() } else { [&path, ":", FOLDERS].concat() }
}

/// The whole name of a program of the system.
pub(super) fn find(name: &str) -> Option<String> {
    let folders = folders();
    let paths = folders.split(':').filter(|folder| folder.starts_with('/'));
    let mut paths = paths.map(|folder| [folder, "/", name].concat());
    paths.find(|path| Path::new(path).is_file() && access(path.as_str(), AccessFlags::X_OK).is_ok())
}

/// The programs that run, and where they are registered.
#[derive(Debug)]
pub struct Runner {
    registry: Registry,
    /// Of all of them: something has happened to one.
    token: Token,
    runs: Vec<Run>,
}

/// A program that runs.
#[derive(Debug)]
struct Run {
    ticket: Ticket,
    plan: Plan,
    child: Child,
    /// Bytes of the input that were taken.
    given: usize,
    output: Vec<u8>,
    /// When it is ended.
    ends: Millis,
    /// When the output ended.
    quiet: Option<Millis>,
    /// It has taken too long.
    is_late: bool,
}

impl Runner {
    /// Nothing runs yet.
    pub fn new(registry: Registry, token: Token) -> Self {
        Self { registry, token, runs: Vec::new() }
    }

    /// Begins a plan that may take so long.
    ///
    /// # Errors
    /// The program cannot be started; nothing was done.
    pub(super) fn begin(&mut self, ticket: Ticket, plan: Plan, ends: Millis) -> Result<(), String> {
        let child = self.start(&plan.words)?;
        let output = Vec::with_capacity(OUTPUT_MAX);
        self.runs.push(Run { ticket, plan, child, given: 0, output, ends, quiet: None, is_late: false });
        Ok(())
    }

    fn start(&self, words: &[String]) -> Result<Child, String> {
        let start = || Child::start_apart(words, &folders(), &self.registry, self.token);
        let name = words.first().map_or("", String::as_str);
        sys::with_network_admin(start).map_err(|error| format!("{name} cannot be started: {error}"))
    }

    /// Goes on with everything that runs, and tells what has ended.
    pub(super) fn go_on(&mut self, now: Millis, ended: &mut dyn FnMut(Ticket, Outcome<'_>)) {
        for mut run in std::mem::take(&mut self.runs) {
            match self.step(&mut run, now) {
                None => self.runs.push(run),
                Some(Ok(())) => ended(run.ticket, Outcome::Done),
                Some(Err(why)) if run.plan.is_atomic && !run.is_late => {
                    ended(run.ticket, Outcome::NotDone(&why));
                }
                Some(Err(why)) => ended(run.ticket, Outcome::Unsure(&why)),
            }
        }
    }

    /// How it has ended, if it has.
    fn step(&self, run: &mut Run, now: Millis) -> Option<Result<(), String>> {
        run.give();
        run.take(now);
        let late = now >= run.ends;
        if late && !run.is_late {
            run.is_late = true;
            run.child.kill();
        }
        let end = run.child.end()?;
        run.take(now);
        run.child.kill();
        run.child.reap();
        let is_good = end == End::Code(0);
        let is_cared_for = run.plan.then.last().is_some_and(|then| then.is_remedy);
        if !is_good && (run.is_late || !is_cared_for) {
            return Some(Err(run.why(end)));
        }
        if is_good && is_cared_for {
            run.plan.then.pop();
        }
        let Some(next) = run.plan.then.pop() else { return Some(Ok(())) };
        match self.start(&next.words) {
            Ok(child) => run.begin_next(child, next.words),
            Err(why) => return Some(Err(why)),
        }
        None
    }

    /// When somebody has to look after what runs.
    pub(super) fn deadline(&self, now: Millis) -> Millis {
        self.runs.iter().map(|run| run.deadline(now)).fold(Millis::NEVER, Millis::min)
    }
}

impl Run {
    fn begin_next(&mut self, child: Child, words: Vec<String>) {
        self.child = child;
        self.plan.words = words;
        (self.plan.input, self.given) = (String::new(), 0);
        self.output.clear();
        self.quiet = None;
    }

    /// Gives it what it reads. An input that is over is closed, unless there
    /// may be a question.
    fn give(&mut self) {
        while let Some(rest) = self.plan.input.as_bytes().get(self.given..).filter(|rest| !rest.is_empty()) {
            match self.child.write(rest) {
                0 => return,
                count => self.given += count,
            }
        }
        if self.plan.reply.is_none() {
            self.child.close_input();
        }
    }

    /// Reads what it says; answers its question.
    fn take(&mut self, now: Millis) {
        let mut buffer = [0; 1024];
        loop {
            match self.child.read(&mut buffer) {
                Got::Bytes(count) => {
                    let room = count.min(OUTPUT_MAX - self.output.len());
                    self.output.extend_from_slice(buffer.get(..room).unwrap_or_default());
                }
                Got::Dry => break,
                Got::Ended => {
                    self.quiet.get_or_insert(now);
                    break;
                }
            }
        }
        let has_said = self.output.contains(&b'\n');
        if has_said && let Some(reply) = self.plan.reply.take() {
            if contains(&self.output, QUESTION.as_bytes()) {
                (self.plan.input, self.given) = (reply, 0);
            }
            self.give();
        }
    }

    /// Output usually ends a moment before the program does.
    fn deadline(&self, now: Millis) -> Millis {
        let look = now.plus(self.quiet.map_or(LOOK_MS, |since| now.since(since).clamp(1, LOOK_MS)));
        if self.is_late { look } else { self.ends.min(look) }
    }

    /// What went wrong: what it said first, or how it ended.
    fn why(&self, end: End) -> String {
        let program = self.plan.words.first().map_or("", String::as_str);
        let name = program.rsplit('/').next().unwrap_or(program);
        let said = String::from_utf8_lossy(&self.output);
        let line = said.lines().map(str::trim).find(|line| !line.is_empty());
        match (line, end) {
            _ if self.is_late => format!("{name}: took too long and was ended"),
            (Some(line), _) => format!("{name}: {}", plain(line)),
            (None, End::Code(code)) => format!("{name}: exit code {code}"),
            (None, End::Signal) => format!("{name}: was ended by a signal"),
        }
    }
}

/// The beginning of a line, as a terminal may have it.
fn plain(line: &str) -> String {
    line.chars().take(SAID_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
