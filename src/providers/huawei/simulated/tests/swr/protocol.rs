use super::*;
use crate::simulator::{CallKind, Effect, Fault};

#[tokio::test]
async fn a_dollar_stands_for_a_slash_encoded_or_not() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    for name in ["web$api", "web%24api"] {
        let path = format!("/v2/manage/namespaces/team-a/repos/{name}/access");
        assert_eq!(registry.get(&path).await.json()["name"], "web/api");
    }
}

#[tokio::test]
async fn a_slash_in_a_name_is_no_such_url_and_removes_nothing() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    for name in ["web/api", "web%2Fapi", "web%2fapi"] {
        let path = format!("/v2/manage/namespaces/team-a/repos/{name}/access");
        let answer = registry
            .call("DELETE", &path, Some(json!([registry.bot.as_str()])))
            .await;
        assert_eq!(refusal(&answer), refused(404, "4040083"), "{name}");
    }
    assert_eq!(registry.holders().len(), 2);
}

#[tokio::test]
async fn each_call_wants_its_own_word_for_repositories() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let wrong = [
        REPOSITORY_ACCESS.replace("repos/", "repositories/"),
        SHARES.replace("repositories/", "repos/"),
        format!("{REPOSITORY_ACCESS}/"),
        "/v2/manage/namespaces//access".to_string(),
    ];
    for path in wrong {
        assert_eq!(
            refusal(&registry.get(&path).await),
            refused(404, "4040083"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_told_from_a_wrong_url() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let get = async |path: &str| refusal(&registry.get(&format!("/v2/manage/namespaces/{path}")).await);
    assert_eq!(get("none/access").await, refused(404, "4040058"));
    assert_eq!(get("team-a/repos/none/access").await, refused(404, "4040010"));
    assert_eq!(get("Team/access").await, refused(400, "4001028"));
    assert_eq!(get("team-a/repos/web$$api/access").await, refused(400, "4001029"));
}

#[tokio::test]
async fn refusals_have_the_form_of_the_flavour() {
    let path = "/v2/manage/namespaces/none";
    let otc = Registry::start(Flavour::OpenTelekomCloud)
        .await
        .get(path)
        .await
        .json();
    assert_eq!(otc[0]["errorCode"], "SVCSTG.SWR.4040058");
    let huawei = Registry::start(Flavour::HuaweiCloud).await.get(path).await.json();
    assert_eq!(huawei["errors"][0]["errorCode"], "SVCSTG.SWR.4040058");
    assert_eq!(huawei["error_code"], "SVCSTG.SWR.4040058");
}

#[tokio::test]
async fn who_comes_as_an_account_or_as_nobody_gets_nothing() {
    let registry = Registry::start(Flavour::HuaweiCloud).await;
    let token = registry.harness.account_token_of("revoker").await;
    let answer = registry.call_with(&token, "GET", ACCESS, None).await;
    assert_eq!(refusal(&answer), refused(403, "4031033"));
    let answer = registry.call_with("MIInvalid", "GET", ACCESS, None).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn even_a_look_needs_a_content_type_unless_told() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    let status = async |registry: &Registry, media_type: Option<&str>| {
        let mut request = registry
            .harness
            .request("GET", ACCESS)
            .header("x-auth-token", &registry.token);
        if let Some(media_type) = media_type {
            request = request.header("content-type", media_type);
        }
        Harness::send(request).await.status
    };
    let good = [
        "application/json",
        "application/json;charset=utf8",
        "application/json; charset=utf-8",
    ];
    for media_type in good {
        assert_eq!(status(&registry, Some(media_type)).await, 200, "{media_type}");
    }
    assert_eq!(status(&registry, None).await, 400);
    assert_eq!(status(&registry, Some("text/plain")).await, 400);
    let lenient = Registry::start_with(Flavour::OpenTelekomCloud, |_, options| {
        options.content_type_required = false;
    })
    .await;
    assert_eq!(status(&lenient, None).await, 200);
}

#[tokio::test]
async fn throttling_comes_as_a_403_and_a_busy_system_as_a_409() {
    let registry = Registry::start(Flavour::OpenTelekomCloud).await;
    for (status, code) in [(403, "4031032"), (409, "4090023")] {
        let effect = Effect::Code {
            status,
            code: format!("SVCSTG.SWR.{code}"),
        };
        let fault = Fault::on(CallKind::RemovePermissions, effect);
        let repository = Id::from("team-a/web/api");
        let faults = registry.harness.cloud.faults();
        faults.add(fault.resource(&repository).subject(&registry.bot).once());
        let body = || Some(json!([registry.bot.as_str()]));
        let answer = registry.call("DELETE", REPOSITORY_ACCESS, body()).await;
        assert_eq!(refusal(&answer), refused(status, code));
        assert_eq!(registry.holders().len(), 2);
    }
}
