use super::*;
use crate::outputs::clock::LocalClock;
use jiff::tz::TimeZone;
use tempfile::TempDir;

const OPTIONS: StatisticsOptions =
    StatisticsOptions { level: 4, percent_diff: 150, min_diff: 10, max_diff: 999_000 };

/// Day 0 is Sunday, 3 May 2026.
fn at(day: i64, hour: i64, minute: i64) -> LocalTime {
    LocalClock::new(TimeZone::UTC).local(1_777_766_400 + ((day * 24 + hour) * 60 + minute) * 60)
}

/// Statistics in a folder of their own.
struct Bench {
    home: TempDir,
    statistics: Statistics,
}

impl Bench {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let statistics = Statistics::open(&home.path().join("stats"), OPTIONS).expect("opened");
        Self { home, statistics }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("stats").join(name)
    }

    fn read(&self, name: &str) -> Option<String> {
        fs::read_to_string(self.path(name)).ok()
    }

    fn put(&self, name: &str, content: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        fs::write(path, content).expect("written");
    }

    /// Counts events of one hour; gives the texts of alerts with the number
    /// of the event that raised each.
    fn events(&mut self, day: i64, hour: i64, count: usize) -> Vec<(usize, String)> {
        let event = |number| {
            let excess = self.statistics.event(&at(day, hour, 30)).expect("written")?;
            Some((number, excess))
        };
        (1..=count).filter_map(event).collect()
    }

    /// Ends and starts anew from the files.
    fn restart(&mut self) {
        self.statistics.save().expect("saved");
        self.reopen();
    }

    /// Starts anew from the files as they are, as after a kill.
    fn reopen(&mut self) {
        self.statistics.running = Running::default();
        self.statistics = Statistics::open(&self.path(""), OPTIONS).expect("opened");
    }
}

/// Learnt for three days, 100 events at ten o'clock on each: the averages
/// are 115, and for each weekday 120.
fn learned_bench() -> Bench {
    let mut bench = Bench::new();
    for day in 0..3 {
        assert_eq!(bench.events(day, 10, 100), []);
    }
    assert_eq!(bench.events(3, 9, 1), []);
    bench
}

#[test]
fn the_limit_lies_a_share_above_the_average_within_bounds() {
    let options = StatisticsOptions::default();
    let table = [
        (0, 1250),
        (1, 1251),
        (832, 2082),
        (833, 2083),
        (834, 834 + 1252),
        (1000, 2501),
        (665_999, 665_999 + 998_999),
        (666_000, 666_000 + 999_000),
        (700_000, 1_699_000),
        (u32::MAX, u64::from(u32::MAX) + 999_000),
    ];
    for (average, limit) in table {
        assert_eq!(options.limit(average), limit, "average {average}");
    }
    let odd = StatisticsOptions { level: 4, percent_diff: u32::MAX, min_diff: 50, max_diff: 20 };
    assert_eq!((odd.limit(0), odd.limit(1), odd.limit(u32::MAX)), (50, 21, u64::from(u32::MAX) + 20));
}

#[test]
fn averages_are_learned_day_by_day() {
    let mut bench = Bench::new();
    let mut seen = Vec::new();
    for day in 0..5 {
        bench.events(day, 10, 100);
        seen.push((bench.read("hourly-average/10"), bench.read("hourly-average/24")));
    }
    let seen: Vec<_> = seen.iter().map(|(hour, days)| (hour.as_deref(), days.as_deref())).collect();
    let learned = [
        (None, None),
        (Some("120"), Some("1")),
        // (100 + 1·120)/2 + 5
        (Some("115"), Some("2")),
        // (100 + 2·115)/3 + 5
        (Some("115"), Some("3")),
        // (100 + 3·115)/4 + 5
        (Some("116"), Some("4")),
    ];
    assert_eq!(seen, learned);
}

