//! Users, projects, accounts and keys.

use super::*;

fn names(answer: &Answer, of: &str) -> Vec<String> {
    let body = answer.json();
    let rows = body[of].as_array().unwrap().iter();
    rows.map(|row| row["name"].as_str().unwrap().to_string())
        .collect()
}

async fn harness_with_a_leaver() -> (Harness, Id) {
    let mut leaver = None;
    let harness = Harness::start_with(Flavour::OpenTelekomCloud, |world, _, project| {
        let account = world.project(project.as_str()).unwrap().account.clone();
        let user = world.add_user_in(&account, "leaver", "leaver-password");
        world.user_mut(user.as_str()).unwrap().enabled = false;
        world.add_user("plain", "plain-password", project);
        world.add_project_in(&account, "eu-de");
        leaver = Some(user);
    })
    .await;
    (harness, leaver.unwrap())
}

#[tokio::test]
async fn only_enabled_users_are_listed_unless_asked_otherwise() {
    let (harness, leaver) = harness_with_a_leaver().await;
    let token = harness.account_token_of("revoker").await;
    let usual = harness.get(&token, "/v3/users").await;
    let mut listed = names(&usual, "users");
    listed.sort();
    assert_eq!(listed, ["plain", "revoker"]);
    assert!(usual.json()["links"]["next"].is_null());
    let disabled = harness
        .get(
            &token,
            &format!("/v3/users?domain_id={}&enabled=false", harness.account),
        )
        .await
        .json();
    assert_eq!(disabled["users"].as_array().unwrap().len(), 1);
    let row = &disabled["users"][0];
    assert_eq!(
        (&row["id"], &row["enabled"]),
        (&json!(leaver.as_str()), &json!(false))
    );
    assert!(row.get("last_login_time").is_none());
    assert_eq!(harness.get(&token, "/v3/users?enabled=perhaps").await.status, 400);
    assert_eq!(
        names(&harness.get(&token, "/v3/users?name=plain").await, "users"),
        ["plain"]
    );
}

#[tokio::test]
async fn users_are_listed_for_those_alone_who_act_as_the_account_with_a_role() {
    let (harness, leaver) = harness_with_a_leaver().await;
    let project_token = harness.token_of("revoker").await;
    let without_role = harness.account_token_of("plain").await;
    for token in [&project_token, &without_role] {
        assert_eq!(harness.get(token, "/v3/users").await.status, 403);
        assert_eq!(
            harness
                .get(token, &format!("/v3.0/OS-USER/users/{leaver}"))
                .await
                .status,
            403
        );
        assert_eq!(harness.get(token, "/v3/projects").await.status, 403);
    }
    let token = harness.account_token_of("revoker").await;
    assert_eq!(
        harness.get(&token, "/v3/users?domain_id=default").await.status,
        403
    );
}

#[tokio::test]
async fn the_detail_of_a_user_has_its_own_form_of_time() {
    let (harness, leaver) = harness_with_a_leaver().await;
    let token = harness.account_token_of("revoker").await;
    let detail = async |user: &Id| harness.get(&token, &format!("/v3.0/OS-USER/users/{user}")).await;
    let own = detail(&harness.revoker).await.json();
    assert_eq!(own["user"]["last_login_time"], "2026-11-21 12:00:00.0");
    assert_eq!(own["user"]["is_domain_owner"], false);
    let row = harness
        .get(&token, &format!("/v3/users/{}", harness.revoker))
        .await
        .json();
    assert_eq!(row["user"]["name"], "revoker");
    assert!(row["user"].get("last_login_time").is_none());
    let never = detail(&leaver).await.json();
    assert!(never["user"]["last_login_time"].is_null());
    harness
        .cloud
        .world()
        .user_mut(leaver.as_str())
        .unwrap()
        .account_owner = true;
    assert_eq!(detail(&leaver).await.json()["user"]["is_domain_owner"], true);
    harness.cloud.world().remove_user(leaver.as_str());
    assert_eq!(detail(&leaver).await.status, 404);
}

#[tokio::test]
async fn an_address_is_in_the_detail_and_in_the_list_of_some_clouds() {
    for lists_emails in [true, false] {
        let harness = Harness::start_with(Flavour::HuaweiCloud, |world, options, project| {
            options.lists_emails = lists_emails;
            let user = world.add_user("plain", "plain-password", project);
            let user = world.user_mut(user.as_str()).unwrap();
            user.email = "plain@example.com".to_string();
            user.attributes.insert("xuser_id".to_string(), "4711".to_string());
        })
        .await;
        let token = harness.account_token_of("revoker").await;
        let list = harness.get(&token, "/v3/users?name=plain").await.json();
        let row = &list["users"][0];
        assert_eq!(row["email"] == "plain@example.com", lists_emails);
        assert!(row.get("xuser_id").is_none());
        let path = format!("/v3.0/OS-USER/users/{}", row["id"].as_str().unwrap());
        let detail = harness.get(&token, &path).await.json();
        assert_eq!(detail["user"]["email"], "plain@example.com");
        assert_eq!(detail["user"]["xuser_id"], "4711");
    }
}

