//! Starting the binary and hearing what it says, with a deadline on
//! everything: a test may fail, but never hang.

use crate::bartizan;
use std::io::{Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a test waits for anything.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often it looks.
const LOOK: Duration = Duration::from_millis(5);

/// The binary, about to be started.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(bartizan());
    command.args(arguments);
    command
}

/// The binary with so many MiB of data at most, if this machine has the tool
/// to limit it. Who needs more is ended by the failure to get it.
pub fn command_within(mib: u64, arguments: &[&str]) -> Command {
    let limit = format!("--data={}", mib << 20);
    let tool = Command::new("prlimit").arg("--version").stdout(Stdio::null()).status();
    if !tool.is_ok_and(|status| status.success()) {
        eprintln!("prlimit is not installed: memory is not limited");
        return command(arguments);
    }
    let mut command = Command::new("prlimit");
    command.arg(limit).arg(bartizan()).args(arguments);
    command
}

/// What a process left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output, as text.
    pub out: String,
    /// What it wrote to standard error, as text.
    pub err: String,
}

/// Runs a command to its end.
///
/// # Panics
/// If it is not at its end in time.
pub fn finish(command: &mut Command, input: &[u8]) -> Finished {
    let mut running = Running::start_with(command.stdin(Stdio::piped()));
    let mut to = running.child.stdin.take().expect("standard input is a pipe");
    let input = input.to_vec();
    // A process may end without reading all.
    let feeder = thread::spawn(move || to.write_all(&input).is_ok());
    let finished = running.end();
    let _ = feeder.join();
    finished
}

/// What a stream has said so far.
#[derive(Debug)]
struct Heard {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Heard {
    fn start(mut stream: impl Read + Send + 'static) -> Self {
        let bytes: Arc<Mutex<Vec<u8>>> = Arc::default();
        let to = Arc::clone(&bytes);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                to.lock().expect("nobody panics with it").extend_from_slice(&buffer[..count]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().expect("nobody panics with it")).into_owned()
    }
}

/// A process that runs; ended when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    out: Option<Heard>,
    err: Option<Heard>,
    status: Option<ExitStatus>,
}

impl Running {
    /// Starts a command without input.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start(command: &mut Command) -> Self {
        Self::start_with(command.stdin(Stdio::null()))
    }

    /// Starts a command with the input that it has been given.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start_with(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary can be started");
        let out = child.stdout.take().map(Heard::start);
        let err = child.stderr.take().map(Heard::start);
        Self { child, out, err, status: None }
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it has written to standard output.
    pub fn out(&self) -> String {
        self.out.as_ref().map(Heard::text).unwrap_or_default()
    }

    /// What it has written to standard error.
    pub fn err(&self) -> String {
        self.err.as_ref().map(Heard::text).unwrap_or_default()
    }

    /// Waits until a condition holds.
    ///
    /// # Panics
    /// If that takes too long; says what was waited for.
    pub fn wait_for(&mut self, what: &str, mut condition: impl FnMut(&mut Self) -> bool) {
        let start = Instant::now();
        while !condition(self) {
            if start.elapsed() > DEADLINE {
                panic!("no {what} in {DEADLINE:?}\nout: {}\nerr: {}", self.out(), self.err());
            }
            thread::sleep(LOOK);
        }
    }

    fn has_ended(&mut self) -> bool {
        self.status = self.child.try_wait().expect("a child can be asked");
        self.status.is_some()
    }

    /// Sends a signal by its name.
    ///
    /// # Panics
    /// If it cannot be sent.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{name} cannot be sent");
    }

    /// Asks it to end, as a service is asked, and waits for that.
    pub fn stop(self) -> Finished {
        self.signal("TERM");
        self.end()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If that takes too long.
    pub fn end(mut self) -> Finished {
        self.wait_for("end", Self::has_ended);
        self.finished()
    }

    fn finished(mut self) -> Finished {
        for heard in [&mut self.out, &mut self.err].into_iter().flatten() {
            // The process has ended: so do its streams.
            while !heard.reader.is_finished() {
                thread::sleep(LOOK);
            }
        }
        Finished { code: self.status.and_then(|status| status.code()), out: self.out(), err: self.err() }
    }

    /// The CPU time that it has used so far, in seconds.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn cpu_seconds(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("it runs");
        // Behind the name in parentheses: fields 14 and 15 in ticks of 10 ms.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        ticks as f64 / 100.0
    }

    /// The most memory that it has used so far, in MiB.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn peak_memory_mib(&self) -> u64 {
        self.memory_kib("VmHWM:").div_ceil(1024)
    }

    /// The memory that it has now, in KiB.
    ///
    /// # Panics
    /// If the system does not tell.
    pub fn resident_kib(&self) -> u64 {
        self.memory_kib("VmRSS:")
    }

    fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux tells it");
        line.trim().trim_end_matches(" kB").parse().expect("it is a number")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
