//! What is on record of the sources of people.

use super::*;
use crate::model::{Baseline, SourceName, SourceRecord};

fn record(source: &str, second: i64) -> SourceRecord {
    SourceRecord {
        source: SourceName::from(source),
        tried_at: at(second),
        problem: None,
        entries: Some(120),
        version: Some("\"etag\"".into()),
        as_of: Some(at(second - 60)),
        last_good: Some(at(second)),
        baseline: Some(Baseline {
            entries: 120,
            at: at(second),
        }),
        sample: vec!["ann".into(), "ben \"the\" boss".into()],
    }
}

#[tokio::test]
async fn what_was_put_on_record_is_read_back_over_a_restart() {
    let scene = Scene::new();
    let (staff, leavers) = (record("staff", 5), record("leavers", 6));
    for one in [&staff, &leavers] {
        scene.store.record_source(one.clone()).await.unwrap();
    }
    let again = Store::open(&scene.path()).unwrap();
    assert_eq!(again.source_records().await.unwrap(), [leavers, staff.clone()]);
    assert_eq!(again.source_record("staff".into()).await.unwrap(), Some(staff));
    assert_eq!(again.source_record("nobody".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_read_that_failed_replaces_all_but_the_baseline() {
    let scene = Scene::new();
    let good = record("staff", 5);
    scene.store.record_source(good.clone()).await.unwrap();
    let failed = SourceRecord {
        problem: Some("the connection broke".into()),
        entries: None,
        version: None,
        baseline: None,
        ..record("staff", 9)
    };
    scene.store.record_source(failed.clone()).await.unwrap();
    let expected = SourceRecord {
        baseline: good.baseline,
        ..failed
    };
    assert_eq!(scene.store.source_records().await.unwrap(), [expected]);
}

#[tokio::test]
async fn a_smaller_list_that_an_operator_accepts_is_not_undone_by_a_read_under_way() {
    let scene = Scene::new();
    let read_before = record("staff", 5);
    scene.store.record_source(read_before.clone()).await.unwrap();
    let smaller = Baseline {
        entries: 40,
        at: at(8),
    };
    let accepted = scene
        .store
        .accept_source("staff".into(), smaller, "ann".into(), at(8));
    assert!(accepted.await.unwrap());
    let baseline = async || {
        let record = scene.store.source_record("staff".into()).await.unwrap();
        record.unwrap().baseline
    };
    assert_eq!(baseline().await, Some(smaller));
    scene.store.record_source(read_before).await.unwrap();
    assert_eq!(baseline().await, Some(smaller), "the earlier read does not win");
    scene.store.record_source(record("staff", 12)).await.unwrap();
    assert_eq!(baseline().await.unwrap().entries, 120, "a later one does");

    let last = scene
        .store
        .audit(AuditFilter::default(), 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((last.event, last.actor.as_str()), (Event::SourceAccepted, "ann"));
    assert!(
        last.detail.contains("staff") && last.detail.contains("40") && last.detail.contains("120"),
        "{}",
        last.detail
    );
    scene.assert_sound().await;
}

#[tokio::test]
async fn what_was_never_read_cannot_be_accepted() {
    let scene = Scene::new();
    let baseline = Baseline {
        entries: 1,
        at: at(1),
    };
    let accepted = scene
        .store
        .accept_source("staff".into(), baseline, "ann".into(), at(1));
    assert!(!accepted.await.unwrap());
    assert_eq!(scene.store.audit_head().await.unwrap(), 0);
}

#[tokio::test]
async fn sources_that_are_no_longer_configured_are_forgotten() {
    let scene = Scene::new();
    for one in ["a", "b", "c"] {
        scene.store.record_source(record(one, 1)).await.unwrap();
    }
    scene
        .store
        .forget_sources(vec!["c".into(), "d".into(), "a".into()])
        .await
        .unwrap();
    let names = async || -> Vec<String> {
        let records = scene.store.source_records().await.unwrap();
        records.iter().map(|record| record.source.to_string()).collect()
    };
    assert_eq!(names().await, ["a", "c"]);
    scene.store.forget_sources(vec![]).await.unwrap();
    assert!(names().await.is_empty());
}
