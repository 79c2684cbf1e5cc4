//! `<command>` and `<active-response>`.

use super::{problems, read};
use crate::agents::registry::AgentId;
use crate::config::responses::{Means, Response, Talk};
use crate::diagnose::Colour;
use std::sync::Arc;

/// The responses of a text without problems.
fn responses(text: &str) -> Vec<Arc<Response>> {
    let (config, sources, report) = read(text);
    assert!(report.is_empty(), "{}", report.render(&sources, Colour::None));
    config.responses.list
}

fn only(text: &str) -> Response {
    let [response] = responses(text).try_into().expect("one response");
    Arc::unwrap_or_clone(response)
}

/// The only problem of a text.
fn problem(text: &str) -> String {
    let (_, _, report) = read(text);
    let [problem] = problems(&report).try_into().unwrap_or_else(|all| panic!("{text}: {all:#?}"));
    problem
}

const HOST_DENY: &str = "<command><name>host-deny</name><executable>host-deny.sh</executable>\
    <expect>srcip, user</expect><timeout_allowed>yes</timeout_allowed></command>";

#[test]
fn the_responses_of_ossecs_own_file_are_read() {
    let response = only(&format!(
        "<active-response><disabled>no</disabled></active-response>\
         <active-response><command>host-deny</command><location>local</location><level>6</level>\
         <timeout>600</timeout></active-response>{HOST_DENY}\
         <command><name>restart-ossec</name><executable>restart-ossec.sh</executable><expect></expect></command>"
    ));
    assert_eq!((response.name.as_str(), response.command.as_str()), ("host-deny600", "host-deny"));
    let means = Means::Script { file: "host-deny.sh".to_owned(), talk: Talk::Arguments, extra: Vec::new() };
    assert_eq!(response.means, means);
    assert!(response.expects.srcip && response.expects.user && !response.expects.filename);
    assert!(response.location.local && !response.location.server && !response.location.all);
    assert_eq!((response.level, response.timeout_s, response.cap), (Some(6), 600, 200));
    assert!(!response.dry_run && !response.aggregate && !response.per_agent);
}

#[test]
fn a_built_in_command_needs_no_command_and_gives_way_to_one_of_its_name() {
    let block = "<active-response><command>block</command><location>all</location><level>10</level></active-response>";
    assert_eq!(only(block).means, Means::Block);
    assert_eq!(only(block).name, "block0");
    let own = "<command><name>block</name><executable>my-block</executable><expect>srcip</expect></command>";
    assert!(
        matches!(&only(&format!("{block}{own}")).means, Means::Script { file, .. } if file == "my-block")
    );
    for name in Means::BUILT_IN {
        let url = if name == "webhook" { "<url>https://example.com/x</url>" } else { "" };
        let text = format!(
            "<active-response><command>{name}</command><location>server</location><level>9</level>{url}</active-response>"
        );
        assert_eq!(only(&text).means.word(), name);
    }
}

#[test]
fn a_command_of_wazuh_speaks_json() {
    let response = only(
        "<command><name>x</name><executable>firewall-drop</executable><extra_args>-a  b</extra_args></command>\
         <active-response><command>x</command><location>defined-agent,server</location><agent_id>007</agent_id>\
         <rules_id>5712, 5720</rules_id><rules_group>authentication_f|sshd</rules_group></active-response>",
    );
    let extra = vec!["-a".to_owned(), "b".to_owned()];
    assert_eq!(response.means, Means::Script { file: "firewall-drop".to_owned(), talk: Talk::Json, extra });
    assert!(response.expects.srcip, "what agents know by its name needs an address");
    assert!(response.location.server && response.location.agent == Some(AgentId(7)));
    assert_eq!(
        (response.rules_id, response.rules_group.as_deref()),
        (vec![5712, 5720], Some("authentication_f|sshd"))
    );
}

