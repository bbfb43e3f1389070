use super::*;

const REPOS: &str = "/v2/manage/repos";

/// `numbered-000` and so on in `team-a`, each an hour older than the one before.
fn with_numbered(count: i64) -> impl FnOnce(&mut World, &mut RegistryOptions) {
    move |world, _| {
        for number in 0..count {
            let created_at = noon() - SignedDuration::from_hours(100 + number);
            world.add_repository("team-a", &format!("numbered-{number:03}"), created_at);
        }
    }
}

#[tokio::test]
async fn pages_go_by_offset_and_tell_count_and_total() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, with_numbered(149)).await;
    let first = registry.get(REPOS).await;
    assert_eq!(
        (names(&first).len(), first.header("content-range")),
        (100, "0-100/150")
    );
    let second = registry.get(&format!("{REPOS}?offset=100&limit=100")).await;
    assert_eq!(
        (names(&second).len(), second.header("content-range")),
        (50, "100-50/150")
    );
    assert_eq!(second.json()[0]["total_range"], 150);
    let beyond = registry.get(&format!("{REPOS}?offset=150&limit=1000")).await;
    assert_eq!(
        (names(&beyond).len(), beyond.header("content-range")),
        (0, "150-0/150")
    );
}

#[tokio::test]
async fn a_page_that_is_half_or_wrongly_asked_for_is_refused() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    for query in [
        "limit=10",
        "offset=0",
        "limit=0&offset=0",
        "limit=1001&offset=0",
        "limit=x&offset=0",
    ] {
        let answer = registry.get(&format!("{REPOS}?{query}")).await;
        assert_eq!(refusal(&answer), refused(400, "4000056"), "{query}");
    }
    for query in [
        "order_column=name",
        "order_type=asc",
        "order_column=nope&order_type=asc",
        "is_public=maybe",
    ] {
        let answer = registry.get(&format!("{REPOS}?{query}")).await;
        assert_eq!(refusal(&answer), refused(400, "4000014"), "{query}");
    }
}

#[tokio::test]
async fn a_row_has_its_real_name_and_nine_digits_of_a_second() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
        let repository = world.repository_mut("team-a", "web/api").unwrap();
        repository.updated_at = "2026-11-20T01:02:03.542841141Z".parse().unwrap();
    })
    .await;
    let body = registry.get(REPOS).await.json();
    let row = &body[0];
    assert_eq!(row["name"], "web/api");
    assert_eq!(
        (&row["namespace"], &row["domain_name"]),
        (&json!("team-a"), &json!("acct"))
    );
    assert_eq!(row["created_at"], "2026-11-19T12:00:00.000000000Z");
    assert_eq!(row["updated_at"], "2026-11-20T01:02:03.542841141Z");
    assert_eq!(
        (&row["status"], &row["is_public"]),
        (&json!(false), &json!(false))
    );
    assert_eq!((&row["tags"], &row["num_images"]), (&Value::Null, &json!(0)));
    assert_eq!(row["path"], "swr.eu-de.example/team-a/web/api");
}

#[tokio::test]
async fn a_filter_is_fuzzy_and_overrides_the_plain_parameters() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
        let account = world.project_named("eu-de_sandbox").unwrap().account.clone();
        let revoker = world.user_named("revoker").unwrap().id.clone();
        world.add_namespace(&account, "team-ab");
        world.grant_namespace("team-ab", &revoker, Level::Read);
        world.add_repository("team-ab", "web/api-2", noon());
    })
    .await;
    let get = async |query: &str| names(&registry.get(&format!("{REPOS}?{query}")).await);
    assert_eq!(get("namespace=team-a").await, ["web/api"]);
    assert_eq!(get("namespace=team-a&name=web$api").await, ["web/api"]);
    assert_eq!(get("namespace=team-a&name=web%24api").await, ["web/api"]);
    assert_eq!(get("namespace=team-a&name=web").await, [""; 0]);
    assert_eq!(
        get("namespace=none&filter=namespace::team-a").await,
        ["web/api-2", "web/api"]
    );
    let filter = "filter=name::api%7Climit::1%7Coffset::1%7Corder_column::name%7Corder_type::asc&limit=7";
    assert_eq!(get(filter).await, ["web/api-2"]);
}

