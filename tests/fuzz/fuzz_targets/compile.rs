//! Any bytes as a decoder file and a rule file, in each dialect: what compiles
//! is an image that the core takes and can judge a line with; what does not has
//! an error.
//!
//! Input: decoders, a line `%%`, rules, a line `%%`, lines of log.
#![no_main]

use bartizan::compile::{Files, Settings, compile};
use bartizan::diagnose::{Colour, Diagnostics, Sources};
use bartizan::engine::session::{EngineOptions, Lent, Session};
use bartizan::engine::{self, Ruleset};
use bartizan::xml::{Syntax, read};
use bartizan_core::event::{Event, Known, Moment, Origin};
use bartizan_core::image::Dialect;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode;
use libfuzzer_sys::fuzz_target;

const PART: &[u8] = b"\n%%\n";

/// Up to three parts; missing ones are empty.
fn parts(data: &[u8]) -> [&[u8]; 3] {
    let mut rest = Some(data);
    core::array::from_fn(|number| {
        let Some(now) = rest else { return &b""[..] };
        let cut = now.windows(PART.len()).position(|bytes| bytes == PART).filter(|_| number < 2);
        rest = cut.and_then(|cut| now.get(cut + PART.len()..));
        cut.and_then(|cut| now.get(..cut)).unwrap_or(now)
    })
}

fuzz_target!(|data: &[u8]| {
    compile_in(Dialect::Ossec, &Syntax::OSSEC, data);
    compile_in(Dialect::Wazuh, &Syntax::WAZUH, data);
});

fn compile_in(dialect: Dialect, syntax: &Syntax, data: &[u8]) {
    let [decoders, rules, log] = parts(data);
    let mut sources = Sources::new();
    let mut report = Diagnostics::new();
    let mut document = |name: &str, text: &[u8]| {
        let file = sources.add(name, text);
        read(syntax, &sources, file, &mut report)
    };
    let files = Files {
        decoders: vec![document("decoders.xml", decoders)],
        rules: vec![document("rules.xml", rules)],
        lists: vec![b"lists/known".to_vec()],
    };
    let compiled = compile(&files, &Settings { dialect, ..Settings::default() }, &mut report);
    report.render(&sources, Colour::None);
    let Some(compiled) = compiled else {
        assert!(report.has_errors(), "nothing was compiled and nobody says why");
        return;
    };
    let lists = compiled.lists.iter().map(|_| None).collect();
    let settings = engine::Settings { memory_size: 16, ..engine::Settings::default() };
    let ruleset =
        Ruleset::new(compiled.image, lists, settings).expect("the core refuses what the compiler wrote");
    let mut lent = Lent::new(&ruleset);
    let mut session =
        Session::new(&ruleset, &mut lent, &EngineOptions::default()).expect("no file is opened");
    let mut known = Known::default();
    for (epoch, line) in (1_700_000_000..).zip(log.split(|byte| *byte == b'\n').take(20)) {
        let mut buffer = [0; TEXT_MAX];
        let text = predecode::clean(line, ruleset.image().dialect(), &mut buffer);
        let origin = Origin {
            location: b"/var/log/messages",
            local_host: b"here",
            now: Moment { epoch, ..Moment::default() },
        };
        let mut event = Event::new(text, origin, &mut known);
        let verdict = session.judge(&mut event);
        session.court.remember(&event, &verdict);
    }
}