#[test]
fn a_new_day_weighs_an_eighth_at_least() {
    let mut bench = Bench::new();
    bench.put("hourly-average/24", b"300");
    bench.put("hourly-average/10", b"100");
    bench.reopen();
    bench.events(0, 10, 800);
    bench.events(1, 10, 1);
    // (800 + 7·100)/8 + 5
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("192"));
}

#[test]
fn hours_without_events_keep_their_average_and_have_no_file_before() {
    let mut bench = Bench::new();
    bench.events(0, 10, 100);
    bench.events(1, 11, 7);
    bench.events(2, 0, 1);
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("120"));
    assert_eq!(bench.read("hourly-average/11").as_deref(), Some("27"));
    assert_eq!(bench.read("hourly-average/12"), None);
}

#[test]
fn weekdays_learn_apart_but_count_every_day() {
    let mut bench = Bench::new();
    for day in 0..8 {
        bench.events(day, 10, 100);
    }
    // Sunday's second turn is not over yet.
    assert_eq!(bench.read("weekly-average/0/10").as_deref(), Some("120"));
    bench.events(8, 10, 1);
    // Eight days, of which seven weigh before it: (100 + 7·120)/8 + 5.
    assert_eq!(bench.read("weekly-average/0/10").as_deref(), Some("122"));
    assert_eq!(bench.read("weekly-average/3/10").as_deref(), Some("120"));
    for weekday in 0..7 {
        assert_eq!(bench.read(&format!("weekly-average/{weekday}/24")).as_deref(), Some("8"));
    }
}

#[test]
fn a_day_of_three_alerts_is_learned_from_faster() {
    let mut bench = Bench::new();
    bench.put("hourly-average/24", b"3");
    for hour in 8..11 {
        bench.put(&format!("hourly-average/{hour}"), b"20");
    }
    for hour in 8..11 {
        bench.reopen();
        assert_eq!(bench.events(0, hour, 100).len(), 1);
        bench.restart();
    }
    bench.events(1, 0, 1);
    // (3·100 + 3·20)/6 + 25
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("85"));
    // The next day is an ordinary one: (100 + 4·85)/5 + 5
    bench.events(1, 10, 100);
    bench.events(2, 0, 1);
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("93"));
}

#[test]
fn nothing_is_unusual_before_three_days_are_learned() {
    let mut bench = Bench::new();
    bench.events(0, 10, 1);
    bench.events(1, 10, 1);
    assert_eq!(bench.events(2, 10, 5000), []);
    assert_eq!(bench.read("hourly-average/24").as_deref(), Some("2"));
}

#[test]
fn an_hour_above_its_limit_is_told_once() {
    let mut bench = learned_bench();
    // The average is 115, the limit 115 + 172 + 1.
    let text = "The average number of logs between 10:00 and 11:00 is 115. We reached 289.";
    assert_eq!(bench.events(3, 10, 1000), [(289, text.to_owned())]);
    assert_eq!(bench.events(3, 10, 1000), []);
}

#[test]
fn a_day_has_three_alerts_at_most() {
    let mut bench = Bench::new();
    bench.put("hourly-average/24", b"9");
    for hour in 0..24 {
        bench.put(&format!("hourly-average/{hour}"), b"1");
    }
    bench.reopen();
    let alerts = |bench: &mut Bench, day| -> Vec<usize> {
        (10..16).map(|hour| bench.events(day, hour, 50).len()).collect()
    };
    assert_eq!(alerts(&mut bench, 0), [1, 1, 1, 0, 0, 0]);
    bench.events(1, 0, 1);
    assert_eq!(bench.statistics.running.alerts_today, 0);
    // The same hour on the next day may be told again.
    assert_eq!(bench.events(1, 10, 500).len(), 1);
}

