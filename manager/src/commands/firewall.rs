//! `bartizan firewall`: what packet filters say.

use super::table::table;
use super::{CommandError, print};
use crate::diagnose::harmless_text;
use crate::firewall::service;
use crate::firewall::shape::Shapes;
use crate::firewall::tally::Tally;
use crate::plural::counted;
use crate::sources::lines::{LINE_MAX, LineReader};
use crate::sources::stored::{Bytes, unpacked};
use bartizan_core::packet;
use clap::{Args, Subcommand};
use serde_json::json;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// Count what packet filters say.
///
/// Reads logs of iptables and nftables, pfSense and OPNsense, RouterOS, UniFi,
/// Cisco, FortiGate, Juniper, SonicWall, Palo Alto, Sophos, Huawei and Check
/// Point, with any syslog header, mixed as they come, and firewall.log. Other
/// lines are passed over.
#[derive(Args, Debug)]
pub struct FirewallCommand {
    #[command(subcommand)]
    job: Job,
}

#[derive(Subcommand, Debug)]
enum Job {
    /// Who knocks, where, how often.
    Top(TopArguments),
    /// How many lines there are of which format, and what they say.
    Summary(FilesArguments),
    /// Lines that were not understood, or not whole, grouped by shape.
    Unparsed(TopArguments),
}

