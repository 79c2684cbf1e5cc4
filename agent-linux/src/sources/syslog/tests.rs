use super::*;
use crate::sources::tests::Bench;
use bartizan_core::rules::address::AddressRow;
use std::io::Write as _;

fn listener(config: config::Listener) -> (Bench, Listener) {
    let any = AddressRow::parse(b"any").expect("a row");
    let local = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let allowed = if config.allowed.is_empty() { vec![any] } else { config.allowed };
    let mut listener = Listener::new(&config::Listener { local, allowed, port: 0, ..config });
    let bench = Bench::new(&mut listener);
    (bench, listener)
}

fn udp() -> config::Listener {
    config::Listener { udp: true, ..config::Listener::default() }
}

fn tcp() -> config::Listener {
    config::Listener { tcp: true, ..config::Listener::default() }
}

fn send_to(listener: &Listener) -> (std::net::UdpSocket, SocketAddr) {
    let to = listener.udp.as_ref().expect("open").local_addr().expect("bound");
    (std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket"), to)
}

fn connect(listener: &Listener) -> std::net::TcpStream {
    let to = listener.tcp.as_ref().expect("open").local_addr().expect("bound");
    std::net::TcpStream::connect(to).expect("connected")
}

/// Whether the other side has closed; the stream does not wait.
fn is_closed(stream: &mut std::net::TcpStream) -> bool {
    match stream.read(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => error.kind() != ErrorKind::WouldBlock,
    }
}

#[test]
fn a_datagram_is_a_record_of_its_sender() {
    let (mut bench, mut listener) = listener(udp());
    let (socket, to) = send_to(&listener);
    socket.send_to(b"<34>Oct 11 22:14:15 host su: failed\n", to).expect("sent");
    bench.run(&mut listener, |heard| heard.len() == 1);
    assert_eq!(bench.heard[0].place, "127.0.0.1");
    assert_eq!(
        (bench.heard[0].queue, bench.heard[0].text.as_str()),
        (b'2', "Oct 11 22:14:15 host su: failed")
    );
}

#[test]
fn who_may_not_send_is_not_heard() {
    let row = |text: &[u8]| AddressRow::parse(text).expect("a row");
    let (mut bench, mut closed) = listener(config::Listener { allowed: vec![row(b"192.0.2.1")], ..udp() });
    let (socket, to) = send_to(&closed);
    socket.send_to(b"<1>no", to).expect("sent");
    bench.run_dry(&mut closed);
    assert!(bench.heard.is_empty());
    let denied = config::Listener { denied: vec![row(b"127.0.0.0/8")], ..tcp() };
    let (mut bench, mut closed) = listener(denied);
    let mut stream = connect(&closed);
    stream.set_nonblocking(true).expect("set");
    bench.run_until(&mut closed, |_, _| is_closed(&mut stream));
    assert!(bench.heard.is_empty());
}

#[test]
fn a_flood_of_datagrams_takes_turns() {
    let (mut bench, mut listener) = listener(udp());
    let (socket, to) = send_to(&listener);
    for _ in 0..TURN + 1 {
        socket.send_to(b"<1>x", to).expect("sent");
    }
    let mut count = 0;
    let token = bench.token(UDP);
    bench.wait_for_event();
    assert!(listener.ready(token, Millis(0), &mut |_| count += 1), "there is more");
    assert_eq!(count, TURN);
    assert!(!listener.ready(token, Millis(0), &mut |_| count += 1));
    assert_eq!(count, TURN + 1);
}

#[test]
fn streams_are_cut_into_messages_and_what_is_left_comes_with_the_end() {
    let (mut bench, mut listener) = listener(tcp());
    let mut stream = connect(&listener);
    stream.write_all(b"<1>one\n7 <1>two\n<1>three\0<1>four").expect("sent");
    drop(stream);
    bench.run(&mut listener, |heard| heard.len() == 4);
    let texts: Vec<_> = bench.heard.iter().map(|heard| heard.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three", "four"]);
    assert!(listener.connections.iter().all(|slot| slot.open.is_none()));
}

#[test]
fn an_endless_line_is_cut_and_counted() {
    let (mut bench, mut listener) = listener(tcp());
    let mut stream = connect(&listener);
    let sender = std::thread::spawn(move || {
        stream.write_all(&[b'\xff'; 300_000]).and_then(|()| stream.write_all(b"\n<1>next\n")).expect("sent");
    });
    bench.run(&mut listener, |heard| heard.len() == 2);
    sender.join().expect("sent all");
    assert_eq!(bench.heard[0].cut as usize, 300_000 - TEXT_MAX);
    assert_eq!(bench.heard[1].text, "next");
}

#[test]
fn connections_beyond_the_limit_are_closed_at_once() {
    let (mut bench, mut listener) = listener(tcp());
    let mut kept = Vec::new();
    for number in 0..CONNECTIONS {
        kept.push(connect(&listener));
        bench.run_until(&mut listener, |listener, _| {
            listener.connections.iter().filter(|slot| slot.open.is_some()).count() == number + 1
        });
    }
    for _ in 0..10_000 - CONNECTIONS {
        let mut refused = connect(&listener);
        refused.set_nonblocking(true).expect("set");
        bench.run_until(&mut listener, |_, _| is_closed(&mut refused));
    }
    assert_eq!(listener.connections.iter().filter(|slot| slot.open.is_some()).count(), CONNECTIONS);
    // Who was there is still heard, and who leaves makes room.
    kept[7].write_all(b"<1>still here\n").expect("sent");
    bench.run(&mut listener, |heard| heard.len() == 1);
    drop(kept.pop());
    bench.run_until(&mut listener, |listener, _| listener.connections.iter().any(|slot| slot.open.is_none()));
}

#[test]
fn silent_connections_are_closed() {
    let (mut bench, mut listener) = listener(tcp());
    let mut stream = connect(&listener);
    stream.write_all(b"<1>half").expect("sent");
    bench.run_until(&mut listener, |listener, _| listener.connections.iter().any(|slot| slot.open.is_some()));
    bench.run_dry(&mut listener);
    bench.now = bench.now.plus(IDLE_MS);
    bench.tick(&mut listener);
    assert_eq!(bench.heard[0].text, "half");
    assert!(is_closed(&mut stream));
    assert_eq!(listener.next_deadline(), None);
}

#[test]
fn the_socket_of_this_machine_is_heard_and_one_that_is_in_use_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    let config = config::Listener { socket: Some(path.clone()), ..config::Listener::default() };
    // One that was left behind.
    drop(std::os::unix::net::UnixDatagram::bind(&path).expect("bound"));
    let (mut bench, mut open) = listener(config.clone());
    let socket = std::os::unix::net::UnixDatagram::unbound().expect("a socket");
    socket.send_to(b"<30>Nov  1 08:00:00 sshd[7]: hello\0", &path).expect("sent");
    bench.run(&mut open, |heard| heard.len() == 1);
    assert_eq!(bench.heard[0].text, format!("Nov  1 08:00:00 {} sshd[7]: hello", host()));
    assert_eq!((bench.heard[0].queue, bench.heard[0].place.as_str()), (b'1', &*path.to_string_lossy()));
    let mut second = Listener::new(&config);
    let error = second.register(bench.registry(), Token(99)).expect_err("in use").to_string();
    assert!(error.contains("another program receives there"), "{error}");
    drop(second);
    assert!(path.exists());
    drop(open);
    assert!(!path.exists());
}