#[test]
fn a_weekday_above_its_limit_is_told_by_its_name() {
    let mut bench = Bench::new();
    bench.put("hourly-average/24", b"3");
    bench.put("hourly-average/23", b"5000");
    bench.put("weekly-average/1/23", b"100");
    bench.put("weekly-average/1/24", b"2");
    bench.reopen();
    assert_eq!(bench.events(1, 23, 300), []);
    bench.put("weekly-average/1/24", b"3");
    bench.reopen();
    let text = "The average number of logs between 23:00 and 24:00 on Monday is 100. We reached 252.";
    assert_eq!(bench.events(1, 23, 300), [(252, text.to_owned())]);
    // Other weekdays have no average.
    assert_eq!(bench.events(2, 23, 300), []);
}

#[test]
fn totals_of_hours_and_days_are_laid_out_as_tools_read_them() {
    let mut bench = Bench::new();
    bench.events(6, 7, 2);
    for (id, level) in [(5716, 5), (1002, 2), (5716, 5), (31108, 0)] {
        bench.statistics.rule_fired(id, level);
    }
    bench.statistics.firewall_event();
    bench.statistics.syscheck_event();
    bench.statistics.syscheck_event();
    bench.events(6, 9, 3);
    let hour = "7-1002-2-1\n7-5716-5-2\n7-31108-0-1\n7--4--2--2--1\n\n";
    assert_eq!(bench.read("totals/2026/May/ossec-totals-09.log").as_deref(), Some(hour));
    bench.events(7, 9, 1);
    let counts = |hour| match hour {
        7 => 2,
        9 => 3,
        _ => 0,
    };
    let hours: String = (0..24).map(|hour| format!("Hour totals - {hour}:{}\n", counts(hour))).collect();
    let day = format!("{hour}9--0--3--0--0\n\n{hours}Total events for day:5\n");
    assert_eq!(bench.read("totals/2026/May/ossec-totals-09.log"), Some(day));
    assert_eq!(bench.read("totals/2026/May/ossec-totals-10.log"), None);
}

#[test]
fn an_orderly_restart_loses_no_count() {
    let mut bench = learned_bench();
    bench.events(3, 10, 288);
    bench.statistics.rule_fired(5716, 5);
    bench.restart();
    assert_eq!(bench.events(3, 10, 10).iter().map(|alert| alert.0).collect::<Vec<_>>(), [1]);
    bench.restart();
    assert_eq!(bench.events(3, 10, 10), [], "told before the restart");
    bench.events(4, 9, 1);
    let totals = bench.read("totals/2026/May/ossec-totals-06.log").expect("written");
    assert!(totals.contains("\n10-5716-5-1\n10--1--308--0--0\n\n"), "{totals}");
    assert!(totals.ends_with("Total events for day:309\n"), "{totals}");
    // (308 + 3·115)/4 + 5
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("168"));
}

#[test]
fn dropping_keeps_the_counters() {
    let bench = Bench::new();
    let folder = bench.path("");
    let mut statistics = Statistics::open(&folder, OPTIONS).expect("opened");
    statistics.event(&at(0, 10, 0)).expect("written");
    drop(statistics);
    let statistics = Statistics::open(&folder, OPTIONS).expect("opened");
    assert_eq!(statistics.running.day[10], 1);
}

#[test]
fn a_kill_loses_no_more_than_the_running_hour() {
    let mut bench = learned_bench();
    bench.events(3, 10, 50);
    bench.reopen();
    bench.events(4, 9, 1);
    let totals = bench.read("totals/2026/May/ossec-totals-06.log").expect("written");
    assert!(totals.contains("Hour totals - 9:1\nHour totals - 10:0\n"), "{totals}");
    assert_eq!(bench.read("hourly-average/24").as_deref(), Some("4"));
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("115"));
}

#[test]
fn nothing_is_created_before_an_hour_has_ended() {
    let mut bench = Bench::new();
    bench.events(0, 10, 5);
    assert!(!bench.path("").exists());
    bench.events(0, 11, 1);
    assert!(bench.path("totals").is_dir());
    assert!(!bench.path("hourly-average").exists());
    drop(Statistics::open(&bench.home.path().join("other"), OPTIONS).expect("opened"));
    assert!(!bench.home.path().join("other").exists());
}

