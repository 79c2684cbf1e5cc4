//! What rules of OSSEC and of Wazuh cost on the same lines: time to load, size
//! of the image, events a second of one core, memory at the end. Events come a
//! second apart, and then all in one second, when searches for earlier ones have
//! most to look at. Prints a line of JSON for each. Needs the corpus
//! (`BARTIZAN_CORPUS`).

use bartizan::diagnose::{Diagnostics, Sources};
use bartizan::engine::memory::MemoryOptions;
use bartizan::engine::session::{EngineOptions, Lent, Session};
use bartizan::ruleset::{self, RulesFrom};
use bartizan_core::event::{Event, Known, Moment, Origin};
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use bartizan_core::rules::judge::Manner;
use std::fs;
use std::path::Path;
use std::time::Instant;

const LOGS: [&str; 3] = ["logs/openssh-2k.log", "logs/linux-2k.log", "logs/apache-2k.log"];
const RUNS: usize = 5;

fn main() {
    let Some(corpus) = bartizan_tests::corpus() else { return };
    for home in ["ossec-4.3/home", "wazuh-4.14/home"] {
        println!("{}", measured(&corpus, home));
    }
}

fn measured(corpus: &Path, home: &str) -> String {
    let begin = Instant::now();
    let from = RulesFrom::configured(None, Some(&corpus.join(home)));
    let loaded = ruleset::load(&from, &mut Sources::new(), &mut Diagnostics::new()).expect("the rules load");
    let load_ms = begin.elapsed().as_millis();
    let texts = LOGS.map(|log| fs::read(corpus.join(log)).expect("the corpus has this log"));
    let lines: Vec<&[u8]> = texts.iter().flat_map(|text| text.split(|byte| *byte == b'\n')).collect();
    let image = loaded.ruleset.image();
    let mut lent = Lent::new(&loaded.ruleset);
    let options = EngineOptions { manner: Manner::Daemon, memory: MemoryOptions::default() };
    let mut session = Session::new(&loaded.ruleset, &mut lent, &options).expect("an engine without files");
    let (mut known, mut buffer) = (Known::default(), [0; TEXT_MAX]);
    let mut epoch = 1_795_246_190;
    let mut run = |seconds_apart: i64| {
        let begin = cpu_seconds();
        for line in &lines {
            epoch += seconds_apart;
            let now = Moment { epoch, minute: 449, weekday: 6 };
            let origin = Origin { location: b"/var/log/messages", local_host: b"here", now };
            let text = predecode::clean(line, image.dialect(), &mut buffer);
            let mut event = Event::new(text, origin, &mut known);
            let verdict = session.judge(&mut event);
            session.court.remember(&event, &verdict);
        }
        cpu_seconds() - begin
    };
    let [apart, at_once] = [1, 0].map(|seconds_apart| {
        let best = (0..RUNS).map(|_| run(seconds_apart)).fold(f64::INFINITY, f64::min);
        lines.len() as f64 / best
    });
    format!(
        "{{\"rules\": {}, \"nodes\": {}, \"image_kib\": {}, \"load_ms\": {load_ms}, \
         \"events_per_cpu_second\": {apart:.0}, \"events_per_cpu_second_at_once\": {at_once:.0}, \
         \"resident_kib\": {}}}",
        image.rules.len(),
        image.nodes.len(),
        loaded.ruleset.image_size() / 1024,
        resident_kib()
    )
}

/// Seconds of processor time that this process has used.
fn cpu_seconds() -> f64 {
    let time = nix::time::clock_gettime(nix::time::ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("a clock");
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
