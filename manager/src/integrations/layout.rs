//! An alert as one line of JSON that every program can read.

use crate::alert::Alert;
use crate::outputs::{json, wazuh as wazuh_layout};

/// Which keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Those of OSSEC 4.3.
    #[default]
    Ossec,
    /// Those of Wazuh 4.14.
    Wazuh,
}

impl Layout {
    /// An alert in this layout.
    pub(super) fn write(self, alert: &Alert<'_>) -> String {
        match self {
            Self::Ossec => ossec(alert),
            Self::Wazuh => wazuh(alert),
        }
    }
}

/// In OSSEC's layout.
pub(super) fn ossec(alert: &Alert<'_>) -> String {
    let mut out = Vec::new();
    json::write_alert(&mut out, alert);
    json::add_difference(&mut out, alert);
    json::strict(&out)
}

/// In Wazuh's layout.
pub(super) fn wazuh(alert: &Alert<'_>) -> String {
    let mut out = Vec::new();
    wazuh_layout::write_alert(&mut out, alert);
    json::add_difference(&mut out, alert);
    json::strict(&out)
}

/// The alert's time as OSSEC writes it.
pub(super) fn time(alert: &Alert<'_>) -> String {
    let mut out = Vec::new();
    alert.time.write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::integrations::tests::hostile;

    #[test]
    fn both_layouts_say_what_has_changed_in_an_output() {
        let (previous, message) = (vec![&b"Previous output:"[..], b"22\n80"], &b"22\n81"[..]);
        let alert = Alert { previous, message, ..Alert::default() };
        for layout in [Layout::Ossec, Layout::Wazuh] {
            let value: serde_json::Value = serde_json::from_str(&layout.write(&alert)).expect("JSON");
            assert_eq!(value["difference"].as_str(), Some("@@ -1,2 +1,2 @@\n 22\n-80\n+81\n"), "{layout:?}");
        }
    }

    #[test]
    fn both_layouts_are_one_line_of_json_whatever_the_alert() {
        for (name, entry) in hostile() {
            for layout in [Layout::Ossec, Layout::Wazuh] {
                let text = layout.write(&entry.alert());
                let value = serde_json::from_str::<serde_json::Value>(&text);
                assert!(value.is_ok_and(|value| value.is_object()), "{name}: {text}");
                assert!(!text.contains(|c: char| c.is_control() || c == '\u{2028}'), "{name}: {text}");
            }
        }
    }
}
