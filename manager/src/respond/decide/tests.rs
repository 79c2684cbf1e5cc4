//! The promises of this room.

use super::super::history::Filter;
use super::super::sample::config;
use super::*;

const NOW: i64 = 1_764_000_000;

/// A manager with agents `web1` (001), here, and `gate1` (002), away.
struct Town {
    decider: Decider,
    responses: Vec<Arc<Response>>,
    history: History,
}

fn town(inner: &str) -> Town {
    let config = config(inner);
    Town {
        decider: Decider::new(&config.global),
        responses: config.responses.list.clone(),
        history: History::in_memory().expect("a history"),
    }
}

/// A response of ten minutes where the event came from.
fn block(more: &str) -> String {
    format!(
        "<active-response><command>block</command><location>local</location><level>9</level>\
         <timeout>600</timeout>{more}</active-response>"
    )
}

fn agents(whom: Whom<'_>) -> Vec<Seen> {
    let all = [(1, "web1", true), (2, "gate1", false), (3, "web3", true)];
    let wanted = |(id, name, _): &(u32, &str, bool)| match whom {
        Whom::Named(asked) => asked == *name,
        Whom::Number(asked) => asked == AgentId(*id),
        Whom::All => true,
    };
    let seen =
        |(id, name, is_here): (u32, &str, bool)| Seen { agent: AgentId(id), name: name.to_owned(), is_here };
    all.into_iter().filter(wanted).map(seen).collect()
}

impl Town {
    fn occasion(&self, srcip: &str) -> Occasion {
        Occasion {
            responses: self.responses.clone().into(),
            rule: 5712,
            level: 10,
            alert: "1764000000.42".to_owned(),
            location: "(web1) 192.0.2.1->/var/log/auth.log".to_owned(),
            srcip: Some(srcip.to_owned()),
            srcuser: None,
            dstuser: None,
            filename: None,
            time: NOW,
            excerpt: "Failed password".to_owned(),
            alert_json: None,
        }
    }

    fn decide(&mut self, occasion: &Occasion, after_s: i64) -> Vec<Outcome> {
        self.decider.decide(occasion, &agents, &mut self.history, NOW + after_s).expect("a decision")
    }

    /// The only outcome of an attack, in words: `id agent target for_s`.
    fn attack(&mut self, srcip: &str, after_s: i64) -> String {
        let [outcome] = self.decide(&self.occasion(srcip), after_s).try_into().expect("one outcome");
        words(&outcome)
    }

    fn states(&self) -> Vec<State> {
        let rows = self.history.find(&Filter::default()).expect("rows");
        rows.iter().rev().map(|entry| entry.state).collect()
    }
}

fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Send(Decision { id, agent, begin, .. }) => {
            let target = begin.subject.network.map(|network| network.to_string());
            format!("{id} {agent} {} {}", target.unwrap_or_else(|| begin.subject.user.clone()), begin.for_s)
        }
        Outcome::Said { event, .. } => event.clone(),
        Outcome::Nothing(why) => (*why).to_owned(),
    }
}

#[test]
fn an_attacker_is_blocked_where_the_event_came_from() {
    let mut town = town(&block(""));
    let [Outcome::Send(decision)] = &town.decide(&town.occasion("::ffff:203.0.113.9"), 0)[..] else {
        panic!("an order")
    };
    let begin = decision.begin.lend().expect("an order");
    assert_eq!(begin.check(), Ok(()));
    assert_eq!((decision.agent, begin.network), (AgentId(1), Network::parse("203.0.113.9")));
    assert_eq!((begin.response, begin.for_s, begin.rule), ("block600", 600, 5712));
    let entry = town.history.get(decision.id).expect("a history").expect("a row");
    assert_eq!((entry.state, entry.ends_at, entry.offence), (State::Decided, Some(NOW + 600), 1));
    assert_eq!((entry.excerpt.as_str(), entry.alert.as_str()), ("Failed password", "1764000000.42"));
    let own = Occasion { location: "/var/log/auth.log".to_owned(), ..town.occasion("203.0.113.10") };
    assert_eq!(words(&town.decide(&own, 0)[0]), "2 000 203.0.113.10 600");
}

