use super::*;

#[tokio::test]
async fn a_login_gives_a_long_token_in_the_header_and_a_catalogue_by_flavour() {
    for (flavour, registry) in [(Flavour::HuaweiCloud, true), (Flavour::OpenTelekomCloud, false)] {
        let harness = Harness::start(flavour).await;
        let scope = json!({"project": {"name": "eu-de_sandbox"}, "domain": {"name": "acct"}});
        let answer = harness.log_in("revoker", "revoker-password", Some(scope)).await;
        assert_eq!(answer.status, 201);
        let token = answer.header("x-subject-token");
        assert!(token.starts_with("MII") && token.len() > 4000);
        let body = answer.json();
        let token = &body["token"];
        assert_eq!(
            token["project"]["id"],
            harness.project.as_str(),
            "the project wins"
        );
        assert!(token.get("domain").is_none());
        assert_eq!(token["expires_at"], "2026-11-22T12:00:00.000000Z");
        assert_eq!(token["roles"][0]["id"], "0");
        let urls = |kind: &str| {
            let services = token["catalog"].as_array().unwrap().iter();
            let found = services.filter(|service| service["type"] == kind);
            found
                .flat_map(|service| service["endpoints"].as_array().unwrap().clone())
                .count()
        };
        assert_eq!(urls("image"), 2);
        assert_eq!(urls("swrv2") > 0, registry);
        assert!(!answer.text.contains("/v2"));
    }
}

async fn scope_of(harness: &Harness, scope: Option<Value>) -> Value {
    let answer = harness.log_in("revoker", "revoker-password", scope).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["token"].clone()
}

#[tokio::test]
async fn without_a_scope_a_token_is_for_the_account_and_with_two_for_the_project() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let account = json!({"id": harness.account.as_str(), "name": "acct"});
    let unscoped = scope_of(&harness, None).await;
    assert_eq!(unscoped["domain"], account);
    assert!(unscoped.get("project").is_none());
    let scoped = scope_of(&harness, Some(json!({"domain": {"name": "acct"}}))).await;
    assert_eq!(scoped["domain"], account);
    let project = json!({"id": harness.project.as_str()});
    let both = scope_of(
        &harness,
        Some(json!({"domain": {"name": "acct"}, "project": project})),
    )
    .await;
    assert_eq!(both["project"]["domain"], account);
    assert!(both.get("domain").is_none());
}

#[tokio::test]
async fn a_login_leads_nowhere_else() {
    let harness = Harness::start_with(Flavour::HuaweiCloud, |world, _, project| {
        let account = world.project(project.as_str()).unwrap().account.clone();
        world.add_project_in(&account, "eu-de_other");
        world.add_project("foreign");
    })
    .await;
    for (scope, status, code) in [
        (json!({"project": {"name": "eu-de_other"}}), 403, "IAM.0002"),
        (json!({"project": {"name": "foreign"}}), 404, "IAM.0004"),
        (json!({"domain": {"name": "Default"}}), 404, "IAM.0004"),
    ] {
        let answer = harness.log_in("revoker", "revoker-password", Some(scope)).await;
        assert_eq!(
            (answer.status, &answer.json()["error_code"]),
            (status, &json!(code))
        );
    }
}

#[tokio::test]
async fn the_catalogue_can_be_left_out() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let identity = json!({
        "methods": ["password"],
        "password": {"user": {"id": harness.revoker.as_str(), "password": "revoker-password"}},
    });
    let request = harness.request("POST", "/v3/auth/tokens?nocatalog=true");
    let answer = Harness::send(request.json(&json!({"auth": {"identity": identity}}))).await;
    assert_eq!(answer.status, 201);
    assert!(answer.json()["token"].get("catalog").is_none());
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_right_one_out_for_a_while() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    for _ in 0..5 {
        let answer = harness.log_in("revoker", "wrong", None).await;
        assert_eq!(
            (answer.status, &answer.json()["error_code"]),
            (401, &json!("IAM.0062"))
        );
    }
    let locked = harness.log_in("revoker", "revoker-password", None).await;
    assert_eq!(
        (locked.status, &locked.json()["error_code"]),
        (401, &json!("IAM.0061"))
    );
    harness.pass(SignedDuration::from_mins(15));
    assert_eq!(
        harness.log_in("revoker", "revoker-password", None).await.status,
        201
    );
}

