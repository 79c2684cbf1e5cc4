//! Names, with a server of their own.

use super::*;
use std::thread;

const V4: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 7));

/// A record whose name is the question's.
fn record(kind: u8, data: &[u8]) -> Vec<u8> {
    [&[0xC0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8], data].concat()
}

/// What a server sends.
fn message(question: &[u8], code: u8, records: &[Vec<u8>]) -> Vec<u8> {
    let mut message = question.to_vec();
    (message[2], message[3], message[7]) = (0x81, 0x80 | code, records.len() as u8);
    message.extend(records.concat());
    message
}

/// The name and the kind that are asked for.
fn asked(question: &[u8]) -> (String, u8) {
    let (name, end) = question[12..].split_at(question.len() - 16);
    let text = name.iter().map(|byte| if *byte < b' ' { '.' } else { char::from(*byte) }).collect::<String>();
    (text.trim_matches('.').to_owned(), end[1])
}

/// A server that answers so many questions.
fn server(
    count: usize,
    mut answer: impl FnMut(&[u8]) -> Vec<u8> + Send + 'static,
) -> (SocketAddr, thread::JoinHandle<Vec<String>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    let address = socket.local_addr().expect("bound");
    let serve = move || {
        let mut names = Vec::new();
        for _ in 0..count {
            let mut buffer = [0; 512];
            let Ok((len, from)) = socket.recv_from(&mut buffer) else { break };
            names.push(asked(&buffer[..len]).0);
            socket.send_to(&answer(&buffer[..len]), from).expect("sent");
        }
        names
    };
    (address, thread::spawn(serve))
}

fn conf(servers: &[SocketAddr]) -> Conf<'static> {
    Conf { servers: servers.to_vec(), search: vec!["lan"], dots: 1 }
}

/// Answers with both addresses, behind another name.
fn both(question: &[u8]) -> Vec<u8> {
    let other = record(5, b"\x05other\xC0\x14");
    match asked(question).1 {
        1 => message(question, 0, &[other, record(1, &[192, 0, 2, 7])]),
        _ => {
            let IpAddr::V6(v6) = V6 else { unreachable!() };
            message(question, 0, &[other, record(28, &v6.octets())])
        }
    }
}

#[test]
fn an_address_needs_no_server() {
    assert_eq!(resolve("192.0.2.7", 1514).unwrap(), SocketAddr::new(V4, 1514));
    assert_eq!(resolve("2001:db8::7", 1514).unwrap(), SocketAddr::new(V6, 1514));
    assert_eq!(resolve("fe80::1%7", 9).unwrap().to_string(), "[fe80::1%7]:9");
    assert_eq!(resolve("fe80::1%lo", 9).unwrap().to_string(), "[fe80::1%1]:9");
    for wrong in ["fe80::1%no-such-network", "a..b", ".", ""] {
        assert_eq!(resolve(wrong, 1), Err(Unknown::NoName), "{wrong}");
    }
}

#[test]
fn the_file_of_hosts_names_addresses() {
    let text = "127.0.0.1 localhost\n192.0.2.7\tmanager.lan Manager # 192.0.2.8 manager\n2001:db8::7 manager\nx manager\n";
    assert_eq!(files::hosts(text, "manager"), [V4, V6]);
    assert_eq!(files::hosts(text, "MANAGER.lan"), [V4]);
    assert!(files::hosts(text, "manage").is_empty());
}

#[test]
fn the_file_of_the_resolver_says_who_is_asked() {
    let text = "; x\nnameserver 192.0.2.7\nsearch lan example.org\noptions timeout:1 ndots:2\nnameserver 2001:db8::7\n";
    let servers = vec![SocketAddr::new(V4, 53), SocketAddr::new(V6, 53)];
    let search = vec!["lan", "example.org"];
    assert_eq!(Conf::read(text), Conf { servers, search, dots: 2 });
    let own = vec![SocketAddr::from(([127, 0, 0, 1], 53))];
    assert_eq!(Conf::read("nameserver x\n"), Conf { servers: own, search: Vec::new(), dots: 1 });
    assert_eq!(Conf::read(&"nameserver 192.0.2.7\n".repeat(9)).servers.len(), 3);
}

#[test]
fn both_kinds_of_address_are_found_behind_another_name() {
    let (address, server) = server(2, both);
    assert_eq!(ask_for("manager.example", &conf(&[address])).unwrap(), [V6, V4]);
    assert_eq!(server.join().unwrap(), ["manager.example"; 2]);
}

#[test]
fn a_name_without_a_dot_is_first_looked_for_in_the_domain() {
    let answer = |question: &[u8]| match asked(question).0.as_str() {
        "manager" => both(question),
        _ => message(question, 3, &[]),
    };
    let (address, server) = server(4, answer);
    assert_eq!(ask_for("manager", &conf(&[address])).unwrap(), [V6, V4]);
    assert_eq!(server.join().unwrap(), ["manager.lan", "manager.lan", "manager", "manager"]);
}

#[test]
fn a_server_that_fails_is_not_waited_for_and_another_one_counts() {
    let (failing, _first) = server(2, |question| message(question, 2, &[]));
    let (good, _second) = server(2, both);
    assert_eq!(ask_for("a.b", &conf(&[failing, good])).unwrap(), [V6, V4]);
    let (failing, _third) = server(2, |question| message(question, 5, &[]));
    let before = host::now();
    assert_eq!(ask_for("a.b", &conf(&[failing])), Err(Unknown::NoAnswer));
    assert!(host::now().since(before) < ROUND_MS);
}

#[test]
fn what_gets_lost_is_asked_again() {
    let mut seen = 0;
    let (address, _server) = server(4, move |question| {
        seen += 1;
        // The first two answers are none.
        if seen > 2 { both(question) } else { Vec::new() }
    });
    assert_eq!(ask_for("a.b", &conf(&[address])).unwrap(), [V6, V4]);
}

#[test]
fn where_no_server_is_the_answer_comes_at_once() {
    let free = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port");
    let before = host::now();
    assert_eq!(ask_for("a.b", &conf(&[free])), Err(Unknown::NoAnswer));
    assert!(host::now().since(before) < ROUND_MS);
}

#[test]
fn only_an_answer_to_the_question_counts() {
    let question = dns::question(0x1234, "a.b", Kind::V4).expect("a name");
    let good = message(&question, 0, &[record(1, &[192, 0, 2, 7])]);
    assert_eq!(dns::answer(&question, &good), Some(Answer::Addresses(vec![V4])));
    assert_eq!(dns::answer(&question, &question), None);
    let other = dns::question(0x1234, "a.c", Kind::V4).expect("a name");
    assert_eq!(dns::answer(&other, &good), None);
    let later = dns::question(0x1235, "a.b", Kind::V4).expect("a name");
    assert_eq!(dns::answer(&later, &good), None);
    // Cut anywhere, it is none or has no address.
    for len in 0..good.len() {
        let found = dns::answer(&question, &good[..len]);
        assert!(found.is_none_or(|answer| answer == Answer::Addresses(Vec::new())), "{len}");
    }
}

#[test]
fn a_name_that_is_too_long_is_none() {
    let label = "x".repeat(63);
    let name = [label.as_str(); 3].join(".");
    assert!(dns::question(1, &format!("{name}.{}", "y".repeat(61)), Kind::V4).is_some());
    assert!(dns::question(1, &format!("{name}.{}", "y".repeat(62)), Kind::V4).is_none());
    assert!(dns::question(1, &"x".repeat(64), Kind::V4).is_none());
}
