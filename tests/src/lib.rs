//! What the tests that cross crates share: the corpus, the binary, folders of
//! their own.
//!
//! The corpus is other people's data and lies outside the project;
//! `BARTIZAN_CORPUS` says where. Tests that need it pass without it, after
//! saying so.

pub mod browser;
pub mod chromium;
mod folder;
pub mod http_server;
pub mod identity;
pub mod manager;
pub mod mmdb;
pub mod peer;
pub mod process;
pub mod smtp_server;

pub use folder::Folder;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The corpus, if this machine has it.
pub fn corpus() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("BARTIZAN_CORPUS") else {
        eprintln!("BARTIZAN_CORPUS is not set: nothing to compare with");
        return None;
    };
    let folder = PathBuf::from(folder);
    assert!(
        folder.join("ossec-4.3").is_dir(),
        "BARTIZAN_CORPUS does not name the corpus: {}",
        folder.display()
    );
    Some(folder)
}

/// The binary `bartizan`, built on first use in the profile of the tests.
pub fn bartizan() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("bartizan"))
}

/// The binary `bartizan-agent`, likewise.
pub fn agent() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| built("bartizan-agent"))
}

fn built(package: &str) -> PathBuf {
    // Tests lie in target/PROFILE/deps.
    let tests = std::env::current_exe().expect("a test has a path");
    let folder = tests.parent().and_then(Path::parent).expect("tests lie in a folder");
    let profile = folder.file_name().filter(|name| *name != "debug");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--package", package, "--bin", package, "--profile"]);
    build.arg(profile.unwrap_or("dev".as_ref()));
    // What cargo tells this test of its own package would make build scripts
    // run again, and everything behind them be built again.
    let told = std::env::vars_os().map(|(name, _)| name);
    let of_package = |name: &std::ffi::OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
    };
    for name in told.filter(of_package) {
        build.env_remove(name);
    }
    let built = build.status().expect("cargo can be started");
    assert!(built.success(), "{package} cannot be built");
    folder.join(package)
}

/// An installation in a folder of the test's own: rules and decoders of the
/// corpus, and a configuration of its golden outputs.
pub fn installation(corpus: &Path, folder: &Path, configuration: &str) {
    let home = corpus.join("ossec-4.3/home");
    let copy = |from: &Path, to: &Path| {
        std::fs::copy(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    };
    std::fs::create_dir_all(folder.join("etc")).expect("a folder can be made");
    std::fs::create_dir_all(folder.join("rules")).expect("a folder can be made");
    copy(&home.join("etc/decoder.xml"), &folder.join("etc/decoder.xml"));
    copy(&corpus.join("ossec-4.3/golden").join(configuration), &folder.join("etc/ossec.conf"));
    for rules in std::fs::read_dir(home.join("rules")).expect("the corpus has rules") {
        let rules = rules.expect("a folder can be read");
        copy(&rules.path(), &folder.join("rules").join(rules.file_name()));
    }
}
