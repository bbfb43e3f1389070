//! Clouds of provider `huawei`.

use std::fs;

use secrecy::ExposeSecret;

use super::*;
use crate::config::types::{Domain, Flavour, HuaweiLogin, Named};

const ON_OTC: &str = r#"
[[policy]]
name = "a"
schedule = "*/15 * * * *"
clouds = ["otc"]
resource = "image-share"
match.granted_before = "30d"
"#;

fn compiled(config: &str) -> types::Cloud {
    let loaded = compile_texts(config, &[ON_OTC]).unwrap_or_else(|problems| panic!("{problems}"));
    loaded.config.clouds["otc"].clone()
}

#[track_caller]
fn replaced(from: &str, to: &str) -> String {
    assert!(HUAWEI.contains(from), "{from}");
    HUAWEI.replace(from, to)
}

fn otc_1() -> Domain {
    Domain::Name("OTC-1".into())
}

#[test]
fn a_user_and_a_project_are_of_the_account() {
    let cloud = compiled(HUAWEI);
    assert_eq!(cloud.region.as_deref(), Some("eu-de"));
    assert_eq!(cloud.provider.kinds(), crate::model::Kind::ALL);
    let HuaweiLogin::Password {
        user,
        password,
        project,
    } = &huawei(&cloud).login
    else {
        panic!("{cloud:?}")
    };
    let named = |name: &str| Named::Name {
        name: name.into(),
        domain: otc_1(),
    };
    assert_eq!((user, project), (&named("revoker"), &named("eu-de_sandbox")));
    assert_eq!(password.expose_secret(), "hunter2");
    assert!(!format!("{cloud:?}").contains("hunter2"));
    let by_id = replaced("domain = \"OTC-1\"", "domain_id = \"d0\"");
    let cloud = compiled(&by_id.replace("project = \"eu-de_sandbox\"", "project_id = \"p0\""));
    let HuaweiLogin::Password { user, project, .. } = &huawei(&cloud).login else {
        panic!("{cloud:?}")
    };
    assert!(matches!(user, Named::Name { domain: Domain::Id(id), .. } if id == "d0"));
    assert_eq!(*project, Named::Id("p0".into()));
}

#[test]
fn the_flavour_follows_the_address_and_brings_its_defaults() {
    let otc = compiled(HUAWEI);
    assert_eq!(huawei(&otc).flavour, Flavour::OpenTelekomCloud);
    assert_eq!(huawei(&otc).enterprise_project, None);
    assert_eq!(
        huawei(&otc).registry_content_type,
        "application/json;charset=utf8"
    );
    assert_eq!(
        (otc.limits.batch_resources, otc.limits.batch_subjects),
        (100, 100)
    );
    let elsewhere = replaced("eu-de.otc.t-systems.com", "eu-west-101.myhuaweicloud.eu");
    let cloud = compiled(&elsewhere);
    assert_eq!(huawei(&cloud).flavour, Flavour::HuaweiCloud);
    assert_eq!(
        huawei(&cloud).enterprise_project.as_deref(),
        Some("all_granted_eps")
    );
    // A host that only looks like it.
    let alike = compiled(&replaced(
        "iam.eu-de.otc.t-systems.com",
        "otc.t-systems.com.example",
    ));
    assert_eq!(huawei(&alike).flavour, Flavour::HuaweiCloud);
    let said = "flavour = \"huawei-cloud\"\nenterprise_project = \"\"\nbatch_resources = 7\n\
                registry_content_type = \"application/json\"\nproject =";
    let cloud = compiled(&replaced("project =", said));
    assert_eq!(huawei(&cloud).flavour, Flavour::HuaweiCloud);
    assert_eq!(huawei(&cloud).enterprise_project, None);
    assert_eq!(huawei(&cloud).registry_content_type, "application/json");
    assert_eq!(cloud.limits.batch_resources, 7);
}

#[test]
fn endpoints_are_given_where_the_catalogue_is_silent() {
    let said = format!("{HUAWEI}[clouds.otc.endpoints]\nswr = \"https://swr-api.example.com\"\n");
    let cloud = compiled(&said);
    assert_eq!(
        cloud.endpoints.registry.map(String::from).as_deref(),
        Some("https://swr-api.example.com/")
    );
    let told = mistakes_of(&said.replace("https://swr", "http://swr"), &[ON_OTC]);
    assert!(
        told.len() == 1 && told[0].contains("is not encrypted"),
        "{told:?}"
    );
    let loopback = said.replace("https://swr-api.example.com", "http://127.0.0.1:1");
    assert!(compile_texts(&loopback, &[ON_OTC]).is_ok());
}

#[test]
fn access_keys_are_read_from_where_they_are() {
    let begin = HUAWEI.split("method").next().unwrap();
    let login = "method = \"ak-sk\"\naccess_key = \"AK1\"\nsecret_key_env = \"SECRET\"\n";
    let cloud = compiled(&format!("{begin}{login}"));
    let HuaweiLogin::AccessKey {
        access_key,
        secret_key,
        security_token,
        project,
    } = &huawei(&cloud).login
    else {
        panic!("{cloud:?}")
    };
    assert_eq!(
        (access_key.as_str(), secret_key.expose_secret()),
        ("AK1", "hunter2")
    );
    assert!(security_token.is_none());
    assert!(matches!(project, Named::Name { domain, .. } if *domain == otc_1()));
    assert!(!format!("{cloud:?}").contains("hunter2"));
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).display().to_string();
    fs::write(path("ak"), "AK2\n").unwrap();
    let temporary = format!(
        "{begin}method = \"ak-sk\"\naccess_key_file = {:?}\nsecret_key_env = \"SECRET\"\n\
         security_token_env = \"SECRET\"\n",
        path("ak")
    );
    let temporary = temporary.replace(
        "domain = \"OTC-1\"\nproject = \"eu-de_sandbox\"",
        "project_id = \"p0\"",
    );
    let cloud = compiled(&temporary);
    let HuaweiLogin::AccessKey {
        access_key,
        security_token,
        project,
        ..
    } = &huawei(&cloud).login
    else {
        panic!("{cloud:?}")
    };
    assert_eq!(access_key, "AK2");
    assert!(security_token.is_some());
    assert_eq!(*project, Named::Id("p0".into()));
}

