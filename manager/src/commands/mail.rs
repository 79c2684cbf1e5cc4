//! `bartizan mail`: whether mail arrives, and what waits.

mod queue;

use super::{CommandError, configuration, home_folder, print, say};
use crate::config::email::{MailFormat, is_address};
use crate::diagnose::harmless_text;
use crate::mail::message::compose;
use crate::mail::smtp::{Mail, Said, Server};
use crate::mail::{Account, Route};
use crate::outbox::{Content, Notice};
use crate::sources::{epoch_now, local_host};
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The command.
#[derive(Args, Debug)]
pub struct MailCommand {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand, Debug)]
enum Job {
    /// Send a test mail, and show what the mail server says.
    ///
    /// Uses what <global> says (smtp_server, email_from and so on), whether or
    /// not email_notification is on. Nothing is queued: if it does not work
    /// now, what went wrong is shown, and what to do about it.
    ///
    /// Exit codes: 0 the mail server took it, 1 it did not, 2 mail is not
    /// configured.
    Test(TestArguments),
    /// List who is mailed, what waits, what was refused, and why.
    Queue(queue::QueueArguments),
}

#[derive(Args, Debug)]
struct TestArguments {
    /// Who gets the mail.
    #[arg(value_name = "ADDRESS")]
    address: String,
    /// Configuration (ossec.conf). Default: etc/ossec.conf in the home folder.
    #[arg(short = 'c', long = "config", value_name = "CONF")]
    config: Option<PathBuf>,
    /// Folder for logs and memory, as `bartizan run` has it.
    #[arg(short = 'D', long = "home", value_name = "DIR")]
    home: Option<PathBuf>,
    /// Send a short message, as `<format>sms</format>` does.
    #[arg(long)]
    sms: bool,
}

/// Runs the command.
pub fn run(command: &MailCommand) -> Result<ExitCode, CommandError> {
    match &command.job {
        Job::Test(arguments) => arguments.run(),
        Job::Queue(arguments) => arguments.run(),
    }
}

impl TestArguments {
    fn run(&self) -> Result<ExitCode, CommandError> {
        let address = &self.address;
        if !is_address(address) {
            return Err(CommandError::Usage(format!("`{}` is not a mail address", harmless_text(address))));
        }
        let config = configuration(self.config.as_deref(), &home_folder(self.home.as_deref())?)?;
        let account = Account::new(&config).ok_or_else(|| {
            let what = "the configuration does not say how mail is sent: add <smtp_server> and <email_from> \
                        to <global> in <ossec_config>";
            CommandError::Nothing(what.to_owned())
        })?;
        let format = if self.sms { MailFormat::Sms } else { MailFormat::Full };
        let mail = compose(&account, address, format, &format!("test-{}", epoch_now()), &content());
        match &account.route {
            Route::Server(server) => send(server, Mail { from: &account.from, to: address, bytes: &mail })?,
            Route::Program(program) => {
                let command = format!("{} {}", program.path.display(), program.arguments.join(" "));
                print(&format!("mail to {address} by {command}\n"))?;
                let sent = program.send(&mail);
                sent.map_err(|why| CommandError::Refused(format!("the mail was not taken: {why}")))?;
            }
        }
        let off = if config.global.email.notification {
            ""
        } else {
            "mail is not switched on: add <email_notification>yes</email_notification> to <global>\n"
        };
        say(&format!("the mail is taken; look whether it arrives\n{off}"))
    }
}

fn content() -> Content {
    let host = local_host();
    let notice = Notice {
        title: format!("OSSEC HIDS: a test mail from {host}"),
        text: format!("This is a test. The manager on {host} can send mail.\n"),
        html: None,
    };
    Content { notice: Some(notice), ..Content::default() }
}

/// Sends it, and shows every step.
fn send(server: &Server, mail: Mail<'_>) -> Result<(), CommandError> {
    print(&format!("mail to {} by {}, port {}\n", mail.to, server.host, server.port))?;
    let mut shown = Ok(());
    let sent = server.send(mail, &mut |said| {
        let line = match said {
            Said::Note(text) => format!("  {text}\n"),
            Said::Client(text) => format!("  > {text}\n"),
            Said::Server(reply) => format!("  < {reply}\n"),
        };
        if shown.is_ok() {
            shown = print(&line);
        }
    });
    shown?;
    sent.map(drop).map_err(|trouble| {
        let advice = trouble.advice().map(|advice| format!("\nwhat to do: {advice}"));
        CommandError::Refused(format!("the mail was not taken: {trouble}{}", advice.unwrap_or_default()))
    })
}
