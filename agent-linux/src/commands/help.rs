//! `--help` and `--version`.

use super::say;
use std::process::ExitCode;

/// For a command line without a command.
pub(super) const SHORT: &str = "say one of run, enrol, check, status; `bartizan-agent --help` explains";

/// Shows the manual.
pub(super) fn show() -> ExitCode {
    say(MANUAL);
    ExitCode::SUCCESS
}

/// Shows the version.
pub(super) fn version() -> ExitCode {
    say(concat!("bartizan-agent ", env!("CARGO_PKG_VERSION"), "\n"));
    ExitCode::SUCCESS
}

const MANUAL: &str = "\
bartizan-agent: collects the logs of this machine and sends them to a Bartizan manager.

USAGE
    bartizan-agent enrol TOKEN [--name NAME] [--force] [--home DIR]
    bartizan-agent run    [-c FILE] [--home DIR] [--user NAME] [--no-sandbox] [--socket PATH]
    bartizan-agent check  [-c FILE] [--home DIR]
    bartizan-agent status [--json] [--home DIR] [--socket PATH]

COMMANDS
    enrol   Introduces this machine to a manager. On the manager, `bartizan agents add NAME`
            prints a TOKEN that is good once; here it makes the agent's own key. Instead of
            the token, `-` reads it from standard input, where no list of processes shows it.
    run     Watches and sends, in the foreground, until SIGTERM or SIGINT. SIGHUP reads the
            configuration again; one with errors changes nothing. A change of <client>
            takes a restart. What is blocked is blocked anew.
    check   Reads the configuration, looks at every source and says what would happen.
            Starts nothing and sends nothing.
    status  What the running agent does: connection, sources, spool, responses in force.

OPTIONS
    -c, --config FILE   The configuration, in the dialect of ossec.conf [DIR/agent.conf].
                        Without the file, the usual logs of the machine are watched.
    --home DIR          Folder of the key, the configuration and what the manager sends
                        [/etc/bartizan].
    --user NAME         Become this user once everything is open [the one that the
                        configuration names; else `bartizan`, if there is one]. `root` stays.
    --no-sandbox        Do not give up system calls that are not needed.
    --socket PATH       Socket of `status` [/run/bartizan-agent.sock for root, else
                        DIR/agent.sock].
    --name NAME         enrol: another name than this machine's.
    --force             enrol: replace a key that exists.
    --json              status: as JSON, for programs.
    -h, --help          This text.
    -V, --version       The version.

FILES
    DIR/agent.key                    The agent's key and the manager's address; 0600.
    DIR/agent.conf                   What is watched.
    DIR/local_internal_options.conf  `logcollector.remote_commands=1` lets the manager's
                                     configuration run commands; no otherwise.
    DIR/pushed/agent.conf            What the manager sent last; used after a restart, too.
    DIR/active-response/journal      Responses in force. They stay in force when the agent ends;
                                     the next start goes on with them and undoes them on time.
    DIR/active-response/bin/         Scripts that a manager may have run here. Without
                                     <active-response><disabled>yes</disabled></active-response>
                                     in agent.conf, its orders are carried out.

EXIT CODES
    0  All is well.
    1  The answer is no: the configuration has errors, the manager refused the token, the
       agent is not connected.
    2  The command line is wrong, or there is nothing to work on: not enrolled, no source.
    3  A file, a socket or the network failed.
";
