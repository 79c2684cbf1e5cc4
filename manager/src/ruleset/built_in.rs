//! The decoders and rules that are built in, and their tests.

macro_rules! embedded {
    ($($folder:literal: $($name:literal)*;)*) => {
        &[$($((concat!($folder, "/", $name), include_str!(concat!("../../rules/", $folder, "/", $name))),)*)*]
    };
}

/// A file: its name in the exported folder and its text.
pub type File = (&'static str, &'static str);

/// Decoder files in the order of loading.
pub const DECODERS: &[File] = embedded! {
    "decoders": "10-auth.xml" "20-system.xml" "60-firewall.xml" "61-router.xml" "70-web.xml" "80-mail.xml"
        "85-services.xml" "90-databases.xml";
};

/// Rule files in the order of loading.
pub const RULES: &[File] = embedded! {
    "rules": "00-base.xml" "10-auth.xml" "20-system.xml" "30-commands.xml" "40-integrity.xml" "50-agents.xml"
        "51-watch.xml" "52-responses.xml" "53-destinations.xml" "60-firewall.xml" "61-router.xml" "70-web.xml"
        "80-mail.xml" "85-services.xml" "90-databases.xml" "95-correlation.xml";
};

/// The rules that watch over the manager's own sight. They are added to rule
/// sets of others, too, whose rules know nothing of it.
pub const WATCH: File = ("rules/51-watch.xml", include_str!("../../rules/rules/51-watch.xml"));

/// The rules about what became of responses. They are added to rule sets of
/// others if responses are configured.
pub const RESPONSES: File = ("rules/52-responses.xml", include_str!("../../rules/rules/52-responses.xml"));

/// The rules about what became of alerts on their way to others. They are
/// added to rule sets of others if destinations are configured.
pub const DESTINATIONS: File =
    ("rules/53-destinations.xml", include_str!("../../rules/rules/53-destinations.xml"));

/// Files with the tests of the rules.
pub const TESTS: &[File] = embedded! {
    "tests": "00-base.ini" "10-auth.ini" "20-system.ini" "30-commands.ini" "40-integrity.ini" "50-agents.ini"
        "51-watch.ini" "52-responses.ini" "53-destinations.ini" "60-firewall.ini" "61-router.ini" "70-web.ini"
        "80-mail.ini" "85-services.ini" "90-databases.ini" "95-correlation.ini";
};

/// All files, with a configuration that names them.
pub fn all() -> Vec<(&'static str, String)> {
    let files = [DECODERS, RULES, TESTS].concat();
    let mut all: Vec<_> = files.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    all.push(("etc/ossec.conf", configuration()));
    all
}

/// An `ossec.conf` for the exported files.
fn configuration() -> String {
    let mut text = String::from(
        "<!-- Bartizan's built-in rules as files: change what you like. -->\n<ossec_config>\n  <rules>\n",
    );
    for (name, _) in DECODERS {
        text += &format!("    <decoder>{name}</decoder>\n");
    }
    for (name, _) in RULES {
        text += &format!("    <include>{name}</include>\n");
    }
    text + "  </rules>\n</ossec_config>\n"
}
