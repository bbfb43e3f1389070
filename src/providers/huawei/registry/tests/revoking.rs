//! Removals: one call each, as the documents write it, and what its answer
//! means.

use super::setup::{Scene, code};
use crate::{
    model::{Batch, FailureClass, Kind, Outcome, Reach},
    providers::{
        huawei::registry,
        scripted::{Answer, Reply, body, status},
    },
};

const USER: &str = "fb3f175c1fd146ab8cdae3272be6107b";

async fn answering(answer: impl Fn() -> Answer + Send + Sync + 'static) -> Scene {
    Scene::start(move |_| Some(answer().into())).await
}

fn class(outcome: &Outcome) -> FailureClass {
    match outcome {
        Outcome::Failed(failure) => failure.class,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_kind_is_the_call_of_its_document() {
    let scene = answering(|| status(204)).await;
    let base = "DELETE /v2/manage/namespaces/team-a";
    for (kind, resource, subjects, line, sent) in [
        (
            Kind::RepositoryPermission,
            "team-a/busybox",
            &[USER][..],
            format!("{base}/repos/busybox/access"),
            r#"["fb3f175c1fd146ab8cdae3272be6107b"]"#,
        ),
        (
            Kind::RepositoryPermission,
            "team-a/team/sub/api",
            &["u1", "u2"],
            format!("{base}/repos/team%24sub%24api/access"),
            r#"["u1","u2"]"#,
        ),
        (
            Kind::NamespacePermission,
            "team-a",
            &["u1"],
            format!("{base}/access"),
            r#"["u1"]"#,
        ),
        (
            Kind::RepositoryShare,
            "team-a/team/sub/api",
            &["Partner & Co"],
            format!("{base}/repositories/team%24sub%24api/access-domains/Partner%20%26%20Co"),
            "",
        ),
    ] {
        assert_eq!(scene.revoke(kind, resource, subjects).await, Outcome::Accepted);
        let asked = scene.requests().pop().unwrap();
        assert_eq!((asked.line(), asked.body.as_str()), (line, sent));
        assert_eq!(asked.query, "");
        assert_eq!(asked.headers["content-type"], "application/json;charset=utf8");
        assert_eq!(asked.token(), "token");
        if !sent.is_empty() {
            assert_eq!(asked.headers["content-length"], sent.len().to_string());
        }
    }
}

#[tokio::test]
async fn each_code_means_one_outcome_of_one_call() {
    for (http, text, expected) in [
        (404, "SVCSTG.SWR.4040091", None),
        (404, "SVCSTG.SWR.4040078", None),
        (404, "SVCSTG.SWR.4040010", None),
        (404, "SVCSTG.SWR.4040113", None),
        (404, "SVCSTG.SWR.4040009", None),
        (404, "SVCSTG.SWR.4040058", None),
        (400, "SVCSTG.SWR.4001090", None),
        (404, "SVCSTG.SWR.4040083", Some(FailureClass::Refused)),
        (404, "APIGW.0101", Some(FailureClass::Refused)),
        (400, "SVCSTG.SWR.4000014", Some(FailureClass::Refused)),
        (401, "SVCSTG.SWR.4011064", Some(FailureClass::Refused)),
        (403, "SVCSTG.SWR.4039001", Some(FailureClass::Refused)),
        (403, "SVCSTG.SWR.4031042", Some(FailureClass::Throttled)),
        (409, "SVCSTG.SWR.4090023", Some(FailureClass::Unavailable)),
        (500, "SVCSTG.SWR.5000091", Some(FailureClass::Unavailable)),
    ] {
        for (kind, resource) in [
            (Kind::RepositoryPermission, "team-a/api"),
            (Kind::NamespacePermission, "team-a"),
            (Kind::RepositoryShare, "team-a/api"),
        ] {
            let scene = answering(move || code(http, text)).await;
            let outcome = scene.revoke(kind, resource, &["s"]).await;
            match expected {
                None => assert_eq!(outcome, Outcome::NotThere, "{text}"),
                Some(expected) => assert_eq!(class(&outcome), expected, "{text}"),
            }
            assert_eq!(scene.requests().len(), 1, "{text}");
        }
    }
}

#[tokio::test]
async fn several_users_of_whom_one_is_not_there_are_taken_apart() {
    let scene = answering(|| code(404, "SVCSTG.SWR.4040091")).await;
    let outcome = scene
        .revoke(Kind::RepositoryPermission, "team-a/api", &["u1", "u2"])
        .await;
    let Outcome::Poisoned(failure) = outcome else {
        panic!("{outcome:?}");
    };
    assert!(failure.detail.contains("4040091"), "{failure}");
}

#[tokio::test]
async fn several_users_who_are_refused_together_are_taken_apart() {
    for (http, text) in [
        (400, "SVCSTG.SWR.4000014"),
        (400, ""),
        (403, "SVCSTG.SWR.4039001"),
        (409, "SVCSTG.SWR.4090089"),
    ] {
        let scene = answering(move || code(http, text)).await;
        let outcome = scene
            .revoke(Kind::RepositoryPermission, "team-a/api", &["u1", "u2"])
            .await;
        assert!(matches!(outcome, Outcome::Poisoned(_)), "{text}: {outcome:?}");
    }
    for (http, text) in [(403, "SVCSTG.SWR.4031042"), (500, "SVCSTG.SWR.5000091")] {
        let scene = answering(move || code(http, text)).await;
        let outcome = scene
            .revoke(Kind::RepositoryPermission, "team-a/api", &["u1", "u2"])
            .await;
        assert!(matches!(outcome, Outcome::Failed(_)), "{text}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_404_without_a_code_is_left_to_a_look() {
    let scene = answering(|| body(404, "<html></html>")).await;
    let outcome = scene
        .revoke(Kind::RepositoryPermission, "team-a/api", &["u1"])
        .await;
    assert_eq!(outcome, Outcome::NotThere);
}

#[tokio::test]
async fn a_cut_answer_is_not_repeated() {
    let scene = Scene::start(|_| Some(Reply::Cut(Vec::new()))).await;
    let outcome = scene
        .revoke(Kind::RepositoryPermission, "team-a/api", &["u1"])
        .await;
    assert_eq!(class(&outcome), FailureClass::Interrupted);
    assert_eq!(scene.requests().len(), 1);
}

#[tokio::test]
async fn what_no_call_removes_is_not_sent() {
    let scene = answering(|| status(204)).await;
    let eleven: Vec<String> = (0..11).map(|number| format!("u{number}")).collect();
    let eleven: Vec<&str> = eleven.iter().map(String::as_str).collect();
    for (kind, resource, subjects) in [
        (Kind::RepositoryPermission, "team-a/api", &[][..]),
        (Kind::RepositoryPermission, "team-a/api", &[""]),
        (Kind::RepositoryPermission, "team-a/api", &eleven),
        (Kind::RepositoryPermission, "team-a", &["u1"]),
        (Kind::RepositoryPermission, "team-a/a$pi", &["u1"]),
        (Kind::RepositoryPermission, "../api", &["u1"]),
        (Kind::NamespacePermission, "", &["u1"]),
        (Kind::NamespacePermission, "team-a/api", &["u1"]),
        (Kind::RepositoryShare, "team-a/api", &["a", "b"]),
        (Kind::RepositoryShare, "team-a/api", &["a/b"]),
        (Kind::ImageShare, "i", &["p"]),
    ] {
        let outcome = scene.revoke(kind, resource, subjects).await;
        assert_eq!(
            class(&outcome),
            FailureClass::Refused,
            "{kind} {resource} {subjects:?}"
        );
    }
    assert_eq!(scene.asked(), [""; 0]);
}

#[test]
fn users_go_together_and_accounts_alone() {
    let together = Reach {
        resources: 1,
        subjects: 10,
        requests: 1,
    };
    assert_eq!(registry::reach(Kind::RepositoryPermission), together);
    assert_eq!(registry::reach(Kind::NamespacePermission), together);
    assert_eq!(registry::reach(Kind::RepositoryShare), Reach::ONE);
}

#[tokio::test]
async fn several_repositories_are_no_call() {
    let scene = answering(|| status(204)).await;
    let batch = Batch {
        resources: vec!["team-a/x".into(), "team-a/y".into()],
        ..Batch::of_one(&crate::model::Target::grant(
            "lab".into(),
            Kind::RepositoryPermission,
            "team-a/x".into(),
            "u1".into(),
        ))
    };
    assert_eq!(class(&scene.revoke_batch(&batch).await), FailureClass::Refused);
    assert_eq!(scene.asked(), [""; 0]);
}
