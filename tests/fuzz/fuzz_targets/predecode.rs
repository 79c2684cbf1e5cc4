//! Any bytes as the text of a record: every span of the header lies in the
//! cleaned text, no control byte is left, and cleaning twice changes nothing.
#![no_main]

use bartizan_core::limits::TEXT_MAX;
use bartizan_core::predecode::{clean, header};
use bartizan_core::record::Span;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut buffer = [0; TEXT_MAX];
    let text = clean(data, &mut buffer);
    assert!(text.len() <= data.len().min(TEXT_MAX));
    assert!(!text.iter().any(u8::is_ascii_control), "a control byte is left");
    let mut again = [0; TEXT_MAX];
    assert_eq!(text, clean(text, &mut again));

    let header = header(text);
    let inside = |span: Span| assert!(span.end() <= text.len(), "{header:?} of {} bytes", text.len());
    [Some(header.log), Some(header.stamp), header.host, header.program]
        .into_iter()
        .flatten()
        .for_each(inside);
});
