//! What the formats make of lines.

use super::*;

#[test]
fn a_line_is_a_record_of_a_format_of_lines() {
    assert_eq!(texts(Format::Lines, &["one", "two\r", "", " three "]), ["one", "two", " three "]);
    assert_eq!(texts(Format::Json, &["{\"a\":1}", ""]), ["{\"a\":1}"]);
    let places: Vec<u64> = records(Format::Lines, &["one", "", "two"]).iter().map(|seen| seen.at).collect();
    assert_eq!(places, [0, 5]);
}

#[test]
fn so_many_lines_are_a_record_and_stay_in_step() {
    let format = Format::Multi { lines: 2 };
    assert_eq!(texts(format, &["a", "b", "c", "d", "e"]), ["a b", "c d", "e"]);
    assert_eq!(texts(Format::Multi { lines: 0 }, &["a", "", "b"]), ["a", "b"]);
    let mut bench = Bench::new(format);
    for (text, cut) in [(&b"long"[..], 70_000), (b"b", 0), (b"c", 0), (b"d", 0)] {
        bench.push(text, cut);
    }
    assert_eq!(bench.seen.iter().map(|seen| seen.cut).collect::<Vec<_>>(), [70_000, 0]);
    assert_eq!(bench.texts(), ["long b", "c d"]);
}

#[test]
fn what_does_not_start_in_column_one_belongs_to_the_line_before() {
    let lines = ["a", "  b", "\tc", "d", "", " e", " f", "g"];
    assert_eq!(texts(Format::Indented, &lines), ["a   b \tc", "d", " e  f", "g"]);
}

#[test]
fn a_record_goes_from_start_to_end() {
    let lines = ["before", "BEGIN a", "x", "END b", "END a", "after", "BEGIN b", "BEGIN c", "END c"];
    let expected = ["before", "BEGIN a x END b END a", "after", "BEGIN b", "BEGIN c END c"];
    assert_eq!(texts(regex(true, true, false), &lines), expected);
}

#[test]
fn without_an_end_the_next_start_is_it() {
    let lines = ["x", "y", "BEGIN a", "z", "BEGIN b"];
    assert_eq!(texts(regex(true, false, false), &lines), ["x y", "BEGIN a z", "BEGIN b"]);
}

#[test]
fn lines_of_one_key_are_one_record_however_they_are_mixed() {
    let lines = ["[1] BEGIN a", "[2] BEGIN b", "none", "[1] x", "[2] END b", "[1] END a", "[1] y"];
    let expected = ["none", "[2] BEGIN b [2] END b", "[1] BEGIN a [1] x [1] END a", "[1] y"];
    assert_eq!(texts(regex(true, true, true), &lines), expected);
    let lines = ["[1] a", "[2] b", "[1] c", "[2] d"];
    assert_eq!(texts(regex(false, false, true), &lines), ["[1] a [1] c", "[2] b [2] d"]);
}

#[test]
fn the_oldest_of_too_many_keys_is_given_out() {
    let mut bench = Bench::new(regex(false, false, true));
    for key in 0..OPEN_RECORDS_MAX {
        assert_eq!(bench.push(std::format!("[{key}] first").as_bytes(), 0), 0);
    }
    bench.push(b"[0] second", 0);
    bench.push(b"[new] first", 0);
    assert_eq!(bench.texts(), ["[0] first [0] second"]);
    bench.push(b"[3] second", 0);
    bench.finish();
    let texts = bench.texts();
    assert_eq!(texts.len(), OPEN_RECORDS_MAX);
    assert_eq!(texts.get(2).map(String::as_str), Some("[3] first [3] second"));
}

#[test]
fn lines_are_gathered_until_all_of_them_match() {
    for (join, expected) in [
        (Join::Newline, "a\nb\ndone"),
        (Join::Space, "a b done"),
        (Join::Tab, "a\tb\tdone"),
        (Join::Nothing, "abdone"),
    ] {
        let format = Format::RegexAll { pattern: DONE, join, timeout_ms: 1 };
        assert_eq!(texts(format, &["a", "b", "done", "c"]), [expected, "c"]);
    }
    let format = Format::RegexAll { pattern: DONE, join: Join::Nothing, timeout_ms: 1 };
    assert_eq!(texts(format, &["do", "ne", "c"]), ["done", "c"], "a match may span lines");
}

