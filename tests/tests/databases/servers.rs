//! Real database servers of a test's own: a folder, a loopback port, a user.

use bartizan::config::{Config, DatabaseOutput, Home};
use bartizan::diagnose::{Diagnostics, Sources};
use bartizan_tests::Folder;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const USER: &str = "bartizan";
const PASSWORD: &str = "correct horse";

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Postgres,
    MariaDb,
}

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    kind: Kind,
    folder: Folder,
    port: u16,
    process: Option<Child>,
}

impl Server {
    /// A server with an empty database; `None`, after saying so, where it is
    /// not installed.
    pub(crate) fn start(kind: Kind, name: &str) -> Option<Self> {
        let Some(program) = kind.program() else {
            eprintln!("{kind:?} is not installed: nothing was tested with it");
            return None;
        };
        let folder = Folder::new(&format!("database-{name}"));
        let port =
            TcpListener::bind(("127.0.0.1", 0)).and_then(|free| free.local_addr()).expect("a port").port();
        let mut server = Self { kind, folder, port, process: None };
        server.found(&program);
        server.run();
        server.make_database();
        Some(server)
    }

    /// Starts the process, and waits until it answers.
    pub(crate) fn run(&mut self) {
        let program = self.kind.program().expect("it was there");
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut command = match self.kind {
            Kind::Postgres => {
                let mut command = Command::new(&program);
                command.args(["-D", &path("data"), "-k", &path(""), "-p", &self.port.to_string(), "-F"]);
                command.args(["-c", "listen_addresses=127.0.0.1"]);
                command
            }
            Kind::MariaDb => {
                let mut command = Command::new(&program);
                command.arg("--no-defaults").arg(format!("--datadir={}", path("data")));
                command.arg(format!("--tmpdir={}", path("")));
                command
                    .arg(format!("--socket={}", path("socket")))
                    .arg(format!("--pid-file={}", path("pid")));
                command.args([&format!("--port={}", self.port), "--bind-address=127.0.0.1"]);
                command
            }
        };
        let log = fs::File::create(self.folder.join("log")).expect("a log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        self.process = Some(self.as_user(&mut command).spawn().expect("it starts"));
        let until = Instant::now() + START;
        while !self.answers() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < until, "the server does not answer: {log}");
            sleep(Duration::from_millis(50));
        }
    }

    /// Ends the process at once.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    /// Neither server runs as root.
    fn as_user<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        match unprivileged() {
            Some((uid, gid)) => command.uid(uid).gid(gid),
            None => command,
        }
    }

    /// Makes the files of the server.
    fn found(&self, program: &Path) {
        fs::set_permissions(self.folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
        let data = self.folder.join("data");
        fs::create_dir(&data).expect("a folder");
        if let Some((uid, gid)) = unprivileged() {
            chown(self.folder.path(), Some(uid), Some(gid)).expect("given away");
            chown(&data, Some(uid), Some(gid)).expect("given away");
        }
        let data = data.display().to_string();
        let mut command = match self.kind {
            Kind::Postgres => {
                let mut command = Command::new(program.with_file_name("initdb"));
                command.args([
                    "-D",
                    &data,
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--locale=C",
                    "-N",
                ]);
                command
            }
            Kind::MariaDb => {
                let mut command = Command::new("mariadb-install-db");
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                command.arg(format!("--datadir={data}"));
                // Two that are made at once would take each other's tables from one folder.
                command.arg(format!("--tmpdir={}", self.folder.path().display()));
                command
            }
        };
        let done = self.as_user(&mut command).current_dir("/").output().expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn answers(&self) -> bool {
        match self.kind {
            Kind::Postgres => self.postgres("postgres", "postgres").is_ok(),
            Kind::MariaDb => self.mariadb("root").is_ok(),
        }
    }

    fn make_database(&self) {
        match self.kind {
            Kind::Postgres => {
                let mut client = self.postgres("postgres", "postgres").expect("it answers");
                let user = format!("CREATE USER {USER} PASSWORD '{PASSWORD}'");
                client.batch_execute(&user).expect("a user");
                client.batch_execute(&format!("CREATE DATABASE alerts OWNER {USER}")).expect("a database");
            }
            Kind::MariaDb => {
                for sql in [
                    "CREATE DATABASE alerts CHARACTER SET utf8mb4".to_owned(),
                    format!("CREATE USER {USER}@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'"),
                    format!("GRANT ALL ON alerts.* TO {USER}@'127.0.0.1'"),
                ] {
                    use mysql::prelude::Queryable;
                    self.mariadb("root").expect("it answers").query_drop(sql).expect("done");
                }
            }
        }
    }

    fn postgres(&self, user: &str, database: &str) -> Result<postgres::Client, postgres::Error> {
        let mut config = postgres::Config::new();
        config.host("127.0.0.1").port(self.port).user(user).password(PASSWORD).dbname(database);
        config.connect(postgres::NoTls)
    }

    fn mariadb(&self, user: &str) -> Result<mysql::Conn, mysql::Error> {
        let socket = self.folder.join("socket").display().to_string();
        mysql::Conn::new(mysql::OptsBuilder::new().user(Some(user)).socket(Some(socket)))
    }

    /// What is configured for this server.
    pub(crate) fn options(&self) -> DatabaseOutput {
        let kind = if self.kind == Kind::Postgres { "postgresql" } else { "mysql" };
        let text = format!(
            "<ossec_config><database_output><hostname>127.0.0.1</hostname><username>{USER}</username>
             <password>{PASSWORD}</password><database>alerts</database><type>{kind}</type><port>{}</port>
             </database_output></ossec_config>",
            self.port
        );
        let (mut sources, mut report) = (Sources::new(), Diagnostics::new());
        let source = sources.add("ossec.conf", text);
        let config = Config::from_source(&Home::new("/nonexistent"), source, &sources, &mut report);
        assert_eq!(report.errors(), 0);
        config.databases.into_iter().next().expect("one is configured")
    }

    /// Carries out a statement as the owner of the tables.
    pub(crate) fn execute(&self, sql: &str) {
        match self.kind {
            Kind::Postgres => {
                self.postgres(USER, "alerts").and_then(|mut c| c.batch_execute(sql)).expect("done")
            }
            Kind::MariaDb => {
                use mysql::prelude::Queryable;
                let mut connection = self.mariadb("root").expect("it answers");
                connection.select_db("alerts").expect("a database");
                connection.query_drop(sql).expect("done");
            }
        }
    }

    /// Rows of one text each.
    pub(crate) fn texts(&self, sql: &str) -> Vec<String> {
        match self.kind {
            Kind::Postgres => {
                let mut client = self.postgres(USER, "alerts").expect("it answers");
                client.query(sql, &[]).expect("rows").iter().map(|row| row.get(0)).collect()
            }
            Kind::MariaDb => {
                use mysql::prelude::Queryable;
                let mut connection = self.mariadb("root").expect("it answers");
                connection.select_db("alerts").expect("a database");
                connection.query(sql).expect("rows")
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Kind {
    fn program(self) -> Option<PathBuf> {
        let exists = |path: &PathBuf| path.exists();
        match self {
            Self::MariaDb => {
                ["/usr/sbin/mariadbd", "/usr/libexec/mariadbd"].map(PathBuf::from).into_iter().find(exists)
            }
            Self::Postgres => {
                let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
                versions.map(|version| version.path().join("bin/postgres")).find(exists)
            }
        }
    }
}

/// Who runs a server if this is root.
fn unprivileged() -> Option<(u32, u32)> {
    nix::unistd::geteuid().is_root().then_some((65_534, 65_534))
}
