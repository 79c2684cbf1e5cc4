//! Alerts for tests.

use crate::alert::{Alert, AlertId, Decoder, Entry, Rule};
use crate::outputs::clock::LocalClock;
use bartizan_core::event::Field;
use jiff::tz::TimeZone;

/// The first second of 2026-11-21 in UTC.
pub(crate) const MIDNIGHT: i64 = 1_795_219_200;

/// A failed login: one of 50 addresses, one of 10 users, one of two agents.
pub(crate) fn sshd(n: u64) -> Entry {
    sshd_at(n, MIDNIGHT + (n / 10) as i64)
}

/// The same at a time.
pub(crate) fn sshd_at(n: u64, epoch: i64) -> Entry {
    let (ip, user) = (format!("192.0.2.{}", n % 50), format!("user{}", n % 10));
    let log = format!(
        "Nov 21 10:00:01 gate sshd[{}]: Failed password for {user} from {ip} port {} ssh2",
        1000 + n % 30_000,
        1024 + n * 7 % 60_000
    );
    let agent = ["web", "mail"][(n % 2) as usize];
    let location = format!("({agent}) 198.51.100.{}->/var/log/auth.log", n % 2);
    let mut alert = Alert {
        id: AlertId { epoch, ticket: n },
        time: LocalClock::new(TimeZone::UTC).local(epoch),
        rule: Some(Rule {
            id: 5710 + (n % 4) as u32,
            level: 5 + (n % 4) as u16,
            description: Some(b"Attempt to login"),
            groups: if n.is_multiple_of(2) { b"syslog,sshd," } else { b"syslog, web" },
            ..Rule::default()
        }),
        fired: 1,
        decoder: Some(Decoder { name: b"sshd", ..Decoder::default() }),
        location: location.as_bytes(),
        hostname: b"gate",
        program_name: Some(b"sshd"),
        message: log.get(31..).unwrap_or_default().as_bytes(),
        log: log.as_bytes(),
        ..Alert::default()
    };
    alert.fields[Field::SrcIp as usize] = Some(ip.as_bytes());
    alert.fields[Field::DstUser as usize] = Some(user.as_bytes());
    Entry::new(&alert)
}

/// Numbers without a pattern (xorshift).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }

    fn bytes(&mut self, most: u64) -> Vec<u8> {
        let length = self.below(most + 1);
        (0..length).map(|_| b"abc.7 \n\0\xff,("[self.below(11) as usize]).collect()
    }

    fn some<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.below(3) > 0).then(|| make(self))
    }
}

/// Shows so many alerts that may hold anything.
pub(crate) fn any_alerts(count: usize, mut show: impl FnMut(&Alert<'_>)) {
    let mut random = Random(7);
    for _ in 0..count {
        any_alert(&mut random, &mut show);
    }
}

fn any_alert(random: &mut Random, show: &mut impl FnMut(&Alert<'_>)) {
    let long = if random.below(20) == 0 { 6144 } else { 40 };
    let texts: Vec<Vec<u8>> = (0..12).map(|_| random.bytes(12)).collect();
    let log = random.bytes(long);
    let values: Vec<_> = (0..Field::COUNT).map(|_| random.some(|random| random.bytes(long))).collect();
    let previous: Vec<_> = (0..random.below(4)).map(|_| random.bytes(long)).collect();
    let dynamic: Vec<_> = (0..random.below(3)).map(|_| (random.bytes(8), random.bytes(long))).collect();
    let [location, hostname, program, description, groups, cve, info, name, parent, ..] = texts.as_slice()
    else {
        return;
    };
    let epoch = [0, -1, i64::MIN, i64::MAX, MIDNIGHT, MIDNIGHT + 5000][random.below(6) as usize];
    let mut time = LocalClock::new(TimeZone::UTC).local(epoch);
    if random.below(4) == 0 {
        (time.month, time.day, time.weekday) = (random.below(200) as u8, random.below(200) as u8, 9);
        time.second = random.below(u32::MAX.into()) as u32;
    }
    let part = random.below(log.len() as u64) as usize;
    let rule = Rule {
        id: random.below(5) as u32,
        level: random.below(16) as u16,
        description: random.some(|_| description.as_slice()),
        groups,
        cve,
        info,
        frequency: random.below(3) as u16,
        mail: random.below(2) == 0,
        ..Rule::default()
    };
    let mut alert = Alert {
        id: AlertId { epoch, ticket: random.below(u64::MAX) },
        time,
        rule: random.some(|_| rule),
        fired: random.below(9) as u32,
        decoder: random.some(|_| Decoder { name, parent, fts: 4, accumulate: true }),
        location,
        hostname,
        program_name: random.some(|_| program.as_slice()),
        message: log.get(part..).unwrap_or_default(),
        log: &log,
        previous: previous.iter().map(Vec::as_slice).collect(),
        dynamic: dynamic.iter().map(|(name, value)| (name.as_slice(), value.as_slice())).collect(),
        ..Alert::default()
    };
    for (field, value) in alert.fields.iter_mut().zip(&values) {
        *field = value.as_deref();
    }
    show(&alert);
}
