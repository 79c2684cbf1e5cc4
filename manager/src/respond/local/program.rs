//! One program is run: no shell, a bounded output, a time limit.

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, PipeReader, Read, Write, pipe};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program of the system may take.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Bytes of its output that are kept.
const OUTPUT_MAX: usize = 4096;

/// Bytes of a line of a dialogue.
const LINE_MAX: u64 = 64 << 10;

/// How long what a program has written is waited for when it has ended: a
/// child of its own may hold the pipe for ever.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Where programs of the system are.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/// Why a program did not do it: what it said, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not be started: nothing was done.
    NotStarted(String),
    /// It says that it failed.
    Failed(String),
    /// It was ended before it was done.
    Ended(String),
}

impl Failure {
    /// The reason.
    pub(crate) fn why(&self) -> &str {
        let (Self::NotStarted(why) | Self::Failed(why) | Self::Ended(why)) = self;
        why
    }
}

/// Where a program of the system is: in `PATH`, or where such programs are.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let named = std::env::split_paths(&path).filter(|folder| folder.is_absolute());
    let folders = named.chain(FOLDERS.map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Runs a program with a text on its standard input.
pub(crate) fn run(
    program: &Path,
    arguments: &[impl AsRef<OsStr>],
    input: &str,
    limit: Duration,
) -> Result<(), Failure> {
    let mut command = Command::new(program);
    command.args(arguments);
    let started = Started::new(command, limit)?;
    let (mut stdin, input) = (started.stdin, input.to_owned());
    // A program may end without reading all; then writing fails.
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = Output::collect(started.output, |_, _| ());
    output.judge(started.end.wait(&started.status))
}

/// Runs a program that is told a line on its standard input, and may ask
/// something in a line: `answer` says what is told then.
pub(super) fn talk(
    program: &Path,
    folder: &Path,
    line: &str,
    answer: impl FnOnce(&str) -> Option<String> + Send + 'static,
    limit: Duration,
) -> Result<(), Failure> {
    let mut command = Command::new(program);
    command.current_dir(folder);
    let started = Started::new(command, limit)?;
    let (mut stdin, first) = (started.stdin, line.to_owned());
    let output = Output::collect(started.output, move |reader, output| {
        let _ = writeln!(stdin, "{first}");
        let mut said = Vec::new();
        let _ = reader.take(LINE_MAX).read_until(b'\n', &mut said);
        match answer(String::from_utf8_lossy(&said).trim_end()) {
            Some(next) => drop(writeln!(stdin, "{next}")),
            None => drop(output.write(&said)),
        }
    });
    output.judge(started.end.wait(&started.status))
}

/// A program that runs.
struct Started {
    stdin: std::process::ChildStdin,
    output: PipeReader,
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
    fn new(command: Command, limit: Duration) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let (mut child, output) =
            spawn(command).map_err(|error| Failure::NotStarted(format!("{name}: {error}")))?;
        let lacks = || Failure::Ended(format!("{name}: it has no standard input"));
        let stdin = child.stdin.take().ok_or_else(lacks)?;
        let group = child.id().cast_signed();
        let (to, status) = mpsc::channel();
        thread::spawn(move || to.send(child.wait()));
        Ok(Self { stdin, output, status, end: End { group, until: Instant::now() + limit, limit } })
    }
}

fn spawn(mut command: Command) -> io::Result<(Child, PipeReader)> {
    let (output, writer) = pipe()?;
    command.env_clear().env("PATH", FOLDERS.join(":")).env("LC_ALL", "C");
    command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
    // A group of its own, so that its children end with it.
    Ok((command.process_group(0).spawn()?, output))
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
struct Output {
    kept: Arc<Mutex<Vec<u8>>>,
    /// Ends when nothing more can come.
    whole: Receiver<()>,
}

impl Output {
    /// Reads on a thread of its own; `first` may look at what comes first.
    fn collect(
        reader: PipeReader,
        first: impl FnOnce(&mut BufReader<PipeReader>, &mut Kept) + Send + 'static,
    ) -> Self {
        let kept: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (done, whole) = mpsc::channel();
        let mut to = Kept(Arc::clone(&kept));
        thread::spawn(move || {
            let mut reader = BufReader::new(reader);
            first(&mut reader, &mut to);
            let _ = io::copy(&mut reader, &mut to);
            drop(done);
        });
        Self { kept, whole }
    }

    /// The result: what it said counts if it failed.
    fn judge(&self, ended: Result<ExitStatus, String>) -> Result<(), Failure> {
        if matches!(&ended, Ok(status) if status.success()) {
            return Ok(());
        }
        let _ = self.whole.recv_timeout(LAST_WORDS);
        let said = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
        let all = |how: String| if said.is_empty() { how } else { format!("{how}: {said}") };
        match ended {
            Ok(status) => Err(Failure::Failed(all(status.to_string()))),
            Err(why) => Err(Failure::Ended(all(why))),
        }
    }
}

/// Keeps the first [`OUTPUT_MAX`] bytes of all that is written.
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = OUTPUT_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &str, limit: Duration) -> Result<(), Failure> {
        run(Path::new("/bin/sh"), &["-c", script], input, limit)
    }

    #[test]
    fn a_program_gets_its_input_and_says_why_it_failed() {
        let limit = Duration::from_secs(20);
        assert_eq!(shell("read a && test \"$a\" = b", "b\n", limit), Ok(()));
        let why = shell("echo no such thing >&2; exit 3", "", limit).expect_err("it fails");
        let why = why.why();
        assert!(why.contains("3") && why.ends_with("no such thing"), "{why}");
        let long = shell("yes | head -c 1000000; exit 1", "", limit).expect_err("it fails");
        assert!(long.why().len() < 2 * OUTPUT_MAX, "{}", long.why().len());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended_with_its_children() {
        let start = Instant::now();
        let why = shell("sleep 1000 & sleep 1000", "", Duration::from_millis(100)).expect_err("it is ended");
        assert!(matches!(&why, Failure::Ended(why) if why.contains("it was ended after")), "{why:?}");
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
