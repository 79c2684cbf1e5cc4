//! What tools of OSSEC and Wazuh write to the socket `queue/alerts/ar`.
//!
//! One datagram asks for one thing: `(PLACE) MORE FLAGS AGENT TEXT`. FLAGS are
//! three letters: `A` for all agents; `R` to carry out a response, `!` for
//! another message; `S` for the agent that is named by its number, else it is
//! the one that PLACE names. TEXT is `NAME USER ADDRESS ALERT RULE …` (OSSEC
//! 4.3) or JSON (Wazuh 4.14). Reading costs one pass; what is read is a
//! stranger's word and is checked by whoever uses it.

use crate::agents::AgentId;
use serde::Deserialize;
use serde_json::Value;

/// Bytes of a datagram (OSSEC 4.3: 6,144).
pub const DATAGRAM_MAX: usize = 64 << 10;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Of whom.
    pub whom: Whom,
    /// What.
    pub what: Wanted,
}

/// Who is to do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All agents.
    All,
    /// The agent of this number; 0 is the manager's own machine.
    Number(AgentId),
    /// The agent of this name.
    Name(String),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// The configuration is to be read again.
    Reload,
    /// A response is to be carried out.
    Response {
        /// Its name: `firewall-drop600`.
        response: String,
        /// The user it is about.
        user: Option<String>,
        /// The address it is about.
        address: Option<String>,
    },
}

/// Why a datagram asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatagramError {
    /// It does not have the form.
    #[error("this is not `(place) flags agent text`")]
    Form,
    /// The text names no response.
    #[error("the text behind the agent's number names no response")]
    Text,
    /// It asks for a message that agents do not take.
    #[error("agents of this manager take responses and restarts, no other messages")]
    Message,
}

/// Reads a datagram.
pub fn read(datagram: &[u8]) -> Result<Asked, DatagramError> {
    let text = std::str::from_utf8(datagram).map_err(|_| DatagramError::Form)?;
    let text = text.trim_end_matches(['\0', '\n']);
    let (name, rest) =
        text.strip_prefix('(').and_then(|rest| rest.split_once(") ")).ok_or(DatagramError::Form)?;
    let (flags, rest) = find_flags(rest).ok_or(DatagramError::Form)?;
    let (number, text) = rest.split_once(' ').ok_or(DatagramError::Form)?;
    let whom = match flags {
        [b'A', _, _] => Whom::All,
        [_, _, b'S'] => Whom::Number(number.parse().map_err(|()| DatagramError::Form)?),
        _ => Whom::Name(name.to_owned()),
    };
    if flags[1] == b'!' {
        return Err(DatagramError::Message);
    }
    let wanted = if text.starts_with('{') { read_json(text) } else { read_words(text) };
    Ok(Asked { whom, what: wanted.ok_or(DatagramError::Text)? })
}

/// The first word of three such letters, and what follows it.
fn find_flags(text: &str) -> Option<([u8; 3], &str)> {
    let mut rest = text;
    loop {
        let (word, behind) = rest.split_once(' ')?;
        if let Ok(flags @ [b'A' | b'N', b'R' | b'N' | b'!', b'S' | b'N']) =
            <[u8; 3]>::try_from(word.as_bytes())
        {
            return Some((flags, behind));
        }
        rest = behind;
    }
}

/// `NAME USER ADDRESS …`; `-` stands for none.
fn read_words(text: &str) -> Option<Wanted> {
    let mut words = text.split(' ');
    let response = words.next()?;
    let mut given = || words.next().and_then(given);
    (!response.is_empty()).then(|| wanted(response, given(), given()))
}

#[derive(Deserialize)]
struct Message {
    command: String,
    #[serde(default)]
    parameters: Parameters,
}

#[derive(Default, Deserialize)]
struct Parameters {
    #[serde(default)]
    alert: Value,
}

/// The message of Wazuh 4.14; the address is looked for where its own
/// responses look.
fn read_json(text: &str) -> Option<Wanted> {
    let message: Message = serde_json::from_str(text).ok()?;
    let data = &message.parameters.alert["data"];
    let address =
        [&data["win"]["eventdata"]["ipAddress"], &data["win"]["eventdata"]["destinationIp"], &data["srcip"]];
    let address = address.into_iter().find_map(Value::as_str).and_then(given);
    let user = [&data["dstuser"], &data["srcuser"]].into_iter().find_map(Value::as_str).and_then(given);
    Some(wanted(&message.command, user, address))
}

fn given(word: &str) -> Option<String> {
    (!["", "-", "(null)"].contains(&word)).then(|| word.to_owned())
}

fn wanted(response: &str, user: Option<String>, address: Option<String>) -> Wanted {
    let is_restart = ["restart-ossec0", "restart-wazuh0", "restart-wazuh"].contains(&response);
    match is_restart {
        true => Wanted::Reload,
        // Wazuh 4.14: `!NAME` is a script that is named directly.
        false => Wanted::Response { response: response.trim_start_matches('!').to_owned(), user, address },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(name: &str, user: Option<&str>, address: Option<&str>) -> Wanted {
        let [user, address] = [user, address].map(|text| text.map(str::to_owned));
        Wanted::Response { response: name.to_owned(), user, address }
    }

    #[test]
    fn what_the_tools_of_ossec_write_is_understood() {
        let by_hand = "(msg_to_agent) [] NRS 007 host-deny600 - 192.0.2.9 (from_the_server) (no_rule_id)";
        assert_eq!(
            read(by_hand.as_bytes()),
            Ok(Asked {
                whom: Whom::Number(AgentId(7)),
                what: response("host-deny600", None, Some("192.0.2.9"))
            })
        );
        let by_rule = "(gate 1) 192.0.2.1->/var/log/auth.log NRN (null) block600 anna 192.0.2.9 1.2 5712 (gate 1) x->y -\0";
        assert_eq!(
            read(by_rule.as_bytes()),
            Ok(Asked {
                whom: Whom::Name("gate 1".to_owned()),
                what: response("block600", Some("anna"), Some("192.0.2.9"))
            })
        );
        let restart = "(msg_to_agent) [] ARN (null) restart-ossec0";
        assert_eq!(read(restart.as_bytes()), Ok(Asked { whom: Whom::All, what: Wanted::Reload }));
    }

    #[test]
    fn what_the_tools_of_wazuh_write_is_understood() {
        let text = r#"(local_source) [] NRS 002 {"version":1,"command":"firewall-drop60","parameters":{"extra_args":[],"alert":{"data":{"srcip":"192.0.2.9","dstuser":"eve"}}}}"#;
        let what = response("firewall-drop60", Some("eve"), Some("192.0.2.9"));
        assert_eq!(read(text.as_bytes()), Ok(Asked { whom: Whom::Number(AgentId(2)), what }));
    }

    #[test]
    fn anything_else_is_refused() {
        for (text, why) in [
            ("", DatagramError::Form),
            ("hello", DatagramError::Form),
            ("(msg_to_agent) [] NNS", DatagramError::Form),
            ("(msg_to_agent) [] XYZ 001 block", DatagramError::Form),
            ("(msg_to_agent) [] NRS 4294967296 block", DatagramError::Form),
            ("(msg_to_agent) [] NRS 001 ", DatagramError::Text),
            ("(msg_to_agent) [] NRS 001 {}", DatagramError::Text),
            ("(msg_to_agent) [] N!S 001 syscheck restart", DatagramError::Message),
        ] {
            assert_eq!(read(text.as_bytes()), Err(why), "{text}");
        }
        assert_eq!(read(b"\xff"), Err(DatagramError::Form));
    }
}
