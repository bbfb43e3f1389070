use super::*;
use crate::model::Kind;

fn share(account: &str, deadline: &str) -> Option<Value> {
    Some(json!({"access_domain": account, "permit": "read", "deadline": deadline, "description": "for them"}))
}

#[tokio::test]
async fn a_share_is_made_shown_changed_and_ended() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let made = registry
        .call("POST", SHARES, share("partner", "2026-12-01T00:00:00Z"))
        .await;
    assert_eq!(made.status, 201);
    let again = registry.call("POST", SHARES, share("partner", "forever")).await;
    assert_eq!(refusal(&again), refused(409, "4090089"));
    let body = registry.get(SHARES).await.json();
    let row = &body[0];
    assert_eq!(
        (&row["namespace"], &row["repository"]),
        (&json!("team-a"), &json!("web/api"))
    );
    assert_eq!(
        (&row["access_domain"], &row["permit"]),
        (&json!("partner"), &json!("read"))
    );
    assert_eq!(
        (&row["deadline"], &row["status"]),
        (&json!("2026-12-01T00:00:00.000Z"), &json!(true))
    );
    assert_eq!(row["creator_id"], registry.revoker.as_str());
    let one = format!("{SHARES}/partner");
    assert_eq!(registry.get(&one).await.json()["exist"], true);
    let change = Some(json!({"permit": "read", "deadline": "forever"}));
    assert_eq!(registry.call("PATCH", &one, change).await.status, 201);
    assert_eq!(registry.get(&one).await.json()["deadline"], "forever");
    assert_eq!(registry.call("DELETE", &one, None).await.status, 204);
    let removals: Vec<_> = registry
        .world()
        .removals()
        .iter()
        .map(|removal| removal.of())
        .collect();
    let expected = (
        Kind::RepositoryShare,
        Id::from("team-a/web/api"),
        Some(Id::from("partner")),
    );
    assert_eq!(removals, [expected]);
}

#[tokio::test]
async fn a_missing_share_is_a_400_in_the_form_of_the_flavour() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let one = format!("{SHARES}/nobody");
    for method in ["GET", "DELETE"] {
        let answer = registry.call(method, &one, None).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.json()["errorCode"], "SVCSTG.SWR.4001090");
    }
    let otc = Registry::start(Flavour::OpenTelekomCloud).await;
    let answer = otc.call("DELETE", &one, None).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()[0]["errorCode"], "SVCSTG.SWR.4001090");
}

#[tokio::test]
async fn an_expired_share_is_false_and_still_there() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    registry
        .call("POST", SHARES, share("partner", "2026-11-21T00:00:00Z"))
        .await;
    assert_eq!(registry.get(SHARES).await.json()[0]["status"], true);
    registry.harness.pass(SignedDuration::from_hours(12));
    assert_eq!(registry.get(SHARES).await.json()[0]["status"], false);
    assert_eq!(registry.world().shares_of("team-a/web/api").len(), 1);
}

#[tokio::test]
async fn what_lies_beyond_a_hundred_shares_is_seen_once_others_are_gone() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
        for number in 0..101 {
            let account = Id::from(format!("partner-{number:03}"));
            world.share_repository("team-a", "web/api", &account, None, noon());
        }
    })
    .await;
    let listed = async || registry.get(SHARES).await.json().as_array().unwrap().clone();
    assert_eq!(listed().await.len(), 100);
    registry
        .call("DELETE", &format!("{SHARES}/partner-000"), None)
        .await;
    let rows = listed().await;
    assert_eq!(
        (rows.len(), &rows[99]["access_domain"]),
        (100, &json!("partner-100"))
    );
}

#[tokio::test]
async fn shares_need_permit_and_a_deadline_and_one_who_manages() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    for body in [
        share("partner", "tomorrow"),
        share("", "forever"),
        Some(json!({"access_domain": "partner", "permit": "write", "deadline": "forever"})),
        Some(json!({"access_domain": "partner"})),
    ] {
        let answer = registry.call("POST", SHARES, body).await;
        assert_eq!(refusal(&answer), refused(400, "4000014"));
    }
    let answer = registry
        .call_as("bot", "POST", SHARES, share("partner", "forever"))
        .await;
    assert_eq!(refusal(&answer), refused(403, "4039002"));
}

#[tokio::test]
async fn an_account_name_may_need_encoding() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    registry.call("POST", SHARES, share("a b+c", "forever")).await;
    let ended = registry.call("DELETE", &format!("{SHARES}/a%20b+c"), None).await;
    assert_eq!(ended.status, 204);
}

#[tokio::test]
async fn shared_repositories_are_listed_from_the_side_that_is_asked_for() {
    let registry = Registry::start_with(Flavour::HuaweiCloud, |world, _| {
        let partner = world.add_account("partner");
        world.add_namespace(&partner, "theirs");
        world.add_repository("theirs", "app", noon());
        let over = noon() - SignedDuration::from_hours(48);
        world.share_repository("theirs", "app", &Id::from("acct"), Some(over), noon());
        world.share_repository("team-a", "web/api", &Id::from("partner"), None, noon());
    })
    .await;
    let path = "/v2/manage/shared-repositories";
    assert_eq!(refusal(&registry.get(path).await), refused(400, "4000014"));
    let own = registry.get(&format!("{path}?center=self")).await;
    assert_eq!(
        (names(&own), own.header("content-range")),
        (vec!["web/api".to_string()], "0-1/1")
    );
    let filtered = registry
        .get(&format!("{path}?filter=center::self%7Cnamespace::none"))
        .await;
    assert_eq!(names(&filtered), [""; 0]);
    let received = registry.get(&format!("{path}?center=thirdparty")).await;
    let row = &received.json()[0];
    assert_eq!(
        (&row["name"], &row["domain_name"]),
        (&json!("app"), &json!("partner"))
    );
    assert_eq!(row["status"], false, "it is over");
}
