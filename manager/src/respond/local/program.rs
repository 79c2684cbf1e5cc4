//! One program is run: no shell, a bounded output, a time limit.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read, Write, pipe};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of its output that are kept.
const OUTPUT_MAX: usize = 4096;

/// Bytes of a line of a dialogue.
const LINE_MAX: u64 = 64 << 10;

/// How long what a program has written is waited for when it has ended: a
/// child of its own may hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Where programs of the system are.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Where a program of the system is: in `PATH`, or where such programs are.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let folders = named.chain(FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Runs a program with a text on its standard input. The error is what it
/// said, for people.
pub(super) fn run(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    input: &str,
    limit: Duration,
) -> Result<(), String> {
    let mut command = Command::new(program);
    command.args(arguments);
    let started = Started::new(command, limit)?;
    let input = input.to_owned();
    let mut stdin = started.stdin;
    // A program may end without reading all; then writing fails.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let (reader, status) = (started.output, started.status);
    let output = Output::collect(reader);
    let ended = started.end.wait(&status);
    output.judge(ended)
}

/// Runs a program that is told a line on its standard input, and may ask
/// something in a line: `answer` says what is told then.
pub(super) fn talk(
    program: &Path,
    folder: &Path,
    line: &str,
    answer: impl Fn(&str) -> Option<String> + Send + 'static,
    limit: Duration,
) -> Result<(), String> {
    let mut command = Command::new(program);
    command.current_dir(folder);
    let started = Started::new(command, limit)?;
    let mut stdin = started.stdin;
    let first = line.to_owned();
    let (reader, status) = (started.output, started.status);
    let output = Output::default();
    let to = output.clone();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let _ = writeln!(stdin, "{first}");
        let mut said = Vec::new();
        let _ = (&mut reader).take(LINE_MAX).read_until(b'\n', &mut said);
        if let Some(next) = answer(String::from_utf8_lossy(&said).trim_end()) {
            let _ = writeln!(stdin, "{next}");
        } else {
            to.keep(&said);
        }
        drop(stdin);
        to.read(reader);
    });
    let ended = started.end.wait(&status);
    output.judge(ended)
}

/// A program that runs.
struct Started {
    stdin: std::process::ChildStdin,
    output: io::PipeReader,
    status: Receiver<io::Result<ExitStatus>>,
    end: End,
}

/// When it is to be ended, and how.
struct End {
    group: i32,
    until: Instant,
    limit: Duration,
}

impl Started {
    fn new(mut command: Command, limit: Duration) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let started = || -> io::Result<(Child, io::PipeReader)> {
            let (output, writer) = pipe()?;
            command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
            // A group of its own, so that its children end with it.
            Ok((command.process_group(0).spawn()?, output))
        };
        let mut started = started;
        let (mut child, output) = started().map_err(|error| format!("{name}: {error}"))?;
        let stdin = child.stdin.take().ok_or("a program without standard input")?;
        let group = i32::try_from(child.id()).map_err(|error| error.to_string())?;
        let (to, status) = mpsc::channel();
        thread::spawn(move || to.send(child.wait()));
        Ok(Self { stdin, output, status, end: End { group, until: Instant::now() + limit, limit } })
    }
}

impl End {
    /// Waits for the end, and brings it about when it is time.
    fn wait(&self, status: &Receiver<io::Result<ExitStatus>>) -> Result<ExitStatus, String> {
        match status.recv_timeout(self.until.saturating_duration_since(Instant::now())) {
            Ok(status) => status.map_err(|error| error.to_string()),
            Err(RecvTimeoutError::Timeout) => {
                let group = nix::unistd::Pid::from_raw(self.group);
                let _ = nix::sys::signal::killpg(group, nix::sys::signal::SIGKILL);
                Err(format!("it was ended after {} s", self.limit.as_secs()))
            }
            Err(RecvTimeoutError::Disconnected) => Err("nobody knows how it ended".to_owned()),
        }
    }
}

/// What a program says.
#[derive(Clone, Debug, Default)]
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Gone when nothing more can come.
    whole: Arc<Mutex<Option<Receiver<()>>>>,
}

impl Output {
    fn collect(reader: io::PipeReader) -> Self {
        let output = Self::default();
        let (done, whole) = mpsc::channel();
        *lock(&output.whole) = Some(whole);
        let to = output.clone();
        thread::spawn(move || {
            to.read(reader);
            let _ = done.send(());
        });
        output
    }

    fn read(&self, mut reader: impl Read) {
        let mut bytes = [0; 1024];
        while let Ok(count @ 1..) = reader.read(&mut bytes) {
            self.keep(bytes.get(..count).unwrap_or_default());
        }
    }

    fn keep(&self, bytes: &[u8]) {
        let mut kept = lock(&self.kept);
        let room = OUTPUT_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// The result: what it said counts if it failed.
    fn judge(&self, ended: Result<ExitStatus, String>) -> Result<(), String> {
        if matches!(&ended, Ok(status) if status.success()) {
            return Ok(());
        }
        if let Some(whole) = &*lock(&self.whole) {
            let _ = whole.recv_timeout(LAST_WORDS);
        }
        let said = lock(&self.kept);
        let said = String::from_utf8_lossy(&said);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let how = match ended {
            Ok(status) => status.to_string(),
            Err(why) => why,
        };
        Err(if said.is_empty() { how } else { format!("{how}: {said}") })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &str, limit: Duration) -> Result<(), String> {
        run(Path::new("/bin/sh"), &["-c", script], input, limit)
    }

    #[test]
    fn a_program_gets_its_input_and_says_why_it_failed() {
        let limit = Duration::from_secs(20);
        assert_eq!(shell("read a && test \"$a\" = b", "b\n", limit), Ok(()));
        let why = shell("echo no such thing >&2; exit 3", "", limit).expect_err("it fails");
        assert!(why.contains("3") && why.ends_with("no such thing"), "{why}");
        let long = shell("yes | head -c 1000000; exit 1", "", limit).expect_err("it fails");
        assert!(long.len() < 2 * OUTPUT_MAX, "{}", long.len());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_its_children() {
        let start = Instant::now();
        let why = shell("sleep 1000 & sleep 1000", "", Duration::from_millis(100)).expect_err("it is ended");
        assert!(why.contains("it was ended after"), "{why}");
        assert!(start.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_dialogue_is_a_line_and_an_answer() {
        let script = "read a; echo \"asked $a\"; read b; test \"$b\" = go";
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("script");
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("a file");
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("ours");
        let answer = |said: &str| (said == "asked add").then(|| "go".to_owned());
        assert_eq!(talk(&file, folder.path(), "add", answer, Duration::from_secs(20)), Ok(()));
    }
}
