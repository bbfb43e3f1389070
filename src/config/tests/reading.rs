//! What comes out of good files, and what happens on a disk.

use std::{fs, os::unix::fs::PermissionsExt};

use secrecy::ExposeSecret;

use super::*;
use crate::{
    engine::policy::{Expiry, Missed},
    model::{Kind, Mode},
};

#[test]
fn defaults_hold_for_what_is_not_written() {
    let config = policy_compiled(POLICY).config;
    assert_eq!(config.daemon.listen.to_string(), "127.0.0.1:9469");
    assert_eq!(config.daemon.store, Path::new("/nonexistent/revokd.db"));
    assert_eq!(config.daemon.retry.attempts, 6);
    let policy = &config.policies[0];
    assert!(policy.enabled);
    assert_eq!(
        (policy.mode, policy.missed, policy.kinds.clone()),
        (Mode::Observe, Missed::RunOnce, vec![Kind::ImageShare])
    );
    assert_eq!(
        (policy.limits.max_revocations, policy.limits.max_percent),
        (100, 20.0)
    );
    assert_eq!(policy.zone().iana_name(), Some("UTC"));
}

#[test]
fn one_or_many_dotted_or_in_a_section_mean_the_same() {
    let dotted = format!("{POLICY}match.image.name = \"g-*\"\nmatch.expires.tag = \"expires\"\n");
    let section = POLICY.replace("match.granted_before = \"30d\"", "")
        + "match = { granted_before = '30d', image = { name = ['g-*'] }, expires = { tag = 'expires' } }\n";
    for text in [&dotted, &section] {
        let policy = &policy_compiled(text).config.policies[0];
        assert!(
            policy
                .matcher
                .image
                .name
                .as_ref()
                .is_some_and(|name| name.matches("g-1"))
        );
        assert_eq!(policy.matcher.expires, Some(Expiry::Tag("expires".into())));
    }
}

#[test]
fn the_digest_follows_the_meaning_and_not_the_looks() {
    let digest = |text: &str| policy_compiled(text).config.policies[0].digest.clone();
    let one = digest(POLICY);
    assert_eq!(
        one,
        digest(&POLICY.replace("match.granted_before = ", "# why\nmatch . granted_before   = "))
    );
    assert_ne!(one, digest(&POLICY.replace("30d", "31d")));
}

#[test]
fn sizes_ages_and_properties_are_read() {
    let text = format!(
        "{POLICY}match.created_before = \"0s\"\nmatch.image.size = {{ min = \"1GiB\", max = 5000000000 }}\n\
         match.image.properties = {{ os_type = [\"linux\", \"bsd*\"] }}\nmatch.image.tags = [\"a*\", \"b\"]\n\
         limits.max_per_resource = 3\nlimits.grace = \"1d 2h\"\n"
    );
    let policy = &policy_compiled(&text).config.policies[0];
    assert_eq!(policy.matcher.image.min_size, Some(1 << 30));
    assert_eq!(policy.matcher.image.max_size, Some(5_000_000_000));
    assert!(policy.matcher.image.properties["os_type"].matches("bsd4"));
    assert_eq!(policy.matcher.image.tags.len(), 2);
    assert_eq!(policy.limits.grace.as_secs(), 26 * 3600);
    assert_eq!(policy.limits.max_per_resource, Some(3));
}

#[test]
fn ended_exemptions_disabled_policies_and_open_listeners_are_warned_of() {
    let policy = format!(
        "{POLICY}enabled = false\n[[policy.exempt]]\nsubject = \"x\"\nuntil = 2026-11-20\nreason = \"r\"\n"
    );
    let config = format!("daemon.listen = \"0.0.0.0:9469\"\n{SMALLEST}");
    let warnings = compile_texts(&config, &[&policy])
        .unwrap_or_else(|p| panic!("{p}"))
        .warnings;
    let told = warnings.to_string();
    for part in ["from other machines", "has ended", "is disabled"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(warnings.render_warnings(false, 100).contains('⚠'));
}

#[test]
fn an_urgent_policy_that_waits_for_a_grace_is_warned_of() {
    let warned = |lines: &str| {
        let read = compile_texts(SMALLEST, &[&format!("{POLICY}{lines}")]);
        let warnings = read.unwrap_or_else(|p| panic!("{p}")).warnings.to_string();
        warnings.contains("is urgent and waits for its grace to pass")
    };
    let urgent = "priority = \"urgent\"\n";
    assert!(warned(&format!("{urgent}limits.grace = \"1h\"\n")));
    assert!(!warned(urgent));
    assert!(!warned(&format!("{urgent}limits.grace = \"0s\"\n")));
    assert!(!warned("limits.grace = \"1h\"\n"));
}

/// A directory with a configuration that holds.
fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("policies")).unwrap();
    fs::write(directory.path().join("revokd.toml"), SMALLEST).unwrap();
    fs::write(directory.path().join("policies/a.toml"), POLICY).unwrap();
    directory
}

fn loaded(directory: &Path) -> Result<Loaded, Problems> {
    load(&directory.join("revokd.toml"), now(), &environment)
}

fn load_problem(directory: &Path) -> String {
    told(&loaded(directory).expect_err("there is a problem")).join("\n")
}

