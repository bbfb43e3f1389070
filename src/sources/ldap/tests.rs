//! Reads of a directory that answers well, badly, and not at all.

mod responder;

use std::time::Duration;

use self::responder::{Say, answering};
use super::*;
use crate::{
    config::people::{Fields, LdapBind, List},
    engine::people::Demands,
    model::Standing,
};

const ADA: Say = Say::Person("uid=ada,dc=example", &[("mail", "ada@example.org")]);
const BOB: Say = Say::Person(
    "uid=bob,dc=example",
    &[("Mail", "bob@example.org"), ("userAccountControl", "514")],
);
const PASSWORD: &str = "pass-of-the-reader";

fn directory(url: &str, bind: Option<LdapBind>, timeout: Duration) -> Directory {
    let settings = people::Ldap {
        url: url.parse().unwrap(),
        start_tls: false,
        bind,
        base: "dc=example".to_owned(),
        filter: "(objectClass=person)".to_owned(),
        page_size: 2,
        ca_file: None,
        fields: Fields {
            key: "mail".to_owned(),
            gone: None,
            leaves: None,
            returns: None,
            projects: None,
            accounts: None,
        },
    };
    let source = people::Source {
        name: SourceName::from("directory"),
        list: List::Ldap(settings.clone()),
        to: UserKey::Email,
        demands: Demands::default(),
        timeout,
        digest: String::new(),
    };
    Directory::new(&source, settings)
}

fn reader(password: &str) -> Option<LdapBind> {
    Some(LdapBind {
        dn: "cn=reader,dc=example".to_owned(),
        password: password.into(),
    })
}

/// One read, and the requests that it made.
async fn read(answers: Vec<Vec<Say>>, bind: Option<LdapBind>) -> (Result<Roll, String>, Vec<Vec<u8>>) {
    read_within(Duration::from_secs(60), answers, bind).await
}

async fn read_within(
    timeout: Duration,
    answers: Vec<Vec<Say>>,
    bind: Option<LdapBind>,
) -> (Result<Roll, String>, Vec<Vec<u8>>) {
    let (url, served) = answering(answers).await;
    let directory = directory(&url, bind, timeout);
    let roll = directory.read(Timestamp::UNIX_EPOCH).await;
    // This comes to an end only when the connection does, although the source
    // is still there.
    let requests = served.await.unwrap();
    drop(directory);
    (roll.map_err(|failure| failure.to_string()), requests)
}