#[test]
fn the_place_is_as_configured_and_each_machine_is_told_once() {
    for (location, places) in [
        ("<location>server</location>", vec!["1 000 203.0.113.9 0"]),
        ("<location>local,server</location>", vec!["1 001 203.0.113.9 0", "2 000 203.0.113.9 0"]),
        ("<location>all</location>", vec!["1 001 203.0.113.9 0", "2 003 203.0.113.9 0"]),
        ("<location>local,all</location>", vec!["1 001 203.0.113.9 0", "2 003 203.0.113.9 0"]),
        ("<location>defined-agent</location><agent_id>003</agent_id>", vec!["1 003 203.0.113.9 0"]),
        (
            "<location>defined-agent</location><agent_id>002</agent_id>",
            vec!["bartizan: response 1 away: block0 203.0.113.9: agent 002 (gate1) is not connected"],
        ),
        (
            "<location>defined-agent</location><agent_id>017</agent_id>",
            vec!["bartizan: response 1 refused: block0 203.0.113.9: there is no agent 017"],
        ),
    ] {
        let text =
            format!("<active-response><command>block</command>{location}<level>9</level></active-response>");
        let mut town = town(&text);
        let outcomes = town.decide(&town.occasion("203.0.113.9"), 0);
        assert_eq!(outcomes.iter().map(words).collect::<Vec<_>>(), places, "{location}");
    }
}

#[test]
fn what_is_said_is_not_said_again_within_an_hour() {
    let mut town = town(&block(""));
    let away = Occasion { location: "(gate1) 192.0.2.2->/x".to_owned(), ..town.occasion("203.0.113.9") };
    assert!(matches!(&town.decide(&away, 0)[..], [Outcome::Said { state: State::Away, .. }]));
    assert!(matches!(&town.decide(&away, 5)[..], [Outcome::Nothing(_)]));
    assert!(matches!(&town.decide(&away, 3601)[..], [Outcome::Said { .. }]));
    assert_eq!(town.states(), [State::Away, State::Away]);
}

#[test]
fn nobody_on_the_allow_list_or_of_a_special_range_is_blocked() {
    let allow = "<global><white_list>192.0.2.0/24</white_list><allow_list>2001:db8::1</allow_list></global>";
    let mut town = town(&format!("{allow}{}", block("")));
    for address in [
        "192.0.2.7",
        "::ffff:192.0.2.8",
        "2001:db8::1",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "224.0.0.5",
        "255.255.255.255",
    ] {
        let said = town.attack(address, 0);
        assert!(said.contains(" refused: block600 ") && said.contains("is protected: "), "{address}: {said}");
    }
    assert_eq!(town.attack("2001:db8::2", 0), "9 001 2001:db8::2 600");
}

#[test]
fn what_a_log_says_reaches_an_order_only_if_it_is_sound() {
    let lock = "<active-response><command>lock-account</command><location>local</location><level>9</level></active-response>";
    let mut blocking = town(&block(""));
    for address in [
        "",
        "-",
        "attacker.example.com",
        "203.0.113.9;id",
        "203.0.113.0/24",
        "010.1.1.1",
        "fe80::1%eth0",
        "-f",
    ] {
        let [Outcome::Nothing(_)] = &blocking.decide(&blocking.occasion(address), 0)[..] else {
            panic!("{address}")
        };
    }
    let mut locking = town(lock);
    let mut user = |dstuser: Option<&str>, srcuser: Option<&str>| {
        let (dstuser, srcuser) = (dstuser.map(str::to_owned), srcuser.map(str::to_owned));
        let occasion = Occasion { dstuser, srcuser, ..locking.occasion("x") };
        words(&locking.decide(&occasion, 0)[0])
    };
    assert_eq!(user(Some("anna"), Some("root")), "1 001 anna 0");
    assert_eq!(user(Some("-"), Some("bert")), "2 001 bert 0");
    assert_eq!(user(Some(""), Some("carl")), "3 001 carl 0");
    for bad in ["a;id", "$(id)", "-f", "a b", "\u{e4}"] {
        assert_eq!(
            user(Some(bad), Some("bert")),
            "the user of the event has characters that no user's name has"
        );
    }
    assert_eq!(user(None, None), "the event has no user");
    assert_eq!(locking.states().len() + blocking.states().len(), 3);
}

