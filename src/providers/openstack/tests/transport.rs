//! What connections, statuses and bodies can do to a single call.

use std::time::Duration;

use jiff::SignedDuration;
use tokio::{io::AsyncWriteExt, net::TcpListener};
use url::Url;

use super::setup::{Client, config};
use crate::{
    model::{Failure, FailureClass},
    providers::{
        ConnectError,
        calls::{CallResult, Operation},
        connect,
        scripted::{Answer, Reply, Server, body, json, no_images, status},
    },
};

/// `{"images":[]` and 100,000 spaces and `}`.
const GZIP_LARGE: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 237, 193, 177, 13, 0, 16, 16, 0, 192, 85, 228, 199, 176, 138, 40, 20,
    34, 10, 149, 82, 236, 110, 13, 197, 221, 157, 152, 171, 141, 190, 35, 151, 154, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 111, 221, 7, 94, 26, 126, 83, 173, 134, 1, 0,
];
/// `{"images":[],"next":null}`.
const GZIP_SMALL: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 204, 77, 76, 79, 45, 86, 178, 138, 142, 213, 81, 202, 75,
    173, 40, 81, 178, 202, 43, 205, 201, 169, 5, 0, 240, 197, 15, 121, 25, 0, 0, 0,
];

/// A probe of a cloud that answers every data call in one way.
async fn probe(answer: Answer) -> Result<(), Failure> {
    let server = Server::start(move |_| answer.clone().into()).await;
    let mut config = config(&server);
    config.limits.max_body = 10_000;
    Client::with(&config).cloud.reader.probe().await
}

async fn failed_probe(answer: Answer) -> Failure {
    probe(answer).await.expect_err("the answer is no success")
}

#[tokio::test]
async fn redirects_are_never_followed_and_never_a_success() {
    for code in [300, 301, 302, 307] {
        let answer = status(code).header("location", "/image/v2/images");
        let failure = failed_probe(answer).await;
        assert_eq!(failure.class, FailureClass::Malformed);
        assert!(failure.detail.contains(&code.to_string()), "{failure}");
    }
}

#[tokio::test]
async fn an_error_page_is_told_in_its_own_short_words() {
    let page = "<html><head><title>503 No server</title></head><body><h1>x</h1></body></html>";
    let failure = failed_probe(body(503, page).header("retry-after", "0")).await;
    assert_eq!(failure.class, FailureClass::Unavailable);
    let expected = "listing images: GET /image/v2/images: \
                    the cloud answered 503 Service Unavailable: 503 No server";
    assert_eq!(failure.detail, expected);
    assert_eq!(failure.retry_after, Some(SignedDuration::ZERO));
}

#[tokio::test]
async fn a_token_that_comes_back_in_an_error_is_blotted_out() {
    let failure = failed_probe(body(403, "X-Auth-Token: token-1 may not")).await;
    assert!(failure.detail.ends_with("X-Auth-Token: *** may not"), "{failure}");
}

#[tokio::test]
async fn bodies_are_bounded_whatever_the_form() {
    let large = format!("{{\"images\":[]{}}}", " ".repeat(10_000));
    let failure = failed_probe(body(200, large.clone())).await;
    assert_eq!(failure.class, FailureClass::Malformed, "{failure}");

    let failure = failed_probe(body(200, GZIP_LARGE).header("content-encoding", "gzip")).await;
    assert_eq!(failure.class, FailureClass::Malformed);
    assert!(failure.detail.contains("more than 10000 bytes"), "{failure}");

    let failure = failed_probe(body(403, large)).await;
    assert_eq!(
        failure.class,
        FailureClass::Refused,
        "the status counts, not the length of its page"
    );
    assert!(
        probe(body(200, GZIP_SMALL).header("content-encoding", "gzip"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn answers_that_are_none_are_malformed() {
    for answer in [
        body(200, "<html>captive portal</html>"),
        body(200, "{}"),
        body(200, "not gzip").header("content-encoding", "gzip"),
        body(202, r#"{"images":[]}"#),
        status(204),
    ] {
        assert_eq!(failed_probe(answer).await.class, FailureClass::Malformed);
    }
}

#[tokio::test]
async fn a_cut_after_the_request_leaves_the_outcome_open() {
    for cut in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"images\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"ima",
    ] {
        let server = Server::start(move |_| Reply::Cut(cut.as_bytes().to_vec())).await;
        let failure = Client::of(&server).cloud.reader.probe().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Interrupted, "{cut:?}: {failure}");
    }
    let server = Server::start(|_| Reply::Silence).await;
    let mut config = config(&server);
    config.limits.request_timeout = Duration::from_millis(200);
    let failure = Client::with(&config).cloud.reader.probe().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Interrupted, "{failure}");
}

#[tokio::test]
async fn a_request_that_never_left_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let server = Server::start(|_| no_images()).await;
    let mut config = config(&server);
    let named = format!("cannot connect to 127.0.0.1:{} (", nobody.port().unwrap());
    config.endpoints.image = Some(nobody);
    let failure = Client::with(&config).cloud.reader.probe().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "{failure}");
    assert!(failure.to_string().contains(&named), "{failure}");

    // The handshake fails on a port that speaks no TLS.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let no_tls = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
        }
    });
    config.endpoints.image = Some(Url::parse(&no_tls).unwrap());
    let failure = Client::with(&config).cloud.reader.probe().await.unwrap_err();
    assert_eq!(failure.class, FailureClass::Unreachable, "{failure}");
}

