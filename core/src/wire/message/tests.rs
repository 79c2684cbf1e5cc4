use super::*;

const HELLO: Hello<'_> = Hello {
    protocol: 1,
    incarnation: u64::MAX,
    version: "1.2.3",
    system: "Linux mips",
    hostname: "router",
    config: 7,
    wall_ms: 1_700_000_000_000,
};

#[test]
fn every_message_to_a_manager_comes_back_as_it_was() {
    let messages = [
        ToManager::Hello(HELLO),
        ToManager::Source { index: 4, name: "/var/log/messages" },
        ToManager::Gone { index: 4 },
        ToManager::Batch { number: 300, body: b"body" },
        ToManager::Applied { config: 7 },
        ToManager::Refused { config: 7, why: "no such file" },
        ToManager::Alive,
        ToManager::Enrol { secret: [9; 16], name: "router", system: "Linux" },
    ];
    for message in messages {
        let mut out = [0; 512];
        let len = message.write(&mut out).unwrap();
        assert_eq!(ToManager::read(&out[..len]), Ok(message));
    }
}

#[test]
fn every_message_to_an_agent_comes_back_as_it_was() {
    let messages = [
        ToAgent::Welcome { name: "router", window: 1 << 18, wall_ms: 5 },
        ToAgent::Place { index: 0, position: None },
        ToAgent::Place { index: 1, position: Some(b"place") },
        ToAgent::Ack { number: 70_000 },
        ToAgent::Configure { config: 8, more: true, text: b"<ossec_config>" },
        ToAgent::Alive,
        ToAgent::Closed { why: Why::Replaced },
        ToAgent::Enrolled { id: 12, name: "router" },
        ToAgent::EnrolRefused { why: "used" },
        ToAgent::Order { id: 300, what: &[4] },
    ];
    for message in messages {
        let mut out = [0; 512];
        let len = message.write(&mut out).unwrap();
        assert_eq!(ToAgent::read(&out[..len]), Ok(message));
    }
}

/// Other implementations rely on these bytes.
#[test]
fn the_bytes_of_messages_are_fixed() {
    let mut out = [0; 64];
    let len = ToManager::Source { index: 300, name: "ab" }.write(&mut out).unwrap();
    assert_eq!(&out[..len], [1, 0xAC, 2, 2, b'a', b'b']);
    let len = ToManager::Batch { number: 1, body: &[7, 8] }.write(&mut out).unwrap();
    assert_eq!(&out[..len], [3, 1, 2, 7, 8]);
    let len = ToAgent::Place { index: 2, position: Some(&[5]) }.write(&mut out).unwrap();
    assert_eq!(&out[..len], [1, 2, 1, 1, 5]);
    let len = ToAgent::Closed { why: Why::NotKnown }.write(&mut out).unwrap();
    assert_eq!(&out[..len], [5, 2]);
    let len = ToAgent::Order { id: 300, what: &[4] }.write(&mut out).unwrap();
    assert_eq!(&out[..len], [8, 0xAC, 2, 1, 4]);
}

#[test]
fn what_is_cut_or_has_something_behind_it_is_no_message() {
    let mut out = [0; 512];
    let len = ToManager::Hello(HELLO).write(&mut out).unwrap();
    for cut in 0..len {
        assert_eq!(ToManager::read(&out[..cut]), Err(MessageError::Malformed), "cut at {cut}");
    }
    assert_eq!(ToManager::read(&out[..len + 1]), Err(MessageError::Malformed));
    assert_eq!(ToManager::read(&[99]), Err(MessageError::Malformed));
    assert_eq!(ToManager::read(&[1, 1, 1, 0xFF]), Err(MessageError::Malformed), "names are UTF-8");
}

#[test]
fn limits_hold_for_reading_and_for_writing() {
    let long = [b'x'; SOURCE_NAME_MAX + 1];
    let name = core::str::from_utf8(&long).unwrap();
    let mut out = [0; 4096];
    let too_long = ToManager::Source { index: 1, name };
    assert_eq!(too_long.write(&mut out), Err(MessageError::Limit));
    let len = write(&too_long, &mut out).unwrap();
    assert_eq!(ToManager::read(&out[..len]), Err(MessageError::Limit));
    assert_eq!(ToManager::Gone { index: u16::MAX }.write(&mut out), Err(MessageError::Limit));
    let position = Some(&long[..POSITION_MAX + 1]);
    assert_eq!(ToAgent::Place { index: 1, position }.write(&mut out), Err(MessageError::Limit));
    assert_eq!(ToManager::Hello(HELLO).write(&mut out[..10]), Err(MessageError::Room));
}

#[test]
fn the_rooms_for_messages_are_large_enough() {
    let long = [b'x'; 4096];
    let text = |len| core::str::from_utf8(&long[..len]).unwrap();
    let mut out = [0; TO_AGENT_MAX];
    let part = ToAgent::Configure { config: u64::MAX, more: true, text: &[0; CONFIGURATION_PART_MAX] };
    part.write(&mut out).unwrap();
    let out = &mut out[..CONTROL_MAX];
    ToManager::Source { index: 4000, name: text(SOURCE_NAME_MAX) }.write(out).unwrap();
    let label = text(LABEL_MAX);
    let hello = Hello {
        system: label,
        version: label,
        hostname: label,
        config: u64::MAX,
        wall_ms: u64::MAX,
        ..HELLO
    };
    ToManager::Hello(hello).write(out).unwrap();
    ToManager::Refused { config: u64::MAX, why: text(WHY_MAX) }.write(out).unwrap();
    ToManager::Enrol { secret: [1; 16], name: text(AGENT_NAME_MAX), system: label }.write(out).unwrap();
}