#[tokio::test]
async fn only_the_newer_flavour_lists_by_marker_and_names_fields_its_own_way() {
    let otc = Registry::start(Flavour::OpenTelekomCloud).await;
    let path = "/v3/manage/repos?limit=2";
    assert_eq!(refusal(&otc.get(path).await), refused(404, "4040083"));
    let registry = Registry::start_with(Flavour::HuaweiCloud, with_numbered(3)).await;
    let first = registry.get(path).await.json();
    assert_eq!(first["repos"][0]["namespace_name"], "team-a");
    assert!(first["repos"][0].get("namespace").is_none());
    let marker = first["nextMarker"].as_i64().unwrap();
    let second = registry.get(&format!("{path}&marker={marker}")).await.json();
    assert_eq!(second["repos"].as_array().unwrap().len(), 2);
    let marker = second["nextMarker"].as_i64().unwrap();
    let third = registry.get(&format!("{path}&marker={marker}")).await.json();
    assert_eq!(
        third,
        json!({"repos": []}),
        "a full page was not the last one's sign"
    );
}

#[tokio::test]
async fn a_repository_is_made_published_and_deleted_once_it_is_empty() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let path = "/v2/manage/namespaces/team-a/repos";
    let new = json!({"repository": "sub/cli", "is_public": false, "category": "linux"});
    assert_eq!(registry.call("POST", path, Some(new.clone())).await.status, 201);
    let again = registry.call("POST", path, Some(new)).await;
    assert_eq!(refusal(&again), refused(409, "4090006"));
    let path = format!("{path}/sub%24cli");
    let change = Some(json!({"is_public": true}));
    assert_eq!(registry.call("PATCH", &path, change).await.status, 201);
    let shown = registry.get(&path).await.json();
    assert_eq!(
        (&shown["name"], &shown["is_public"]),
        (&json!("sub/cli"), &json!(true))
    );
    assert_eq!(
        (&shown["category"], &shown["creator_name"]),
        (&json!("linux"), &json!("revoker"))
    );
    assert_eq!(shown["created"], "2026-11-21T12:00:00.000000000Z");
    let tag = TagRecord {
        name: "v1".to_string(),
        size: 1024,
        created_at: noon(),
        updated_at: noon(),
    };
    registry
        .world()
        .repository_mut("team-a", "sub/cli")
        .unwrap()
        .tags
        .push(tag);
    let full = registry.call("DELETE", &path, None).await;
    assert_eq!(refusal(&full), refused(406, "4060012"));
    registry
        .world()
        .repository_mut("team-a", "sub/cli")
        .unwrap()
        .tags
        .clear();
    assert_eq!(registry.call("DELETE", &path, None).await.status, 204);
    assert_eq!(refusal(&registry.get(&path).await), refused(404, "4040010"));
}

#[tokio::test]
async fn tags_are_listed_with_their_capital_letter_last_pushed_first() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
        let tags = &mut world.repository_mut("team-a", "web/api").unwrap().tags;
        tags.extend([("v1", 1), ("v3", 9), ("v2", 5)].map(|(name, second)| TagRecord {
            name: name.to_string(),
            size: 1,
            created_at: noon(),
            updated_at: noon() + SignedDuration::from_secs(second),
        }));
    })
    .await;
    let path = format!("{REPOSITORY}/tags?limit=2&offset=0");
    let answer = registry.get(&path).await;
    let body = answer.json();
    assert_eq!((&body[0]["Tag"], &body[1]["Tag"]), (&json!("v3"), &json!("v2")));
    assert_eq!(body[0]["deleted"], Value::Null);
    assert_eq!(answer.header("content-range"), "0-2/3");
    let by_name = registry
        .get(&format!(
            "{REPOSITORY}/tags?order_column=tag&order_type=asc&limit=1&offset=0"
        ))
        .await;
    assert_eq!(by_name.json()[0]["Tag"], "v1");
}
