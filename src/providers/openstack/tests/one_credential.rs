//! Several sections that show one credential: what one of them was refused,
//! none tries, and nothing else of one concerns the others.

use futures::future::join_all;
use jiff::SignedDuration;

use super::setup::{Client, PASSWORD, config};
use crate::{
    config::types::{self, Auth, Named, Provider},
    model::FailureClass,
    providers::{
        refusals::Refusals,
        scripted::{Asked, Reply, Server, logged_in, no_images, status, token_body},
    },
};

/// A section that works in this project.
fn section(server: &Server, project: &str, password: &str) -> types::Cloud {
    let mut config = config(server);
    if let Provider::OpenStack(Auth::Password {
        project: of,
        password: with,
        ..
    }) = &mut config.provider
    {
        *of = Named::Id(project.to_owned());
        *with = password.into();
    }
    config
}

fn sections(server: &Server, projects: &[&str]) -> Vec<Client> {
    let refusals = Refusals::default();
    let section = |project: &&str| Client::beside(&refusals, &section(server, project, PASSWORD));
    projects.iter().map(section).collect()
}

/// An identity service that judges each login by its body.
async fn cloud(login: impl Fn(&Asked) -> Option<u16> + Send + Sync + 'static) -> Server {
    Server::start_bare(move |asked, url| -> Reply {
        if !asked.path.ends_with("/auth/tokens") {
            return no_images();
        }
        match login(asked) {
            Some(code) => status(code).into(),
            None => logged_in("t", token_body(url.as_str())).into(),
        }
    })
    .await
}

fn logins(server: &Server) -> usize {
    let asked = server.asked.lock().unwrap();
    let logins = asked.iter().filter(|asked| asked.path.ends_with("/auth/tokens"));
    logins.count()
}

const SIX: [&str; 6] = ["p1", "p2", "p3", "p4", "p5", "p6"];

#[tokio::test]
async fn six_sections_send_one_wrong_password_once() {
    let server = cloud(|_| Some(401)).await;
    let clients = sections(&server, &SIX);
    for _ in 0..2 {
        let probes = clients
            .iter()
            .flat_map(|client| (0..5).map(|_| client.cloud.reader.probe()));
        for probe in join_all(probes).await {
            assert_eq!(probe.unwrap_err().class, FailureClass::Unauthenticated);
        }
        for client in &clients {
            client.pass(SignedDuration::from_mins(14));
        }
    }
    assert_eq!(logins(&server), 1, "clouds lock accounts");
    for client in &clients {
        client.pass(SignedDuration::from_mins(1));
    }
    for probe in join_all(clients.iter().map(|client| client.cloud.reader.probe())).await {
        probe.unwrap_err();
    }
    assert_eq!(logins(&server), 2, "then one of them tries it again");
}

#[tokio::test]
async fn each_of_six_sections_gets_a_token_of_its_own() {
    let server = cloud(|_| None).await;
    let clients = sections(&server, &SIX);
    for probe in join_all(clients.iter().map(|client| client.cloud.reader.probe())).await {
        probe.unwrap();
    }
    assert_eq!(logins(&server), 6, "a token is for one project");
}

#[tokio::test]
async fn a_section_with_another_secret_of_the_account_is_not_stopped() {
    let server = cloud(|asked| asked.body.contains("wrong").then_some(401)).await;
    let refusals = Refusals::default();
    let wrong = Client::beside(&refusals, &section(&server, "p1", "wrong"));
    let right = Client::beside(&refusals, &section(&server, "p1", PASSWORD));
    wrong.cloud.reader.probe().await.unwrap_err();
    right.cloud.reader.probe().await.unwrap();
    assert_eq!(logins(&server), 2);
}

#[tokio::test]
async fn what_fails_in_passing_or_for_one_project_is_held_against_no_other() {
    for code in [500, 503, 403, 404] {
        let server = cloud(move |asked| asked.body.contains("p1").then_some(code)).await;
        let clients = sections(&server, &["p1", "p2"]);
        clients[0].cloud.reader.probe().await.unwrap_err();
        clients[1].cloud.reader.probe().await.unwrap();
        assert_eq!(logins(&server), 2, "{code}");
    }
}

#[tokio::test]
async fn a_section_that_hangs_in_its_login_stops_the_others_for_no_longer_than_its_timeout() {
    let server = Server::start_bare(|asked, url| match asked.path.ends_with("/auth/tokens") {
        true if asked.body.contains("p1") => Reply::Silence,
        true => logged_in("t", token_body(url.as_str())).into(),
        false => no_images(),
    })
    .await;
    let refusals = Refusals::default();
    let mut hanging = section(&server, "p1", PASSWORD);
    hanging.limits.request_timeout = std::time::Duration::from_millis(50);
    let hanging = Client::beside(&refusals, &hanging);
    let other = Client::beside(&refusals, &section(&server, "p2", PASSWORD));
    let (hung, probe) = futures::join!(hanging.cloud.reader.probe(), other.cloud.reader.probe());
    assert_eq!(hung.unwrap_err().class, FailureClass::Interrupted);
    probe.unwrap();
}

/// Keystone answers a good password for a wrong project with a 401 as well.
#[tokio::test]
async fn a_section_with_a_wrong_project_keeps_the_others_away_for_a_quarter_of_an_hour_at_most() {
    let server = cloud(|asked| asked.body.contains("p1").then_some(401)).await;
    let clients = sections(&server, &["p1", "p2"]);
    let pass = |minutes| {
        for client in &clients {
            client.pass(SignedDuration::from_mins(minutes));
        }
    };
    let (bad, good) = (&clients[0].cloud.reader, &clients[1].cloud.reader);
    bad.probe().await.unwrap_err();
    good.probe().await.unwrap_err();
    assert_eq!(logins(&server), 1, "the password may be wrong");
    pass(15);
    bad.probe().await.unwrap_err();
    assert_eq!(logins(&server), 1, "the others go first");
    good.probe().await.unwrap();
    pass(20);
    bad.probe().await.unwrap_err();
    assert_eq!(logins(&server), 3, "the password was good a moment ago");
    pass(24 * 60);
    bad.probe().await.unwrap_err();
    good.probe().await.unwrap_err();
    assert_eq!(logins(&server), 4, "it may have been changed since");
    pass(15);
    bad.probe().await.unwrap_err();
    assert_eq!(logins(&server), 4, "the others go first");
    good.probe().await.unwrap();
    assert_eq!(logins(&server), 5);
}
