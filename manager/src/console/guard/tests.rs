use super::*;

fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    };
    all.iter().map(pair).collect()
}

#[test]
fn a_form_of_another_site_is_told_from_ours() {
    let ours = |site: Option<&'static str>, origin: Option<&'static str>| {
        let said = [("sec-fetch-site", site), ("origin", origin), ("host", Some("127.0.0.1:1518"))];
        let said = said.into_iter().filter_map(|(name, value)| Some((name, value?)));
        is_of_our_page(&headers(&said.collect::<Vec<_>>()))
    };
    let own = Some("http://127.0.0.1:1518");
    assert!(ours(None, None), "no browser");
    assert!(ours(None, own) && ours(Some("same-origin"), own) && ours(Some("same-origin"), None));
    for site in ["cross-site", "same-site", "none", ""] {
        assert!(!ours(Some(site), own), "{site}");
    }
    for origin in ["null", "http://evil.example", "http://127.0.0.1:9", "127.0.0.1:1518", ""] {
        assert!(!ours(None, Some(origin)), "{origin}");
    }
}

#[test]
fn only_names_of_this_machine_are_answered_to_where_nobody_else_can_connect() {
    let here = Front::new(SocketAddr::from(([127, 0, 0, 1], 1518)), false, false);
    let answers = |front: &Front, host| is_our_name(front, &headers(&[("host", host)]));
    for host in ["127.0.0.1:1518", "localhost", "LocalHost:8080", "[::1]:1518", "127.0.0.2"] {
        assert!(answers(&here, host), "{host}");
    }
    for host in
        ["evil.example", "evil.example:1518", "127.0.0.1.evil.example", "192.0.2.1", "", ":1518", "[::2]"]
    {
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
