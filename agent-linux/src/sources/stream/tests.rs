use super::*;
use crate::config::LogFormat;
use crate::sources::tests::Bench;
use bartizan_core::assemble::Format;

fn stream(line: &str, format: LogFormat, rate_limit: Option<u32>) -> (Bench, Stream) {
    let config = config::Stream { line: line.to_string(), label: "ring".to_string(), format, rate_limit };
    let mut stream = Stream::new(&config);
    (Bench::new(&mut stream), stream)
}

fn texts(bench: &Bench) -> Vec<&str> {
    bench.heard.iter().map(|heard| heard.text.as_str()).collect()
}

#[test]
fn lines_are_records_while_the_command_runs() {
    let (mut bench, mut stream) = stream("printf 'a\\nb\\nc'; exec sleep 600", LogFormat::LINES, None);
    bench.run(&mut stream, |heard| heard.len() == 2);
    assert_eq!(texts(&bench), ["a", "b"]);
    assert_eq!(bench.heard[0].place, "ring");
}

#[test]
fn a_command_that_ends_is_started_again_with_growing_waits() {
    let (mut bench, mut stream) = stream("printf 'x\\ny'", LogFormat::LINES, None);
    let mut starts = Vec::new();
    while starts.len() < 4 {
        bench.run(&mut stream, |heard| heard.len() == 2 * starts.len() + 2);
        starts.push(bench.now.0);
    }
    let waits: Vec<_> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(waits[0] >= 900 && waits[1] >= 1_900 && waits[2] >= 3_900, "{waits:?}");
    assert_eq!(texts(&bench)[..4], ["x", "y", "x", "y"]);
}

#[test]
fn formats_are_those_of_files() {
    let format = LogFormat::Plain(Format::Multi { lines: 2 });
    let (mut bench, mut stream) = stream("printf 'a\\nb\\nc\\nd\\n'; exec sleep 600", format, None);
    bench.run(&mut stream, |heard| heard.len() == 2);
    assert_eq!(texts(&bench), ["a b", "c d"]);
}

#[test]
fn an_endless_line_is_cut_and_a_flood_takes_turns() {
    let (mut bench, mut endless) =
        stream("head -c 200000 /dev/zero; echo; echo b; exec sleep 600", LogFormat::LINES, None);
    bench.run(&mut endless, |heard| heard.len() == 2);
    assert_eq!((bench.heard[0].cut as usize, texts(&bench)[1]), (200_000 - TEXT_MAX, "b"));
    let (mut bench, mut flood) = stream("exec yes", LogFormat::LINES, None);
    let mut count = 0;
    bench.tick(&mut flood);
    bench.wait_for_event();
    for _ in 0..100 {
        flood.ready(bench.token(0), Millis(1), &mut |_| count += 1);
    }
    assert!(count > 0 && count <= 100 * READS * READ / 2);
}

#[test]
fn a_rate_limit_makes_the_command_wait_and_loses_nothing() {
    let script = "i=0; while [ $i -lt 3000 ]; do echo line-$i; i=$((i+1)); done; exec sleep 600";
    let (mut bench, mut stream) = stream(script, LogFormat::LINES, Some(500));
    bench.run(&mut stream, |heard| heard.len() == 3000);
    assert!(bench.now >= Millis(3_000), "{:?}", bench.now);
    let texts = texts(&bench);
    assert!((0..3000).all(|number| texts[number] == format!("line-{number}")));
}