async fn refusal(answers: Vec<Vec<Say>>) -> String {
    read(answers, None).await.0.expect_err("a part of the list")
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn all_pages_together_are_the_list() {
    let answers = vec![
        vec![Say::Bound(0, "")],
        vec![BOB, Say::Page(b"cookie-1")],
        vec![Say::Page(b"cookie-2")],
        vec![ADA, Say::Page(b"")],
    ];
    let (roll, requests) = read(answers, reader(PASSWORD)).await;
    let roll = roll.unwrap();
    let places: Vec<_> = roll.entries.iter().map(|entry| entry.place.as_str()).collect();
    assert_eq!(places, ["uid=ada,dc=example", "uid=bob,dc=example"]);
    let standings: Vec<_> = roll.entries.iter().map(|entry| entry.standing).collect();
    assert_eq!(standings, [Standing::Here, Standing::Gone]);
    assert_eq!(
        (roll.read_at, roll.as_of),
        (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
    );
    assert!(holds(&requests[0], PASSWORD.as_bytes()));
    assert!(holds(&requests[2], b"cookie-1") && holds(&requests[3], b"cookie-2"));
    assert_eq!(requests.len(), 5, "a bind, three pages, an unbind");
}

#[tokio::test]
async fn a_directory_that_knows_no_pages_may_tell_everybody_at_once() {
    let (roll, _) = read(vec![vec![ADA, BOB, ADA, Say::Done(0)]], None).await;
    assert_eq!(roll.unwrap().entries.len(), 2, "who comes twice is one");
}

#[tokio::test]
async fn nobody_is_a_whole_answer() {
    let (roll, _) = read(vec![vec![Say::Done(0)]], None).await;
    assert!(roll.unwrap().entries.is_empty());
}

#[tokio::test]
async fn the_version_follows_the_people_and_not_their_order() {
    let version = async |answer: Vec<Say>| read(vec![answer], None).await.0.unwrap().version;
    let one = version(vec![ADA, BOB, Say::Done(0)]).await;
    assert_eq!(one, version(vec![BOB, ADA, Say::Done(0)]).await);
    assert_ne!(one, version(vec![ADA, Say::Done(0)]).await);
    let back = Say::Person("uid=bob,dc=example", &[("mail", "bob@example.org")]);
    assert_ne!(one, version(vec![ADA, back, Say::Done(0)]).await);
}

#[tokio::test]
async fn every_end_but_success_is_a_failure() {
    for code in [1, 3, 4, 9, 11, 12, 32, 50, 51, 52, 53, 80, 123] {
        let first_page = refusal(vec![vec![ADA, Say::Done(code)]]).await;
        assert!(first_page.contains("after 1 entry"), "{first_page}");
        assert!(first_page.contains(&code.to_string()), "{first_page}");
        let answers = vec![vec![ADA, Say::Page(b"next")], vec![BOB, Say::Done(code)]];
        let later_page = refusal(answers).await;
        assert!(later_page.contains("after 2 entries"), "{later_page}");
    }
    let limit = refusal(vec![vec![ADA, Say::Done(4)]]).await;
    assert!(
        limit.contains("sizeLimitExceeded") && limit.contains("only a part"),
        "{limit}"
    );
}

#[tokio::test]
async fn what_is_kept_elsewhere_is_missing() {
    let elsewhere = "ldap://ForestDnsZones.example.org/DC=ForestDnsZones";
    for answer in [
        vec![ADA, Say::Reference(elsewhere), Say::Done(0)],
        vec![ADA, Say::Referral(elsewhere)],
    ] {
        let why = refusal(vec![answer]).await;
        assert!(why.contains(elsewhere) && why.contains("`base`"), "{why}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure_wherever_it_does() {
    for answers in [
        vec![vec![Say::Close]],
        vec![vec![ADA, Say::Close]],
        vec![vec![ADA, Say::Half, Say::Close]],
        vec![vec![ADA, Say::Page(b"next")], vec![Say::Close]],
        vec![vec![ADA, Say::Page(b"next")], vec![BOB, Say::Close]],
    ] {
        let why = refusal(answers).await;
        assert!(why.contains("broke off after"), "{why}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_ldap_ends_the_read_alone() {
    let why = refusal(vec![vec![ADA, Say::Nonsense]]).await;
    assert!(why.contains("not LDAP"), "{why}");
    let why = refusal(vec![vec![ADA, Say::BrokenPage]]).await;
    assert!(why.contains("another page"), "{why}");
}

#[tokio::test]
async fn a_refused_login_is_tried_once_and_keeps_its_secret() {
    let words = "80090308: AcceptSecurityContext error, data 775 for pass-of-the-reader\u{0}";
    let (roll, requests) = read(vec![vec![Say::Bound(49, words)]], reader(PASSWORD)).await;
    let why = roll.unwrap_err();
    assert!(why.contains("invalidCredentials (49): 80090308"), "{why}");
    assert!(!why.contains(PASSWORD), "{why}");
    assert_eq!(requests.len(), 1);

    let (url, _served) = answering(vec![vec![Say::Bound(49, words)]]).await;
    let directory = directory(&url, reader(PASSWORD), Duration::from_secs(60));
    let failure = directory.read(Timestamp::UNIX_EPOCH).await.unwrap_err();
    assert!(matches!(failure, ReadFailure::LoginRefused(_)), "{failure}");
}

#[tokio::test]
async fn an_empty_password_is_never_sent() {
    let (roll, requests) = read(vec![vec![Say::Bound(0, "")]], reader("")).await;
    assert!(roll.unwrap_err().contains("empty password"));
    assert!(requests.is_empty());
}

#[tokio::test]
async fn a_directory_that_never_answers_is_waited_for_no_longer_than_the_timeout() {
    let timeout = Duration::from_millis(50);
    for (answers, bind) in [
        (vec![], reader(PASSWORD)),
        (vec![], None),
        (vec![vec![ADA, Say::Half]], None),
        (vec![vec![ADA, Say::Page(b"next")]], None),
    ] {
        let (roll, _) = read_within(timeout, answers, bind).await;
        let why = roll.unwrap_err();
        let expected = "was not over when the `timeout` of the source, 50ms, was";
        assert!(why.ends_with(expected), "{why}");
    }
}

#[tokio::test]
async fn pages_without_end_end_with_the_timeout() {
    let endless = vec![vec![Say::Page(b"again")]; 100_000];
    let (roll, _) = read_within(Duration::from_millis(50), endless, None).await;
    assert!(roll.unwrap_err().contains("`timeout`"));
}

#[tokio::test]
async fn without_a_directory_there_is_no_list() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    drop(listener);
    let directory = directory(&url, None, Duration::from_secs(60));
    let why = directory
        .read(Timestamp::UNIX_EPOCH)
        .await
        .unwrap_err()
        .to_string();
    assert!(why.starts_with(&format!("{url}: cannot connect")), "{why}");
}