#[test]
fn a_script_is_told_what_it_expects_and_no_more() {
    let script = |expect: &str, talk: &str| {
        format!(
            "<command><name>x</name><executable>x.sh</executable>{expect}</command>\
             <active-response><command>x</command><location>local</location><level>9</level>{talk}</active-response>"
        )
    };
    let subject = |text: &str, filename: &str| {
        let mut town = town(text);
        let filename = Some(filename.to_owned());
        let occasion =
            Occasion { filename, dstuser: Some("anna".to_owned()), ..town.occasion("203.0.113.9") };
        match town.decide(&occasion, 0).remove(0) {
            Outcome::Send(Decision { begin, .. }) => {
                assert_eq!(begin.lend().expect("an order").check(), Ok(()));
                Ok(begin.subject)
            }
            outcome => Err(words(&outcome)),
        }
    };
    let network = Network::parse("203.0.113.9");
    let only = |subject: Subject| Ok(subject);
    assert_eq!(
        subject(&script("<expect>srcip</expect>", ""), "/x"),
        only(Subject { network, ..Subject::default() })
    );
    assert_eq!(
        subject(&script("<expect>filename,user</expect>", ""), "/x"),
        only(Subject { network: None, user: "anna".to_owned(), file: "/x".to_owned() })
    );
    assert!(subject(&script("<expect>filename</expect>", ""), "x\n").is_err());
    assert_eq!(
        subject(&script("", "<talk>json</talk>"), "c:\\x"),
        only(Subject { network, user: "anna".to_owned(), file: String::new() })
    );
}

#[test]
fn what_is_in_force_is_not_done_again_and_a_burst_is_one_offence() {
    let mut town = town(&block(""));
    assert_eq!(town.attack("203.0.113.9", 0), "1 001 203.0.113.9 600");
    for after in [0, 1, 30, 60] {
        assert_eq!(town.attack("203.0.113.9", after), "it is in force already");
    }
    assert_eq!(town.attack("203.0.113.10", 1), "2 001 203.0.113.10 600");
}

#[test]
fn who_comes_again_is_blocked_longer_wherever_he_comes() {
    let mut town = town(&block(""));
    let at_web3 = Occasion { location: "(web3) 192.0.2.3->/x".to_owned(), ..town.occasion("203.0.113.9") };
    assert_eq!(town.attack("203.0.113.9", 0), "1 001 203.0.113.9 600");
    assert_eq!(
        words(&town.decide(&at_web3, 10)[0]),
        "2 003 203.0.113.9 600",
        "the same burst, another machine"
    );
    assert_eq!(town.attack("203.0.113.9", 700), "3 001 203.0.113.9 1800");
    assert_eq!(town.attack("203.0.113.9", 2600), "4 001 203.0.113.9 3600");
    assert_eq!(words(&town.decide(&at_web3, 7000)[0]), "5 003 203.0.113.9 7200");
    assert_eq!(town.attack("203.0.113.9", 20_000), "6 001 203.0.113.9 86400");
    assert_eq!(town.attack("203.0.113.9", 200_000), "7 001 203.0.113.9 604800");
    assert_eq!(town.attack("203.0.113.9", 900_000), "8 001 203.0.113.9 604800");
    assert_eq!(
        town.attack("203.0.113.9", 900_000 + 31 * 86_400),
        "9 001 203.0.113.9 600",
        "after a month it is forgotten"
    );
}

#[test]
fn who_goes_on_while_blocked_is_blocked_longer() {
    let mut town = town(&block("<repeated_offenders>30</repeated_offenders>"));
    assert_eq!(town.attack("203.0.113.9", 0), "1 001 203.0.113.9 600");
    assert_eq!(town.attack("203.0.113.9", 100), "2 001 203.0.113.9 1800");
    assert_eq!(town.attack("203.0.113.9", 120), "it is in force already");
    assert_eq!(town.attack("203.0.113.9", 200), "3 001 203.0.113.9 1800", "the last value afterwards");
}

#[test]
fn repetition_can_be_counted_for_each_agent_or_not_at_all() {
    for (more, second) in [
        ("<repeated_offenders_scope>agent</repeated_offenders_scope>", "2 003 203.0.113.9 600"),
        ("<repeated_offenders>no</repeated_offenders>", "2 003 203.0.113.9 600"),
        ("<repeated_offenders>5</repeated_offenders>", "2 003 203.0.113.9 300"),
    ] {
        let mut town = town(&block(more));
        let at_web3 =
            Occasion { location: "(web3) 192.0.2.3->/x".to_owned(), ..town.occasion("203.0.113.9") };
        assert_eq!(town.attack("203.0.113.9", 0), "1 001 203.0.113.9 600");
        assert_eq!(words(&town.decide(&at_web3, 100)[0]), second, "{more}");
    }
}