#[test]
fn a_token_is_read() {
    let config = replaced(
        "method = \"password\"\nuser = \"revoker\"\npassword_env",
        "method = \"token\"\ntoken_env",
    );
    assert!(matches!(
        huawei(&compiled(&config)).login,
        HuaweiLogin::Token { .. }
    ));
}

/// What is replaced in the section, by what, and what is said about it.
const MISTAKES: &[(&str, &str, &str)] = &[
    ("region = \"eu-de\"\n", "", "lacks `region`"),
    ("domain = \"OTC-1\"\n", "", "lacks `domain` or `domain_id`"),
    ("domain =", "domain_id = \"d\"\ndomain =", "both given"),
    (
        "project = \"eu-de_sandbox\"\n",
        "",
        "lacks `project` or `project_id`",
    ),
    ("project =", "project_id = \"p\"\nproject =", "both given"),
    (
        "project =",
        "project_domain = \"d\"\nproject =",
        "a key of provider `openstack`",
    ),
    (
        "user =",
        "user_domain = \"d\"\nuser =",
        "a key of provider `openstack`",
    ),
    ("user = \"revoker\"\n", "", "lacks `user` or `user_id`"),
    (
        "project =",
        "flavour = \"otc\"\nproject =",
        "unknown flavour `otc`",
    ),
    (
        "project =",
        "batch_resources = 101\nproject =",
        "between 1 and 100",
    ),
    ("project =", "batch_subjects = 0\nproject =", "between 1 and 100"),
    (
        "project =",
        "registry_content_type = \"text/plain\"\nproject =",
        "and nothing else",
    ),
    (
        "project =",
        "registry_content_type = \"application/json; charset=\"\nproject =",
        "and nothing else",
    ),
    (
        "project =",
        "enterprise_project = 5\nproject =",
        "must be a string",
    ),
    (
        "\"password\"",
        "\"application-credential\"",
        "Huawei Cloud has none",
    ),
    ("\"password\"", "\"aksk\"", "unknown method `aksk`"),
    (
        "provider =",
        "cloud = \"x\"\nprovider =",
        "clouds.yaml is for OpenStack",
    ),
    ("https://iam", "http://iam", "is not encrypted"),
];

#[test]
fn every_mistake_of_such_a_cloud_is_named() {
    for (from, to, message) in MISTAKES.iter().copied() {
        let found = mistakes_of(&replaced(from, to), &[ON_OTC]);
        assert!(found.iter().any(|told| told.contains(message)), "{to}: {found:?}");
        if !to.starts_with("cloud") {
            assert_eq!(found.len(), 1, "{to}: {found:?}");
        }
    }
}

#[test]
fn an_account_beside_ids_would_be_ignored_and_is_refused() {
    let config = replaced("project = \"eu-de_sandbox\"", "project_id = \"p\"");
    let found = mistakes_of(&config.replace("user =", "user_id ="), &[ON_OTC]);
    assert!(
        found.len() == 1 && found[0].contains("does nothing beside ids"),
        "{found:?}"
    );
}

#[test]
fn mistakes_of_access_keys_are_named_and_no_secret_is_shown() {
    let begin = HUAWEI.split("method").next().unwrap();
    for (login, message) in [
        ("secret_key_env = \"SECRET\"", "lacks `access_key`"),
        (
            "access_key = \"AK\"",
            "lacks `secret_key_file` or `secret_key_env`",
        ),
        (
            "access_key = \"AK\"\naccess_key_env = \"SECRET\"\nsecret_key_env = \"SECRET\"",
            "given here and elsewhere",
        ),
        (
            "access_key = \"AK\"\nsecret_key = \"hunter2\"",
            "does not belong into this file",
        ),
        (
            "access_key = \"AK\"\nsecret_key_env = \"SECRET\"\nsecurity_token = \"hunter2\"",
            "does not belong into this file",
        ),
        (
            "access_key = \"AK\"\nsecret_key_env = \"SECRET\"\nsk = \"hunter2\"",
            "unknown key `sk`",
        ),
    ] {
        let config = format!("{begin}method = \"ak-sk\"\n{login}\n");
        let problems = compile_texts(&config, &[ON_OTC]).expect_err(login);
        assert_eq!(problems.count(), 1, "{login}: {problems}");
        assert!(problems.to_string().contains(message), "{login}: {problems}");
        assert!(!problems.render(false, 100).contains("hunter2"), "{login}");
    }
}

#[test]
fn nothing_is_said_about_the_rest_where_the_provider_is_not_known() {
    let config = replaced("\"huawei\"", "\"huwei\"").replace("project =", "batch_resources = 5\nproject =");
    let found = mistakes_of(&config, &[ON_OTC]);
    assert!(
        found.len() == 1 && found[0].contains("unknown provider `huwei`"),
        "{found:?}"
    );
}
