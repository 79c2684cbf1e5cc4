//! Which agents an `<agent_config name="…" os="…" profile="…">` means.

use super::Config;
use super::reading::Reading;
use super::xml::Element;

/// Whether a block is for this agent: each attribute that is there matches.
pub(super) fn means<'t>(reading: &mut Reading<'t>, block: &Element<'t>, config: &Config) -> bool {
    // `overwrite` has no effect (OSSEC 4.3).
    reading.only_attributes(block, &["name", "os", "profile", "overwrite"]);
    let agent = reading.about.agent;
    // A block behind <client> in the same file goes by what that says.
    let own = config.client.profile.as_str();
    let profile = if own.is_empty() { agent.profile } else { own };
    let value = |name: &str| match name {
        "name" => Some(agent.name),
        "os" => Some(agent.system),
        // OSSEC 4.3: an agent without a profile has `-`.
        "profile" => Some(if profile.is_empty() { "-" } else { profile }),
        _ => None,
    };
    block.attributes.iter().all(|attribute| {
        let value = value(attribute.name);
        value.is_none_or(|value| matches(attribute.value.as_bytes(), value.as_bytes()))
    })
}

/// OSSEC's match language: alternatives between `|`, each a part of the text,
/// at its beginning with `^`, at its end with `$`; a leading `!` inverts all.
/// Case counts nothing.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (pattern, inverted) = match pattern {
        [b'!', rest @ ..] => (rest, true),
        _ => (pattern, false),
    };
    pattern.split(|byte| *byte == b'|').any(|part| is_part(part, text)) != inverted
}

fn is_part(part: &[u8], text: &[u8]) -> bool {
    let (part, first) = part.strip_prefix(b"^").map_or((part, false), |part| (part, true));
    let (part, last) = part.strip_suffix(b"$").map_or((part, false), |part| (part, true));
    let Some(spare) = text.len().checked_sub(part.len()) else { return false };
    let fits = |at: usize| text.get(at..).is_some_and(|rest| starts_with(rest, part));
    match (first, last) {
        (true, true) => spare == 0 && fits(0),
        (true, false) => fits(0),
        (false, true) => fits(spare),
        (false, false) => (0..=spare).any(fits),
    }
}

fn starts_with(text: &[u8], part: &[u8]) -> bool {
    text.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn the_match_language_is_the_one_of_rules() {
        let yes = [("linux", "Linux web1 6.1"), ("^web|^db", "db3"), ("1$", "web1"), ("!win", "linux")];
        let no = [("^web1$", "web12"), ("long pattern", "short"), ("^eb", "web"), ("!linux", "LINUX")];
        for (pattern, text) in yes {
            assert!(matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        for (pattern, text) in no {
            assert!(!matches(pattern.as_bytes(), text.as_bytes()), "{pattern} {text}");
        }
        assert!(matches(b"", b"") && matches(b"", b"x"));
    }
}