#[tokio::test]
async fn a_throttled_call_keeps_the_others_back() {
    let server = Server::start(|_| status(429).header("retry-after", "600").into()).await;
    let client = Client::of(&server);
    for _ in 0..3 {
        let failure = client.cloud.reader.probe().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Throttled);
        assert!(
            failure.retry_after > Some(SignedDuration::from_mins(9)),
            "{failure:?}"
        );
    }
    assert_eq!(server.data_calls().len(), 1);
}

#[tokio::test]
async fn every_request_is_observed() {
    let server = Server::start(|asked| match asked.query.contains("id=") {
        true => no_images(),
        false if asked.path.ends_with("/images") => json(serde_json::json!({"images": []})).into(),
        false => status(404).into(),
    })
    .await;
    let client = Client::of(&server);
    client.cloud.reader.probe().await.unwrap();
    client
        .cloud
        .reader
        .look(crate::model::Kind::Image, &"x".into(), &[], super::setup::start())
        .await
        .unwrap();
    let calls = client.calls.lock().unwrap();
    let seen: Vec<_> = calls.iter().map(|call| (call.operation, call.result)).collect();
    let expected = [
        (Operation::Login, CallResult::Ok),
        (Operation::ListImages, CallResult::Ok),
        (Operation::ShowImage, CallResult::NotThere),
        (Operation::ListImages, CallResult::Ok),
        (Operation::ListImages, CallResult::Ok),
    ];
    assert_eq!(seen, expected);
    assert!(calls.iter().all(|call| call.seconds >= 0.0));
    drop(calls);

    let asked = server.asked.lock().unwrap();
    assert!(
        asked
            .iter()
            .all(|asked| asked.headers["accept"] == "application/json")
    );
    assert!(
        asked
            .iter()
            .all(|asked| asked.headers["user-agent"].starts_with("revokd/"))
    );
}

#[tokio::test]
async fn a_cloud_that_cannot_be_reached_safely_is_refused_at_once() {
    let server = Server::start(|_| no_images()).await;
    let attempt = |change: &dyn Fn(&mut crate::config::types::Cloud)| {
        let mut config = config(&server);
        change(&mut config);
        connect(
            "lab".into(),
            &config,
            std::sync::Arc::new(super::setup::start),
            std::sync::Arc::new(|_| {}),
            &crate::providers::refusals::Refusals::default(),
        )
        .err()
    };
    let plain = Url::parse("http://cloud.example/").unwrap();
    assert!(attempt(&|_| {}).is_none());
    assert!(matches!(
        attempt(&|c| c.auth_url = plain.clone()),
        Some(ConnectError::PlainHttp { .. })
    ));
    assert!(matches!(
        attempt(&|c| c.endpoints.image = Some(plain.clone())),
        Some(ConnectError::PlainHttp { .. })
    ));
    let allowed = attempt(&|c| {
        c.auth_url = plain.clone();
        c.allow_http = true;
    });
    assert!(allowed.is_none());

    let folder = tempfile::tempdir().unwrap();
    let ca_file = |name: &str, content: Option<&str>| {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        attempt(&|c| c.ca_file = Some(path.clone()))
    };
    assert!(matches!(
        ca_file("missing.pem", None),
        Some(ConnectError::ReadCaFile { .. })
    ));
    assert!(matches!(
        ca_file("empty.pem", Some("")),
        Some(ConnectError::NoCertificate { .. })
    ));
    assert!(matches!(
        ca_file("text.pem", Some("hello")),
        Some(ConnectError::NoCertificate { .. })
    ));
    let begins = "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n";
    assert!(matches!(
        ca_file("base64.pem", Some(begins)),
        Some(ConnectError::NoCertificate { .. })
    ));
    let not_der = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";
    assert!(matches!(
        ca_file("der.pem", Some(not_der)),
        Some(ConnectError::BadCertificate { .. })
    ));
}
