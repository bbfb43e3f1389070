use super::*;
use crate::{model::Kind, simulator::registry::UngrantedUsers};

#[tokio::test]
async fn a_removal_takes_the_named_users_here_and_nowhere_else() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    registry
        .world()
        .grant_namespace("team-a", &registry.bot, Level::Read);
    let gone = registry
        .call("DELETE", REPOSITORY_ACCESS, Some(json!([registry.bot.as_str()])))
        .await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(registry.holders(), std::slice::from_ref(&registry.reader));
    assert_eq!(registry.world().permissions_of("team-a").len(), 2);
    let removals: Vec<_> = registry
        .world()
        .removals()
        .iter()
        .map(|removal| removal.of())
        .collect();
    let repository = Id::from("team-a/web/api");
    assert_eq!(
        removals,
        [(Kind::RepositoryPermission, repository, Some(registry.bot.clone()))]
    );
}

#[tokio::test]
async fn a_missing_permission_has_another_code_on_a_namespace() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let body = || Some(json!(["9999"]));
    let on_repository = registry.call("DELETE", REPOSITORY_ACCESS, body()).await;
    assert_eq!(refusal(&on_repository), refused(404, "4040091"));
    let on_namespace = registry.call("DELETE", ACCESS, body()).await;
    assert_eq!(refusal(&on_namespace), refused(404, "4040078"));
    assert!(registry.world().removals().is_empty());
}

#[tokio::test]
async fn an_ungranted_user_in_a_removal_spares_some_all_or_nobody() {
    use UngrantedUsers::{EndIt, Ignored, PreventIt};
    for (habit, status, left) in [(EndIt, 404, 1), (PreventIt, 404, 2), (Ignored, 204, 0)] {
        let registry = Registry::start_with(Flavour::OpenTelekomCloud, |world, _| {
            world.registry_habits.ungranted_users = habit;
        })
        .await;
        let users = json!([registry.bot.as_str(), "9999", registry.reader.as_str()]);
        let answer = registry.call("DELETE", REPOSITORY_ACCESS, Some(users)).await;
        assert_eq!(
            (answer.status, registry.holders().len()),
            (status, left),
            "{habit:?}"
        );
    }
}

#[tokio::test]
async fn a_removal_with_a_bad_body_is_refused() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    for body in [
        None,
        Some(json!([])),
        Some(json!([""])),
        Some(json!({"users": ["x"]})),
        Some(json!([7])),
    ] {
        let answer = registry.call("DELETE", REPOSITORY_ACCESS, body).await;
        assert_eq!(refusal(&answer), refused(400, "4000014"));
    }
    assert_eq!(registry.holders().len(), 2);
}

#[tokio::test]
async fn the_caller_stands_among_the_others_unless_told() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let body = registry.get(ACCESS).await.json();
    let own = json!({"user_id": registry.revoker.as_str(), "user_name": "revoker", "auth": 7});
    assert_eq!((&body["self_auth"], &body["others_auths"]), (&own, &json!([own])));
    assert_eq!(body["creator_name"], "ops");
    let polite = Registry::start_with(Flavour::OpenTelekomCloud, |_, options| {
        options.others_include_caller = false;
        options.nulls = false;
    })
    .await;
    let body = polite.get(ACCESS).await.json();
    assert_eq!(body["others_auths"], json!([]));
}

#[tokio::test]
async fn lists_without_rows_are_null() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let both = json!([registry.bot.as_str(), registry.reader.as_str()]);
    registry.call("DELETE", REPOSITORY_ACCESS, Some(both)).await;
    let body = registry.get(REPOSITORY_ACCESS).await.json();
    assert_eq!(body["name"], "web/api");
    assert!(body["id"].is_i64());
    assert_eq!(
        (&body["self_auth"], &body["others_auths"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn the_own_level_can_be_hidden_while_the_row_stays() {
    let registry = Registry::start_with(Flavour::OpenTelekomCloud, |_, options| {
        options.hides_own_level = true;
    })
    .await;
    let body = registry.get(ACCESS).await.json();
    assert_eq!(body["self_auth"], Value::Null);
    assert_eq!(body["others_auths"][0]["user_id"], registry.revoker.as_str());
}

#[tokio::test]
async fn the_row_of_a_deleted_user_stays() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    registry.world().remove_user(registry.bot.as_str());
    let body = registry.get(REPOSITORY_ACCESS).await.json();
    let rows = body["others_auths"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["user_name"] == "bot"));
    registry.world().registry_habits.rows_of_deleted_users_stay = false;
    let body = registry.get(REPOSITORY_ACCESS).await.json();
    assert_eq!(body["others_auths"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn grants_and_changes_have_statuses_of_their_own() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let row = |level: i64| Some(json!([{"user_id": "77", "user_name": "new", "auth": level}]));
    assert_eq!(registry.call("POST", ACCESS, row(3)).await.status, 200);
    assert_eq!(registry.call("POST", REPOSITORY_ACCESS, row(3)).await.status, 201);
    let again = registry.call("POST", ACCESS, row(3)).await;
    assert_eq!(refusal(&again), refused(409, "4090076"));
    let again = registry.call("POST", REPOSITORY_ACCESS, row(3)).await;
    assert_eq!(refusal(&again), refused(409, "4090089"));
    assert_eq!(registry.call("PATCH", ACCESS, row(1)).await.status, 201);
    assert_eq!(
        registry.call("PATCH", REPOSITORY_ACCESS, row(1)).await.status,
        201
    );
    let user = (Id::from("77"), Level::Read);
    assert!(registry.world().permissions_of("team-a").contains(&user));
    assert!(registry.world().permissions_of("team-a/web/api").contains(&user));
    let wrong = registry.call("POST", ACCESS, row(5)).await;
    assert_eq!(refusal(&wrong), refused(400, "4001065"));
    let nameless = registry
        .call(
            "POST",
            REPOSITORY_ACCESS,
            Some(json!([{"user_id": "78", "auth": 1}])),
        )
        .await;
    assert_eq!(refusal(&nameless), refused(400, "4001067"));
}

#[tokio::test]
async fn levels_decide_who_may_look_and_who_may_remove() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let bot = || Some(json!([registry.bot.as_str()]));
    for (user, look, remove) in [("reader", 200, 403), ("bot", 200, 403), ("outsider", 403, 403)] {
        let looked = registry.call_as(user, "GET", REPOSITORY_ACCESS, None).await;
        let removed = registry.call_as(user, "DELETE", REPOSITORY_ACCESS, bot()).await;
        assert_eq!((looked.status, removed.status), (look, remove), "{user}");
        assert_eq!(refusal(&removed), refused(403, "4039002"));
    }
    assert_eq!(registry.holders().len(), 2);
}
