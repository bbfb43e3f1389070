//! Requests with tokens: which token, how many logins, and what answers mean.

use futures::future::join_all;
use jiff::SignedDuration;
use reqwest::Method;
use serde_json::json;

use super::{
    super::api::{Ask, Refusal, Service},
    setup::{Client, PASSWORD, access_key, cloud, config, failure, logins, password, token},
};
use crate::{
    config::types::{HuaweiLogin, Named, Provider},
    model::FailureClass,
    providers::{
        ConnectError,
        calls::Operation,
        http::is_allowed,
        scripted::{Reply, Server, body, json, logged_in, status},
    },
};

const BOTH: [(Service, &str); 2] = [
    (Service::Images, "/v2/cloudimages"),
    (Service::Identity, "/v3/users"),
];

fn coded(status: u16, code: &str) -> Reply {
    body(status, json!({"error_code": code, "error_msg": "no"}).to_string()).into()
}

#[tokio::test]
async fn each_service_gets_its_token_at_its_address() {
    let server = cloud(|_| json(json!({})).into()).await;
    let client = Client::of(&server);
    let calls = [
        (Service::Images, "/v2/cloudimages"),
        (Service::Registry, "/v2/manage/namespaces/a/repos/x%24y/access"),
        (Service::Identity, "/v3/users"),
    ];
    for (service, path) in calls.iter().chain(&calls) {
        client.get(*service, path).await.unwrap();
    }
    assert_eq!(logins(&server), 2, "one for the project, one for the account");
    let asked = server.asked.lock().unwrap();
    let data = asked.iter().filter(|asked| asked.method == "GET");
    let seen: Vec<_> = data
        .map(|asked| {
            (
                asked.path.as_str(),
                asked.token(),
                asked.headers["content-type"].as_str(),
            )
        })
        .take(3)
        .collect();
    assert_eq!(
        seen,
        [
            (
                "/image/v2/cloudimages",
                "project-1",
                "application/json;charset=UTF-8"
            ),
            (
                "/registry/v2/manage/namespaces/a/repos/x%24y/access",
                "project-1",
                "application/json;charset=utf8"
            ),
            ("/identity/v3/users", "account-2", "application/json;charset=utf8"),
        ]
    );
}

#[tokio::test]
async fn the_caller_is_who_the_token_says() {
    let server = cloud(|_| status(404).into()).await;
    let caller = Client::of(&server).api.caller().await.unwrap();
    assert_eq!(
        (caller.user.as_str(), caller.user_name.as_str()),
        ("u0", "revoker")
    );
    assert_eq!(
        (caller.project.as_str(), caller.project_name.as_str()),
        ("p0", "eu-de_sandbox")
    );
    assert_eq!(
        (caller.account.as_str(), caller.account_name.as_str()),
        ("d0", "acct")
    );
    assert_eq!(caller.endpoints.images, Some(format!("{}image", server.url)));
    assert_eq!(caller.endpoints.registry, Some(format!("{}registry", server.url)));
}

