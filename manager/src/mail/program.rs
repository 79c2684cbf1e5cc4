//! Mail by a program of this machine that works as `sendmail -t` does: the
//! mail on its standard input, who gets it in its header.

use crate::respond::local::program;
use std::path::PathBuf;
use std::time::Duration;

/// How long it may take.
const LIMIT: Duration = Duration::from_secs(50);

/// What a program is told if nothing is configured: take recipients from the
/// header, and do not end at a line of one dot.
const ARGUMENTS: [&str; 2] = ["-t", "-i"];

/// A program that takes mail. There is no shell between.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// What it is told.
    pub arguments: Vec<String>,
}

impl Program {
    /// A path and arguments, with blanks between. `-t` without `-i` would end
    /// a mail at a line of one dot, so `-i` goes with it.
    pub fn new(command: &str) -> Self {
        let mut words = command.split_whitespace().map(str::to_owned);
        let path = words.next().unwrap_or_default().into();
        let mut arguments: Vec<_> = words.collect();
        let has = |arguments: &[String], known: &[&str]| {
            arguments.iter().any(|argument| known.contains(&argument.as_str()))
        };
        if arguments.is_empty() {
            arguments = ARGUMENTS.map(str::to_owned).to_vec();
        } else if has(&arguments, &["-t"]) && !has(&arguments, &["-i", "-oi", "-ti", "-it"]) {
            arguments.push("-i".to_owned());
        }
        Self { path, arguments }
    }

    /// Hands a mail over; the error is for people. Programs want lines that
    /// end in line feeds.
    pub fn send(&self, mail: &[u8]) -> Result<(), String> {
        let mail = String::from_utf8_lossy(mail).replace("\r\n", "\n");
        let sent = program::run(&self.path, &self.arguments, &mail, LIMIT);
        sent.map_err(|failure| format!("{}: {}", self.path.display(), failure.why()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_what_it_needs() {
        let arguments = |command| Program::new(command).arguments.join(" ");
        assert_eq!(arguments("/usr/sbin/sendmail"), "-t -i");
        assert_eq!(arguments("/usr/sbin/sendmail -t"), "-t -i");
        assert_eq!(arguments("/usr/sbin/sendmail -t -oi"), "-t -oi");
        assert_eq!(arguments("/opt/mailer --all"), "--all");
    }

    #[test]
    fn a_program_gets_the_mail_as_it_is_and_no_shell_sees_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mail;touch x");
        let path = folder.path().join("mailer");
        std::fs::write(&path, "#!/bin/sh\ncat > \"$1\"\n").expect("a file");
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("ours");
        let program = Program { path, arguments: vec![file.display().to_string()] };
        assert_eq!(program.send(b"To: a\r\n\r\n$(id)\r\n.\r\n`id`\r\n"), Ok(()));
        assert_eq!(std::fs::read(&file).expect("the mail"), b"To: a\n\n$(id)\n.\n`id`\n");
        let missing = Program::new("/nonexistent/sendmail").send(b"").expect_err("there is none");
        assert!(missing.contains("/nonexistent/sendmail"), "{missing}");
    }
}
