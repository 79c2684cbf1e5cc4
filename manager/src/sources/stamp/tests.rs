use super::*;

/// 2026-11-21 08:00:00 UTC.
const NOW: i64 = 1_795_248_000;

fn utc() -> Stamper {
    Stamper::in_zone(TimeZone::UTC, NOW)
}

fn berlin() -> Stamper {
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a POSIX zone");
    Stamper::in_zone(zone, NOW)
}

/// Seconds since 1970 by another calendar than the one under test.
fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().expect("a time").as_second()
}

#[test]
fn every_known_form_gives_its_time() {
    let cases = [
        // OSSEC 4.3, header rows 1 to 12.
        ("Dec 29 10:00:01 web1 sshd[12]: x", "2025-12-29T10:00:01Z"),
        ("Nov  2 10:00:01 web1 sshd[12]: x", "2026-11-02T10:00:01Z"),
        ("2015-04-16 21:51:02,805 x", "2015-04-16T21:51:02Z"),
        ("2007-06-14T15:48:55-04:00 host x", "2007-06-14T19:48:55Z"),
        ("2007-06-14T15:48:55.123456+05:30 host x", "2007-06-14T10:18:55Z"),
        ("2007-06-14T15:48:55,12-04:00 host x", "2007-06-14T19:48:55Z"),
        ("2015 Dec 29 10:00:01 WinEvtLog: x", "2015-12-29T10:00:01Z"),
        ("2019:11:06-00:08:03 host x", "2019-11-06T00:08:03Z"),
        ("Mon Apr 17 18:27:14 2006 1 1.2.3.4", "2006-04-17T18:27:14Z"),
        ("01/28-09:13:16.240702  [**] x", "2026-01-28T09:13:16Z"),
        ("01/28/1979-09:13:16.240702  [**] x", "1979-01-28T09:13:16Z"),
        ("[Fri Feb 11 18:06:35 2004] [error] x", "2004-02-11T18:06:35Z"),
        ("[Fri Feb 11 18:06:35.123456 2004] [core:error] x", "2004-02-11T18:06:35Z"),
        ("[Time 2006.12.28 15:53:55 UTC] [Facility auth]", "2006-12-28T15:53:55Z"),
        ("1140804070.368  11623 192.0.2.1 TCP_MISS/200", "2006-02-24T18:01:10Z"),
        // Others.
        ("2007-06-14T15:48:55Z host x", "2007-06-14T15:48:55Z"),
        ("2007-06-14T15:48:55 host x", "2007-06-14T15:48:55Z"),
        ("2007-06-14T15:48:55+0200 host x", "2007-06-14T13:48:55Z"),
        ("2007-06-14T15:48:55+02", "2007-06-14T13:48:55Z"),
        ("2007-06-14 15:48:55.12 UTC [7] LOG:", "2007-06-14T15:48:55Z"),
        ("[2007-08-31 18:37:09.454 UTC] LOG: x", "2007-08-31T18:37:09Z"),
        ("<34>1 2020-01-01T00:00:00.123Z host app 1 - - x", "2020-01-01T00:00:00Z"),
        ("1 2020-01-01T00:00:00.123+01:00 host app 1 - - x", "2019-12-31T23:00:00Z"),
        ("<34>Dec 29 10:00:01 web1 x", "2025-12-29T10:00:01Z"),
        ("Dec 29 2015 10:00:01: %ASA-4-1: x", "2015-12-29T10:00:01Z"),
        ("192.0.2.7 - - [29/Dec/2015:10:00:01 +0100] \"GET / HTTP/1.1\"", "2015-12-29T09:00:01Z"),
        ("web [x] 2001:db8::1 - a [29/Dec/2015:10:00:01 -0030] \"", "2015-12-29T10:30:01Z"),
        ("Xen.example.org [29/Dec/2015:10:00:01 +0100] x", "2015-12-29T09:00:01Z"),
        ("2024/05/01 10:00:00 [error] 7#0: *3 open()", "2024-05-01T10:00:00Z"),
        ("type=USER_AUTH msg=audit(1364481363.243:24287): pid=1", "2013-03-28T14:36:03Z"),
        ("2016-12-31T23:59:60Z x", "2017-01-01T00:00:00Z"),
        // Numbers of the message are no zone.
        ("2015-04-16 21:51:02 -12 degrees", "2015-04-16T21:51:02Z"),
        ("2015-04-16 21:51:02,805 - name - INFO", "2015-04-16T21:51:02Z"),
    ];
    for (line, want) in cases {
        assert_eq!(utc().time_of(line.as_bytes()), Some(at(want)), "{line}");
    }
}

#[test]
fn what_only_looks_like_a_time_is_none() {
    let cases = [
        "",
        "<",
        "<>",
        "<34>",
        "kernel: [12.3] x",
        "{\"time\":\"2020-01-01T00:00:00Z\"}",
        "Dec 32 10:00:01 x",
        "Feb 30 10:00:01 x",
        "Dec 29 24:00:01 x",
        "Dec 29 10:60:01 x",
        "Dec 29 10:00:61 x",
        "Dez 29 10:00:01 x",
        "Dec 29 1o:00:01 x",
        "Dec 29 10:00:0",
        "2015-13-16 21:51:02,805",
        "2015-02-29 21:51:02,805",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59",
        "1140804070 368",
        "2140804070.368",
        "[29/Dez/2015:10:00:01 +0100]",
        "type=USER msg=audit(13644813x3.243:1)",
        "\u{e4}\u{e4}\u{e4}",
    ];
    for line in cases {
        assert_eq!(utc().time_of(line.as_bytes()), None, "{line}");
    }
}

