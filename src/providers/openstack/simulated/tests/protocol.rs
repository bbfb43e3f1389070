use super::*;

#[tokio::test]
async fn error_bodies_depend_on_what_the_client_accepts() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    let url = format!("{}/v2/images/nope", harness.cloud.image_url());
    let ask = |accept: &'static str| {
        let request = harness.client.get(&url).header("x-auth-token", &token);
        Harness::send(request.header("accept", accept))
    };
    let json = ask("application/json").await;
    assert_eq!(json.json()["code"], "404 Not Found");
    assert_eq!(
        json.json()["message"],
        "No image found with ID nope<br /><br />\n\n\n"
    );
    let html = ask("*/*").await;
    assert!(html.header("content-type").starts_with("text/html") && html.text.contains("<h1>404"));
    let plain = ask("").await;
    assert!(plain.header("content-type").starts_with("text/plain"));
    assert!(plain.text.starts_with("404 Not Found\n\n"));
}

#[tokio::test]
async fn a_dead_or_missing_token_gets_401_and_a_challenge() {
    let harness = Harness::start().await;
    let unknown = harness.get("nope", "/v2/images").await;
    assert_eq!(unknown.status, 401);
    assert!(unknown.header("www-authenticate").starts_with("Keystone uri="));
    let url = format!("{}/v2/nonsense", harness.cloud.image_url());
    assert_eq!(Harness::send(harness.request("GET", &url)).await.status, 401);
}

#[tokio::test]
async fn what_lies_outside_of_v2_is_a_list_of_versions() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    for (method, path) in [
        ("DELETE", "/v1/cloudimages/members"),
        ("GET", "/"),
        ("GET", "/nonsense"),
    ] {
        let answer = harness.call(&token, method, path, None).await;
        assert_eq!(answer.status, 300, "{path}");
        assert!(answer.json()["versions"].is_array());
    }
    assert_eq!(harness.get(&token, "/versions").await.status, 200);
    assert_eq!(harness.get(&token, "/v2").await.status, 302);
}

#[tokio::test]
async fn unknown_paths_get_404_and_wrong_methods_405() {
    let harness = Harness::start().await;
    let token = harness.token_of("revoker").await;
    assert_eq!(harness.get(&token, "/v2/nonsense").await.status, 404);
    assert_eq!(harness.get(&token, "/v2/images/").await.status, 404);
    let wrong = harness.call(&token, "PUT", "/v2/images", None).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, POST"));
    let wrong = harness.call(&token, "PUT", &harness.members_path(), None).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, POST"));
}

#[tokio::test]
async fn the_image_service_can_live_under_a_path() {
    let harness = Harness::start_with(|_, options| {
        options.path_prefix = Some("/image".to_string());
        options.catalogue_names_version = true;
    })
    .await;
    assert!(harness.cloud.image_url().ends_with("/image/v2"));
    let token = harness.token_of("revoker").await;
    let answer = harness.get(&token, "/v2/images?limit=1").await;
    assert!(
        answer.json()["next"]
            .as_str()
            .unwrap()
            .starts_with("/v2/images?limit=1&marker=")
    );
    let root = harness.cloud.auth_url().replace("/v3", "/v2/images");
    let beside = Harness::send(harness.request("GET", &root).header("x-auth-token", &token)).await;
    assert_eq!(beside.status, 404);
}

#[tokio::test]
async fn a_stopped_cloud_answers_nobody() {
    let harness = Harness::start().await;
    let url = harness.cloud.auth_url();
    harness.cloud.stop().await;
    let error = Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(url)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_connect());
}