#[tokio::test]
async fn a_body_goes_along_with_a_delete_and_the_query_is_encoded() {
    let server = cloud(|_| status(204).into()).await;
    let ask = Ask {
        operation: Operation::RemoveMembers,
        method: Method::DELETE,
        service: Service::Images,
        path: "/v1/cloudimages/members".to_owned(),
        query: vec![("filter", "a::b|c d+e".to_owned())],
        json: Some(br#"{"images":["i"]}"#.to_vec()),
    };
    Client::of(&server).api.send(&ask).await.unwrap();
    let asked = server.asked.lock().unwrap();
    let asked = asked.last().unwrap();
    assert_eq!(asked.line(), "DELETE /image/v1/cloudimages/members");
    assert_eq!(asked.body, r#"{"images":["i"]}"#);
    assert_eq!(asked.query, "filter=a%3A%3Ab%7Cc%20d%2Be");
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_whatever_it_is_for() {
    for code in [400, 401] {
        let server = Server::start_bare(move |_, _| {
            body(
                code,
                format!(r#"{{"error":{{"code":{code},"message":"bad {PASSWORD}"}}}}"#),
            )
            .into()
        })
        .await;
        let client = Client::of(&server);
        for _ in 0..2 {
            let calls = join_all((0..10).map(|n| {
                let (service, path) = BOTH[n % 2];
                client.get(service, path)
            }));
            for result in calls.await {
                let failure = failure(result);
                assert_eq!(failure.class, FailureClass::Unauthenticated);
                assert!(!failure.detail.contains(PASSWORD), "{failure}");
            }
            client.pass(SignedDuration::from_mins(14));
        }
        assert_eq!(logins(&server), 1);
        client.pass(SignedDuration::from_mins(1));
        failure(client.get(Service::Identity, "/v3/users").await);
        assert_eq!(logins(&server), 2, "then it is tried again");
    }
}

#[tokio::test]
async fn a_credential_refused_for_the_account_is_not_sent_for_the_project() {
    let server = Server::start_bare(|asked, url| match asked.path.ends_with("/auth/tokens") {
        true => match token(asked, url) {
            ("project", body) => logged_in("project", body).into(),
            _ => status(401).into(),
        },
        false => status(401).into(),
    })
    .await;
    let client = Client::of(&server);
    for (service, path) in [BOTH[1], BOTH[0], BOTH[1]] {
        assert_eq!(
            failure(client.get(service, path).await).class,
            FailureClass::Unauthenticated
        );
    }
    assert_eq!(logins(&server), 2, "one for each, and no renewal");
}

#[tokio::test]
async fn what_the_account_may_not_does_not_keep_the_project_away() {
    let server = Server::start_bare(|asked, url| match asked.path.ends_with("/auth/tokens") {
        true => match token(asked, url) {
            ("project", body) => logged_in("project", body).into(),
            _ => status(403).into(),
        },
        false => json(json!({})).into(),
    })
    .await;
    let client = Client::of(&server);
    for _ in 0..2 {
        failure(client.get(Service::Identity, "/v3/users").await);
        client.get(Service::Images, "/v2/cloudimages").await.unwrap();
    }
    assert_eq!(logins(&server), 2);
}

#[tokio::test]
async fn a_token_that_is_not_taken_is_renewed_once_whatever_the_status() {
    for (service, code, reply) in [
        (Service::Images, 401, "APIGW.0301"),
        (Service::Images, 400, "IMG.0087"),
        (Service::Images, 400, "IMG.0030"),
        (Service::Registry, 400, "SVCSTG.SWR.4001048"),
        (Service::Registry, 401, "SVCSTG.SWR.4010000"),
        (Service::Identity, 401, "IAM.0067"),
    ] {
        let server =
            cloud(
                move |asked| match asked.token().ends_with("-1") || asked.token() == "account-2" {
                    true => coded(code, reply),
                    false => json(json!({})).into(),
                },
            )
            .await;
        let client = Client::of(&server);
        let calls = join_all((0..20).map(|_| client.get(service, "/x")));
        assert!(calls.await.iter().all(Result::is_ok), "{reply}");
        let first = if service == Service::Identity { 2 } else { 1 };
        assert_eq!(logins(&server), first + 1, "{reply}");

        let server = cloud(move |_| coded(code, reply)).await;
        let client = Client::of(&server);
        for _ in 0..3 {
            let failure = failure(client.get(service, "/x").await);
            assert_eq!(failure.class, FailureClass::Unauthenticated, "{failure}");
        }
        assert_eq!(logins(&server), first + 1, "{reply}: and that is remembered");
    }
}

#[tokio::test]
async fn a_401_that_no_token_cures_costs_no_login() {
    for code in ["SVCSTG.SWR.4011064", "SVCSTG.SWR.4011044"] {
        let server = cloud(move |_| coded(401, code)).await;
        let client = Client::of(&server);
        let failure = failure(client.get(Service::Registry, "/x").await);
        assert_eq!(failure.class, FailureClass::Refused);
        assert!(failure.detail.contains(code), "{failure}");
        assert_eq!((logins(&server), server.data_calls().len()), (1, 1));
    }
}

#[tokio::test]
async fn a_throttle_in_other_words_keeps_the_others_back() {
    for (service, code, reply) in [
        (Service::Registry, 403, "SVCSTG.SWR.4031042"),
        (Service::Images, 400, "IMG.0060"),
    ] {
        let answer = body(code, json!({"error_code": reply}).to_string()).header("retry-after", "600");
        let server = cloud(move |_| answer.clone().into()).await;
        let client = Client::of(&server);
        for _ in 0..3 {
            let failure = failure(client.get(service, "/x").await);
            assert_eq!(failure.class, FailureClass::Throttled, "{failure}");
            assert!(
                failure.retry_after > Some(SignedDuration::from_mins(9)),
                "{failure:?}"
            );
        }
        assert_eq!(server.data_calls().len(), 1);
    }
    let server = cloud(|_| coded(429, "APIGW.0308")).await;
    let failure = failure(Client::of(&server).get(Service::Images, "/x").await);
    assert_eq!(
        failure.retry_after,
        Some(SignedDuration::from_secs(3)),
        "{failure:?}"
    );
}

#[tokio::test]
async fn a_wrong_url_is_not_taken_for_gone() {
    for code in ["SVCSTG.SWR.4040083", "APIGW.0101"] {
        let server = cloud(move |_| coded(404, code)).await;
        let failure = failure(Client::of(&server).get(Service::Registry, "/x").await);
        assert_eq!(failure.class, FailureClass::Refused);
        assert!(failure.detail.contains("no such URL"), "{failure}");
    }
    let answer = body(500, r#"{"error_code":"APIGW.0601","error_msg":"no"}"#).header("x-request-id", "r-1");
    let server = cloud(move |_| answer.clone().into()).await;
    let failed = failure(Client::of(&server).get(Service::Registry, "/x").await);
    let words = "500 Internal Server Error: APIGW.0601: no (request r-1)";
    assert!(failed.detail.ends_with(words), "{failed}");

    let server = cloud(|_| status(404).into()).await;
    let refusal = Client::of(&server)
        .get(Service::Registry, "/x")
        .await
        .unwrap_err();
    assert!(matches!(refusal, Refusal::NotThere(_)), "{refusal:?}");
    let server = cloud(|_| coded(400, "IMG.0066")).await;
    let refusal = Client::of(&server).get(Service::Images, "/x").await.unwrap_err();
    assert!(matches!(refusal, Refusal::WrongId(_)), "{refusal:?}");
}

#[tokio::test]
async fn a_token_of_many_kilobytes_is_carried() {
    let long = "M".repeat(20 << 10);
    let expected = long.clone();
    let server = Server::start_bare(move |asked, url| match asked.path.ends_with("/auth/tokens") {
        true => logged_in(&long, token(asked, url).1).into(),
        false => {
            assert_eq!(asked.token(), expected);
            json(json!({})).into()
        }
    })
    .await;
    Client::of(&server).get(Service::Images, "/x").await.unwrap();
}

#[tokio::test]
async fn a_service_that_is_nowhere_is_named_with_the_key_that_places_it() {
    let server = cloud(|_| json(json!({})).into()).await;
    let mut config = config(&server, password());
    config.endpoints.registry = None;
    let client = Client::with(&config);
    let failure = failure(client.get(Service::Registry, "/x").await);
    assert_eq!(failure.class, FailureClass::Refused);
    assert!(
        failure.detail.contains("set `swr` in the cloud's endpoints"),
        "{failure}"
    );
    client.get(Service::Images, "/x").await.unwrap();
    assert_eq!(client.api.caller().await.unwrap().endpoints.registry, None);
}

#[tokio::test]
async fn a_token_from_elsewhere_is_rescoped_and_never_renewed() {
    let server = cloud(|_| status(401).into()).await;
    let login = HuaweiLogin::Token {
        token: "made-elsewhere".into(),
        project: Named::Id("p0".to_owned()),
    };
    let client = Client::with(&config(&server, login));
    for _ in 0..3 {
        let failure = failure(client.get(Service::Images, "/x").await);
        assert!(failure.detail.contains("cannot be renewed"), "{failure}");
    }
    assert_eq!((logins(&server), server.data_calls().len()), (1, 1));
    assert!(server.asked.lock().unwrap()[0].body.contains("made-elsewhere"));
}

#[tokio::test]
async fn a_token_that_is_not_what_was_asked_for_is_refused() {
    let with = |change: fn(&mut serde_json::Value)| {
        Server::start_bare(move |asked, url| {
            let (_, mut body) = token(asked, url);
            change(&mut body["token"]);
            logged_in("t", body).into()
        })
    };
    let foreign = with(|token| token["project"]["domain"] = json!({"id": "d1", "name": "other"})).await;
    let no_project = with(|token| token["project"] = json!(null)).await;
    let no_account = with(|token| {
        token["user"] = json!({"id": "u0", "name": "n"});
        token["project"] = json!({"id": "p0", "name": "n"});
    })
    .await;
    for (server, words) in [
        (foreign, "different accounts"),
        (no_project, "not for a project"),
        (no_account, "which account"),
    ] {
        let client = Client::of(&server);
        let failure = client.api.caller().await.unwrap_err();
        assert_eq!(failure.class, FailureClass::Refused);
        assert!(failure.detail.contains(words), "{failure}");
        client.api.caller().await.unwrap_err();
        assert_eq!(logins(&server), 1, "and that is remembered");
    }
}

#[tokio::test]
async fn what_cannot_be_safe_is_refused_at_once() {
    let server = cloud(|_| status(404).into()).await;
    let mut config = config(&server, access_key(None));
    config.endpoints.registry = Some("http://swr.example".parse().unwrap());
    assert!(!is_allowed(config.endpoints.registry.as_ref().unwrap(), false));
    let connect = |config: &crate::config::types::Cloud| {
        let Provider::Huawei(huawei) = &config.provider else {
            panic!()
        };
        let clock = std::sync::Arc::new(super::setup::start);
        super::super::api::Api::new(
            config,
            huawei,
            clock,
            std::sync::Arc::new(|_| {}),
            Default::default(),
        )
        .err()
    };
    assert!(matches!(connect(&config), Some(ConnectError::PlainHttp { .. })));
    config.allow_http = true;
    assert!(connect(&config).is_none());
    if let Provider::Huawei(huawei) = &mut config.provider {
        huawei.registry_content_type = "a\nb".to_owned();
    }
    assert!(matches!(connect(&config), Some(ConnectError::ContentType)));
}
