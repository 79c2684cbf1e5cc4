//! The report as one JSON object.

use super::summary::{Entry, Logged, written};
use super::{Subject, Summary};
use serde_json::{Map, Value, json};

/// The report. Hours are in seconds since 1970, levels in the four steps of
/// the charts.
pub fn value(summary: &Summary) -> Value {
    let top = summary.sections.iter().map(|section| {
        let entries: Vec<_> = section.entries.iter().map(entry).collect();
        (section.subject.name().to_owned(), Value::from(entries))
    });
    let others = summary.sections.iter().filter(|section| section.others > 0);
    let others = others.map(|section| (section.subject.name().to_owned(), section.others.into()));
    let related = summary.related.iter().map(|related| {
        let entries = related.entries.iter().map(|(entry, values)| with_values(entry, values));
        (related.subject.name().to_owned(), Value::from_iter(entries))
    });
    let hour = |(hour, bands): (&i64, &[u64; 4])| {
        let [low, medium, high, critical] = bands;
        json!({"from": hour * 3600, "low": low, "medium": medium, "high": high, "critical": critical})
    };
    json!({
        "title": summary.title,
        "conditions": summary.conditions,
        "processed": summary.processed,
        "selected": summary.selected,
        "first": summary.span.map(|(first, _)| written(first)),
        "last": summary.span.map(|(_, last)| written(last)),
        "top": top.collect::<Map<_, _>>(),
        "others": others.collect::<Map<_, _>>(),
        "related": related.collect::<Map<_, _>>(),
        "hours": summary.hours.iter().map(hour).collect::<Vec<_>>(),
        "alerts": summary.logs.iter().map(logged).collect::<Vec<_>>(),
        "alerts_left_out": summary.logs_left_out,
    })
}

fn entry(entry: &Entry) -> Value {
    json!({"name": entry.name, "count": entry.count})
}

fn with_values(counted: &Entry, values: &[(Subject, String)]) -> Value {
    let mut object = entry(counted);
    for (subject, value) in values {
        let list = &mut object[subject.name()];
        match list {
            Value::Array(list) => list.push(value.as_str().into()),
            _ => *list = json!([value]),
        }
    }
    object
}

fn logged(logged: &Logged) -> Value {
    let Logged { time, location, rule, level, description, log } = logged;
    json!({
        "time": written(*time),
        "location": location,
        "rule": rule,
        "level": level,
        "description": description,
        "log": log,
    })
}
