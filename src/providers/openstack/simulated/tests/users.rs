//! `GET /v3/users`.

use super::*;

async fn users(harness: &Harness, user: &str, query: &str) -> Answer {
    let token = harness.token_of(user).await;
    let url = format!("{}/users{query}", harness.cloud.auth_url());
    Harness::send(harness.request("GET", &url).header("x-auth-token", token)).await
}

fn ids(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let rows = body["users"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_string()).collect()
}

fn all_ids(harness: &Harness) -> Vec<String> {
    let world = harness.cloud.world();
    world.users().map(|user| user.id.to_string()).collect()
}

#[tokio::test]
async fn only_administrators_may_list_users() {
    let harness = Harness::start().await;
    for user in ["revoker", "reader"] {
        let answer = users(&harness, user, "").await;
        assert_eq!(answer.status, 403);
        assert_eq!(answer.json()["error"]["title"], "Forbidden");
    }
    assert_eq!(ids(&users(&harness, "admin", "").await), all_ids(&harness));
    let url = format!("{}/users", harness.cloud.auth_url());
    assert_eq!(Harness::send(harness.request("GET", &url)).await.status, 401);
}

#[tokio::test]
async fn with_a_limit_each_full_page_leads_to_the_next() {
    let harness = Harness::start().await;
    let (mut found, mut query) = (Vec::new(), "?domain_id=default&limit=2".to_string());
    loop {
        let page = users(&harness, "admin", &query).await;
        found.extend(ids(&page));
        let body = page.json();
        let Some(next) = body["links"]["next"].as_str() else {
            assert!(body.get("truncated").is_none());
            break;
        };
        assert_eq!(body["truncated"], true);
        let (root, rest) = next.split_once("/users").unwrap();
        assert_eq!(root, harness.cloud.auth_url());
        query = rest.to_string();
    }
    assert_eq!(found, all_ids(&harness));
}

#[tokio::test]
async fn without_a_limit_the_list_is_cut_in_silence() {
    let harness = Harness::start_with(|_, options| options.user_page_max = 3).await;
    let answer = users(&harness, "admin", "").await;
    assert_eq!(ids(&answer).len(), 3);
    let body = answer.json();
    assert!(body["links"]["next"].is_null() && body.get("truncated").is_none());
    let capped = users(&harness, "admin", "?limit=500").await;
    assert!(capped.json()["links"]["next"].is_string());
}

#[tokio::test]
async fn filters_and_attributes_are_heeded() {
    let harness = Harness::start_with(|world, _| {
        let account = world.add_account("elsewhere");
        let user = world.add_user_in(&account, "leaver", "unused");
        let user = world.user_mut(user.as_str()).unwrap();
        user.enabled = false;
        user.email = "leaver@example.com".to_string();
        user.attributes
            .insert("description".to_string(), "gone".to_string());
    })
    .await;
    let answer = users(&harness, "admin", "?enabled=false").await;
    let rows = answer.json()["users"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!(rows[0]["email"], "leaver@example.com");
    assert_eq!(rows[0]["description"], "gone");
    assert_eq!(
        ids(&users(&harness, "admin", "?domain_id=default&name=leaver").await).len(),
        0
    );
    assert_eq!(ids(&users(&harness, "admin", "?name=leaver").await).len(), 1);
}
