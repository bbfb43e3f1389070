//! `revokd doctor`: what keeps revokd from its work is found, and nothing is
//! changed by looking for it.

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use jiff::Timestamp;
use revokd::{
    providers::openstack::simulated::{Options, SimulatedCloud},
    simulator::{CallKind, demo::demo_world},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cli_demo::{Running, directory},
    cli_folder::{Answer, Folder, answer, revokd},
};

/// In no answer may a secret stand; this one is in every folder.
const SECRET: &str = "unused-password";

/// One finding by its group and check.
fn finding<'a>(told: &'a Value, group: &str, check: &str) -> &'a Value {
    let groups = told["groups"].as_array().expect("groups");
    let findings = groups
        .iter()
        .filter(|one| one["title"] == group)
        .flat_map(|one| one["findings"].as_array().expect("findings"));
    let mut found: Vec<&Value> = findings.filter(|finding| finding["check"] == check).collect();
    // The worst of them, where a check is made of several things.
    found.sort_by_key(|finding| finding["verdict"] != "problem");
    found
        .first()
        .copied()
        .unwrap_or_else(|| panic!("{group}, {check} in {told:#}"))
}

fn text<'a>(finding: &'a Value, key: &str) -> &'a str {
    finding[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} in {finding}"))
}

#[track_caller]
fn doctor(folder: &Folder, code: i32) -> Value {
    let before = folder.contents();
    let answer = folder.revokd(&["doctor", "--output", "json"]).expect(code);
    assert_eq!(folder.contents(), before, "nothing is changed");
    assert!(!answer.stdout.contains(SECRET) && !answer.stderr.contains(SECRET));
    answer.json()
}

/// A server that gives each request an answer, and counts those with a login.
struct Stub {
    address: SocketAddr,
    logins: Arc<AtomicUsize>,
}

impl Stub {
    fn start(answer: fn(&str) -> String) -> Stub {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let logins = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&logins);
        // It ends with the test's process.
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = [0; 4096];
                let read = stream.read(&mut request).unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                if request.starts_with("POST") {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
                drop(stream.write_all(answer(&request).as_bytes()));
            }
        });
        Stub { address, logins }
    }
}

