use super::*;

fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    all.iter().map(pair).collect()
}

#[test]
fn a_form_of_another_site_is_told_from_ours() {
    let ours = |all| is_of_our_page(&headers(all));
    let host = ("host", "127.0.0.1:1518");
    assert!(ours(&[host]), "no browser");
    assert!(ours(&[host, ("sec-fetch-site", "same-origin")]));
    assert!(ours(&[host, ("origin", "http://127.0.0.1:1518")]));
    for site in ["cross-site", "same-site", "none", ""] {
        assert!(!is_of_our_page(&[host, ("origin", "http://127.0.0.1:1518")].into_iter().fold(
            headers(&[]),
            |mut all, (name, value)| {
                all.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
                all.insert("sec-fetch-site", HeaderValue::from_str(site).expect("a word"));
                all
            }
        )));
    }
    for origin in ["null", "http://evil.example", "http://127.0.0.1:9", "127.0.0.1:1518", "\u{7f}"] {
        let mut all = headers(&[host]);
        let value = HeaderValue::from_str(origin).unwrap_or(HeaderValue::from_static("?"));
        all.insert(header::ORIGIN, value);
        assert!(!is_of_our_page(&all), "{origin}");
    }
}

#[test]
fn only_names_of_this_machine_are_answered_to_where_nobody_else_can_connect() {
    let here = Front::new(SocketAddr::from(([127, 0, 0, 1], 1518)), false, false);
    let answers = |front: &Front, host| is_our_name(front, &headers(&[("host", host)]));
    for host in ["127.0.0.1:1518", "localhost", "LocalHost:8080", "[::1]:1518", "127.0.0.2"] {
        assert!(answers(&here, host), "{host}");
    }
    for host in ["evil.example", "evil.example:1518", "127.0.0.1.evil.example", "192.0.2.1", "", ":1518", "[::2]"] {
        assert!(!answers(&here, host), "{host}");
    }
    assert!(!is_our_name(&here, &HeaderMap::new()));
    let everywhere = Front::new(SocketAddr::from(([0, 0, 0, 0], 1518)), true, false);
    let behind_a_proxy = Front::new(SocketAddr::from(([127, 0, 0, 1], 1518)), false, true);
    assert!(answers(&everywhere, "ids.example") && answers(&behind_a_proxy, "ids.example"));
}

#[test]
fn a_cookie_is_found_among_others() {
    let all = headers(&[("cookie", "a=1; bartizan-1518=secret;b=2")]);
    assert_eq!(cookie(&all, "bartizan-1518"), Some("secret"));
    assert_eq!(cookie(&all, "artizan-1518"), None);
    assert_eq!(cookie(&headers(&[]), "a"), None);
}

#[test]
fn the_word_of_a_session_is_found_in_a_form_and_in_nothing_else() {
    let form = headers(&[("content-type", "application/x-www-form-urlencoded;charset=UTF-8")]);
    assert_eq!(field(&form, b"id=7&form=abc-_1&x=y").as_deref(), Some("abc-_1"));
    assert_eq!(field(&form, b"xform=abc&id=form").as_deref(), None);
    assert_eq!(field(&headers(&[("content-type", "text/plain")]), b"form=abc"), None);
}
