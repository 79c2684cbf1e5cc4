//! The promises of this room, over a real store.

use super::*;
use crate::alert::{Alert, AlertId, Entry, Rule};
use crate::config::{Selection, Terms};
use crate::outbox::{Content, Destination, Failure, Parcel};
use crate::outputs::clock::LocalClock;
use crate::store::Appender;
use std::sync::Mutex;
use tempfile::TempDir;

/// Longer than anything here takes.
const DEADLINE: Duration = Duration::from_secs(60);

/// What a destination has got.
#[derive(Clone, Debug, Default)]
struct Got(Arc<Mutex<Vec<u64>>>);

impl Got {
    fn all(&self) -> Vec<u64> {
        self.0.lock().expect("a lock").clone()
    }

    fn wait_for(&self, count: usize) -> Vec<u64> {
        let until = Instant::now() + DEADLINE;
        while self.all().len() < count && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
        self.all()
    }
}

#[derive(Debug)]
struct Fake {
    got: Got,
    is_down: Arc<AtomicBool>,
}

impl Destination for Fake {
    fn parcel_max(&self) -> usize {
        10
    }

    fn render(&self, _id: &str, content: &Content) -> Vec<u8> {
        content.alerts.iter().flat_map(|entry| entry.seq.to_le_bytes()).collect()
    }

    fn deliver(&mut self, parcel: &Parcel) -> Result<(), Failure> {
        if self.is_down.load(Relaxed) {
            return Err(Failure::Temporary("down".to_owned(), None));
        }
        let numbers =
            parcel.payload.chunks(8).filter_map(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        self.got.0.lock().expect("a lock").extend(numbers);
        Ok(())
    }
}

struct Scene {
    home: TempDir,
    store: Appender,
    committed: Committed,
}

impl Scene {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let store = Appender::open(home.path()).expect("a store");
        Self { home, store, committed: Committed::default() }
    }

    fn append(&mut self, count: u64) {
        let epoch = epoch_now();
        let rule = Rule { id: 5712, level: 7, description: Some(b"a rule"), ..Rule::default() };
        let time = LocalClock::default().local(epoch);
        let id = |ticket| AlertId { epoch, ticket };
        let one =
            |ticket| Alert { id: id(ticket), time, rule: Some(rule), log: b"a log", ..Alert::default() };
        let mut entries: Vec<_> = (0..count).map(|ticket| Entry::new(&one(ticket))).collect();
        self.store.append(&mut entries).expect("appended");
        self.committed.tell(self.store.last());
    }

    fn outbox(&self, configured: Vec<Configured>) -> Outbox {
        Outbox::start(self.home.path(), self.committed.clone(), Needed::default(), Arc::new(drop), configured)
            .expect("an outbox")
    }
}

fn configured(name: &str, got: &Got, is_down: &Arc<AtomicBool>) -> Configured {
    Configured {
        name: name.to_owned(),
        kind: "test",
        wants: vec![Selection::default()],
        terms: Terms::default(),
        destination: Box::new(Fake { got: got.clone(), is_down: Arc::clone(is_down) }),
    }
}

#[test]
fn one_that_is_down_holds_up_nobody_and_gets_all_in_order_when_it_is_back() {
    let (up, down) = (Got::default(), Got::default());
    let (never, is_down) = (Arc::default(), Arc::new(AtomicBool::new(true)));
    let mut scene = Scene::new();
    scene.append(5);
    let all = || vec![configured("up", &up, &never), configured("back", &down, &is_down)];
    let mut outbox = scene.outbox(all());
    for _ in 0..20 {
        scene.append(100);
    }
    let expected: Vec<u64> = (6..=2005).collect();
    assert_eq!(up.wait_for(2000), expected, "a new destination begins with what comes");
    assert!(down.all().is_empty());
    is_down.store(false, Relaxed);
    outbox.configure(all()).expect("configured");
    assert_eq!(down.wait_for(2000), expected);
    let began = Instant::now();
    outbox.finish();
    assert!(began.elapsed() < PATIENCE + Duration::from_secs(1), "{:?}", began.elapsed());
    scene.append(1);
    let outbox = scene.outbox(all());
    assert_eq!(
        (up.wait_for(2001).len(), down.wait_for(2001).len()),
        (2001, 2001),
        "each goes on where it was"
    );
    outbox.finish();
}

#[test]
fn destinations_that_are_down_cost_nearly_nothing() {
    let is_down = Arc::new(AtomicBool::new(true));
    let mut scene = Scene::new();
    let got = Got::default();
    let all = (0..8).map(|number| configured(&format!("down{number}"), &got, &is_down)).collect();
    let outbox = scene.outbox(all);
    scene.append(2000);
    let queue = Queue::open(scene.home.path()).expect("a queue");
    let until = Instant::now() + DEADLINE;
    let is_full =
        || queue.standings().expect("standings").iter().all(|one| one.waiting > 50 && one.failures > 0);
    while !is_full() && Instant::now() < until {
        thread::sleep(Duration::from_millis(20));
    }
    // As many commits as an hour of a busy manager has in a second.
    let (before, began) = (cpu_time(), Instant::now());
    for _ in 0..100 {
        scene.committed.tell(scene.store.last());
        thread::sleep(Duration::from_millis(20));
    }
    let share = (cpu_time() - before).as_secs_f64() / began.elapsed().as_secs_f64();
    outbox.finish();
    assert!(share < 0.05, "8 destinations that are down take {:.1} % of a processor", share * 100.0);
    println!("8 destinations that are down take {:.2} % of a processor", share * 100.0);
}

/// Processor time of the threads of destinations that are called `down…`.
fn cpu_time() -> Duration {
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    let tasks = std::fs::read_dir("/proc/self/task").expect("threads").flatten().map(|task| task.path());
    let ours = tasks.filter(|task| read(task.join("comm")).starts_with("to down"));
    let nanoseconds = |task: PathBuf| read(task.join("schedstat")).split(' ').next()?.parse::<u64>().ok();
    Duration::from_nanos(ours.filter_map(nanoseconds).sum())
}
