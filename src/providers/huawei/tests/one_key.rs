//! Several sections that sign with one access key: at most one wrong signature
//! counts, whatever region it was for.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use super::{
    super::api::Service,
    setup::{Client, access_key, cloud, config, failure},
};
use crate::{
    config::types::{HuaweiLogin, Named},
    model::FailureClass,
    providers::{
        refusals::Refusals,
        scripted::{Reply, Server, json, status},
    },
};

/// A region that takes signatures while `is_good`.
async fn region(is_good: impl Fn(&str) -> bool + Send + Sync + 'static) -> Server {
    cloud(move |asked| -> Reply {
        match asked.path.as_str() {
            path if !is_good(path) => status(401).into(),
            "/identity/v3/auth/domains" => {
                json(json!({"domains": [{"id": "d0", "name": "acct", "enabled": true}]})).into()
            }
            path if path.contains("CREDENTIAL") => status(403).into(),
            _ => json(json!({})).into(),
        }
    })
    .await
}

fn section(refusals: &Refusals, server: &Server) -> Client {
    let HuaweiLogin::AccessKey {
        access_key,
        secret_key,
        security_token,
        ..
    } = access_key(None)
    else {
        panic!();
    };
    let login = HuaweiLogin::AccessKey {
        access_key,
        secret_key,
        security_token,
        project: Named::Id("p0".to_owned()),
    };
    let mut config = config(server, login);
    config.endpoints.image = Some(server.url.join("image").unwrap());
    Client::beside(refusals, &config)
}

fn asked(servers: &[Server]) -> usize {
    servers
        .iter()
        .map(|server| server.asked.lock().unwrap().len())
        .sum()
}

#[tokio::test]
async fn a_wrong_signature_is_sent_once_in_all_regions() {
    let servers = [region(|_| false).await, region(|_| false).await];
    let refusals = Refusals::default();
    let sections = servers.each_ref().map(|server| section(&refusals, server));
    for _ in 0..2 {
        let calls = (0..10).map(|n| sections[n % 2].get(Service::Images, "/x"));
        for result in join_all(calls).await {
            assert_eq!(failure(result).class, FailureClass::Unauthenticated);
        }
        for section in &sections {
            section.pass(SignedDuration::from_mins(14));
        }
    }
    assert_eq!(asked(&servers), 1);
}

#[tokio::test]
async fn a_key_that_is_good_works_in_all_regions_at_once() {
    let servers = [region(|_| true).await, region(|_| true).await];
    let refusals = Refusals::default();
    let sections = servers.each_ref().map(|server| section(&refusals, server));
    let calls = (0..10).map(|n| sections[n % 2].get(Service::Images, "/x"));
    for result in join_all(calls).await {
        result.unwrap();
    }
}

#[tokio::test]
async fn a_key_that_goes_bad_in_one_region_is_signed_with_in_none() {
    let is_good = Arc::new(AtomicBool::new(true));
    let here = Arc::clone(&is_good);
    let servers = [
        region(move |_| here.load(Ordering::SeqCst)).await,
        region(|_| true).await,
    ];
    let refusals = Refusals::default();
    let sections = servers.each_ref().map(|server| section(&refusals, server));
    let [bad, good] = &sections;
    for section in &sections {
        section.get(Service::Images, "/x").await.unwrap();
    }
    is_good.store(false, Ordering::SeqCst);
    let before = asked(&servers);
    for section in &sections {
        failure(section.get(Service::Images, "/x").await);
    }
    assert_eq!(asked(&servers), before + 1);

    for (minutes, goes) in [(15, false), (6, true), (15, true)] {
        for section in &sections {
            section.pass(SignedDuration::from_mins(minutes));
        }
        let before = asked(&servers[..1]);
        failure(bad.get(Service::Images, "/x").await);
        assert_eq!(asked(&servers[..1]) - before, usize::from(goes), "{minutes}");
        good.get(Service::Images, "/x").await.unwrap();
    }
}
