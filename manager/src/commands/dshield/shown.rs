//! What `bartizan dshield` prints.

use super::super::table::table;
use super::Round;
use crate::plural::counted;
use crate::sharing::hit::LeftOut;
use serde_json::{Map, Value, json};

/// What was sent, in a line.
pub(super) fn summary(round: &Round, sent: usize) -> String {
    let heap = &round.heap;
    match (sent, heap.hits().len()) {
        (0, 0) => {
            let lines = counted(heap.lines, "new line", "new lines");
            format!("nothing to send: {lines}, none to be told of\n")
        }
        (sent, lines) => {
            let (sent, lines) = (counted(sent, "parcel", "parcels"), counted(lines, "line", "lines"));
            format!("{sent} sent: {lines} of {} new\n", heap.lines)
        }
    }
}

/// The same for programs.
pub(super) fn json(round: &Round, sent: usize) -> String {
    let mut object = counts(round);
    object.insert("parcels".to_owned(), sent.into());
    format!("{}\n", Value::from(object))
}

/// What would be sent, as it would be, and why other lines would not.
pub(super) fn test(round: &Round, parcels: &[Vec<u8>], waiting: usize) -> String {
    let mut text = String::new();
    for parcel in parcels {
        text += &String::from_utf8_lossy(parcel).replace("\r\n", "\n");
        text += if text.ends_with('\n') { "\n" } else { "\n\n" };
    }
    let heap = &round.heap;
    let mut rows = vec![[heap.told().to_string(), told(round, parcels.len())]];
    let left_out =
        |why: LeftOut| [heap.left_out.get(&why).copied().unwrap_or(0).to_string(), why.text().to_owned()];
    rows.extend(LeftOut::ALL.map(left_out).into_iter().filter(|[count, _]| count != "0"));
    text += &table(["LINES", "WHAT BECOMES OF THEM"], &rows);
    if waiting > 0 {
        let parcels = counted(waiting, "parcel goes that waits", "parcels go that wait");
        text += &format!("\nbefore that, {parcels} since an earlier call\n");
    }
    text
}

fn told(round: &Round, parcels: usize) -> String {
    let lines = counted(round.heap.hits().len(), "line", "lines");
    format!("told, as {lines} in {}", counted(parcels, "parcel", "parcels"))
}

/// The same for programs.
pub(super) fn test_json(round: &Round, parcels: &[Vec<u8>]) -> String {
    let mut object = counts(round);
    let texts: Vec<_> = parcels.iter().map(|parcel| String::from_utf8_lossy(parcel).into_owned()).collect();
    object.insert("parcels".to_owned(), json!(texts));
    format!("{}\n", Value::from(object))
}

fn counts(round: &Round) -> Map<String, Value> {
    let heap = &round.heap;
    let left_out: Map<_, _> =
        heap.left_out.iter().map(|(why, count)| (why.word().to_owned(), Value::from(*count))).collect();
    let mut object = Map::new();
    object.insert("read".to_owned(), heap.lines.into());
    object.insert("told".to_owned(), heap.told().into());
    object.insert("lines".to_owned(), heap.hits().len().into());
    object.insert("left_out".to_owned(), left_out.into());
    object
}