#[test]
fn sections_of_one_id_are_one_transaction_however_they_are_mixed() {
    let lines = [
        "stray",
        "--aa11-A--",
        "from",
        "",
        "--bb22-A--",
        "other",
        "--aa11-B--",
        "GET",
        "--cc33-not--",
        "--bb22-Z--",
        "--aa11-Z--",
        "",
        "--bb22-A--",
    ];
    let expected = [
        "stray",
        "--bb22-A-- other --bb22-Z--",
        "--aa11-A-- from  --aa11-B-- GET --cc33-not-- --aa11-Z--",
        "--bb22-A--",
    ];
    assert_eq!(texts(Format::ModsecAudit, &lines), expected);
}

#[test]
fn lines_of_one_audit_id_are_one_record() {
    let lines = [
        "type=A msg=audit(1.1:1): a",
        "type=B msg=audit(1.1:1): b",
        "type=A msg=audit(1.1:2): c",
        "type=C msg=audit(1.1:1): d",
        "not audit",
    ];
    let consecutive = [
        "type=A msg=audit(1.1:1): a type=B msg=audit(1.1:1): b",
        "type=A msg=audit(1.1:2): c",
        "type=C msg=audit(1.1:1): d",
        "not audit",
    ];
    assert_eq!(texts(Format::Audit, &lines), consecutive);
    let mixed = [
        "not audit",
        "type=A msg=audit(1.1:1): a type=B msg=audit(1.1:1): b type=C msg=audit(1.1:1): d",
        "type=A msg=audit(1.1:2): c",
    ];
    assert_eq!(texts(Format::LinuxAuditd { wait: Wait::Timeout(9) }, &lines), mixed);
}

#[test]
fn three_lines_of_snort_are_an_alert() {
    let [name, class, priority, dated] = [LINES[25], LINES[26], LINES[27], LINES[28]];
    let tcp = "TCP TTL:64 TOS:0x0";
    let lines = [name, class, dated, tcp, "", name, priority, dated, name, dated, name, tcp, name, class];
    let expected = [
        "[**] [1:2:3] name [**][Classification: x] [Priority: 2] 192.0.2.1:1 -> 192.0.2.2:2",
        "[**] [1:2:3] name [**][Classification: Preprocessor] [Priority: 1] 192.0.2.1:1 -> 192.0.2.2:2",
        "[**] [1:2:3] name [**][Classification: Preprocessor] [Priority: 3] 192.0.2.1:1 -> 192.0.2.2:2",
        "[**] [1:2:3] name [**]",
        "[**] [1:2:3] name [**][Classification: x] [Priority: 2] ",
    ];
    assert_eq!(texts(Format::SnortFull, &lines), expected);
}

#[test]
fn open_ports_of_a_host_are_a_record() {
    let lines = [
        "# Nmap 7",
        "Host: 192.0.2.1 (h)\tStatus: Up",
        "what",
        "Host: 192.0.2.1 (h)\tPorts: 22/open/tcp//ssh///, 23/closed/tcp/////, 53/open/udp/////\tIgnored State: x",
    ];
    let seen = records(Format::Nmapg, &lines);
    let [record] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!(record.text, "Host: 192.0.2.1 (h), open ports: 22(tcp) 53(udp)");
    assert_eq!((record.queue, record.at > 0), (b'3', true));
}