fn simulated(arguments: &[&str]) -> (Running, TempDir) {
    let (directory, path) = directory();
    let mut running = Running::start(revokd(&[&["simulate", "--directory", &path], arguments].concat()));
    running.until("stop with Ctrl-C").expect("a cloud that serves");
    // Another daemon of this machine may listen where the examples do.
    let config = directory.path().join("revokd.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    let port = free_port();
    let text = text.replace("127.0.0.1:9469", &format!("127.0.0.1:{port}"));
    fs::write(&config, text).expect("a configuration");
    (running, directory)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

fn ask(directory: &TempDir, arguments: &[&str]) -> Answer {
    let config = directory.path().join("revokd.toml").display().to_string();
    answer(revokd(&[&["--config", &config, "doctor"], arguments].concat()))
}

#[test]
fn where_all_is_well_nothing_is_complained_of() {
    let (_running, directory) = simulated(&[]);
    let answer = ask(&directory, &[]).expect(0);
    for told in ["Cloud example", "Cloud registry", "0 problems, "] {
        assert!(answer.stdout.contains(told), "{told} in:\n{}", answer.stdout);
    }
    for secret in ["example-password", "registry-password"] {
        let secret = fs::read_to_string(directory.path().join(secret)).expect("a secret");
        assert!(!answer.stdout.contains(secret.trim()), "{}", answer.stdout);
    }
    let wide: Vec<&str> = answer
        .stdout
        .lines()
        .filter(|line| line.chars().count() > 80 && line.contains(' '))
        .filter(|line| line.split_whitespace().all(|word| word.chars().count() < 50))
        .collect();
    assert!(wide.is_empty(), "{wide:#?}");
    assert!(!directory.path().join("revokd.db").exists(), "no store is made");

    let told = ask(&directory, &["--output", "json"]).expect(0).json();
    for (check, verdict) in [
        ("address", "ok"),
        ("login", "ok"),
        ("project", "ok"),
        ("own user", "ok"),
        ("clock", "ok"),
        ("images", "ok"),
        ("members", "ok"),
        ("removal", "not-checked"),
    ] {
        assert_eq!(
            finding(&told, "Cloud example", check)["verdict"],
            verdict,
            "{check}"
        );
    }
    assert_eq!(finding(&told, "Cloud registry", "namespaces")["verdict"], "ok");
    assert_eq!(finding(&told, "Cloud registry", "holders")["verdict"], "ok");

    let one = ask(&directory, &["--cloud", "example", "--output", "json"])
        .expect(0)
        .json();
    assert_eq!(one["groups"].as_array().map(Vec::len), Some(1));
    let unknown = ask(&directory, &["--cloud", "nowhere"]).expect(1).stderr;
    assert!(unknown.contains("there is no cloud"), "{unknown}");
}

#[test]
fn a_missing_right_is_told_with_its_name() {
    let (_running, directory) = simulated(&[
        "--fault",
        "list-members=403",
        "--fault",
        "list-users=403",
        "--fault",
        "show-user=403",
    ]);
    let told = ask(&directory, &["--output", "json"]).expect(1).json();
    let members = finding(&told, "Cloud example", "members");
    assert_eq!(members["verdict"], "problem", "{members}");
    assert!(text(members, "mend").contains("`get_members`"), "{members}");
    let holders = finding(&told, "Cloud registry", "holders");
    assert_eq!(holders["verdict"], "problem", "{holders}");
    assert!(text(holders, "mend").contains("iam:users:listUsers"), "{holders}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_login_is_tried_once() {
    let (world, _) = demo_world(Timestamp::now());
    let options = Options::new(Arc::new(Timestamp::now));
    let cloud = SimulatedCloud::start(world, options).await.expect("a cloud");
    let folder = Folder::new();
    folder.change("revokd.toml", "http://127.0.0.1:1/v3", &cloud.auth_url());
    let told = tokio::task::spawn_blocking(move || doctor(&folder, 1))
        .await
        .expect("an answer");
    let login = finding(&told, "Cloud nowhere", "login");
    assert_eq!(login["verdict"], "problem", "{login}");
    assert!(text(login, "seen").contains("not tried again"), "{login}");
    assert!(text(login, "mend").contains("[clouds.nowhere]"), "{login}");
    assert_eq!(cloud.requests().count(CallKind::Login), 1);
    cloud.stop().await;
}

/// Several sections of one account, as for several projects.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_in_one_section_is_tried_in_no_other() {
    let (world, _) = demo_world(Timestamp::now());
    let options = Options::new(Arc::new(Timestamp::now));
    let cloud = SimulatedCloud::start(world, options).await.expect("a cloud");
    let folder = Folder::new();
    folder.change("revokd.toml", "http://127.0.0.1:1/v3", &cloud.auth_url());
    let first = fs::read_to_string(folder.path("revokd.toml")).expect("a configuration");
    let second = first.replace("clouds.nowhere", "clouds.other");
    folder.write("revokd.toml", first + &second.replace("images", "other-images"));
    let told = tokio::task::spawn_blocking(move || doctor(&folder, 1))
        .await
        .expect("an answer");
    assert_eq!(finding(&told, "Cloud nowhere", "login")["verdict"], "problem");
    let other = finding(&told, "Cloud other", "login");
    assert_eq!(other["verdict"], "not-checked", "{other}");
    assert!(text(other, "seen").contains("cloud nowhere"), "{other}");
    assert_eq!(cloud.requests().count(CallKind::Login), 1);
    cloud.stop().await;
}

/// One directory that several lists are read from.
#[test]
fn a_server_of_lists_that_refused_a_login_is_asked_once() {
    let server = Stub::start(|_| {
        "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()
    });
    let (_running, directory) = simulated(&[]);
    fs::write(directory.path().join("token"), "no-token-of-anybody").expect("a token");
    let source = |name: &str| {
        format!(
            "[source.{name}]\ntype = \"scim\"\nurl = \"http://{}/{name}\"\ntoken_file = \"../token\"\n\
             match = {{ attribute = \"userName\", to = \"user.name\" }}\n\n",
            server.address
        )
    };
    let policy = "[[policy]]\nname = \"left\"\ndescription = \"Who left.\"\nschedule = \"0 3 1 1 *\"\n\
                  clouds = [\"registry\"]\nresource = \"repository-permission\"\n\
                  match = { subject_in = [\"first\", \"second\"] }\n";
    let lists = source("first") + &source("second") + policy;
    fs::write(directory.path().join("policies/left.toml"), lists).expect("a policy");
    let told = ask(&directory, &["--output", "json"]).expect(1).json();
    let first = finding(&told, "Lists of people", "first");
    assert_eq!(first["verdict"], "problem", "{first}");
    let second = finding(&told, "Lists of people", "second");
    assert_eq!(second["verdict"], "not-checked", "{second}");
    assert!(text(second, "seen").contains("source first"), "{second}");
}

#[test]
fn a_clock_that_is_off_is_told_with_the_difference() {
    let cloud = Stub::start(|_| {
        "HTTP/1.1 401 Unauthorized\r\ndate: Thu, 01 Jan 2015 00:00:00 GMT\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
            .to_owned()
    });
    let folder = Folder::new();
    folder.change("revokd.toml", "127.0.0.1:1/", &format!("{}/", cloud.address));
    let told = doctor(&folder, 1);
    let clock = finding(&told, "Cloud nowhere", "clock");
    assert_eq!(clock["verdict"], "problem");
    assert!(text(clock, "seen").contains("ahead of the cloud"), "{clock}");
    assert_eq!(finding(&told, "Cloud nowhere", "login")["verdict"], "problem");
    assert_eq!(cloud.logins.load(Ordering::SeqCst), 1);
}

#[test]
fn a_cloud_that_cannot_be_reached_is_not_logged_in_at() {
    let folder = Folder::new();
    let told = doctor(&folder, 1);
    let address = finding(&told, "Cloud nowhere", "address");
    assert_eq!(address["verdict"], "problem");
    assert!(text(address, "seen").contains("takes no connection"), "{address}");
    assert_eq!(finding(&told, "Cloud nowhere", "login")["verdict"], "not-checked");
    let store = finding(&told, "Store", "store");
    assert!(text(store, "seen").contains("nothing has run yet"), "{store}");

    folder.change("revokd.toml", "127.0.0.1:1/", "no-such-host.invalid:1/");
    folder.change("revokd.toml", "project = ", "allow_http = true\nproject = ");
    let told = doctor(&folder, 1);
    let address = finding(&told, "Cloud nowhere", "address");
    assert!(text(address, "seen").contains("does not resolve"), "{address}");
}

#[test]
fn a_policy_that_anybody_can_write_and_a_secret_that_anybody_can_read_are_problems() {
    let folder = Folder::new();
    for (file, mode, said) in [
        ("policies/a.toml", 0o666, "chmod go-w"),
        ("policies", 0o777, "chmod go-w"),
        ("password", 0o604, "chmod 600"),
    ] {
        let before = fs::metadata(folder.path(file)).expect("a file").permissions();
        fs::set_permissions(folder.path(file), Permissions::from_mode(mode)).expect("a file of ours");
        let told = doctor(&folder, 1);
        let check = if file == "password" { "secret" } else { "policies" };
        let found = finding(&told, "Files and permissions", check);
        assert_eq!(found["verdict"], "problem", "{file}");
        let mend = text(found, "mend");
        assert!(mend.starts_with(said) && mend.contains(file), "{mend}");
        fs::set_permissions(folder.path(file), before).expect("a file of ours");
    }
}

#[test]
fn a_store_that_is_damaged_is_told_and_left_alone() {
    let folder = Folder::new();
    folder.revokd(&["run", "--once"]);
    let store = folder.path("revokd.db");
    assert!(store.exists());
    let told = doctor(&folder, 1);
    for check in ["version", "integrity", "audit", "at work", "file"] {
        assert_eq!(finding(&told, "Store", check)["verdict"], "ok", "{check}");
    }
    let mut bytes = fs::read(&store).expect("a store");
    bytes[4096..].fill(0x5a);
    folder.write("revokd.db", &bytes);
    let told = doctor(&folder, 1);
    let integrity = finding(&told, "Store", "integrity");
    assert_eq!(integrity["verdict"], "problem", "{integrity}");
    assert!(text(integrity, "mend").contains("backup"), "{integrity}");
    folder.write("revokd.db", "these are notes\n".repeat(400));
    let told = doctor(&folder, 1);
    let integrity = finding(&told, "Store", "integrity");
    assert!(
        text(integrity, "seen").contains("no SQLite database"),
        "{integrity}"
    );
}

#[test]
fn a_daemon_that_is_not_ready_says_why() {
    let daemon = Stub::start(|request| {
        let (status, body) = match request.split(' ').nth(1) {
            Some("/readyz") => ("503 Service Unavailable", "cloud prod is down: refused"),
            _ => ("200 OK", "revokd_tasks 1"),
        };
        format!(
            "HTTP/1.0 {status}\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let folder = Folder::new();
    let listen = format!("[daemon]\nlisten = \"{}\"\n\n[clouds.nowhere]", daemon.address);
    folder.change("revokd.toml", "[clouds.nowhere]", &listen);
    let told = doctor(&folder, 1);
    let found = finding(&told, "Daemon", "daemon");
    assert_eq!(found["verdict"], "problem");
    assert!(text(found, "seen").contains("cloud prod is down"), "{found}");

    let stranger = Stub::start(|_| "HTTP/1.0 200 OK\r\n\r\nok\n".to_owned());
    folder.change(
        "revokd.toml",
        &daemon.address.to_string(),
        &stranger.address.to_string(),
    );
    let told = doctor(&folder, 1);
    let found = finding(&told, "Daemon", "daemon");
    assert!(text(found, "seen").contains("something else"), "{found}");
}

#[test]
fn a_configuration_that_does_not_load_leaves_the_rest_to_be_looked_at() {
    let folder = Folder::new();
    folder.change("policies/a.toml", "resource", "resuorce");
    fs::set_permissions(folder.path("policies/a.toml"), Permissions::from_mode(0o666)).expect("ours");
    let told = doctor(&folder, 3);
    assert!(!told["configuration"].as_array().expect("problems").is_empty());
    assert_eq!(
        finding(&told, "Files and permissions", "policies")["verdict"],
        "problem"
    );
    assert_eq!(finding(&told, "Store", "store")["verdict"], "not-checked");
    let shown = folder.revokd(&["doctor"]).expect(3);
    assert!(shown.stderr.contains("resuorce"), "{}", shown.stderr);
    assert!(shown.stdout.contains("Files and permissions"), "{}", shown.stdout);
}