#[test]
fn offences_are_remembered_over_a_restart() {
    let home = tempfile::tempdir().expect("a folder");
    let mut town = town(&block(""));
    town.history = History::open(home.path()).expect("a history");
    assert!(town.attack("203.0.113.9", 0).ends_with(" 001 203.0.113.9 600"));
    town.history = History::open(home.path()).expect("the same");
    assert!(town.attack("203.0.113.9", 700).ends_with(" 001 203.0.113.9 1800"));
}

#[test]
fn an_event_that_comes_again_after_a_kill_is_answered_once_and_counts_once() {
    let home = tempfile::tempdir().expect("a folder");
    let mut town = town(&block(""));
    let restart = |town: &mut Town| {
        town.history = History::open(home.path()).expect("a history");
        town.history.recall().expect("rows");
    };
    restart(&mut town);
    assert!(town.attack("203.0.113.9", 0).ends_with(" 600"));
    assert_eq!(town.attack("203.0.113.9", 1), "it is in force already", "nothing is recalled of this life");
    restart(&mut town);
    assert_eq!(town.attack("203.0.113.9", 700), "it was decided before the program was started");
    assert!(town.attack("203.0.113.9", 701).ends_with(" 1800"), "the same once more is another offence");
    restart(&mut town);
    let failed = town.history.find(&Filter::default()).expect("rows")[0].id;
    town.history.note(failed, State::Failed, "nobody knows of it", NOW).expect("a row");
    assert!(
        town.attack("203.0.113.9", 2_600).ends_with(" 1800"),
        "what came to nothing is done, and is no more"
    );
    restart(&mut town);
    let other = Occasion { excerpt: "Another line".to_owned(), ..town.occasion("203.0.113.9") };
    assert!(words(&town.decide(&other, 4000)[0]).ends_with(" 3600"), "and so is another line");
}

#[test]
fn no_more_than_the_cap_are_begun_in_an_hour_and_that_is_said_once() {
    let mut town = town(&block("<cap>3</cap>"));
    for n in 1..=3 {
        assert_eq!(town.attack(&format!("203.0.113.{n}"), n), format!("{n} 001 203.0.113.{n} 600"));
    }
    assert_eq!(
        town.attack("203.0.113.4", 4),
        "bartizan: response 4 refused: block600 203.0.113.4: the cap of 3 an hour is reached"
    );
    for n in 5..50 {
        assert_eq!(town.attack(&format!("203.0.113.{n}"), 5), "the cap is reached");
    }
    let at_web3 = Occasion { location: "(web3) 192.0.2.3->/x".to_owned(), ..town.occasion("203.0.113.5") };
    assert_eq!(words(&town.decide(&at_web3, 6)[0]), "5 003 203.0.113.5 600", "each machine has its own");
    assert_eq!(town.attack("203.0.113.60", 3603), "6 001 203.0.113.60 600");
}

#[test]
fn eight_of_a_range_become_the_range() {
    let mut town = town(&block("<aggregate>yes</aggregate>"));
    for n in 1..=7 {
        assert_eq!(town.attack(&format!("203.0.113.{n}"), 0), format!("{n} 001 203.0.113.{n} 600"));
    }
    assert_eq!(town.attack("203.0.114.1", 0), "8 001 203.0.114.1 600");
    assert_eq!(town.attack("203.0.113.8", 1), "9 001 203.0.113.0/24 600");
    for n in [1, 9, 200] {
        assert_eq!(town.attack(&format!("203.0.113.{n}"), 2), "it is in force already");
    }
    assert_eq!(
        town.attack("203.0.113.1", 300),
        "10 001 203.0.113.0/24 1800",
        "the range is renewed, not the single"
    );
    for n in 1..=7 {
        town.attack(&format!("2001:db8::{n}"), 0);
    }
    assert_eq!(town.attack("2001:db8::ffff:8", 1), "18 001 2001:db8::/64 600");
}

#[test]
fn addresses_become_a_range_only_if_asked_in_time_and_if_nobody_else_is_hit() {
    let guard = "<global><allow_list>203.0.113.77</allow_list></global>";
    for (text, pause) in [
        (block(""), 0),
        (block("<aggregate>yes</aggregate>"), 601),
        (format!("{guard}{}", block("<aggregate>yes</aggregate>")), 0),
    ] {
        let mut town = town(&text);
        for n in 1..=20 {
            let attack = town.attack(&format!("203.0.113.{n}"), n * pause);
            assert_eq!(attack, format!("{n} 001 203.0.113.{n} 600"), "{text}");
        }
    }
}

