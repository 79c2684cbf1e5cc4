//! `<console>`: pages in a browser.

use super::Place;
use super::reading::{Reading, value_span};
use crate::xml::Element;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Where the console is served unless told otherwise: for this machine alone.
pub const CONSOLE_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 1518);

const OPTIONS: [&str; 5] = ["enabled", "address", "certificate", "private_key", "tls"];

/// `<console>`; the default is what holds without any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// `enabled`: `no` for none.
    pub enabled: Option<bool>,
    /// `address`: address and port.
    pub address: Option<SocketAddr>,
    /// `certificate`: a PEM file, with those that vouch for it.
    pub certificate: Option<PathBuf>,
    /// `private_key`: a PEM file.
    pub private_key: Option<PathBuf>,
    /// `tls`: `no` where a proxy in front speaks it.
    pub tls: Option<bool>,
    /// Where it is configured, if it is.
    pub place: Option<Place>,
}

impl Console {
    /// Where it is served.
    pub fn address(&self) -> SocketAddr {
        self.address.unwrap_or(CONSOLE_ADDRESS)
    }

    /// Reads one section; a later one overrules what an earlier one says.
    pub(super) fn take(&mut self, reading: &mut Reading<'_>, section: &Element) {
        self.place = Some(reading.place(section.name_span));
        for option in &section.children {
            reading.only_attributes(option, &[]);
            match option.name.as_str() {
                "enabled" => self.enabled = reading.yes_or_no(option).or(self.enabled),
                "address" => self.address = address(reading, option).or(self.address),
                "certificate" => self.certificate = path(reading, option).or(self.certificate.take()),
                "private_key" => self.private_key = path(reading, option).or(self.private_key.take()),
                "tls" => self.tls = reading.yes_or_no(option).or(self.tls),
                _ => reading.other_option(section, option, &OPTIONS, &[]),
            }
        }
        self.check(reading, section);
    }

    fn check(&self, reading: &mut Reading<'_>, section: &Element) {
        let at = section.name_span;
        match (&self.certificate, &self.private_key, self.tls) {
            (Some(_), None, _) => reading.error(at, "<console> has no <private_key>", "name its PEM file"),
            (None, Some(_), _) => reading.error(at, "<console> has no <certificate>", "name its PEM file"),
            (Some(_), Some(_), Some(false)) => {
                let help = "remove <tls>no</tls>, or <certificate> and <private_key>";
                reading.error(at, "<console> has a certificate and is not to use it", help);
            }
            (None, None, Some(true)) => {
                let help = "name <certificate> and <private_key>";
                reading.error(at, "<console> is to speak TLS and has no certificate", help);
            }
            _ => {}
        }
    }
}

/// A path below the home folder or an absolute one.
fn path(reading: &mut Reading<'_>, option: &Element) -> Option<PathBuf> {
    let text = reading.text(option)?;
    Some(reading.home.path(text.trim()))
}

fn address(reading: &mut Reading<'_>, option: &Element) -> Option<SocketAddr> {
    let text = reading.text(option)?;
    let address = text.trim().parse().ok();
    if address.is_none() {
        let help = format!("write an address and a port, such as {CONSOLE_ADDRESS} or [::1]:1518");
        reading.error(value_span(option), format!("`{text}` is no address with a port"), help);
    }
    address
}