#[test]
fn what_is_said_without_a_command_holds_for_all() {
    let block = |more: &str| {
        format!(
            "<active-response><command>block</command><location>local</location><level>9</level>{more}</active-response>"
        )
    };
    let all = "<active-response><dry_run>yes</dry_run><cap>7</cap><repeated_offenders>5,10</repeated_offenders>\
        <repeated_offenders_scope>agent</repeated_offenders_scope></active-response>";
    let text = format!(
        "{}{all}{}",
        block("<timeout>60</timeout>"),
        block("<timeout>90</timeout><cap>9</cap><dry_run>no</dry_run>")
    );
    let [first, second] = responses(&text).try_into().expect("two");
    assert!(first.dry_run && !second.dry_run && first.per_agent);
    assert_eq!((first.cap, second.cap), (7, 9));
    assert_eq!(first.repeated_s, [300, 600]);
    let off = "<active-response><disabled>yes</disabled></active-response>";
    assert_eq!(responses(&format!("{off}{}", block(""))), []);
    assert_eq!(responses(&format!("{off}{}", block("<disabled>no</disabled>"))).len(), 1);
    assert_eq!(responses(&block("<disabled>yes</disabled>")), []);
}

#[test]
fn repetition_never_makes_a_response_shorter_unless_told_so() {
    let block = |more: &str| {
        only(&format!(
            "<active-response><command>block</command><location>local</location><level>9</level>\
             <timeout>7200</timeout>{more}</active-response>"
        ))
    };
    assert_eq!(block("").repeated_s, [7200, 7200, 7200, 86_400, 604_800]);
    assert_eq!(block("<repeated_offenders>1</repeated_offenders>").repeated_s, [60]);
    assert!(block("<repeated_offenders>no</repeated_offenders>").repeated_s.is_empty());
}

#[test]
fn a_script_without_time_is_said_to_run_not_to_last() {
    let response = only(&format!(
        "{HOST_DENY}<active-response><command>host-deny</command><location>server</location><rules_id>5712</rules_id></active-response>"
    ));
    assert_eq!(response.to_string(), "host-deny0: run host-deny.sh, on this machine, for rules 5712");
}

#[test]
fn what_is_new_is_read() {
    let response = only(
        "<active-response><command>webhook</command><location>server</location><level>9</level><id>tell</id>\
         <confirm>5</confirm><aggregate>yes</aggregate><url>https://example.com/x?y</url></active-response>",
    );
    assert_eq!((response.name.as_str(), response.confirm_s, response.aggregate), ("tell", 300, true));
    let response = only(&format!(
        "{HOST_DENY}<active-response><command>host-deny</command><location>AS</location><level>9</level>\
         <talk>json</talk></active-response>"
    ));
    assert!(matches!(response.means, Means::Script { talk: Talk::Json, .. }));
    assert!(response.location.server);
}

/// What stands in an `<active-response>` with a location and a level, and the
/// only problem of it.
const MISTAKES: &[(&str, &str)] = &[
    ("<command>blok</command>", "there is no command `blok` | did you mean `block`?"),
    ("<command>host-dny</command>", "there is no command `host-dny` | did you mean `host-deny`?"),
    (
        "",
        "this <active-response> has no <command> | add <command>block</command>; only disabled, dry_run, repeated_offenders \
         and cap may stand without one, for all",
    ),
    (
        "<command>no-time</command><timeout>60</timeout>",
        "warning: the command `no-time` does not allow a timeout: it is not undone | \
         add <timeout_allowed>yes</timeout_allowed> to the <command>",
    ),
    (
        "<command>webhook</command><timeout>60</timeout><url>http://x</url>",
        "warning: a webhook is not undone | remove the <timeout>",
    ),
    ("<command>webhook</command>", "this webhook has no <url> | add <url>https://HOST/PATH</url>"),
    (
        "<command>webhook</command><url>file:///etc/passwd</url>",
        "`file:///etc/passwd` is not the address of a web server | write http://HOST/PATH or https://HOST/PATH, without spaces",
    ),
    (
        "<command>block</command><url>http://x</url>",
        "warning: <url> has no effect with this command | only `webhook` calls a web server",
    ),
    (
        "<command>block</command><talk>json</talk>",
        "warning: <talk> has no effect with this command | only scripts are told something",
    ),
    ("<command>block</command><talk>jsn</talk>", "<talk> takes arguments or json | did you mean `json`?"),
    (
        "<command>block</command><agent_id>web1</agent_id>",
        "`web1` is not the number of an agent | write its number, such as 001; `bartizan agents list` shows them",
    ),
    (
        "<command>block</command><agent_id>001</agent_id>",
        "warning: <agent_id> has no effect with this location | write <location>defined-agent</location>, or remove it",
    ),
    (
        "<command>block</command><id>../x</id>",
        "`../x` cannot be a name here | write up to 100 letters, digits and . _ -, a letter or digit first",
    ),
    (
        "<command>block</command><rules_id>5712-5720</rules_id>",
        "<rules_id> takes 1 to 4096 numbers of rules | write them with commas: 5712,5720",
    ),
    (
        "<command>block</command><repeated_offenders>5 min</repeated_offenders>",
        "<repeated_offenders> takes 1 to 16 numbers of minutes, or no | write them with commas: 30,60,120",
    ),
    (
        "<command>block</command><cap>0</cap>",
        "<cap> takes a number from 1 to 1000000 | write it in digits, without spaces",
    ),
    (
        "<command>block</command><timout>60</timout>",
        "there is no option <timout> in <active-response> | did you mean <timeout>?",
    ),
    (
        "<command>block</command><ca_store>x</ca_store>",
        "warning: the option <ca_store> in <active-response> is not used by this version | it may stay; it has no effect",
    ),
];