#[test]
fn files_are_read_in_order_and_backups_are_not() {
    let directory = directory();
    let policies = directory.path().join("policies");
    fs::write(policies.join("0.toml"), POLICY.replace("\"a\"", "\"first\"")).unwrap();
    for other in [".hidden.toml", "a.toml~", "#a.toml", "notes.txt", "a.toml.bak"] {
        fs::write(policies.join(other), "rubbish").unwrap();
    }
    let elsewhere = directory.path().join("elsewhere");
    fs::write(&elsewhere, POLICY.replace("\"a\"", "\"linked\"")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, policies.join("z.toml")).unwrap();
    let config = loaded(directory.path()).unwrap_or_else(|p| panic!("{p}")).config;
    let names: Vec<&str> = config
        .policies
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    assert_eq!(names, ["first", "a", "linked"]);
}

#[test]
fn what_cannot_be_read_is_told() {
    let at = directory();
    assert!(load_problem(&at.path().join("none")).contains("there is no such file"));
    let a = at.path().join("policies/a.toml");
    fs::write(&a, b"ok = 1\n\nx = \"\xff\"\n").unwrap();
    assert!(
        load_problem(at.path()).contains("position 13, in line 3"),
        "{}",
        load_problem(at.path())
    );
    fs::write(&a, vec![b'#'; (1 << 20) + 1]).unwrap();
    assert!(load_problem(at.path()).contains("larger than 1 MiB"));
    fs::remove_file(&a).unwrap();
    assert!(load_problem(at.path()).contains("is an empty folder"));
    fs::create_dir(&a).unwrap();
    assert!(load_problem(at.path()).contains("is a directory, not a file"));
    fs::remove_dir_all(at.path().join("policies")).unwrap();
    assert!(load_problem(at.path()).contains("does not exist"));
    fs::write(
        at.path().join("revokd.toml"),
        format!("daemon.policies = \"revokd.toml\"\n{SMALLEST}"),
    )
    .unwrap();
    assert!(
        load_problem(at.path()).contains("revokd.toml:1:19"),
        "{}",
        load_problem(at.path())
    );
}

#[test]
fn secrets_come_from_files_credentials_and_the_environment() {
    let at = directory();
    let config = SMALLEST.replace("password_env = \"SECRET\"", "password_file = \"pw\"");
    fs::write(at.path().join("revokd.toml"), config).unwrap();
    assert!(load_problem(at.path()).contains("cannot be read"));
    fs::write(at.path().join("pw"), "\n").unwrap();
    assert!(load_problem(at.path()).contains("is empty"));
    fs::write(at.path().join("pw"), "hunter3\n").unwrap();
    fs::set_permissions(at.path().join("pw"), fs::Permissions::from_mode(0o604)).unwrap();
    let good = loaded(at.path()).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(secret_of(&good), "hunter3");
    assert!(good.warnings.to_string().contains("can be read by every user"));
    assert!(!format!("{good:?}").contains("hunter3"));
    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("pw"), "hunter4").unwrap();
    let directory = credentials.path().display().to_string();
    let with_credentials = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
    let good =
        load(&at.path().join("revokd.toml"), now(), &with_credentials).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(secret_of(&good), "hunter4");
}

#[test]
fn a_secret_of_a_directory_is_found_as_systemd_loads_a_directory_and_beside_the_file() {
    let at = directory();
    let config = SMALLEST.replace("password_env = \"SECRET\"", "password_file = \"secrets/pw\"");
    fs::write(at.path().join("revokd.toml"), config).unwrap();
    fs::create_dir(at.path().join("secrets")).unwrap();
    fs::write(at.path().join("secrets/pw"), "of the file").unwrap();
    let credentials = tempfile::tempdir().unwrap();
    let directory = credentials.path().display().to_string();
    let as_service = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
    let read = || load(&at.path().join("revokd.toml"), now(), &as_service).unwrap_or_else(|p| panic!("{p}"));
    assert_eq!(secret_of(&read()), "of the file");
    fs::write(credentials.path().join("secrets_pw"), "of the credential").unwrap();
    assert_eq!(secret_of(&read()), "of the credential");
}

#[test]
fn the_service_is_told_which_credential_it_lacks_and_that_it_comes_with_a_restart() {
    let at = directory();
    let config = SMALLEST.replace("password_env = \"SECRET\"", "password_file = \"secrets/pw\"");
    fs::write(at.path().join("revokd.toml"), config).unwrap();
    let credentials = tempfile::tempdir().unwrap();
    let directory = credentials.path().display().to_string();
    let as_service = |name: &str| (name == "CREDENTIALS_DIRECTORY").then(|| directory.clone());
    let problems = || load(&at.path().join("revokd.toml"), now(), &as_service).expect_err("no secret");
    let said = problems().to_string();
    for part in [
        "no credential `secrets_pw`",
        "secrets/pw",
        "systemctl restart revokd",
    ] {
        assert!(said.contains(part), "{said}");
    }
    assert!(
        !load_problem(at.path()).contains("no credential"),
        "a command has none"
    );
    fs::write(credentials.path().join("secrets_pw"), "").unwrap();
    assert!(problems().to_string().contains("is empty"));
}

fn secret_of(loaded: &Loaded) -> &str {
    match openstack_login(&loaded.config.clouds["one"]) {
        super::types::Auth::Password { password, .. } => password.expose_secret(),
        other => panic!("{other:?}"),
    }
}
