//! `SymantecWS_Decoder`: numbered items between commas.
//!
//! `20070717,73613,1=5,11=10.1.1.3,10=userc,3=1,2=1`. The first item is not
//! looked at, and of each number the first item counts (OSSEC 4.3).

use super::Reader;
use crate::event::{Event, Field};

/// Bytes of a user or an address.
const WORD_MAX: usize = 128;
/// Bytes of a URL.
const URL_MAX: usize = 1024;
/// Bytes of an id.
const ID_LEN: usize = 9;

pub(super) fn run(event: &mut Event<'_>) -> Option<()> {
    let mut reader = Reader::new(event.log());
    reader.until(b",")?;
    loop {
        item(event, &mut reader);
        reader.until(b",")?;
    }
}

/// Takes what is known of the item that comes next.
fn item(event: &mut Event<'_>, reader: &mut Reader<'_>) {
    let items: [(&[u8], Field, usize); 3] =
        [(b"10=", Field::DstUser, WORD_MAX), (b"11=", Field::SrcIp, WORD_MAX), (b"60=", Field::Url, URL_MAX)];
    for (tag, field, most) in items {
        if !event.value(field).is_set() && reader.tag(tag).is_some() {
            let value = reader.take_while(most, |byte| byte != b',');
            return event.set_in_log(field, value);
        }
    }
    let is_id = reader.rest().starts_with(b"3=") || reader.rest().starts_with(b"2=");
    if is_id && !event.value(Field::Id).is_set() {
        // QUIRK: the id is nine bytes of text with its number, whatever they
        // are, often with the next item (OSSEC 4.3). Rules compare the whole.
        let id = reader.take_while(ID_LEN, |_| true);
        event.set_in_log(Field::Id, id);
    }
}
