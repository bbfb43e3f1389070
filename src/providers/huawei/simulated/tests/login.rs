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
