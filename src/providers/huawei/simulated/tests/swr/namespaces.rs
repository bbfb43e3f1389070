use super::*;

const NAMESPACES: &str = "/v2/manage/namespaces";

fn rows(answer: &Answer) -> Vec<(String, i64)> {
    let body = answer.json();
    let rows = body["namespaces"].as_array().unwrap().iter();
    rows.map(|row| {
        let name = row["name"].as_str().unwrap().to_string();
        (name, row["auth"].as_i64().unwrap())
    })
    .collect()
}

#[tokio::test]
async fn each_caller_sees_its_own_namespaces_with_its_own_level() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let team = |level| vec![("team-a".to_string(), level)];
    assert_eq!(rows(&registry.get(NAMESPACES).await), team(7));
    registry
        .world()
        .grant_namespace("team-a", &registry.bot, Level::Write);
    let bot = registry.call_as("bot", "GET", NAMESPACES, None).await;
    assert_eq!(rows(&bot), team(3));
    let reader = registry.call_as("reader", "GET", NAMESPACES, None).await;
    assert_eq!(rows(&reader), [], "a repository's permission shows no namespace");
    let visible = format!("{NAMESPACES}?filter=namespace::team-a%7Cmode::visible");
    let reader = registry.call_as("reader", "GET", &visible, None).await;
    assert_eq!(rows(&reader), team(1));
    let outsider = registry.call_as("outsider", "GET", &visible, None).await;
    assert_eq!(rows(&outsider), []);
}

#[tokio::test]
async fn the_plain_parameter_is_exact_and_the_filter_is_not() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    registry
        .call("POST", NAMESPACES, Some(json!({"namespace": "team-ab"})))
        .await;
    let exact = registry.get(&format!("{NAMESPACES}?namespace=team-a")).await;
    assert_eq!(rows(&exact).len(), 1);
    let fuzzy = registry
        .get(&format!("{NAMESPACES}?filter=namespace::team-a"))
        .await;
    assert_eq!(rows(&fuzzy).len(), 2);
    let broken = registry.get(&format!("{NAMESPACES}?filter=team-a")).await;
    assert_eq!(refusal(&broken), refused(400, "4001035"));
}

#[tokio::test]
async fn a_namespace_is_made_shown_and_deleted() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let new = |name: &str| Some(json!({ "namespace": name }));
    assert_eq!(registry.call("POST", NAMESPACES, new("fresh")).await.status, 201);
    let again = registry.call("POST", NAMESPACES, new("fresh")).await;
    assert_eq!(refusal(&again), refused(409, "4090060"));
    let wrong = registry.call("POST", NAMESPACES, new("Fresh")).await;
    assert_eq!(refusal(&wrong), refused(400, "4001028"));
    let path = format!("{NAMESPACES}/fresh");
    let shown = registry.get(&path).await.json();
    assert_eq!((&shown["name"], &shown["auth"]), (&json!("fresh"), &json!(7)));
    assert_eq!(shown["creator_name"], "revoker");
    let full = registry
        .call("DELETE", &format!("{NAMESPACES}/team-a"), None)
        .await;
    assert_eq!(refusal(&full), refused(406, "4060074"));
    assert_eq!(registry.call("DELETE", &path, None).await.status, 204);
    assert_eq!(refusal(&registry.get(&path).await), refused(404, "4040058"));
}

#[tokio::test]
async fn what_is_anothers_is_a_401_that_no_login_cures() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
        let partner = world.add_account("partner");
        world.add_namespace(&partner, "theirs");
        world.add_repository("theirs", "app", noon());
    })
    .await;
    for below in ["", "/access", "/repos/app", "/repos/app/access"] {
        let answer = registry.get(&format!("{NAMESPACES}/theirs{below}")).await;
        assert_eq!(refusal(&answer), refused(401, "4011064"), "{below}");
    }
}