#[test]
fn every_mistake_is_told_with_its_mend() {
    let no_time = "<command><name>no-time</name><executable>x</executable><expect>srcip</expect></command>";
    for (inner, told) in MISTAKES {
        let whole = format!(
            "{HOST_DENY}{no_time}<active-response>{inner}<location>local</location><level>9</level></active-response>"
        );
        assert_eq!(problem(&whole), *told, "{inner}");
    }
}

#[test]
fn what_is_missing_or_there_twice_is_told() {
    let block = "<command>block</command>";
    for (text, told) in [
        (
            format!("<active-response>{block}<level>9</level></active-response>"),
            "this <active-response> has no <location>",
        ),
        (
            format!("<active-response>{block}<location>local</location></active-response>"),
            "warning: this <active-response> is for no rule",
        ),
        (
            format!(
                "<active-response>{block}<location>defined-agent</location><level>9</level></active-response>"
            ),
            "defined-agent needs an <agent_id>",
        ),
        (
            format!("<active-response>{block}<location>locl</location><level>9</level></active-response>"),
            "there is no location `locl` | did you mean `local`?",
        ),
        ("<active-response></active-response>".to_owned(), "this <active-response> has no <command>"),
        ("<command><executable>x</executable></command>".to_owned(), "this <command> has no <name>"),
        ("<command><name>x</name></command>".to_owned(), "this <command> has no <executable>"),
        (
            "<command><name>x</name><executable>../sh</executable></command>".to_owned(),
            "`../sh` cannot be the name of a script",
        ),
        (
            "<command><name>x</name><executable>y</executable><expect>srcpi</expect></command>".to_owned(),
            "warning: nothing of an event is called `srcpi` | did you mean `srcip`?",
        ),
        (format!("{HOST_DENY}{HOST_DENY}"), "there is a command `host-deny` already"),
        (
            format!(
                "<active-response>{block}<location>local</location><level>9</level><id>x</id></active-response>\
                 <active-response>{block}<location>local</location><level>9</level><id>x</id><timeout>9</timeout></active-response>"
            ),
            "there is another response `x`",
        ),
    ] {
        assert!(problem(&text).starts_with(told), "{text}: {}", problem(&text));
    }
}

#[test]
fn a_response_says_what_it_does() {
    let response = only(
        "<active-response><command>block</command><location>local,server</location><level>10</level><rules_id>5,6</rules_id>\
         <timeout>600</timeout><confirm>2</confirm><dry_run>yes</dry_run></active-response>",
    );
    assert_eq!(
        response.to_string(),
        "block600: drop packets from the address, for 10 min (30 min to 7 d when repeated), where the event came from and \
         on this machine, at level 10 and above, for rules 5, 6; ends after 2 min unless confirmed; dry run"
    );
}
