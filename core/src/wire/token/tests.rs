use super::*;

fn token() -> Token<'static> {
    let addresses = heapless::Vec::from_slice(&["manager.example:1517", "[2001:db8::1]:1517"]).unwrap();
    Token { key: core::array::from_fn(|at| at as u8), secret: [0xA5; 16], name: "router-7", addresses }
}

#[test]
fn a_token_says_what_was_put_in() {
    let (mut text, mut memory) = ([0; TOKEN_TEXT_MAX], [0; TOKEN_BYTES_MAX]);
    let text = token().write(&mut text).unwrap();
    assert_eq!(Token::read(text, &mut memory), Ok(token()));
    let mut spaced = [b' '; 512];
    spaced[3..3 + text.len()].copy_from_slice(text.as_bytes());
    assert_eq!(Token::read(core::str::from_utf8(&spaced).unwrap(), &mut memory), Ok(token()));
}

#[test]
fn a_cut_token_is_told_from_a_mistyped_one() {
    let (mut text, mut memory) = ([0; TOKEN_TEXT_MAX], [0; TOKEN_BYTES_MAX]);
    let text = token().write(&mut text).unwrap();
    for has in 4..text.len() {
        let expected = TokenError::Cut { has, needs: text.len() };
        assert_eq!(Token::read(&text[..has], &mut memory), Err(expected));
    }
    for at in 4..text.len() {
        let mut wrong = [0; TOKEN_TEXT_MAX];
        wrong[..text.len()].copy_from_slice(text.as_bytes());
        wrong[at] = if wrong[at] == b'A' { b'Q' } else { b'A' };
        let wrong = core::str::from_utf8(&wrong[..text.len()]).unwrap();
        assert_eq!(Token::read(wrong, &mut memory), Err(TokenError::Damaged), "at {at}");
    }
    assert_eq!(Token::read("AQ.x", &mut memory), Err(TokenError::Character { at: 2 }));
    assert_eq!(Token::read("", &mut memory), Err(TokenError::Damaged));
    assert_eq!(Token::read("AgAB", &mut memory), Err(TokenError::Version(2)));
    let long = [b'A'; TOKEN_TEXT_MAX + 4];
    assert_eq!(Token::read(core::str::from_utf8(&long).unwrap(), &mut memory), Err(TokenError::Limit));
}

#[test]
fn the_longest_token_fits_and_a_longer_one_is_refused() {
    let (mut text, mut memory) = ([0; TOKEN_TEXT_MAX], [0; TOKEN_BYTES_MAX]);
    let long = [b'x'; ADDRESS_MAX + 1];
    let long = core::str::from_utf8(&long).unwrap();
    let addresses = heapless::Vec::from_slice(&[&long[1..]; MANAGERS_MAX]).unwrap();
    let longest = Token { name: &long[..AGENT_NAME_MAX], addresses, ..token() };
    let word = longest.write(&mut text).unwrap();
    assert_eq!(Token::read(word, &mut memory), Ok(longest));
    let addresses = heapless::Vec::from_slice(&[long]).unwrap();
    assert_eq!(Token { addresses, ..token() }.write(&mut text), Err(TokenError::Limit));
    assert_eq!(Token { name: long, ..token() }.write(&mut text), Err(TokenError::Limit));
    assert_eq!(Token { addresses: heapless::Vec::new(), ..token() }.write(&mut text), Err(TokenError::Limit));
}

#[test]
fn base64_is_that_of_the_standard() {
    let cases: [(&[u8], &str); 4] = [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (&[0xFB, 0xFF, 0xFE], "-__-")];
    for (bytes, text) in cases {
        let mut out = [0; 8];
        assert_eq!(base64::encode(bytes, &mut out), Some(text));
        let len = base64::decode(text.as_bytes(), &mut out).unwrap();
        assert_eq!(&out[..len], bytes);
    }
}