#[tokio::test]
async fn projects_are_found_by_name_and_by_who_reaches_them() {
    let (harness, _) = harness_with_a_leaver().await;
    let token = harness.account_token_of("revoker").await;
    assert_eq!(
        names(&harness.get(&token, "/v3/projects?name=eu-de").await, "projects"),
        ["eu-de"]
    );
    assert_eq!(
        names(&harness.get(&token, "/v3/projects").await, "projects").len(),
        2
    );
    let page = harness.get(&token, "/v3/projects?page=2&per_page=1").await;
    assert_eq!(names(&page, "projects").len(), 1);
    assert_eq!(harness.get(&token, "/v3/projects?page=1").await.status, 400);
    let plain = harness.account_token_of("plain").await;
    let reached = harness.get(&plain, "/v3/auth/projects").await;
    assert_eq!(names(&reached, "projects"), ["eu-de_sandbox"]);
    let domains = harness.get(&plain, "/v3/auth/domains").await.json();
    assert_eq!(domains["domains"][0]["id"], harness.account.as_str());
    let path = format!("/v3/projects/{}", harness.project);
    assert_eq!(
        harness.get(&plain, &path).await.json()["project"]["name"],
        "eu-de_sandbox"
    );
    assert_eq!(harness.get(&plain, "/v3/projects/none").await.status, 404);
}

#[tokio::test]
async fn a_key_tells_whose_it_is() {
    let (harness, _) = harness_with_a_leaver().await;
    let (key, temporary) = {
        let mut world = harness.cloud.world();
        let key = world.add_access_key(&harness.revoker, noon());
        let until = noon() + SignedDuration::from_hours(1);
        (
            key,
            world.add_temporary_access_key(&harness.revoker, noon(), until),
        )
    };
    let token = harness.token_of("revoker").await;
    let path = |key: &str| format!("/v3.0/OS-CREDENTIAL/credentials/{key}");
    let shown = harness.get(&token, &path(&key.access_key)).await.json();
    assert_eq!(shown["credential"]["user_id"], harness.revoker.as_str());
    assert_eq!(shown["credential"]["status"], "active");
    assert_eq!(
        harness.get(&token, &path(&temporary.access_key)).await.status,
        404
    );
    let list = format!("/v3.0/OS-CREDENTIAL/credentials?user_id={}", harness.revoker);
    let listed = harness.get(&token, &list).await.json();
    assert_eq!(listed["credentials"], json!([shown["credential"]]));
    let plain = harness.token_of("plain").await;
    for path in [path(&key.access_key), list] {
        assert_eq!(harness.get(&plain, &path).await.status, 403);
    }
}

#[tokio::test]
async fn keys_are_made_by_their_user_or_the_account_and_tell_the_secret_once() {
    let (harness, leaver) = harness_with_a_leaver().await;
    let path = "/v3.0/OS-CREDENTIAL/credentials";
    let plain = harness.token_of("plain").await;
    let account = harness.account_token_of("revoker").await;
    let body = |user: &str| Some(json!({"credential": {"user_id": user}}));
    let made = harness.call(&account, "POST", path, body(leaver.as_str())).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let key = made.json()["credential"].clone();
    let held = {
        let world = harness.cloud.world();
        world
            .access_key(key["access"].as_str().unwrap())
            .cloned()
            .unwrap()
    };
    assert_eq!(
        (&held.user, key["secret"].as_str()),
        (&leaver, Some(held.secret_key.as_str()))
    );
    let listed = harness
        .get(&account, &format!("{path}?user_id={leaver}"))
        .await
        .json();
    assert_eq!(listed["credentials"][0]["access"], key["access"]);
    assert!(listed["credentials"][0].get("secret").is_none());
    for (token, user, status) in [(&plain, leaver.as_str(), 403), (&account, "nobody", 404)] {
        assert_eq!(harness.call(token, "POST", path, body(user)).await.status, status);
    }
    assert_eq!(
        harness.call(&account, "POST", path, Some(json!({}))).await.status,
        400
    );
}
