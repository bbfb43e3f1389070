//! Clouds: addresses, accounts, and clouds.yaml.

use std::fs;

use super::*;
use crate::config::types::{Auth, CredentialName, Domain, Named};

fn cloud_mistake(from: &str, to: &str) -> String {
    assert!(SMALLEST.contains(from), "{from}");
    let found = mistakes_of(&SMALLEST.replace(from, to), &[POLICY]);
    assert_eq!(found.len(), 1, "{to}: {found:?}");
    found[0].clone()
}

#[test]
fn every_mistake_of_a_cloud_is_named() {
    for (from, to, message) in [
        ("\"openstack\"", "\"openstak\"", "unknown provider `openstak`"),
        ("https://keystone", "http://keystone", "is not encrypted"),
        ("https://keystone", "ftp://keystone", "neither https nor http"),
        (
            "https://keystone",
            "https://u:hunter2@keystone",
            "holds credentials",
        ),
        ("https://keystone.example.com/v3", "keystone", "no address"),
        ("project = \"p\"\n", "", "lacks `project` or `project_id`"),
        (
            "project = \"p\"\n",
            "project = \"p\"\nproject_id = \"q\"\n",
            "both given",
        ),
        (
            "project = \"p\"\n",
            "project_id = \"q\"\nproject_domain = \"d\"\n",
            "takes no domain",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nconcurrency = 257\n",
            "between 1 and 256",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nrequest_timeout = \"0s\"\n",
            "`request_timeout` must be between",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nca_file = \"none.pem\"\n",
            "cannot be read",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nendpoints = { images = \"https://g\" }\n",
            "unknown key `images`",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\ndomain = \"x\"\n",
            "`domain` is a key of provider `huawei`",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nendpoints = { swr = \"https://s\" }\n",
            "OpenStack has no registry",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nbatch_subjects = 5\n",
            "calls that remove several targets",
        ),
        (
            "project = \"p\"\n",
            "project = \"p\"\nflavour = \"huawei-cloud\"\n",
            "`flavour` is a key of provider `huawei`",
        ),
        (
            "method = \"password\"",
            "method = \"ak-sk\"",
            "OpenStack takes none",
        ),
        (
            "password_env = \"SECRET\"",
            "password_env = \"OTHER\"",
            "`OTHER` is not set",
        ),
        (
            "password_env = \"SECRET\"",
            "",
            "lacks `password_file` or `password_env`",
        ),
        ("clouds.one]", "clouds.\"o ne\"]", "no name for a cloud"),
    ] {
        if to.contains("o ne") {
            let config = SMALLEST.replace("clouds.one", "clouds.\"o ne\"");
            let found = mistakes_of(&config, &[&POLICY.replace("\"one\"", "\"*\"")]);
            assert!(found[0].contains(message), "{found:?}");
            continue;
        }
        let found = cloud_mistake(from, to);
        assert!(found.contains(message), "{to}: {found}");
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_never_shown() {
    let config = SMALLEST.replace("password_env = \"SECRET\"", "password = \"hunter2\"");
    let problems = compile_texts(&config, &[POLICY]).unwrap_err();
    assert!(
        problems.to_string().contains("does not belong into this file"),
        "{problems}"
    );
    for shown in [
        problems.render(false, 100),
        problems.to_string(),
        format!("{problems:?}"),
        problems.to_json().to_string(),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert!(problems.render(false, 100).contains("password = *********"));
    // A syntax error beside it quotes its lines too.
    let problems = compile_texts(&config.replace("user = \"u\"", "user = "), &[POLICY]).unwrap_err();
    assert!(!problems.render(false, 100).contains("hunter2"));
}

#[test]
fn a_ca_file_must_hold_a_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    let config = SMALLEST.replace(
        "project =",
        &format!("ca_file = {:?}\nproject =", path.display().to_string()),
    );
    fs::write(&path, "hello").unwrap();
    assert!(mistakes_of(&config, &[POLICY])[0].contains("holds no certificate"));
    fs::write(&path, "-----BEGIN CERTIFICATE-----\n").unwrap();
    let loaded = compile_texts(&config, &[POLICY]).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(
        loaded.config.clouds["one"].ca_file.as_deref(),
        Some(path.as_path())
    );
}

#[test]
fn http_is_taken_on_loopback_or_by_request() {
    for address in [
        "http://localhost:5000/v3",
        "http://127.0.0.1/v3",
        "http://[::1]:5000",
    ] {
        let config = SMALLEST.replace("https://keystone.example.com/v3", address);
        assert!(compile_texts(&config, &[POLICY]).is_ok(), "{address}");
    }
    let config = SMALLEST
        .replace("https://", "http://")
        .replace("project =", "allow_http = true\nproject =");
    assert!(compile_texts(&config, &[POLICY]).is_ok());
}

#[test]
fn the_daemon_section_is_checked() {
    for (line, message) in [
        (
            "store = \"postgres://h/d\"",
            "PostgreSQL is not supported in this version",
        ),
        ("store = \"revokd.db\"", "names no store"),
        ("listen = \"localhost\"", "no address to listen on"),
        ("protect = [\"9c61\"]", "unknown thing to protect"),
        ("protect = [\"user:backup \"]", "space at an end"),
        ("protect = \"project:\"", "which project"),
        ("protect = \"image:[\"", "no pattern"),
        ("protect = \"namespace:\"", "which namespace"),
        ("protect = \"namespace:Team\"", "no namespace holds `T`"),
        ("protect = \"repository:team\"", "the id of no repository"),
        ("protect = \"repository:team/api$x\"", "no repository holds `$`"),
        ("retry.attempts = 51", "between 1 and 50"),
        (
            "retry = { first_delay = \"1h\", longest_delay = \"1m\" }",
            "longer than",
        ),
        ("decision_valid = \"1s\"", "must be between"),
        ("lissten = \"127.0.0.1:1\"", "unknown key `lissten`"),
    ] {
        let found = mistakes_of(&format!("[daemon]\n{line}\n{SMALLEST}"), &[POLICY]);
        assert!(
            found.len() == 1 && found[0].contains(message),
            "{line}: {found:?}"
        );
    }
    let config = format!("daemon.protect = [\"project:9c*\", \"image:71\"]\n{SMALLEST}");
    let protect = compile_texts(&config, &[POLICY]).unwrap().config.daemon.protect;
    assert!(protect.covers_image(&"71".into(), "a-name"));
    assert!(protect.covers_image(&"an-id".into(), "71"));
    assert!(protect.covers_subject(crate::model::SubjectKind::Project, &"9c61".into()));
    let config = format!("daemon.protect = [\"namespace:team\", \"repository:team/sub/*\"]\n{SMALLEST}");
    let protect = compile_texts(&config, &[POLICY]).unwrap().config.daemon.protect;
    assert!(
        protect
            .namespaces
            .is_some_and(|patterns| patterns.matches("team"))
    );
    assert!(
        protect
            .repositories
            .is_some_and(|patterns| patterns.matches("team/sub/api"))
    );
}

#[test]
fn application_credentials_and_tokens_are_read() {
    let begin = "[clouds.one]\nprovider = \"openstack\"\nauth_url = \"https://k.example.com\"\n";
    let credential = format!(
        "{begin}[clouds.one.auth]\nmethod = \"application-credential\"\nname = \"c\"\nuser = \"u\"\n\
         user_domain_id = \"d1\"\nsecret_env = \"SECRET\"\n"
    );
    let config = compile_texts(&credential, &[POLICY])
        .unwrap_or_else(|p| panic!("{p}"))
        .config;
    let Auth::ApplicationCredential {
        credential: CredentialName::Name { name, user },
        ..
    } = openstack_login(&config.clouds["one"])
    else {
        panic!("{config:?}");
    };
    assert_eq!(name, "c");
    assert_eq!(
        *user,
        Named::Name {
            name: "u".into(),
            domain: Domain::Id("d1".into())
        }
    );
    let with_project = credential.replace("[clouds.one.auth]", "project = \"p\"\n[clouds.one.auth]");
    assert!(mistakes_of(&with_project, &[POLICY])[0].contains("belongs to one project already"));
    let token =
        format!("{begin}project_id = \"p\"\n[clouds.one.auth]\nmethod = \"token\"\ntoken_env = \"SECRET\"\n");
    let config = compile_texts(&token, &[POLICY])
        .unwrap_or_else(|p| panic!("{p}"))
        .config;
    assert!(
        matches!(openstack_login(&config.clouds["one"]), Auth::Token { project: Named::Id(id), .. } if id == "p")
    );
}

const YAML: &str = "
clouds:
  prod:
    auth:
      auth_url: https://keystone.example.com/v3
      username: revoker
      password: hunter2
      project_name: images
      user_domain_name: People
    region_name: R1
    identity_api_version: 3
  split:
    auth: { auth_url: 'https://k.example.com', application_credential_id: 12345 }
    auth_type: v3applicationcredential
    interface: internal
  unsafe:
    verify: false
    auth: { auth_url: 'https://k.example.com', token: hunter2, project_id: p }
  odd:
    auth_type: v3oidcpassword
    auth: { auth_url: 'https://k.example.com', password: hunter2 }
";

fn with_yaml(lines: &str) -> Result<Loaded, Problems> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("clouds.yaml"), YAML).unwrap();
    let secure = "clouds:\n  split:\n    auth:\n      application_credential_secret: hunter2\n";
    fs::write(directory.path().join("secure.yaml"), secure).unwrap();
    let config = SourceFile::new("revokd.toml", format!("[clouds.one]\n{lines}\n"));
    let policies = vec![SourceFile::new("a.toml", POLICY)];
    let file = directory.path().join("clouds.yaml").display().to_string();
    let environment = |name: &str| (name == "OS_CLIENT_CONFIG_FILE").then(|| file.clone());
    compile(
        Files::of_texts(directory.path(), config, policies),
        now(),
        &environment,
    )
}

#[test]
fn an_account_can_come_from_clouds_yaml() {
    let config = with_yaml("cloud = \"prod\"\nregion = \"R2\"")
        .unwrap_or_else(|p| panic!("{p}"))
        .config;
    let cloud = &config.clouds["one"];
    assert_eq!(cloud.region.as_deref(), Some("R2"));
    let Auth::Password { user, project, .. } = openstack_login(cloud) else {
        panic!("{cloud:?}")
    };
    assert_eq!(
        *user,
        Named::Name {
            name: "revoker".into(),
            domain: Domain::Name("People".into())
        }
    );
    assert_eq!(
        *project,
        Named::Name {
            name: "images".into(),
            domain: Domain::Name("Default".into())
        }
    );
    let config = with_yaml("cloud = \"split\"\nclouds_file = \"clouds.yaml\"")
        .unwrap_or_else(|p| panic!("{p}"))
        .config;
    let cloud = &config.clouds["one"];
    assert_eq!(cloud.interface, "internal");
    assert!(
        matches!(openstack_login(cloud), Auth::ApplicationCredential { credential: CredentialName::Id(id), .. } if id == "12345")
    );
}

#[test]
fn what_is_wrong_with_clouds_yaml_is_told_without_its_secrets() {
    for (lines, message) in [
        ("cloud = \"prd\"", "has no cloud `prd`; did you mean `prod`?"),
        ("cloud = \"unsafe\"", "switches off the check of certificates"),
        ("cloud = \"odd\"", "has the auth_type `v3oidcpassword`"),
        (
            "cloud = \"prod\"\nauth_url = \"https://x\"",
            "comes from clouds.yaml",
        ),
        ("cloud = \"prod\"\nclouds_file = \"none.yaml\"", "cannot be read"),
    ] {
        let problems = with_yaml(lines).expect_err(lines);
        assert!(problems.to_string().contains(message), "{lines}: {problems}");
        assert!(!problems.render(false, 100).contains("hunter2"));
    }
}