#[test]
fn lines_of_mysql_have_the_last_time() {
    let lines = [
        "\t\t      1 Early",
        "banner",
        "150101 10:00:00\t  7 Connect\troot",
        "\t\t      8 Query\tselect",
        "150101  9:00:01 [Note] x",
        "\t\t      9 Quit",
    ];
    let expected = [
        "MySQL log: 1 Early",
        "MySQL log: 150101 10:00:00 7 Connect\troot",
        "MySQL log: 150101 10:00:00 8 Query\tselect",
        "MySQL log: 150101  9:00:01 [Note] x",
        "MySQL log: 150101  9:00:01 9 Quit",
    ];
    assert_eq!(texts(Format::MysqlLog, &lines), expected);
    let seen = records(Format::MysqlLog, &lines);
    assert!(seen.iter().all(|seen| seen.queue == b'a'));
    assert!(seen.windows(2).all(|pair| pair[0].at < pair[1].at), "each is where its line is");
}

#[test]
fn a_date_begins_a_record_of_a_database() {
    let sql = "2015-01-01 10:00:00.12 spid5 a";
    assert_eq!(
        texts(Format::MssqlLog, &["early", sql, " b", "", "c", sql]),
        ["early", &std::format!("{sql}  b c"), sql]
    );
    let postgres = "[2015-01-01 10:00:00.123 UTC] LOG: a";
    let seen = records(Format::PostgresqlLog, &[postgres, "\tb", "other", "\tc", postgres]);
    assert_eq!(seen[0].text, std::format!("{postgres} \tb \tc"));
    assert_eq!((seen.len(), seen[1].queue), (2, b'b'));
}

#[test]
fn a_label_of_multilog_becomes_a_header() {
    let label = "@400000005a4b9c1e1d2e3f4a";
    let dated = "Nov 20 10:00:00 other prog: text";
    let lines = [&*std::format!("{label}  text"), &*std::format!("{label} {dated}"), "no label", label, ""];
    let expected = [
        "Nov 21 10:00:00 host prog: text",
        dated,
        "Nov 21 10:00:00 host prog: no label",
        &*std::format!("Nov 21 10:00:00 host prog: {label}"),
    ];
    assert_eq!(texts(Format::DjbMultilog, &lines), expected);
    assert_eq!(djb_multilog::program(b"/service/dnscache/current"), Some(&b"dnscache"[..]));
    assert_eq!(djb_multilog::program(b"/var/log/messages"), None);
    assert_eq!(djb_multilog::program(b"/current"), None);
}

#[test]
fn alerts_of_another_ossec_are_records() {
    let [header, place, rule, source, user] = [LINES[35], LINES[36], LINES[37], LINES[38], LINES[39]];
    let lines = [
        "junk",
        header,
        place,
        rule,
        source,
        "Src Port: 22",
        user,
        "Login.",
        "",
        header,
        place,
        rule,
        "one",
        "User: two",
        "three",
        "",
        "",
        header,
        place,
        rule,
        "no end",
    ];
    let start = "ossec: Alert Level: 3; Rule: 5501 - Login 'x' opened.; Location: host->/var/log/messages;";
    let expected = [
        std::format!("{start} srcip: 192.0.2.1; user: root;  Login."),
        std::format!("{start}  one\nUser: two\nthree\n"),
        std::format!("{start}  no end"),
    ];
    assert_eq!(texts(Format::OssecAlert, &lines), expected);
}

#[test]
fn formats_are_known_by_their_names() {
    for name in ["syslog", "generic", "snort-fast", "apache", "iis", "squid", "syslog-pipe"] {
        assert_eq!(Format::named(name), Some(Format::Lines), "{name}");
    }
    for name in ["multi-line:3", "multi-line: 3", "multi-line : 3"] {
        assert_eq!(Format::named(name), Some(Format::Multi { lines: 3 }), "{name}");
    }
    for name in ["", "multi-line", "multi-line:0", "multi-line:x", "multi-line:70000", "regex", "other:3"] {
        assert_eq!(Format::named(name), None, "{name}");
    }
    assert_eq!(Format::named("modsec-audit"), Format::named("modsec_audit"));
    let rest = [
        "json",
        "multi-line_indented",
        "modsec_audit",
        "audit",
        "snort-full",
        "nmapg",
        "mysql_log",
        "mssql_log",
        "postgresql_log",
        "djb-multilog",
        "ossecalert",
    ];
    assert!(rest.iter().all(|name| Format::named(name).is_some()));
}
