//! `<client>`: the managers, the spool, and what the agent may do.

use super::reading::Reading;
use super::report::Fault;
use super::sections::{CLIENT_UNUSED, SERVER_UNUSED};
use super::xml::Element;
use super::{Client, Config, MANAGER_PORT, MANAGERS_MAX, Manager};
use std::path::PathBuf;

const OPTIONS: [&str; 10] = [
    "server-ip",
    "server-hostname",
    "server",
    "port",
    "notify_time",
    "config-profile",
    "spool",
    "agent_user",
    "sandbox",
    "disable-active-response",
];

/// Bytes of a spool.
const SPOOL: std::ops::RangeInclusive<u32> = 32 << 10..=1 << 30;

/// Reads one `<client>`; what it does not say stays as it is.
pub(super) fn read<'t>(
    reading: &mut Reading<'t>,
    section: &Element<'t>,
    config: &mut Config,
) -> Result<(), Fault> {
    let Config { client, responses, .. } = config;
    let mut port = None;
    let first = client.managers.len();
    // Managers that name no port of their own.
    let mut without_port = Vec::new();
    while let Some(option) = reading.xml.child()? {
        match option.name {
            "server-ip" | "server-hostname" => {
                reading.only_attributes(&option, &[]);
                if let Some(host) = reading.value(&option)? {
                    without_port.push(client.managers.len());
                    add(reading, &option, client, Manager { host, port: MANAGER_PORT });
                }
            }
            "server" => {
                if let Some(manager) = server(reading, &option)? {
                    add(reading, &option, client, manager);
                }
            }
            "port" => port = self::port(reading, &option)?,
            "notify_time" => {
                client.notify_s = reading.number(&option, 1..=86_400)?.unwrap_or(client.notify_s);
            }
            "config-profile" => {
                client.profile = reading.value(&option)?.unwrap_or_default();
            }
            "spool" => spool(reading, client)?,
            "agent_user" => client.user = reading.value(&option)?,
            "disable-active-response" => responses.disabled |= reading.yes_or_no(&option)?.unwrap_or(false),
            "sandbox" => client.sandbox = reading.yes_or_no(&option)?.unwrap_or(true),
            _ => reading.other_option(section.name, &option, &OPTIONS, &CLIENT_UNUSED)?,
        }
    }
    let managers = client.managers.iter_mut().enumerate().skip(first);
    for (_, manager) in managers.filter(|(at, _)| without_port.contains(at)) {
        manager.port = port.unwrap_or(MANAGER_PORT);
    }
    Ok(())
}

fn add<'t>(reading: &mut Reading<'t>, option: &Element<'t>, client: &mut Client, manager: Manager) {
    if client.managers.len() == MANAGERS_MAX {
        let message = format_args!("there are more than {MANAGERS_MAX} managers");
        return reading.error(option.name_at, message, "leave some out");
    }
    client.managers.push(manager);
}

/// `<server>` with `<address>` and `<port>` (Wazuh 4.14).
fn server<'t>(reading: &mut Reading<'t>, section: &Element<'t>) -> Result<Option<Manager>, Fault> {
    let mut host = None;
    let mut port = None;
    while let Some(option) = reading.xml.child()? {
        match option.name {
            "address" => host = reading.value(&option)?,
            "port" => port = self::port(reading, &option)?,
            _ => reading.other_option(section.name, &option, &["address", "port"], &SERVER_UNUSED)?,
        }
    }
    if host.is_none() {
        reading.error(
            section.name_at,
            format_args!("this <server> has no <address>"),
            "add the address of the manager",
        );
    }
    Ok(host.map(|host| Manager { host, port: port.unwrap_or(MANAGER_PORT) }))
}

fn spool(reading: &mut Reading<'_>, client: &mut Client) -> Result<(), Fault> {
    while let Some(option) = reading.xml.child()? {
        match option.name {
            "size" => match reading.bytes(&option)? {
                Some(bytes) if SPOOL.contains(&bytes) => client.spool_bytes = bytes,
                Some(_) => reading.error(
                    option.name_at,
                    format_args!("<size> is from 32k to 1024m"),
                    "write it as 1m",
                ),
                None => {}
            },
            "file" => client.spool_file = reading.path(&option)?.map(PathBuf::from),
            _ => reading.other_option("spool", &option, &["size", "file"], &[])?,
        }
    }
    Ok(())
}

/// A port: 1 to 65535.
pub(super) fn port<'t>(reading: &mut Reading<'t>, option: &Element<'t>) -> Result<Option<u16>, Fault> {
    Ok(reading.number(option, 1..=65_535)?.and_then(|port| u16::try_from(port).ok()))
}