#[test]
fn no_cut_and_no_changed_byte_of_a_form_panics() {
    let forms = [
        "<34>1 2020-01-01T00:00:00.123+01:00 h",
        "Mon Apr 17 18:27:14 2006 1 ",
        "[Fri Feb 11 18:06:35.12 2004] x",
        "a [29/Dec/2015:10:00:01 +0100] b",
        "type=X msg=audit(1364481363.243:24287):",
        "01/28/1979-09:13:16.240702  [",
    ];
    let mut stamper = berlin();
    for form in forms {
        for end in 0..=form.len() {
            stamper.time_of(&form.as_bytes()[..end]);
        }
        for place in 0..form.len() {
            for byte in 0..=255 {
                let mut line = form.as_bytes().to_vec();
                line[place] = byte;
                stamper.time_of(&line);
            }
        }
    }
}

#[test]
fn local_time_follows_the_zone_through_the_change_of_clocks() {
    let mut stamper = berlin();
    let cases = [
        ("2026-01-15 10:00:00", "2026-01-15T09:00:00Z"),
        ("2026-07-15 10:00:00", "2026-07-15T08:00:00Z"),
        // 29 March 2026: 02:00 is 03:00.
        ("2026-03-29 01:59:59", "2026-03-29T00:59:59Z"),
        ("2026-03-29 03:00:00", "2026-03-29T01:00:00Z"),
        ("2026-03-29 23:00:00", "2026-03-29T21:00:00Z"),
        // 25 October 2026: 03:00 is 02:00 once more.
        ("2026-10-25 01:00:00", "2026-10-24T23:00:00Z"),
        ("2026-10-25 03:00:00", "2026-10-25T02:00:00Z"),
        ("Oct 25 23:59:59 x", "2026-10-25T22:59:59Z"),
    ];
    for (line, want) in cases {
        assert_eq!(stamper.time_of(line.as_bytes()), Some(at(want)), "{line}");
    }
}

#[test]
fn a_missing_year_is_the_latest_that_is_not_in_the_future() {
    let mut stamper = utc();
    let cases = [
        ("Nov 21 08:00:00", "2026-11-21T08:00:00Z"),
        // A day of grace for other zones and wrong clocks.
        ("Nov 22 07:00:00", "2026-11-22T07:00:00Z"),
        ("Nov 23 07:00:00", "2025-11-23T07:00:00Z"),
        ("Feb 29 00:00:00", "2024-02-29T00:00:00Z"),
    ];
    for (line, want) in cases {
        assert_eq!(stamper.time_of(line.as_bytes()), Some(at(want)), "{line}");
    }
    stamper.set_reference(at("2027-11-23T00:00:00Z"));
    assert_eq!(stamper.time_of(b"Nov 23 07:00:00"), Some(at("2027-11-23T07:00:00Z")));
}

#[test]
fn a_january_behind_a_december_is_the_next_years() {
    // The reference is old: taken when following began.
    let mut stamper = Stamper::in_zone(TimeZone::UTC, at("2025-12-30T00:00:00Z"));
    let cases = [
        ("Dec 31 23:59:59", "2025-12-31T23:59:59Z"),
        ("Jan  2 00:00:01", "2026-01-02T00:00:01Z"),
        ("Jan  2 00:00:02", "2026-01-02T00:00:02Z"),
    ];
    for (line, want) in cases {
        assert_eq!(stamper.time_of(line.as_bytes()), Some(at(want)), "{line}");
    }
    // The reference is right: the same lines, no year too many.
    let mut stamper = Stamper::in_zone(TimeZone::UTC, at("2026-03-01T00:00:00Z"));
    for (line, want) in cases {
        assert_eq!(stamper.time_of(line.as_bytes()), Some(at(want)), "{line}");
    }
}

#[test]
fn the_calendar_agrees_with_another_one() {
    for number in (0..2_900_000).step_by(97) {
        let day = date_of(number);
        assert_eq!(days(day), number);
        let text = format!("{:04}-{:02}-{:02}T00:00:00Z", day.year, day.month, day.day);
        assert_eq!(at(&text), number * DAY, "{text}");
    }
}

#[test]
fn what_is_written_can_be_read_again() {
    for epoch in [NOW, NOW - 200 * DAY, NOW - 20 * DAY] {
        let mut stamper = Stamper::new(NOW);
        assert_eq!(stamper.time_of(syslog_time(epoch).as_bytes()), Some(epoch));
        assert_eq!(stamper.time_of(format!("[{}]", access_time(epoch)).as_bytes()), Some(epoch));
    }
}

#[test]
#[ignore = "a measurement: cargo test --release -- --ignored --nocapture"]
fn a_time_costs_less_than_a_hundred_nanoseconds() {
    let lines: Vec<String> =
        (0..1000).map(|n| format!("Nov 20 {:02}:{:02}:01 web1 x", n / 60, n % 60)).collect();
    let mut stamper = berlin();
    let (start, rounds) = (std::time::Instant::now(), 1000);
    let mut sum = 0_i64;
    for _ in 0..rounds {
        for line in &lines {
            sum = sum.wrapping_add(stamper.time_of(line.as_bytes()).unwrap_or(0));
        }
    }
    let each = start.elapsed().as_nanos() / (rounds * lines.len() as u128);
    println!("{each} ns, sum {sum}");
    assert!(each < 100);
}
