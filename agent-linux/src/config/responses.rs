//! `<active-response>`: whether orders of a manager are carried out here.

use super::Responses;
use super::reading::Reading;
use super::report::Fault;
use super::xml::Element;

const OPTIONS: [&str; 2] = ["disabled", "script_timeout"];

/// Options of an agent's section that have no effect: the manager knows who
/// offends repeatedly (OSSEC 4.3), and sends no packages (Wazuh 4.14).
const UNUSED: [&str; 3] = ["repeated_offenders", "ca_store", "ca_verification"];

/// Reads one section; what it does not say stays as it is. One with a
/// `<command>` is a manager's, which a file may share with an agent.
pub(super) fn read<'t>(
    reading: &mut Reading<'t>,
    section: &Element<'t>,
    responses: &mut Responses,
) -> Result<(), Fault> {
    let (mut is_managers, mut others) = (false, Vec::new());
    while let Some(option) = reading.xml.child()? {
        match option.name {
            "disabled" => responses.disabled |= reading.yes_or_no(&option)?.unwrap_or(false),
            "script_timeout" => {
                let seconds = reading.number(&option, 1..=3600)?;
                responses.script_timeout_s = seconds.unwrap_or(responses.script_timeout_s);
            }
            name => {
                is_managers |= name == "command";
                reading.xml.skip()?;
                others.push(option);
            }
        }
    }
    for option in others.iter().filter(|_| !is_managers) {
        reading.not_an_option(section.name, option, &OPTIONS, &UNUSED);
    }
    Ok(())
}
