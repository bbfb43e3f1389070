//! `revokd init`: from nothing to a configuration that works, on simulated
//! clouds.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};

use jiff::Timestamp;
use revokd::{
    config::types::Flavour,
    providers::{
        huawei::simulated::{Options as HuaweiOptions, SimulatedHuawei},
        openstack::simulated::{Options, SimulatedCloud},
    },
    simulator::{CallKind, Login, Seeding, demo_registry, seeded_world},
};
use tempfile::TempDir;

use crate::cli_folder::{Answer, answer, revokd};

/// Where nothing is configured yet.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a directory"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let config = self.path("revokd.toml").display().to_string();
        revokd(&[arguments, &["--config", &config]].concat())
    }

    #[track_caller]
    fn revokd(&self, arguments: &[&str]) -> Answer {
        answer(self.command(arguments))
    }

    /// `init` with the secret on standard input, where it is asked to read it.
    #[track_caller]
    fn init(&self, arguments: &[&str], secret: &str) -> Answer {
        let mut command = self.command(&[&["init"], arguments, &["--secret-stdin"]].concat());
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = piped.spawn().expect("revokd starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        // Who was refused for another reason reads no secret.
        drop(stdin.write_all(format!("{secret}\n").as_bytes()));
        drop(stdin);
        let output = child.wait_with_output().expect("an end");
        let text = |bytes| String::from_utf8(bytes).expect("output in UTF-8");
        Answer {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// The files below, by their paths.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        walk(self.0.path(), self.0.path(), &mut found);
        found.sort();
        found
    }

    /// The secret is in its own file, for its owner alone, and nowhere else.
    #[track_caller]
    fn assert_secret_is_only_in(&self, name: &str, secret: &str, told: &Answer) {
        assert_eq!(self.read(name), format!("{secret}\n"));
        let mode = |name: &str| self.path(name).metadata().expect("a file").permissions().mode() & 0o777;
        assert_eq!((mode(name), mode("secrets")), (0o600, 0o700));
        for (file, contents) in self.files() {
            let text = String::from_utf8_lossy(&contents);
            assert!(file == name || !text.contains(secret), "{file} holds the secret");
        }
        assert_untold(told, secret);
    }

    /// What was written is what `check` and `plan` take; the number of shares
    /// that the starter policy finds.
    #[track_caller]
    fn assert_works(&self, policy: &str) {
        let checked = self.revokd(&["check"]).expect(0);
        assert_eq!(checked.stderr, "", "no warning either");
        let plan = self
            .revokd(&["plan", policy, "--output", "json"])
            .expect(0)
            .json();
        assert_eq!(plan["policies"][0]["mode"], "observe");
        let found = plan["revocations"].as_array().expect("a list").len();
        assert!(found > 0, "{plan}");
    }
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, found);
        } else {
            let name = path.strip_prefix(root).expect("below").display().to_string();
            found.push((name, fs::read(&path).expect("a file")));
        }
    }
}

#[track_caller]
fn assert_untold(told: &Answer, secret: &str) {
    assert!(!told.stdout.contains(secret), "{}", told.stdout);
    assert!(!told.stderr.contains(secret), "{}", told.stderr);
}

async fn openstack() -> (SimulatedCloud, Login) {
    let seeded = seeded_world(&Seeding {
        seed: 5,
        now: Timestamp::now(),
        images: 20,
        foreign_images: 2,
        projects: 6,
        shares_per_image: 3,
    });
    let cloud = SimulatedCloud::start(seeded.world, Options::new(Arc::new(Timestamp::now)));
    (cloud.await.expect("a port on loopback"), seeded.login)
}

fn by_password(cloud: &SimulatedCloud, login: &Login) -> Vec<String> {
    [
        "--provider=openstack".to_owned(),
        format!("--auth-url={}", cloud.auth_url()),
        "--region=RegionOne".to_owned(),
        format!("--user={}", login.user_name),
        format!("--project={}", login.project_name),
    ]
    .into()
}

