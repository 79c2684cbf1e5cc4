//! Any bytes as a stream of frames, as messages to both sides, as the body
//! of a batch and as a token: each is taken or refused, and what is taken is
//! written again as something that is read as the same.
#![no_main]

use bartizan_core::limits::WINDOW_MIN;
use bartizan_core::time::Millis;
use bartizan_core::wire::batch::{Batch, Entries, Entry, Room};
use bartizan_core::wire::downlink::{self, Downlink};
use bartizan_core::wire::frame::Frames;
use bartizan_core::wire::message::{Hello, ToAgent, ToManager};
use bartizan_core::wire::token::{TOKEN_BYTES_MAX, TOKEN_TEXT_MAX, Token};
use bartizan_core::wire::uplink::{self, Uplink};
use libfuzzer_sys::fuzz_target;

const NOW: Millis = Millis(1000);
const HELLO: Hello<'_> =
    Hello { protocol: 1, incarnation: 1, version: "1", system: "s", hostname: "h", config: 0, wall_ms: 0 };

/// The frames of a stream that arrives in pieces.
fn frames(stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Frames::new(vec![0; 70_000]);
    let mut found = Vec::new();
    for piece in stream.chunks(97) {
        let space = frames.space();
        let Some(space) = space.get_mut(..piece.len()) else { return found };
        space.copy_from_slice(piece);
        frames.filled(piece.len());
        loop {
            match frames.next_frame() {
                Ok(Some(frame)) => found.push(frame.to_vec()),
                Ok(None) => break,
                Err(_) => return found,
            }
        }
    }
    found
}

fn messages(bytes: &[u8]) {
    let mut out = vec![0; 70_000];
    if let Ok(message) = ToManager::read(bytes) {
        let len = message.write(&mut out).expect("what was read can be written");
        assert_eq!(ToManager::read(&out[..len]), Ok(message));
    }
    if let Ok(message) = ToAgent::read(bytes) {
        let len = message.write(&mut out).expect("what was read can be written");
        assert_eq!(ToAgent::read(&out[..len]), Ok(message));
    }
}

fn body(bytes: &[u8]) {
    let mut memory = vec![0; 70_000];
    let mut batch = Batch::new(&mut memory, Room { body: 60_000, positions: 60_000 });
    let mut taken = Vec::new();
    for entry in Entries::new(bytes) {
        let Ok(entry) = entry else { break };
        let added = match entry {
            Entry::Record(record) => batch.record(&record),
            Entry::Position { source, position } => batch.position(source, position),
            Entry::Lost(lost) => batch.lost(&lost),
        };
        if added.is_err() {
            break;
        }
        taken.push(Ok(entry));
    }
    assert!(Entries::new(batch.body()).eq(taken));
}

/// Two sessions that were begun well, and then this.
fn sessions(frames: &[Vec<u8>]) {
    let mut out = vec![0; 70_000];
    let mut agent = Uplink::new(vec![uplink::Slot::Free; 4], vec![0; 1000], vec![0; 1000], 1, 1);
    agent.open(0);
    let _ = agent.step(NOW);
    agent.connected(&HELLO, NOW, &mut out).expect("there is room");
    let mut manager = Downlink::new(vec![downlink::Slot::Free; 4]);
    manager.connected(NOW);
    for frame in frames {
        agent.receive(frame, NOW, &mut |_| {});
        while let Ok(Some(_)) = agent.send(NOW, &|_| "name", &mut out) {}
        let mut batch = Batch::new(&mut out, agent.room());
        let _ = batch.position(0, b"position");
        let _ = agent.seal(batch, NOW);
        let _ = agent.step(NOW);
        if let Ok(downlink::Received::Hello(_)) = manager.receive(frame, NOW) {
            manager.welcome("n", WINDOW_MIN as u32, 0, NOW, &mut out).expect("there is room");
        }
        while let Some(index) = manager.wanted() {
            manager.place(index, None, NOW, &mut out).expect("there is room");
        }
        while let Ok(Some(_)) = manager.send(NOW, b"", &mut out) {}
        let _ = manager.step(NOW);
    }
}

fn token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut memory = [0; TOKEN_BYTES_MAX];
    if let Ok(token) = Token::read(text, &mut memory) {
        let mut word = [0; TOKEN_TEXT_MAX];
        let word = token.write(&mut word).expect("what was read can be written");
        assert_eq!(Token::read(word, &mut [0; TOKEN_BYTES_MAX]), Ok(token));
    }
}

fuzz_target!(|data: &[u8]| {
    let frames = frames(data);
    frames.iter().for_each(|frame| messages(frame));
    sessions(&frames);
    messages(data);
    body(data);
    token(data);
});
