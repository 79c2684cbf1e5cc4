//! Any bytes as the text of a record, in both dialects: every span of the
//! header lies in the cleaned text, and cleaning twice changes nothing. In
//! OSSEC's no control byte is left but the line ends of a command's output.
#![no_main]

use bartizan_core::image::Dialect;
use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode::{clean, header};
use bartizan_core::record::Span;
use libfuzzer_sys::fuzz_target;

fn read(data: &[u8], dialect: Dialect) {
    let mut buffer = [0; TEXT_MAX];
    let text = clean(data, dialect, &mut buffer);
    assert!(text.len() <= data.len().min(TEXT_MAX));
    assert!(!text.contains(&0), "a text ends at its first NUL");
    let is_left = |byte: &u8| byte.is_ascii_control() && *byte != b'\n';
    assert!(dialect == Dialect::Wazuh || !text.iter().any(is_left), "a control byte is left");
    let mut again = [0; TEXT_MAX];
    assert_eq!(text, clean(text, dialect, &mut again));

    let header = header(text, dialect);
    let inside = |span: Span| assert!(span.end() <= text.len(), "{header:?} of {} bytes", text.len());
    [Some(header.log), Some(header.stamp), header.host, header.program]
        .into_iter()
        .flatten()
        .for_each(inside);
}

fuzz_target!(|data: &[u8]| {
    read(data, Dialect::Ossec);
    read(data, Dialect::Wazuh);
});
