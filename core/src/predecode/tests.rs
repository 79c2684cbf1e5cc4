extern crate std;

use super::*;
use std::string::String;
use std::vec::Vec;

/// Form, host, program, log and stamp as text.
type Parts<'t> = (Form, Option<&'t str>, Option<&'t str>, &'t str, &'t str);

fn parts(text: &str) -> Parts<'_> {
    parts_in(Dialect::Ossec, text)
}

fn parts_in(dialect: Dialect, text: &str) -> Parts<'_> {
    let found = header(text.as_bytes(), dialect);
    let of = |span: Span| str::from_utf8(span.of(text.as_bytes())).expect("spans cut no character here");
    (found.form, found.host.map(of), found.program.map(of), of(found.log), of(found.stamp))
}

fn cleaned(text: &[u8], room: usize) -> Vec<u8> {
    clean(text, Dialect::Ossec, &mut std::vec![0xaa; room]).to_vec()
}

#[test]
fn only_the_output_of_a_command_keeps_its_lines() {
    let output = b"ossec: output: 'ports':\ntcp\t22\ntcp 25 and something more that is long\n";
    let kept = b"ossec: output: 'ports':\ntcp22\ntcp 25 and something more that is long\n";
    assert_eq!(cleaned(output, 200), kept);
    assert_eq!(cleaned(b"a\nb\tc", 200), b"abc");
}

#[test]
fn cleaning_deletes_control_bytes_and_keeps_all_others() {
    assert_eq!(cleaned(b"a\tb\r\n", 99), b"ab");
    assert_eq!(cleaned(b"\x01\x1f\x7f\x80\xff ~", 99), b"\x80\xff ~");
    assert_eq!(cleaned("größe".as_bytes(), 99), "größe".as_bytes());
    let long: Vec<u8> = (0..500_usize).map(|n| if n % 37 == 36 { 7 } else { b'x' }).collect();
    assert_eq!(cleaned(&long, 500), std::vec![b'x'; 500 - 13]);
}

#[test]
fn cleaning_stops_at_a_nul_the_limit_and_the_buffer() {
    assert_eq!(cleaned(b"abc\0def", 99), b"abc");
    assert_eq!(cleaned(b"\0", 99), b"");
    let nul_late = [&[b'x'; 40][..], b"\t\0y", &[b'z'; 40]].concat();
    assert_eq!(cleaned(&nul_late, 99), [b'x'; 40]);
    assert_eq!(cleaned(&[b'x'; 7000], 7000).len(), TEXT_MAX);
    assert_eq!(cleaned(b"abcdef", 4), b"abcd");
    assert_eq!(cleaned(b"abc", 0), b"");
}

