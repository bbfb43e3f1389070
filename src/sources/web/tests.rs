//! What a server can do to one answer.

use std::time::Duration;

use reqwest::header::HeaderValue;

use super::{
    Answer, Asked, Web,
    scripted::{Server, access, answer},
};
use crate::{config::people::HttpLogin, connection::ConnectError, sources::ReadFailure};

const MAX_BODY_BYTES: usize = 1000;

async fn get(server: &Server, login: HttpLogin) -> Result<Answer, String> {
    get_within(server, login, Duration::from_secs(20)).await
}

async fn get_within(server: &Server, login: HttpLogin, timeout: Duration) -> Result<Answer, String> {
    let answer = try_to_get(server, login, timeout).await;
    answer.map_err(|failure| failure.to_string())
}

async fn try_to_get(server: &Server, login: HttpLogin, timeout: Duration) -> Result<Answer, ReadFailure> {
    let url = server.at("/people?key=s3cret-key&half=1");
    let web = Web::new(&url, &access(login), timeout).unwrap();
    let asked = Asked {
        url,
        accept: "application/json",
        known: None,
        max_body_bytes: MAX_BODY_BYTES,
    };
    web.get(asked).await
}

async fn failure(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    let server = Server::start(move |_| bytes.clone()).await;
    let failure = get(&server, HttpLogin::Bearer("tok-123456".into())).await;
    let failure = failure.err().expect("the answer is no list");
    assert_eq!(server.asked().len(), 1, "one try");
    let place = format!("reading {}people: ", server.url);
    let why = failure
        .strip_prefix(&place)
        .unwrap_or_else(|| panic!("{failure}"));
    why.to_owned()
}

#[tokio::test]
async fn a_whole_answer_is_given_as_it_is() {
    let server = Server::start(|_| answer(200, &["etag: \"1\""], "[]")).await;
    match get(&server, HttpLogin::None).await {
        Ok(Answer::Whole { headers, body }) => {
            assert_eq!(
                (&headers["etag"], &*body),
                (&HeaderValue::from_static("\"1\""), &b"[]"[..])
            );
        }
        _ => panic!("not whole"),
    }
    let head = &server.asked()[0].to_ascii_lowercase();
    assert!(
        head.starts_with("get /people?key=s3cret-key&half=1 http/1.1"),
        "{head}"
    );
    assert!(head.contains("accept: application/json\r\n"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
}

#[tokio::test]
async fn each_login_is_sent_in_its_own_form() {
    let basic = HttpLogin::Basic {
        user: "hr".into(),
        password: "pässword".into(),
    };
    for (login, sent) in [
        (HttpLogin::Bearer("tok-1".into()), "Bearer tok-1"),
        (basic, "Basic aHI6cMOkc3N3b3Jk"),
    ] {
        let server = Server::start(|_| answer(200, &[], "[]")).await;
        assert!(get(&server, login).await.is_ok());
        let head = &server.asked()[0];
        assert!(head.contains(&format!("authorization: {sent}\r\n")), "{head}");
    }
}

#[tokio::test]
async fn no_other_status_than_200_is_a_list() {
    for status in [201, 202, 203, 204, 206, 300, 304, 400, 404, 418, 429, 500, 503] {
        let why = failure(answer(status, &[], "")).await;
        assert!(why.starts_with(&format!("answered {status}")), "{why}");
    }
}

#[tokio::test]
async fn a_refused_login_is_told_apart_from_all_else_that_fails() {
    for (status, is_refused) in [(401, true), (403, false), (500, false)] {
        let server = Server::start(move |_| answer(status, &[], "")).await;
        let login = HttpLogin::Bearer("tok-123456".into());
        let failure = try_to_get(&server, login, Duration::from_secs(20)).await.err();
        let refused = matches!(failure, Some(ReadFailure::LoginRefused(_)));
        assert_eq!(refused, is_refused, "{status}: {failure:?}");
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_servers_words_without_what_was_sent() {
    let echo = r#"{"message":"token tok-123456 and key s3cret-key expired"}"#;
    assert_eq!(
        failure(answer(401, &[], echo)).await,
        "answered 401 Unauthorized; the login is refused, see that its token or password still holds \
         (token *** and key *** expired)"
    );
    assert_eq!(
        failure(answer(403, &[], "")).await,
        "answered 403 Forbidden; the login is good, but may not read the list"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_named_by_origin_only() {
    for (location, origin) in [
        ("https://login.example/saml?ticket=4711", "https://login.example"),
        ("//login.example:8443/x", "http://login.example:8443"),
    ] {
        let why = failure(answer(302, &[&format!("location: {location}")], "")).await;
        assert_eq!(
            why,
            format!("answered 302 Found and leads to {origin}: a login page?")
        );
    }
    let why = failure(answer(301, &[], "")).await;
    assert_eq!(
        why,
        "answered 301 Moved Permanently and leads nowhere that can be read"
    );
}

#[tokio::test]
async fn a_login_page_is_no_list_although_its_status_is_200() {
    let page = "<html><head><title>Sign in</title></head></html>";
    let why = failure(answer(200, &["content-type: Text/HTML; charset=utf-8"], page)).await;
    assert_eq!(
        why,
        "answered with a web page where a list was expected: is it a login page? (Sign in)"
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_list() {
    for cut in [
        "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n[\"ann\"]",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n[\"ann\"]\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7\r\n[\"an",
        "HTTP/1.1 200 OK\r\ncontent-le",
    ] {
        let why = failure(cut).await;
        assert!(why.starts_with("no whole answer, so there is no list ("), "{why}");
    }
}

#[tokio::test]
async fn a_body_without_an_end_is_not_read_to_it() {
    let refused = "an answer of more than 1000 bytes is refused";
    assert_eq!(failure(answer(200, &[], &" ".repeat(1001))).await, refused);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n{}",
        " ".repeat(1001)
    );
    assert_eq!(failure(chunked).await, refused);
}

#[tokio::test]
async fn silence_ends_with_the_time_of_the_source() {
    let server = Server::start(|_| Vec::new()).await;
    let waited = get_within(&server, HttpLogin::None, Duration::from_millis(30)).await;
    let why = waited.err().unwrap();
    assert!(why.ends_with(": no whole answer within 30ms"), "{why}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let mut server = Server::start(|_| Vec::new()).await;
    // Nothing listens on the port that asks for any free one.
    server.url.set_port(Some(0)).unwrap();
    let why = get(&server, HttpLogin::None).await.err().unwrap();
    assert!(why.contains(": cannot connect ("), "{why}");
    assert!(!why.contains("s3cret"), "{why}");
}

#[test]
fn a_login_is_not_sent_unencrypted_over_a_network() {
    let url = url::Url::parse("http://hr.example/people?key=s3cret").unwrap();
    let web = Web::new(&url, &access(HttpLogin::None), Duration::from_secs(1));
    assert!(matches!(web.err().unwrap(), ConnectError::PlainHttp { .. }));
}