#[test]
fn no_file_is_left_half_done() {
    let bench = learned_bench();
    let mut folders = vec![bench.path("")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("read") {
            let path = entry.expect("read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files += 1;
                assert_ne!(path.extension().and_then(|e| e.to_str()), Some("new"), "{}", path.display());
            }
        }
    }
    // Two averages and days of the day, three of weekdays, seven of their
    // days, three totals, the counters.
    assert_eq!(files, 2 + 3 + 7 + 3 + 1);
}

#[test]
fn garbled_files_count_as_nothing_learned() {
    let garbled: [&[u8]; 11] = [
        b"",
        b" ",
        b"x",
        b"-5",
        b"12x",
        b"1 2",
        b"99999999999",
        b"4294967295",
        b"\xff\xfe",
        b"1.5",
        &[b'1'; 4096],
    ];
    for content in garbled {
        let mut bench = Bench::new();
        for file in ["hourly-average/10", "hourly-average/24", "weekly-average/0/24", "running.json"] {
            bench.put(file, content);
        }
        bench.put("hourly-average/11", b" 7\n");
        bench.reopen();
        assert_eq!((bench.statistics.daily.at(10), bench.statistics.daily.days()), (None, 0), "{content:?}");
        assert_eq!(bench.statistics.daily.at(11), Some(7));
        assert_eq!(bench.events(0, 10, 100), []);
        bench.events(1, 10, 1);
        assert_eq!(bench.read("hourly-average/10").as_deref(), Some("120"));
    }
}

#[test]
fn hostile_counters_are_refused_and_large_ones_do_not_overflow() {
    let mut bench = learned_bench();
    bench.events(3, 10, 50);
    bench.statistics.save().expect("saved");
    let good = bench.read("running.json").expect("saved");
    for (from, to) in
        [("\"hour\":10", "\"hour\":200"), ("\"weekday\":3", "\"weekday\":7"), ("\"month\":5", "\"month\":0")]
    {
        assert!(good.contains(from), "{good}");
        bench.put("running.json", good.replace(from, to).as_bytes());
        bench.reopen();
        assert_eq!(bench.statistics.running.hour, None);
        bench.events(3, 10, 1);
    }
    let max = "4294967295,".repeat(3);
    let large = good.replacen("0,0,0,", &max, 1).replace("\"events\":50", "\"events\":18446744073709551615");
    bench.put("running.json", large.as_bytes());
    bench.put("hourly-average/0", b"2147483647");
    bench.put("hourly-average/24", b"2147483647");
    bench.reopen();
    assert_eq!(bench.statistics.running.day[0], u32::MAX);
    bench.events(3, 10, 5);
    bench.events(4, 0, 5);
    let totals = bench.read("totals/2026/May/ossec-totals-06.log").expect("written");
    assert!(totals.contains("\n10--0--18446744073709551615--0--0\n\n"), "{totals}");
    assert_eq!(bench.read("hourly-average/0").as_deref(), Some("2147483647"));
    assert_eq!(bench.read("hourly-average/24").as_deref(), Some("2147483647"));
}

#[test]
fn a_folder_in_the_place_of_a_file_is_an_error_only_when_written() {
    let mut bench = Bench::new();
    fs::create_dir_all(bench.path("hourly-average/10")).expect("created");
    bench.reopen();
    bench.events(0, 10, 100);
    bench.events(0, 11, 100);
    let error = bench.statistics.event(&at(1, 9, 0)).expect_err("a folder is in the way");
    assert!(error.to_string().contains("hourly-average/10"), "{error}");
    // All else is written, the event is counted, and the file is tried again.
    assert_eq!(bench.read("hourly-average/11").as_deref(), Some("120"));
    assert_eq!(bench.statistics.running.day[9], 1);
    fs::remove_dir(bench.path("hourly-average/10")).expect("removed");
    bench.events(1, 10, 1);
    assert_eq!(bench.read("hourly-average/10").as_deref(), Some("120"));
}