#[test]
fn every_form_is_recognised() {
    let cases: &[(&str, Parts<'_>)] = &[
        (
            "Dec 29 10:00:01 web1 sshd[12]: Failed",
            (Form::Syslog, Some("web1"), Some("sshd"), "Failed", "Dec 29 10:00:01"),
        ),
        (
            "2015-04-16 21:51:02,805 host app: text",
            (Form::Millis, Some("host"), Some("app"), "text", "2015-04-16 21:51:02,805"),
        ),
        (
            "2007-06-14T15:48:55-04:00 host app[7]: text",
            (Form::Iso, Some("host"), Some("app"), "text", "2007-06-14T15:48:55-04:00"),
        ),
        (
            "2015 Dec 29 10:00:01 host app: text",
            (Form::Year, Some("host"), Some("app"), "text", "2015 Dec 29 10:00:01"),
        ),
        (
            "2019:11:06-00:08:03 utm httpd: text",
            (Form::Colons, Some("utm"), Some("httpd"), "text", "2019:11:06-00:08:03"),
        ),
        (
            "Mon Apr 17 18:27:14 2006 1 192.0.2.1 x",
            (Form::Xferlog, None, None, " 1 192.0.2.1 x", "Mon Apr 17 18:27:14 2006"),
        ),
        ("01/28-09:13:16.240702  [**] x", (Form::Snort, None, None, "[**] x", "01/28-09:13:16.240702")),
        (
            "01/28/1979-09:13:16.240702  [**] x",
            (Form::Suricata, None, None, "[**] x", "01/28/1979-09:13:16.240702"),
        ),
        (
            "[Fri Feb 11 18:06:35 2004] [warn] x",
            (Form::Apache, None, None, "[warn] x", "Fri Feb 11 18:06:35 2004"),
        ),
        (
            "1140804070.368  11623 192.0.2.1 TCP_MISS/200",
            (Form::Squid, None, None, "11623 192.0.2.1 TCP_MISS/200", "1140804070.368"),
        ),
        ("anything else", (Form::None, None, None, "anything else", "")),
        ("", (Form::None, None, None, "", "")),
    ];
    for (text, expected) in cases {
        assert_eq!(parts(text), *expected, "{text}");
    }
}

#[test]
fn the_colon_of_the_zone_tells_the_length_of_a_fraction() {
    for digits in 1..=6 {
        for mark in ['.', ','] {
            let fraction: String = std::iter::repeat_n('3', digits).collect();
            let text = std::format!("2007-06-14T15:48:55{mark}{fraction}-04:00 host app: text");
            let colon = text.rfind("-04:").unwrap_or_default() + 3;
            let stamp = text.get(..colon + 3).unwrap_or_default();
            assert_eq!(parts(&text), (Form::IsoFraction, Some("host"), Some("app"), "text", stamp));
        }
    }
}

#[test]
fn an_iso_date_needs_a_zone_and_a_long_line() {
    assert_eq!(parts("2007-06-14T15:48:55Z host app: text and more").0, Form::None);
    assert_eq!(parts("2007-06-14T15:48:55-04:00 h a: te").0, Form::Iso);
    assert_eq!(parts("2007-06-14T15:48:55-04:00 h a: t").0, Form::None);
}

#[test]
fn a_line_one_byte_too_short_has_no_header() {
    assert_eq!(parts("Dec 29 10:00:01 x").0, Form::Syslog);
    assert_eq!(parts("Dec 29 10:00:01 ").0, Form::None);
    assert_eq!(parts("2019:11:06-00:08:03x").0, Form::Colons);
    assert_eq!(parts("2019:11:06-00:08:03").0, Form::None);
    // One byte behind the end is skipped with the date; nothing is left.
    assert_eq!(parts("01/28/1979-09:13:16.240702 ").3, "");
}

#[test]
fn the_german_march_is_one_byte_longer() {
    let expected = (Form::Syslog, Some("web1"), Some("su"), "BAD", "Mär 29 10:00:01");
    assert_eq!(parts("Mär 29 10:00:01 web1 su: BAD"), expected);
    // QUIRK: the log starts as if the date were not longer, so its last digit
    // is taken for the host.
    let quirk = parts("2ä15-04-16 21:51:02,805 host app: text");
    let expected = (Form::Millis, Some("5"), None, "host app: text", "2ä15-04-16 21:51:02,805");
    assert_eq!(quirk, expected);
}

#[test]
fn host_and_program_stand_behind_the_date() {
    // Behind a fixed date: host, program, log.
    let cases: &[(&str, Option<&str>, Option<&str>, &str)] = &[
        ("web1 sshd[12]: Failed", Some("web1"), Some("sshd"), "Failed"),
        ("web1 sshd(pam_unix)[1]: x", Some("web1"), Some("sshd(pam_unix)"), "x"),
        ("web1 %ASA-4: x", Some("web1"), None, "%ASA-4: x"),
        ("su: BAD", None, Some("su"), "BAD"),
        ("web1 su: BAD", Some("web1"), Some("su"), "BAD"),
        (" web1 su: BAD", Some("web1"), Some("su"), "BAD"),
        ("  su: BAD", Some(""), Some("su"), "BAD"),
        (": x", None, Some(""), "x"),
        ("web1 : x", Some("web1"), Some(""), "x"),
        ("web1 [7]: x", Some("web1"), Some(""), "x"),
        ("web1 su[12] BAD", Some("web1"), Some("su"), "BAD"),
        ("web1 su[12]:BAD", Some("web1"), None, "su[12]:BAD"),
        ("web1 su[12", Some("web1"), None, "su[12"),
        ("web1 su[]: BAD", Some("web1"), None, "su[]: BAD"),
        ("web1 su[main]: BAD", Some("web1"), None, "su[main]: BAD"),
        ("web1 su:BAD", Some("web1"), None, "su:BAD"),
        ("web1 ", Some("web1"), None, ""),
        ("web1", None, None, "web1"),
        ("web1, su: x", None, None, "web1, su: x"),
        ("<web1> su: x", None, None, "<web1> su: x"),
    ];
    for (rest, host, program, log) in cases {
        let text = std::format!("Jan  1 00:00:00 {rest}");
        let (form, h, p, l, _) = parts(&text);
        assert_eq!((form, h, p, l), (Form::Syslog, *host, *program, *log), "{rest}");
    }
}

#[test]
fn aix_names_facility_and_level_before_the_program() {
    let cases: &[(&str, Option<&str>, &str)] = &[
        ("auth|security:info su: BAD", Some("su"), "BAD"),
        ("auth|security:info sshd[7]: BAD", Some("sshd"), "BAD"),
        ("auth|security:info sshd[7] BAD", Some("sshd"), "auth|security:info sshd"),
        ("auth|security:info sshd[7", Some("sshd"), "auth|security:info sshd"),
        ("auth|security:info sshd BAD", Some("sshd BAD"), " BAD"),
        ("auth|security:info sshd[x]: BAD", Some("sshd[x]: BAD"), "[x]: BAD"),
        ("auth|security:info sshd[ID 7] BAD", Some("sshd[ID 7] BAD"), "BAD"),
        ("auth|security:info ", Some(""), ""),
        ("auth|security-info su: BAD", None, "auth|security-info su: BAD"),
        ("auth|security:info: BAD", None, "auth|security:info: BAD"),
        ("auth|Security:info su: BAD", None, "auth|Security:info su: BAD"),
        ("auth|", None, "auth|"),
    ];
    for (rest, program, log) in cases {
        let text = std::format!("Jan  1 00:00:00 aix1 {rest}");
        let (_, host, p, l, _) = parts(&text);
        assert_eq!((host, p, l), (Some("aix1"), *program, *log), "{rest}");
    }
}

#[test]
fn the_message_id_of_solaris_is_no_part_of_the_log() {
    let log = |rest: &str| String::from(parts(&std::format!("Jan  1 00:00:00 {rest}")).3);
    assert_eq!(log("sol su[4]: [ID 810491 auth.crit] BAD"), "BAD");
    assert_eq!(log("su: [ID 810491 auth.crit] BAD"), "BAD");
    assert_eq!(log("sol su: [ID 810491 auth.crit]BAD"), "[ID 810491 auth.crit]BAD");
    assert_eq!(log("sol su: [IDx] BAD"), "[IDx] BAD");
    assert_eq!(log("sol [ID 810491 auth.crit] BAD"), "[ID 810491 auth.crit] BAD");
}

#[test]
fn apple_groups_name_sender_message_and_host() {
    // Behind a fixed date: host, program, log.
    let cases: &[(&str, Option<&str>, Option<&str>, &str)] = &[
        (
            "[Facility auth] [Sender sshd] [PID 4] [Message error: x] [UID -2] [Host mac1]",
            Some("mac1"),
            Some("sshd"),
            "error: x",
        ),
        ("[Host mac1] x", Some("mac1"), None, " UTC] [Host mac1"),
        ("[Sender su] [Host mac1] x", Some("mac1"), Some("su"), " UTC] [Sender su"),
        ("[Message a] [Message b] [Host h]", Some("h"), None, "a"),
        ("[Sender a] [Sender b] [Message c]", None, Some("a"), "c"),
        ("[Sender a] [Message no end", None, Some("a"), "no end"),
        ("[Message a] [Sender no end", None, None, "a"),
        ("[Message a] [Host no end", None, None, "a"),
        ("[Sender no end", None, None, " UTC] [Sender no end"),
        ("[Message a[Host h] b]", None, None, "a[Host h"),
        ("x[Host h] [Sender s]", Some("h"), None, " UTC] x[Host h"),
        ("[sender s]", None, None, " UTC] [sender s]"),
        ("[Sender ] [Message ]", None, Some(""), ""),
    ];
    for (rest, host, program, log) in cases {
        let text = std::format!("[Time 2006.12.28 15:53:55 UTC] {rest}");
        let found = parts(&text);
        assert_eq!(found, (Form::Asl, *host, *program, *log, "2006.12.28 15:53:55"), "{rest}");
    }
}

/// Lines whose every prefix and every mangled form must be read soundly.
const SAMPLES: &[&str] = &[
    "Dec 29 10:00:01 web1 sshd[12]: Failed",
    "Mär 29 10:00:01 web1 su: [ID 810491 auth.crit] BAD",
    "2015-04-16 21:51:02,805 host app: text",
    "2007-06-14T15:48:55-04:00 host app[7]: text",
    "2007-06-14T15:48:55.335233-04:00 host auth|security:info sshd[7] x",
    "2015 Dec 29 10:00:01 host app: text",
    "2019:11:06-00:08:03 utm httpd: text",
    "2021-04-21 10:16:09.404756-0700 mac1 app[7]:[ID 7]text",
    "Mon Apr 17 18:27:14 2006 1 192.0.2.1 x",
    "01/28-09:13:16.240702  [**] x",
    "01/28/1979-09:13:16.240702  [**] x",
    "[Fri Feb 11 18:06:35 2004] [warn] x",
    "[Time 2006.12.28 15:53:55 UTC] [Sender sshd] [Message x] [Host mac1]",
    "1140804070.368  11623 192.0.2.1 TCP_MISS/200",
];

fn assert_sound(text: &[u8]) {
    for dialect in [Dialect::Ossec, Dialect::Wazuh] {
        let found = header(text, dialect);
        let spans = [Some(found.log), Some(found.stamp), found.host, found.program];
        for span in spans.into_iter().flatten() {
            assert!(span.end() <= text.len(), "{span:?} in {text:?}");
        }
    }
}

#[test]
fn every_prefix_and_every_changed_byte_gives_spans_within_the_text() {
    for sample in SAMPLES {
        let sample = sample.as_bytes();
        for end in 0..=sample.len() {
            assert_sound(sample.get(..end).unwrap_or_default());
        }
        for place in 0..sample.len() {
            for byte in 0..=255 {
                let mut mangled = sample.to_vec();
                mangled[place] = byte;
                assert_sound(&mangled);
            }
        }
    }
}

#[test]
fn a_text_longer_than_a_record_is_cut() {
    let text = [b"Dec 29 10:00:01 web1 su: ", &[b'x'; 70_000][..]].concat();
    assert_eq!(header(&text, Dialect::Ossec).log.end(), RECORD_MAX);
}

#[test]
fn wazuh_keeps_control_bytes_and_ends_at_a_nul() {
    let kept = |text: &[u8], room| clean(text, Dialect::Wazuh, &mut std::vec![0xaa; room]).to_vec();
    assert_eq!(kept(b"a\tb\r\n\x01\x7f\xff", 99), b"a\tb\r\n\x01\x7f\xff");
    assert_eq!(kept(b"abc\0def", 99), b"abc");
    assert_eq!(kept(&[b'\t'; 7000], 7000).len(), TEXT_MAX);
    assert_eq!(kept(b"abcdef", 4), b"abcd");
    assert_eq!(kept(b"abc", 0), b"");
}

#[test]
fn the_forms_of_wazuh_are_recognised() {
    let cases: &[(&str, Parts<'_>)] = &[
        (
            "Dec 29 10:00:01 web1 sshd[12]: Failed",
            (Form::Syslog, Some("web1"), Some("sshd"), "Failed", "Dec 29 10:00:01"),
        ),
        (
            "2015-04-16 21:51:02,805 host app: text",
            (Form::Millis, Some("host"), Some("app"), "text", "2015-04-16 21:51:02,805"),
        ),
        // The byte behind the fraction goes, whatever it is.
        (
            "2015-04-16 21:51:02,8056host app: text",
            (Form::Millis, Some("host"), Some("app"), "text", "2015-04-16 21:51:02,805"),
        ),
        (
            "2007-06-14T15:48:55-04:00 host app[7]: text",
            (Form::Iso, Some("host"), Some("app"), "text", "2007-06-14T15:48:55-04:00"),
        ),
        (
            "2015 Dec 29 10:00:01 host app: text",
            (Form::Year, Some("host"), Some("app"), "text", "2015 Dec 29 10:00:01"),
        ),
        (
            "2019:11:06-00:08:03 utm httpd: text",
            (Form::None, None, None, "2019:11:06-00:08:03 utm httpd: text", ""),
        ),
        (
            "2021-04-21 10:16:09.404756-0700 mac1 app[7]: text",
            (Form::Mac, Some("mac1"), Some("app"), "text", "2021-04-21 10:16:09.404756-0700"),
        ),
        (
            "2021-04-21 10:16:09.404756+0200 mac1 app[7]: text",
            (Form::Mac, Some("mac1"), Some("app"), "text", "2021-04-21 10:16:09.404756+0200"),
        ),
        (
            "Mon Apr 17 18:27:14 2006 1 192.0.2.1 x",
            (Form::Xferlog, None, None, "1 192.0.2.1 x", "Mon Apr 17 18:27:14 2006"),
        ),
        ("01/28-09:13:16.240702  [**] x", (Form::Snort, None, None, "[**] x", "01/28-09:13:16.240702")),
        (
            "01/28/1979-09:13:16.240702  [**] x",
            (Form::Suricata, None, None, "[**] x", "01/28/1979-09:13:16.240702"),
        ),
        (
            "[Fri Feb 11 18:06:35 2004] [warn] x",
            (Form::Apache, None, None, "[warn] x", "Fri Feb 11 18:06:35 2004"),
        ),
        (
            "[Time 2006.12.28 15:53:55 UTC] [Sender su] [Message x] [Host mac1]",
            (Form::Asl, Some("mac1"), Some("su"), "x", ""),
        ),
        (
            "1140804070.368  11623 192.0.2.1 TCP_MISS/200",
            (Form::Squid, None, None, "11623 192.0.2.1 TCP_MISS/200", "1140804070.368"),
        ),
        ("<13>Dec 29 10:00:01 web1 su: x", (Form::None, None, None, "<13>Dec 29 10:00:01 web1 su: x", "")),
    ];
    for (text, expected) in cases {
        assert_eq!(parts_in(Dialect::Wazuh, text), *expected, "{text}");
    }
}

#[test]
fn wazuh_knows_fractions_of_three_and_six_digits() {
    let read = |fraction: &str| {
        let text = std::format!("2007-06-14T15:48:55{fraction} host app: text");
        let (form, host, program, log, stamp) = parts_in(Dialect::Wazuh, &text);
        (form, host.map(String::from), program.map(String::from), String::from(log), String::from(stamp))
    };
    let whole = |stamp: &str| {
        let text = |text: &str| Some(String::from(text));
        (
            Form::IsoFraction,
            text("host"),
            text("app"),
            "text".into(),
            std::format!("2007-06-14T15:48:55{stamp}"),
        )
    };
    assert_eq!(read(".335-04:00"), whole(".335-04:00"));
    assert_eq!(read(".335233-04:00"), whole(".335233-04:00"));
    // QUIRK: without a colon in one of the two places the date has 32 bytes.
    assert_eq!(read(".335233-0400"), whole(".335233-0400"));
    assert_eq!(read(".33-04:00").1.as_deref(), Some("t"));
    // No comma.
    assert_eq!(read(",335-04:00").0, Form::None);
}

#[test]
fn programs_of_wazuh_need_no_blank_behind_their_colon() {
    // Behind a fixed date: host, program, log.
    let cases: &[(&str, Option<&str>, Option<&str>, &str)] = &[
        ("web1 sshd[12]: Failed", Some("web1"), Some("sshd"), "Failed"),
        ("web1 sshd[12]:Failed", Some("web1"), Some("sshd"), "Failed"),
        ("web1 sshd[12]:  Failed", Some("web1"), Some("sshd"), " Failed"),
        ("web1 sshd(pam_unix)[1]:x", Some("web1"), Some("sshd(pam_unix)"), "x"),
        ("web1 su:BAD", Some("web1"), Some("su"), "BAD"),
        ("web1 su: BAD", Some("web1"), Some("su"), "BAD"),
        ("web1 su:", Some("web1"), Some("su"), ""),
        ("web1 su[12] BAD", Some("web1"), Some("su"), "BAD"),
        ("web1 su[12]BAD", Some("web1"), None, "su[12]BAD"),
        ("web1 su[x]: BAD", Some("web1"), None, "su[x]: BAD"),
        ("web1 %ASA-4: x", Some("web1"), None, "%ASA-4: x"),
        // Without a host the blank is needed.
        ("su:BAD", None, None, "su:BAD"),
        ("su: BAD", None, Some("su"), "BAD"),
        ("aix1 auth|security:info su:BAD", Some("aix1"), Some("su:BAD"), ":BAD"),
        ("sol su[4]: [ID 810491 auth.crit] BAD", Some("sol"), Some("su"), "BAD"),
        ("sol su[4]:[ID 810491 auth.crit]BAD", Some("sol"), Some("su"), "AD"),
        ("su: [ID 8]", None, Some("su"), ""),
        ("su: [ID 8", None, Some("su"), "[ID 8"),
    ];
    for (rest, host, program, log) in cases {
        let text = std::format!("Jan  1 00:00:00 {rest}");
        let (form, h, p, l, _) = parts_in(Dialect::Wazuh, &text);
        assert_eq!((form, h, p, l), (Form::Syslog, *host, *program, *log), "{rest}");
    }
}

#[test]
fn the_host_of_an_agent_is_its_location_or_its_name() {
    use crate::event::{Known, Moment, Origin};
    let host = |dialect, location: &str| {
        let origin = Origin { location: location.as_bytes(), local_host: b"here", now: Moment::default() };
        let mut known = Known::default();
        let mut event = Event::new(b"Dec 29 10:00:01 web1 su: x", origin, &mut known);
        read(&mut event, dialect);
        String::from_utf8_lossy(event.hostname()).into_owned()
    };
    let agent = "(db1) 192.0.2.7->/var/log/messages";
    assert_eq!(host(Dialect::Ossec, agent), agent);
    assert_eq!(host(Dialect::Wazuh, agent), "db1");
    assert_eq!(host(Dialect::Wazuh, "/var/log/messages"), "web1");
    assert_eq!(host(Dialect::Wazuh, "(db1"), "(db1");
}