#[test]
fn what_must_be_confirmed_begins_for_a_short_time() {
    let mut town = town(&block("<confirm>2</confirm>"));
    assert_eq!(town.attack("203.0.113.9", 0), "1 001 203.0.113.9 120");
    let entry = town.history.get(1).expect("a history").expect("a row");
    assert_eq!((entry.confirm_by, entry.full_s, entry.ends_at), (Some(NOW + 120), 600, Some(NOW + 120)));
    assert_eq!(town.attack("203.0.113.9", 70), "it is in force already");
    let entry = town.history.confirm(1, NOW + 100).expect("an answer").expect("in time");
    assert_eq!((entry.for_s, entry.ends_at), (600, Some(NOW + 700)));
}

#[test]
fn a_dry_run_asks_for_one_and_stands_in_nobodys_way() {
    let mut town = town(&block("<dry_run>yes</dry_run>"));
    let [Outcome::Send(decision)] = &town.decide(&town.occasion("203.0.113.9"), 0)[..] else {
        panic!("an order")
    };
    assert!(decision.begin.dry_run);
    town.history.note(decision.id, State::DryRun, "", NOW).expect("a note");
    assert_eq!(town.attack("203.0.113.9", 1), "it is in force already", "as it would be");
    town.responses = config(&block("")).responses.list;
    assert_eq!(town.attack("203.0.113.9", 2), "2 001 203.0.113.9 600");
}

#[test]
fn a_webhook_is_called_each_time_by_the_manager() {
    let mut town = town(
        "<active-response><command>webhook</command><location>all</location><level>9</level>\
         <url>http://example.com/</url></active-response>",
    );
    for after in 0..3 {
        let [Outcome::Send(decision)] = &town.decide(&town.occasion("203.0.113.9"), after)[..] else {
            panic!("a call")
        };
        assert_eq!((decision.agent, decision.begin.lend()), (AgentId::MANAGER, None));
        town.history.note(decision.id, State::Done, "", NOW + after).expect("a note");
    }
    assert_eq!(town.history.in_force(NOW + 2).expect("a list"), []);
}

#[test]
fn a_script_without_time_runs_each_time_and_is_over_then() {
    let mut town = town(
        "<command><name>x</name><executable>x.sh</executable><expect>srcip</expect></command>\
         <active-response><command>x</command><location>local</location><level>9</level></active-response>",
    );
    for n in 1..=3 {
        assert_eq!(town.attack("203.0.113.9", 0), format!("{n} 001 203.0.113.9 0"));
        town.history.note(n as u64, State::Done, "", NOW).expect("a note");
    }
    assert_eq!(town.history.in_force(NOW).expect("a list"), []);
}

#[test]
fn what_somebody_asks_for_is_done_unless_the_target_is_protected() {
    let mut town =
        town(&format!("<global><allow_list>192.0.2.7</allow_list></global>{}", block("<cap>1</cap>")));
    let request = |network: &str, agents: Vec<Seen>| Request {
        response: Arc::new(Response::built_in("block").expect("a means")),
        subject: Subject { network: Network::parse(network), ..Subject::default() },
        for_s: Some(60),
        agents,
        here: true,
        why: "by anna".to_owned(),
    };
    let mut ask = |request: &Request| -> Vec<String> {
        let outcomes = town.decider.request(request, &mut town.history, NOW).expect("an answer");
        outcomes.iter().map(words).collect()
    };
    let expected = [
        "1 001 203.0.113.0/24 60",
        "bartizan: response 2 away: block 203.0.113.0/24: agent 002 (gate1) is not connected",
        "3 003 203.0.113.0/24 60",
        "4 000 203.0.113.0/24 60",
    ];
    assert_eq!(ask(&request("203.0.113.0/24", agents(Whom::All))), expected);
    assert_eq!(
        ask(&request("203.0.113.0/24", Vec::new())),
        ["5 000 203.0.113.0/24 60"],
        "no cap, and asked for again"
    );
    let refused = ask(&request("192.0.2.0/24", Vec::new()));
    assert_eq!(
        refused,
        [
            "bartizan: response 6 refused: block 192.0.2.0/24: 192.0.2.0/24 is protected: it is on the allow list"
        ]
    );
    let nobody = Request { subject: Subject::default(), ..request("203.0.113.9", Vec::new()) };
    assert_eq!(ask(&nobody), ["bartizan: response 7 refused: block: there is no address to do it to"]);
}
