//! Any bytes as a journal and as orders: nothing panics, scripts consist of
//! known words alone, and when all is ended nothing is left.
//!
//! Input: operations, a line `%%`, bytes of the journal. So that notes can be
//! reached at all, checksums are put right in some of them.
#![no_main]

use bartizan_core::limits::RESPONSE_JOB_MAX;
use bartizan_core::respond::journal::{Failed, Journal};
use bartizan_core::respond::network::Network;
use bartizan_core::respond::order::{Begin, Means, Order, Talk, What};
use bartizan_core::respond::responder::{Job, Moment, Outcome, Responder, SLOT_WORDS, Ticket, Tool};
use bartizan_core::respond::shield::Shield;
use bartizan_core::time::Millis;
use libfuzzer_sys::fuzz_target;

/// CRC-32, computed bit by bit: another code than the one under test.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0_u32;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

/// A journal of hostile bytes, with right checksums where the length says so.
fn journal(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes[..bytes.len().min(60_000)].to_vec();
    let mut at = 0;
    while at + 16 <= bytes.len() {
        let len = usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
        if bytes[at + 7] == 1 && len >= 16 && at + len <= bytes.len() {
            let sum = crc32(&bytes[at + 4..at + len]);
            bytes[at..at + 4].copy_from_slice(&sum.to_le_bytes());
        }
        at += len.clamp(16, 9000).next_multiple_of(16);
    }
    bytes
}

#[derive(Default)]
struct Ram {
    bytes: Vec<u8>,
    second: Vec<u8>,
    fails: bool,
}

impl Ram {
    fn works(&self) -> Result<(), Failed> {
        if self.fails { Err(Failed) } else { Ok(()) }
    }
}

impl Journal for &mut Ram {
    fn open(&mut self) -> Result<(), Failed> {
        Ok(())
    }
    fn len(&self) -> u32 {
        self.bytes.len() as u32
    }
    fn read(&mut self, at: u32, into: &mut [u8]) -> Result<(), Failed> {
        into.copy_from_slice(&self.bytes[at as usize..at as usize + into.len()]);
        Ok(())
    }
    fn append(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        let len = if self.fails { 1 } else { bytes.len() };
        self.bytes.extend_from_slice(&bytes[..len]);
        self.works()
    }
    fn sync(&mut self) -> Result<(), Failed> {
        self.works()
    }
    fn begin_second(&mut self) -> Result<(), Failed> {
        self.second.clear();
        self.works()
    }
    fn append_second(&mut self, bytes: &[u8]) -> Result<(), Failed> {
        self.second.extend_from_slice(bytes);
        self.works()
    }
    fn replace(&mut self) -> Result<(), Failed> {
        self.works()?;
        self.bytes = std::mem::take(&mut self.second);
        Ok(())
    }
}

fn check_script(script: &str) {
    assert!(!script.is_empty() && script.is_ascii() && script.ends_with('\n'));
    for line in script.lines() {
        let first = line.split(' ').next().unwrap();
        assert!(["add", "delete", "flush", "create", "del", "route"].contains(&first), "{line}");
        assert!(!line.contains(['$', '`', '"', '\'', '\\', '|']), "{line}");
    }
}

fn begin(amount: u8) -> Begin<'static> {
    let script = Means::Script { file: "x.sh", talk: Talk::Arguments };
    let means = [Means::Block, Means::Ipset, Means::NullRoute, Means::HostsDeny, Means::LockAccount, script];
    let networks = ["192.0.2.1", "192.0.2.0/24", "2001:db8::1", "127.0.0.1"];
    Begin {
        response: "block",
        means: means[usize::from(amount) % means.len()],
        network: Network::parse(networks[usize::from(amount >> 3) % networks.len()]),
        user: if amount & 64 == 0 { "anna" } else { "root" },
        file: "",
        for_s: u32::from(amount & 7) * 10,
        dry_run: amount == 255,
        alert: "1.2",
        rule: 1,
        location: "here",
    }
}

fuzz_target!(|data: &[u8]| {
    let cut = data.windows(4).position(|bytes| bytes == b"\n%%\n");
    let (operations, notes) = cut.map_or((data, &b""[..]), |cut| (&data[..cut], &data[cut + 4..]));
    let mut ram = Ram { bytes: journal(notes), ..Ram::default() };
    let mut at = Moment { now: Millis(1000), wall_ms: 1_700_000_000_000 };
    let shield = Shield::new();
    let mut out = vec![0; RESPONSE_JOB_MAX];
    let mut tell = |report: bartizan_core::respond::report::Report<'_>| {
        assert!(!report.text.chars().any(char::is_control), "{report:?}");
    };
    let mut responder = Responder::open(vec![0; 64 * SLOT_WORDS], &mut ram, Tool::Nft, 7, at);
    let mut tickets: Vec<Ticket> = Vec::new();
    let mut give = |responder: &mut Responder<Vec<u64>, &mut Ram>, at: Moment, tickets: &mut Vec<Ticket>| {
        let job = responder.next_job(at, &mut out, &mut tell);
        tickets.extend(job.map(|job| match job {
            Job::Filter { ticket, script, .. }
            | Job::Look { ticket, script, .. }
            | Job::Route { ticket, script } => {
                check_script(script);
                ticket
            }
            Job::HostsDeny { ticket, .. } => ticket,
            Job::LockAccount { ticket, .. } => ticket,
            Job::Script { ticket, .. } => ticket,
        }));
        job.is_some()
    };
    for operation in operations.chunks(2).take(300) {
        let amount = operation.get(1).copied().unwrap_or_default();
        let id = u64::from(amount % 16) + 1;
        let what = match operation[0] % 8 {
            0 | 1 => What::Begin(begin(amount)),
            2 => What::Renew { for_s: amount.into() },
            3 => What::End,
            4 if amount > 200 => What::EndAll,
            4 => {
                at.now = at.now.plus(u64::from(amount) * 1000);
                continue;
            }
            5 => {
                give(&mut responder, at, &mut tickets);
                continue;
            }
            6 => {
                let ticket = tickets.pop().unwrap_or(Ticket(amount.into()));
                let outcome =
                    [Outcome::Done, Outcome::NotDone("a\nb"), Outcome::Unsure("c")][usize::from(amount) % 3];
                responder.finished(ticket, outcome, at, &mut |_| {});
                continue;
            }
            _ => {
                responder.rebuild();
                continue;
            }
        };
        responder.take(&Order { id, what }, &shield, at, &mut |_| {});
    }
    responder.take(&Order { id: 99, what: What::EndAll }, &shield, at, &mut |_| {});
    for _ in 0..500 {
        at.now = at.now.plus(300_000);
        while give(&mut responder, at, &mut tickets) {}
        for ticket in tickets.drain(..) {
            responder.finished(ticket, Outcome::Done, at, &mut |_| {});
        }
    }
    assert_eq!(responder.in_force().count(), 0, "something is in force for ever");
});