#[test]
fn a_clock_set_back_a_little_ends_nothing() {
    let mut bench = Bench::new();
    bench.events(0, 23, 5);
    bench.statistics.event(&at(1, 0, 0)).expect("written");
    let before = bench.read("totals/2026/May/ossec-totals-03.log");
    for minute in [59, 58, 59] {
        bench.statistics.event(&at(0, 23, minute)).expect("written");
        bench.statistics.event(&at(1, 0, 1)).expect("written");
    }
    assert_eq!(bench.read("totals/2026/May/ossec-totals-03.log"), before);
    assert_eq!(bench.read("hourly-average/24").as_deref(), Some("1"));
    // Late events count for the hour that runs.
    assert_eq!(bench.statistics.running.day[0], 7);
}

#[test]
fn a_clock_that_was_wrong_by_years_is_left_behind() {
    let mut bench = Bench::new();
    bench.events(3650, 5, 3);
    bench.events(0, 10, 2);
    assert_eq!(bench.statistics.running.day[5], 5);
    bench.events(0, 11, 2);
    assert_eq!(bench.statistics.running.day[11], 2);
    bench.events(1, 0, 1);
    let totals = bench.read("totals/2026/May/ossec-totals-03.log").expect("written");
    assert!(
        totals.starts_with("11--0--2--0--0\n\n") && totals.ends_with("Total events for day:2\n"),
        "{totals}"
    );
}

#[test]
fn a_time_that_jumps_wildly_neither_panics_nor_loses_an_event() {
    let mut bench = Bench::new();
    let mut seed = 1_u64;
    let mut random = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) % below
    };
    for _ in 0..300 {
        let odd = LocalTime {
            year: random(3) as i32 + 2025,
            month: random(16) as u8,
            day: random(35) as u8,
            second: random(100_000) as u32,
            weekday: random(256) as u8,
        };
        bench.statistics.event(&odd).expect("written");
        bench.statistics.rule_fired(random(5) as u32, 3);
    }
    let mut counted = bench.statistics.running.day.iter().map(|n| u64::from(*n)).sum::<u64>();
    for year in ["2025", "2026", "2027"] {
        for month in fs::read_dir(bench.path("totals").join(year)).expect("read") {
            for file in fs::read_dir(month.expect("read").path()).expect("read") {
                let text = fs::read_to_string(file.expect("read").path()).expect("read");
                let days = text.lines().filter_map(|line| line.strip_prefix("Total events for day:"));
                counted += days.map(|n| n.parse::<u64>().expect("a number")).sum::<u64>();
            }
        }
    }
    assert_eq!(counted, 300);
}

#[test]
fn an_hour_remembers_a_bounded_number_of_rules() {
    let mut bench = Bench::new();
    bench.events(0, 10, 1);
    for id in 0..70_000 {
        bench.statistics.rule_fired(id, 3);
    }
    bench.events(0, 11, 1);
    let totals = bench.read("totals/2026/May/ossec-totals-03.log").expect("written");
    assert_eq!(totals.lines().count(), 65_536 + 2);
    assert!(totals.ends_with("\n10--70000--1--0--0\n\n"));
}

#[test]
fn level_0_switches_everything_off() {
    let home = tempfile::tempdir().expect("a folder");
    let folder = home.path().join("stats");
    let mut statistics =
        Statistics::open(&folder, StatisticsOptions { level: 0, ..OPTIONS }).expect("opened");
    for day in 0..9 {
        assert_eq!(statistics.event(&at(day, 10, 0)).expect("nothing to write"), None);
        statistics.rule_fired(1, 1);
    }
    drop(statistics);
    assert!(!folder.exists());
}