fn named<'a>(name: &'a str, arguments: &'a [String]) -> Vec<&'a str> {
    [name]
        .into_iter()
        .chain(arguments.iter().map(String::as_str))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_and_a_password_become_a_configuration_that_works() {
    let (cloud, login) = openstack().await;
    let place = Place::new();
    let told = place
        .init(&named("prod", &by_password(&cloud, &login)), &login.password)
        .expect(0);
    assert_eq!(cloud.requests().count(CallKind::Login), 1);
    for shown in ["20 images, ", "next:", " check", " plan"] {
        assert!(told.stdout.contains(shown), "{shown:?} in:\n{}", told.stdout);
    }
    place.assert_secret_is_only_in("secrets/prod-password", &login.password, &told);
    place.assert_works("old-shares-prod");
    let files: Vec<String> = place.files().into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        files,
        [
            "policies/old-shares-prod.toml",
            "revokd.toml",
            "secrets/prod-password"
        ]
    );
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_credential_needs_no_project() {
    let (cloud, login) = openstack().await;
    let place = Place::new();
    let arguments = [
        "--provider=openstack".to_owned(),
        format!("--auth-url={}", cloud.auth_url()),
        "--region=RegionOne".to_owned(),
        format!("--application-credential-id={}", login.credential),
    ];
    let told = place
        .init(&named("prod", &arguments), &login.credential_secret)
        .expect(0);
    place.assert_secret_is_only_in("secrets/prod-secret", &login.credential_secret, &told);
    place.assert_works("old-shares-prod");
    cloud.stop().await;
}

/// By the user's password and by an access key, on both flavours.
#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_with_a_registry_is_configured_either_way() {
    for (flavour, provider) in [
        (Flavour::HuaweiCloud, "huawei-cloud"),
        (Flavour::OpenTelekomCloud, "open-telekom-cloud"),
    ] {
        let options = HuaweiOptions::new(Arc::new(Timestamp::now), flavour);
        let region = options.region.clone();
        let demo = demo_registry::registry_demo(Timestamp::now(), &region);
        let cloud = SimulatedHuawei::start(demo.world, options)
            .await
            .expect("a port on loopback");
        let common = [
            format!("--provider={provider}"),
            format!("--auth-url={}", cloud.auth_url()),
            format!("--region={region}"),
            format!("--domain={}", demo_registry::ACCOUNT),
            format!("--project={}", demo.project),
            format!("--swr={}", cloud.registry_url()),
        ];
        let user = [format!("--user={}", demo_registry::USER)];
        let key = [
            format!("--access-key={}", demo.access_key.access_key),
            format!("--image={}", cloud.image_url()),
        ];
        let with_password = (&user[..], demo_registry::PASSWORD, "secrets/otc-password");
        let with_key = (
            &key[..],
            demo.access_key.secret_key.as_str(),
            "secrets/otc-secret-key",
        );
        for (login, secret, file) in [with_password, with_key] {
            let place = Place::new();
            let arguments = [&common[..], login].concat();
            let told = place.init(&named("otc", &arguments), secret).expect(0);
            assert!(told.stdout.contains(" repositories\n"), "{}", told.stdout);
            assert!(told.stdout.contains(" users of the account\n"), "{}", told.stdout);
            place.assert_secret_is_only_in(file, secret, &told);
            place.assert_works("old-shares-otc");
        }
        cloud.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_login_is_tried_once_and_writes_nothing() {
    let (cloud, login) = openstack().await;
    let place = Place::new();
    let secret = "not-the-password-of-anybody";
    let told = place
        .init(&named("prod", &by_password(&cloud, &login)), secret)
        .expect(1);
    assert_eq!(cloud.requests().count(CallKind::Login), 1);
    assert!(place.files().is_empty());
    assert!(told.stderr.contains("nothing was written"), "{}", told.stderr);
    assert_untold(&told, secret);
    cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_cloud_stands_behind_what_is_there() {
    let (cloud, login) = openstack().await;
    let place = Place::new();
    let arguments = by_password(&cloud, &login);
    place.init(&named("first", &arguments), &login.password).expect(0);
    let before = place.read("revokd.toml") + "# by hand, without a newline";
    fs::write(place.path("revokd.toml"), &before).expect("a change");
    fs::set_permissions(place.path("revokd.toml"), fs::Permissions::from_mode(0o640)).expect("ours");
    let told = place
        .init(&named("second.cloud", &arguments), &login.password)
        .expect(0);
    let after = place.read("revokd.toml");
    assert!(after.starts_with(&before), "{after}");
    assert!(
        after[before.len()..].contains("\n[clouds.\"second.cloud\"]\n"),
        "{after}"
    );
    let mode = place
        .path("revokd.toml")
        .metadata()
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_untold(&told, &login.password);
    place.assert_works("old-shares-first");
    place.assert_works("old-shares-second.cloud");

    let whole = place.files();
    let refused = place.init(&named("first", &arguments), &login.password).expect(3);
    assert!(
        refused.stderr.contains("there is a cloud `first` already"),
        "{}",
        refused.stderr
    );
    assert_eq!(place.files(), whole, "nothing changed");
    cloud.stop().await;
}

const NOWHERE: [&str; 5] = [
    "prod",
    "--provider=openstack",
    "--auth-url=http://127.0.0.1:1/v3",
    "--user=revokd",
    "--no-test",
];

#[test]
fn nobody_is_asked_without_a_terminal_and_the_flag_is_named() {
    let place = Place::new();
    let told = place.init(&NOWHERE, "a-secret-of-nobody").expect(2);
    assert!(
        told.stderr.contains("--project or --project-id is missing"),
        "{}",
        told.stderr
    );
    let without_secret = [&["init"], &NOWHERE[..], &["--project=images"]].concat();
    let told = place.revokd(&without_secret).expect(2);
    assert!(
        told.stderr.contains("--secret-stdin or --secret-file is missing"),
        "{}",
        told.stderr
    );
    assert!(place.files().is_empty());
}

#[test]
fn a_secret_that_is_there_is_neither_written_over_nor_lost() {
    let place = Place::new();
    fs::create_dir(place.path("secrets")).expect("a folder");
    fs::write(place.path("secrets/prod-password"), "kept-as-it-is").expect("a file");
    fs::set_permissions(
        place.path("secrets/prod-password"),
        fs::Permissions::from_mode(0o600),
    )
    .expect("ours");
    let arguments = [&NOWHERE[..], &["--project=images"]].concat();
    let refused = place.init(&arguments, "another-secret").expect(2);
    assert!(refused.stderr.contains("--secret-file"), "{}", refused.stderr);
    let file = place.path("secrets/prod-password").display().to_string();
    place
        .revokd(&[&["init"], &arguments[..], &["--secret-file", &file]].concat())
        .expect(0);
    assert_eq!(place.read("secrets/prod-password"), "kept-as-it-is");
    let config = place.read("revokd.toml");
    assert!(
        config.contains("\npassword_file = \"secrets/prod-password\"\n"),
        "{config}"
    );
    place.revokd(&["check"]).expect(0);
}

#[test]
fn a_dry_run_shows_everything_but_the_secret_and_writes_nothing() {
    let place = Place::new();
    let secret = "a-secret-of-nobody";
    let arguments = [&NOWHERE[..], &["--project=images", "--dry-run"]].concat();
    let told = place.init(&arguments, secret).expect(0);
    for shown in ["[daemon]", "[clouds.prod]", "[clouds.prod.auth]", "[[policy]]"] {
        assert!(told.stdout.contains(shown), "{shown} in:\n{}", told.stdout);
    }
    assert_untold(&told, secret);
    assert!(place.files().is_empty());
}

#[test]
fn what_could_not_be_loaded_is_told_before_anything_is_written() {
    let place = Place::new();
    let arguments = [
        "prod",
        "--provider=openstack",
        "--auth-url=http://keystone.example.com/v3",
        "--user=revokd",
        "--project=images",
    ];
    let told = place.init(&arguments, "a-secret-of-nobody").expect(3);
    assert!(
        told.stderr.contains("this address is not encrypted"),
        "{}",
        told.stderr
    );
    fs::write(place.path("revokd.toml"), "[daemon\n").expect("a file");
    let told = place.init(&arguments, "a-secret-of-nobody").expect(3);
    assert!(told.stderr.contains("revokd.toml:1:"), "{}", told.stderr);
    assert_eq!(place.read("revokd.toml"), "[daemon\n");
}

/// A cloud that is configured, and another policy beside its own.
fn with_policy(name: &str, clouds: &str, mode: &str) -> Place {
    let place = Place::new();
    let arguments = [&NOWHERE[..], &["--project=images"]].concat();
    place.init(&arguments, "a-secret-of-nobody").expect(0);
    let policy = format!(
        "[[policy]]\nname = \"{name}\"\ndescription = \"By hand.\"\nschedule = \"0 3 * * *\"\n\
         timezone = \"UTC\"\nclouds = [\"{clouds}\"]\nresource = \"image-share\"\nmode = \"{mode}\"\n\
         match.granted_before = \"30d\"\n"
    );
    fs::write(place.path("policies/by-hand.toml"), policy).expect("a policy");
    place
}

fn second() -> Vec<&'static str> {
    [&["second"], &NOWHERE[1..], &["--project=images"]].concat()
}

const AGREED: &str = "--under-existing-policies";

#[test]
fn a_policy_on_all_clouds_takes_in_a_new_one_only_where_that_is_said() {
    for mode in ["approve", "enforce"] {
        let place = with_policy("old-everywhere", "*", mode);
        let before = place.files();
        for more in [&[][..], &["--yes"]] {
            let told = place.init(&[&second()[..], more].concat(), "another").expect(2);
            for said in [AGREED, &format!("old-everywhere ({mode})")] {
                assert!(told.stderr.contains(said), "{said} in:\n{}", told.stderr);
            }
            assert_eq!(place.files(), before, "nothing is written");
        }
        let shown = place.init(&[&second()[..], &["--dry-run"]].concat(), "another");
        assert!(shown.expect(0).stdout.contains("  old-everywhere ("));
        place
            .init(&[&second()[..], &[AGREED]].concat(), "another")
            .expect(0);
        place.revokd(&["check"]).expect(0);
    }
}

#[test]
fn policies_that_only_look_or_name_their_clouds_need_no_word() {
    let looking = with_policy("old-everywhere", "*", "observe");
    let told = looking.init(&second(), "another").expect(0);
    assert!(
        told.stdout.contains("\n  old-everywhere (observe)\n"),
        "{}",
        told.stdout
    );
    let elsewhere = with_policy("old-there", "prod", "enforce");
    let told = elsewhere.init(&second(), "another").expect(0);
    assert!(!told.stdout.contains("old-there"), "{}", told.stdout);
}

#[test]
fn a_policy_that_has_the_name_of_the_new_one_is_told_before_anything_is_written() {
    let place = with_policy("old-shares-second", "prod", "observe");
    let before = place.files();
    let told = place
        .init(&[&second()[..], &[AGREED]].concat(), "another")
        .expect(3);
    let said = "there are two policies of the name `old-shares-second`";
    assert!(told.stderr.contains(said), "{}", told.stderr);
    assert_eq!(place.files(), before, "nothing is written");
}

#[test]
fn problems_that_were_there_before_keep_no_cloud_from_being_added() {
    let place = with_policy("old-there", "prod", "observe");
    fs::remove_file(place.path("secrets/prod-password")).expect("a secret");
    let before = place.files();
    let told = place.init(&second(), "another").expect(2);
    assert!(told.stderr.contains(AGREED), "{}", told.stderr);
    assert!(told.stdout.contains("1 problem of its own"), "{}", told.stdout);
    assert_eq!(place.files(), before, "nothing is written");
    let told = place
        .init(&[&second()[..], &[AGREED]].concat(), "another")
        .expect(3);
    assert!(told.stderr.contains("the section was written"), "{}", told.stderr);
    fs::write(place.path("secrets/prod-password"), "again").expect("a secret");
    place.revokd(&["check"]).expect(0);
}