#[derive(Args, Debug)]
struct FilesArguments {
    /// Logs, .gz too; `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
struct TopArguments {
    #[command(flatten)]
    of: FilesArguments,
    /// Entries of each list.
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    most: usize,
    /// Count packets that got through, too.
    #[arg(long)]
    all: bool,
}

/// Runs the command.
pub fn run(command: &FirewallCommand) -> Result<ExitCode, CommandError> {
    match &command.job {
        Job::Top(arguments) => top(arguments),
        Job::Summary(arguments) => summary(arguments),
        Job::Unparsed(arguments) => unparsed(arguments),
    }
}

/// Every line of every file.
fn each_line(files: &[PathBuf], mut take: impl FnMut(&[u8])) -> Result<(), CommandError> {
    for path in files {
        let doing = || CommandError::io(format!("cannot read {}", path.display()));
        let name = path.display().to_string();
        let source: Bytes = match name.as_str() {
            "-" => Box::new(io::stdin()),
            _ => Box::new(File::open(path).map_err(doing())?),
        };
        let source = unpacked(source, &name).map_err(|error| CommandError::Nothing(error.to_string()))?;
        let mut reader = LineReader::new(source, LINE_MAX);
        while let Some(line) = reader.next_line().map_err(doing())? {
            take(line.bytes);
        }
    }
    Ok(())
}

fn tally(files: &[PathBuf], all: bool) -> Result<Tally, CommandError> {
    let mut tally = Tally::new(all);
    each_line(files, |line| tally.line(line))?;
    if tally.packets() == 0 {
        let message = format!(
            "none of {} is a packet filter's; `bartizan firewall unparsed` shows those that look like one",
            counted(tally.lines, "line", "lines")
        );
        return Err(CommandError::Nothing(message));
    }
    Ok(tally)
}

fn top(arguments: &TopArguments) -> Result<ExitCode, CommandError> {
    let tally = tally(&arguments.of.files, arguments.all)?;
    let text =
        if arguments.of.json { top_json(&tally, arguments.most) } else { top_text(&tally, arguments.most) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn top_text(tally: &Tally, most: usize) -> String {
    let more = |different: usize| if different > most { format!(" (of {different})") } else { String::new() };
    let sources = tally.top_sources(most);
    let rows: Vec<_> = sources
        .iter()
        .map(|(address, source)| {
            let ports = source.ports.iter().take(5).map(u16::to_string).collect::<Vec<_>>().join(" ");
            let ports =
                format!("{} ({ports}{})", source.ports.len(), if source.ports.len() > 5 { " …" } else { "" });
            [source.packets.to_string(), address.to_string(), source.targets.len().to_string(), ports]
        })
        .collect();
    let mut text = format!("Who knocks{}\n", more(tally.different_sources()));
    text += &table(["PACKETS", "SOURCE", "TARGETS", "PORTS"], &rows);
    if tally.other_sources > 0 {
        let packets = counted(tally.other_sources, "packet", "packets");
        text += &format!("and {packets} of sources that are not told apart any more\n");
    }
    let rows: Vec<_> = tally
        .ports
        .top(most)
        .into_iter()
        .map(|((protocol, port), count)| {
            [count.to_string(), format!("{protocol}/{port}"), service(port).to_owned()]
        })
        .collect();
    text += &format!("\nOn which ports{}\n", more(tally.ports.different()));
    text += &table(["PACKETS", "PORT", "SERVICE"], &rows);
    let lists = [
        (
            "Where",
            "TARGET",
            tally.targets.top(most).into_iter().map(|(a, n)| (a.to_string(), n)).collect::<Vec<_>>(),
            tally.targets.different(),
        ),
        ("By which rules", "RULE", tally.rules.top(most), tally.rules.different()),
        ("By which interfaces", "INTERFACE", tally.interfaces.top(most), tally.interfaces.different()),
        ("Told by which devices", "DEVICE", tally.devices.top(most), tally.devices.different()),
    ];
    for (title, column, entries, different) in
        lists.into_iter().filter(|(_, _, entries, _)| !entries.is_empty())
    {
        let rows: Vec<_> =
            entries.into_iter().map(|(name, count)| [count.to_string(), harmless_text(&name)]).collect();
        text += &format!("\n{title}{}\n{}", more(different), table(["PACKETS", column], &rows));
    }
    text
}

fn top_json(tally: &Tally, most: usize) -> String {
    let sources: Vec<_> = tally
        .top_sources(most)
        .iter()
        .map(|(address, source)| {
            json!({"source": address.to_string(), "packets": source.packets,
                "targets": source.targets.len(), "ports": source.ports})
        })
        .collect();
    let pairs = |entries: Vec<(String, u64)>| -> Vec<_> {
        entries.into_iter().map(|(name, packets)| json!({"name": name, "packets": packets})).collect()
    };
    let ports =
        tally.ports.top(most).into_iter().map(
            |((protocol, port), packets)| json!({"protocol": protocol, "port": port, "packets": packets}),
        );
    let object = json!({
        "sources": sources,
        "ports": ports.collect::<Vec<_>>(),
        "targets": pairs(tally.targets.top(most).into_iter().map(|(a, n)| (a.to_string(), n)).collect()),
        "rules": pairs(tally.rules.top(most)),
        "interfaces": pairs(tally.interfaces.top(most)),
        "devices": pairs(tally.devices.top(most)),
    });
    format!("{object}\n")
}

fn summary(arguments: &FilesArguments) -> Result<ExitCode, CommandError> {
    let tally = tally(&arguments.files, true)?;
    let text = if arguments.json { summary_json(&tally) } else { summary_text(&tally) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn summary_json(tally: &Tally) -> String {
    let formats: serde_json::Map<_, _> =
        tally.formats.iter().map(|(format, lines)| (format.name().to_owned(), (*lines).into())).collect();
    let actions: serde_json::Map<_, _> = tally
        .actions
        .iter()
        .map(|(action, packets)| (format!("{action:?}").to_lowercase(), (*packets).into()))
        .collect();
    let object = json!({
        "lines": tally.lines,
        "packet_lines": tally.packets(),
        "partly_understood": tally.partly,
        "formats": formats,
        "actions": actions,
        "sources": tally.different_sources(),
        "targets": tally.targets.different(),
        "ports": tally.ports.different(),
    });
    format!("{object}\n")
}

fn summary_text(tally: &Tally) -> String {
    let percent = |part: u64| if tally.lines == 0 { 0.0 } else { part as f64 * 100.0 / tally.lines as f64 };
    let mut text = format!(
        "{}: {} of packet filters ({:.1} %), {} of them not understood whole\n\n",
        counted(tally.lines, "line", "lines"),
        tally.packets(),
        percent(tally.packets()),
        tally.partly
    );
    let rows: Vec<_> =
        tally.formats.iter().map(|(format, lines)| [lines.to_string(), format.name().to_owned()]).collect();
    text += &table(["LINES", "FORMAT"], &rows);
    let rows: Vec<_> = tally
        .actions
        .iter()
        .map(|(action, packets)| [packets.to_string(), format!("{action:?}").to_lowercase()])
        .collect();
    text += &format!("\n{}", table(["PACKETS", "ACTION"], &rows));
    let rows: Vec<_> = tally
        .protocols
        .top(10)
        .into_iter()
        .map(|(name, packets)| [packets.to_string(), harmless_text(&name)])
        .collect();
    text += &format!("\n{}", table(["PACKETS", "PROTOCOL"], &rows));
    text += &format!(
        "\n{}, {}, {}\n",
        counted(tally.different_sources(), "source", "sources"),
        counted(tally.targets.different(), "target", "targets"),
        counted(tally.ports.different(), "port", "ports")
    );
    text
}

fn unparsed(arguments: &TopArguments) -> Result<ExitCode, CommandError> {
    let mut shapes = Shapes::default();
    each_line(&arguments.of.files, |line| shapes.line(line, packet::read(line).as_ref()))?;
    let all = shapes.sorted();
    if arguments.of.json {
        for shape in all.iter().take(arguments.most) {
            let object = json!({"lines": shape.lines, "shape": shape.shape, "missing": shape.missing, "example": shape.example});
            print(&format!("{object}\n"))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        print("every line that looks like a packet filter's was understood whole\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    let shown = arguments.most.min(all.len());
    for shape in &all[..shown] {
        let what = if shape.missing.is_empty() {
            "not understood".to_owned()
        } else {
            format!("missing: {}", shape.missing)
        };
        print(&format!(
            "{}, {what}\n  {}\n  for example: {}\n",
            counted(shape.lines, "line", "lines"),
            harmless_text(&shape.shape),
            harmless_text(&shape.example)
        ))?;
    }
    if shown < all.len() {
        let more = counted(all.len() - shown, "more shape", "more shapes");
        print(&format!("and {more} (-n {})\n", all.len()))?;
    }
    Ok(ExitCode::from(1))
}
