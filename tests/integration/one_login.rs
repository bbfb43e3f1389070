//! Several sections of the configuration that log in as one user: clouds lock
//! an account after a few wrong passwords, whichever section they came from.

use std::fs;

use revokd::{model::FailureClass, simulator::CallKind};

use crate::harness::{Scene, Stage, lapse, minutes};

/// A cloud with six sections that lead to it, as one for each region would.
async fn six_sections() -> Stage {
    let mut scene = Scene::new();
    scene.image("partner-1", &[("acme", 31)]);
    scene.policy(&lapse("lapse"));
    let stage = scene.raise().await;
    let path = stage.path("revokd.toml");
    let config = fs::read_to_string(&path).expect("the configuration");
    let (before, section) = config.split_at(config.find("[clouds.sim]").expect("the cloud"));
    let sections = (1..6).map(|n| section.replace("[clouds.sim", &format!("[clouds.region-{n}")));
    let all: String = sections.collect();
    fs::write(&path, format!("{before}{section}{all}")).expect("writing revokd.toml");
    stage
}

#[tokio::test]
async fn one_wrong_password_in_six_sections_is_one_refused_login() {
    let stage = six_sections().await;
    stage.write_password("sim", "wrong-horse");
    let context = stage.context();
    let probe_all = async || {
        let probes = context.clouds.values().map(|cloud| cloud.handles.reader.probe());
        futures::future::join_all(probes).await
    };

    for _ in 0..2 {
        for probe in probe_all().await {
            let failure = probe.expect_err("a refused login");
            assert_eq!(failure.class, FailureClass::Unauthenticated, "{failure}");
        }
        assert_eq!(stage.cloud().count(CallKind::Login), 1);
        stage.clock.advance(minutes(14));
    }
    stage.clock.advance(minutes(1));
    probe_all().await;
    assert_eq!(stage.cloud().count(CallKind::Login), 2);
    stage.write_password("sim", &stage.password("sim"));
    stage.finish().await;
}

#[tokio::test]
async fn the_right_password_works_at_once_beside_the_wrong_one_and_after_a_restart() {
    let stage = six_sections().await;
    let path = stage.path("revokd.toml");
    let config = fs::read_to_string(&path).expect("the configuration");
    // The last section alone has a password of its own.
    let (others, last) = config.split_at(config.find("[clouds.region-5]").expect("the last section"));
    let last = last.replace("\"sim-password\"", "\"own-password\"");
    fs::write(&path, format!("{others}{last}")).expect("writing revokd.toml");
    stage.write_password("own", &stage.password("sim"));
    stage.write_password("sim", "wrong-horse");
    let context = stage.context();
    let (mut good, mut bad) = (0, 0);
    for cloud in context.clouds.values() {
        match cloud.handles.reader.probe().await {
            Ok(()) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert_eq!((good, bad), (1, 5));
    assert_eq!(stage.cloud().count(CallKind::Login), 2);

    stage.write_password("sim", &stage.password("sim"));
    for cloud in stage.context().clouds.values() {
        cloud.handles.reader.probe().await.expect("the right password");
    }
    stage.finish().await;
}