#[tokio::test]
async fn a_right_password_makes_the_wrong_ones_before_forgotten() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    for password in [
        "wrong",
        "wrong",
        "wrong",
        "wrong",
        "revoker-password",
        "wrong",
        "revoker-password",
    ] {
        let status = if password == "wrong" { 401 } else { 201 };
        assert_eq!(harness.log_in("revoker", password, None).await.status, status);
    }
}

#[tokio::test]
async fn a_refused_login_reads_as_the_flavour_has_it() {
    let huawei = Harness::start(Flavour::HuaweiCloud).await;
    assert_eq!(
        huawei.log_in("revoker", "wrong", None).await.json(),
        json!({"error_code": "IAM.0062", "error_msg": "Incorrect password."})
    );
    let telekom = Harness::start(Flavour::OpenTelekomCloud).await;
    assert_eq!(
        telekom.log_in("nobody", "wrong", None).await.json(),
        json!({"error": {"code": 401, "message": "Incorrect password.", "title": "Unauthorized"}})
    );
}

#[tokio::test]
async fn a_token_dies_with_its_time_its_user_and_when_told_to() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let is_good = async |token: &str| {
        let answer = harness.get(token, "/v2/cloudimages").await;
        let dead = json!("APIGW.0301");
        assert!(answer.status == 200 || (answer.status == 401 && answer.json()["error_code"] == dead));
        answer.status == 200
    };
    let token = harness.token_of("revoker").await;
    assert!(is_good(&token).await);
    harness.pass(SignedDuration::from_hours(24));
    assert!(!is_good(&token).await);
    let token = harness.token_of("revoker").await;
    let revoker = harness.revoker.as_str();
    harness.cloud.world().user_mut(revoker).unwrap().enabled = false;
    assert!(!is_good(&token).await);
    let refused = harness.log_in("revoker", "revoker-password", None).await;
    assert_eq!(
        (refused.status, &refused.json()["error_code"]),
        (403, &json!("IAM.0082"))
    );
    harness.cloud.world().user_mut(revoker).unwrap().enabled = true;
    harness.cloud.kill_all_tokens();
    assert!(!is_good(&token).await);
}

#[tokio::test]
async fn a_token_can_be_had_for_a_token_and_lives_no_longer() {
    let harness = Harness::start(Flavour::HuaweiCloud).await;
    let first = harness.account_token_of("revoker").await;
    harness.pass(SignedDuration::from_hours(1));
    let auth = json!({"auth": {
        "identity": {"methods": ["token"], "token": {"id": first}},
        "scope": {"project": {"id": harness.project.as_str()}},
    }});
    let answer = Harness::send(harness.request("POST", "/v3/auth/tokens").json(&auth)).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    assert_eq!(body["token"]["expires_at"], "2026-11-22T12:00:00.000000Z");
    assert_eq!(body["token"]["methods"], json!(["password", "token"]));
    let second = answer.header("x-subject-token");
    let request = harness
        .request("GET", "/v3/auth/tokens")
        .header("x-auth-token", &first);
    let validated = Harness::send(request.header("x-subject-token", second)).await;
    assert_eq!((validated.status, validated.json()), (200, body));
}

#[tokio::test]
async fn an_unknown_call_is_refused_by_the_gateway() {
    let harness = Harness::start(Flavour::OpenTelekomCloud).await;
    let token = harness.token_of("revoker").await;
    for path in [
        "/v3/nonsense",
        "/v2/nonsense",
        "/v1/cloudimages/job/x",
        "/v5/users",
    ] {
        let answer = harness.get(&token, path).await;
        assert_eq!(
            (answer.status, &answer.json()["error_code"]),
            (404, &json!("APIGW.0101")),
            "{path}"
        );
        assert!(!answer.header("x-request-id").is_empty());
    }
}
