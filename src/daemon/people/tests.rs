//! Sources that a test tells what to answer.

use std::sync::{
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use futures::future::BoxFuture;
use jiff::SignedDuration;

use super::*;
use crate::{
    config::people::{Csv, Fields, List},
    daemon::{carry_out::tests::scene::Scene, context::Rules},
    engine::{
        people::tests::{entry, roll},
        policy::{Age, Match, Protection},
        sample,
    },
    model::{Kind, Roll, SourceRecord, UserKey},
    sources::ReadFailure,
};

type Answer = Result<Roll, ReadFailure>;

/// Gives one answer after another, the last of them for ever.
struct Scripted {
    answers: Mutex<Vec<Answer>>,
    glance: Mutex<Option<String>>,
    reads: AtomicUsize,
}

impl Source for Scripted {
    fn read(&self, now: Timestamp) -> BoxFuture<'_, Answer> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().unwrap();
        let answer = match answers.len() {
            1 => answers[0].clone(),
            _ => answers.remove(0),
        };
        Box::pin(async move {
            // Others who want the list come meanwhile.
            tokio::task::yield_now().await;
            answer.map(|roll| Roll {
                as_of: now,
                read_at: now,
                ..roll
            })
        })
    }

    fn glance(&self) -> Option<String> {
        self.glance.lock().unwrap().clone()
    }
}

/// A source `list` that answers so.
pub(in crate::daemon) fn scripted(answers: Vec<Answer>) -> People {
    people(answers).0
}

pub(in crate::daemon) fn of(names: &[&str]) -> Answer {
    Ok(roll(names.iter().map(|name| entry(name)).collect()))
}

pub(in crate::daemon) fn down() -> Answer {
    Err(ReadFailure::Failed("nobody answers".into()))
}

fn people(answers: Vec<Answer>) -> (People, Arc<Scripted>) {
    let source = Arc::new(Scripted {
        answers: Mutex::new(answers),
        glance: Mutex::new(Some("1".into())),
        reads: AtomicUsize::new(0),
    });
    (
        People::of([(configured(), source.clone() as Arc<dyn Source>)]),
        source,
    )
}

fn configured() -> Configured {
    let fields = Fields {
        key: "name".to_owned(),
        gone: None,
        leaves: None,
        returns: None,
        projects: None,
        accounts: None,
    };
    Configured {
        name: "list".into(),
        list: List::Csv(Csv {
            path: "list.csv".into(),
            delimiter: b',',
            fields,
        }),
        to: UserKey::Name,
        demands: Demands {
            min_entries: Some(1),
            max_age: Some(Age {
                least: SignedDuration::from_hours(26),
                written: "26h".into(),
            }),
            max_shrink_percent: Some(30.0),
            max_unusable: 0,
        },
        timeout: Duration::from_secs(30),
        digest: "d".into(),
    }
}

fn leavers() -> Policy {
    let matcher = Match {
        subject_in: vec!["list".into()],
        ..Match::default()
    };
    sample::policy(Kind::RepositoryPermission, matcher)
}

async fn unproven(people: &People, scene: &Scene) -> Vec<String> {
    let (policy, now) = (leavers(), scene.context.now());
    let seen = people.lists(&scene.context, &[&policy], now).await.unwrap();
    seen.lists.unproven(&policy)
}

fn in_force(scene: &Scene, policy: Policy) {
    let rules = Rules {
        policies: vec![Arc::new(policy)],
        protection: Protection::default(),
        people: People::default(),
    };
    scene.context.rules.send_replace(Arc::new(rules));
}

async fn record(scene: &Scene) -> SourceRecord {
    let record = scene.context.store.source_record("list".into()).await;
    record.unwrap().expect("it was tried")
}

#[tokio::test]
async fn two_who_want_a_list_at_one_moment_make_one_read() {
    let scene = Scene::new(0, 0).await;
    let (people, source) = people(vec![of(&["ann"])]);
    let (policy, now) = (leavers(), scene.context.now());
    let policies = [&policy];
    let lists = || people.lists(&scene.context, &policies, now);
    let (one, other) = tokio::join!(lists(), lists());
    assert_eq!(one.unwrap().lists.unproven(&policy), [""; 0]);
    assert_eq!(other.unwrap().lists.unproven(&policy), [""; 0]);
    assert_eq!(source.reads.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_list_is_read_again_when_it_is_too_old_or_changed_at_a_glance() {
    let scene = Scene::new(0, 0).await;
    let (people, source) = people(vec![of(&["ann"])]);
    let policy = leavers();
    let first = scene.context.now();
    let read = async |no_older_than| {
        let seen = people.lists(&scene.context, &[&policy], no_older_than).await;
        assert_eq!(seen.unwrap().lists.unproven(&policy), [""; 0]);
        source.reads.load(Ordering::Relaxed)
    };
    assert_eq!(read(first).await, 1);
    assert_eq!(read(first - SignedDuration::from_secs(60)).await, 1);
    assert_eq!(read(first + SignedDuration::from_nanos(1)).await, 2);
    *source.glance.lock().unwrap() = Some("2".into());
    assert_eq!(read(first - SignedDuration::from_secs(60)).await, 3);
}

#[tokio::test]
async fn a_list_read_before_the_clock_was_set_back_is_read_again() {
    let scene = Scene::new(0, 0).await;
    let (people, source) = people(vec![of(&["ann"])]);
    assert_eq!(unproven(&people, &scene).await, [""; 0]);
    scene.clock.leap(SignedDuration::from_hours(-1));
    assert_eq!(unproven(&people, &scene).await, [""; 0]);
    assert_eq!(source.reads.load(Ordering::Relaxed), 2);
}

/// Lies on a disk that answers once the sender is gone.
struct Hanging {
    glances: AtomicUsize,
    disk: Mutex<mpsc::Receiver<()>>,
}

impl Source for Hanging {
    fn read(&self, _: Timestamp) -> BoxFuture<'_, Answer> {
        Box::pin(async { down() })
    }

    fn glance(&self) -> Option<String> {
        self.glances.fetch_add(1, Ordering::SeqCst);
        let told = self.disk.lock().unwrap().recv();
        told.is_err().then(|| "1".into())
    }
}

#[tokio::test]
async fn a_disk_that_hangs_costs_one_thread_and_not_one_for_each_glance() {
    let (hangs, disk) = mpsc::channel();
    let hanging = Arc::new(Hanging {
        glances: AtomicUsize::new(0),
        disk: Mutex::new(disk),
    });
    let people = People::of([(configured(), hanging.clone() as Arc<dyn Source>)]);
    let names = BTreeSet::from(["list".into()]);
    let glances = || hanging.glances.load(Ordering::SeqCst);
    let mut first = Box::pin(people.glances(&names));
    while glances() == 0 {
        assert!(futures::poll!(&mut first).is_pending());
        tokio::task::yield_now().await;
    }
    // Nobody waits for it any more, as after its timeout.
    drop(first);
    for _ in 0..3 {
        let mut another = Box::pin(people.glances(&names));
        assert!(futures::poll!(&mut another).is_pending());
    }
    drop(hangs);
    assert_eq!(people.glances(&names).await.len(), 1);
    assert_eq!(glances(), 2, "the one that hung, and the last");
}

#[tokio::test]
async fn a_policy_that_names_no_source_reads_none() {
    let scene = Scene::new(0, 0).await;
    let (people, source) = people(vec![down()]);
    let policy = sample::policy(Kind::RepositoryPermission, Match::default());
    let seen = people
        .lists(&scene.context, &[&policy], scene.context.now())
        .await
        .unwrap();
    assert_eq!(seen.lists.unproven(&policy), [""; 0]);
    assert_eq!(source.reads.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_read_that_fails_is_never_replaced_by_an_older_one() {
    let scene = Scene::new(0, 0).await;
    in_force(&scene, leavers());
    let (people, source) = people(vec![of(&["ann", "bea"]), down()]);
    assert_eq!(unproven(&people, &scene).await, [""; 0]);
    let good = record(&scene).await;
    assert_eq!((good.entries, good.problem.as_deref()), (Some(2), None));
    assert_eq!(good.sample, ["ann (listed)", "bea (listed)"]);
    assert_eq!(good.baseline.unwrap().entries, 2);

    *source.glance.lock().unwrap() = Some("2".into());
    assert_eq!(unproven(&people, &scene).await, ["source list: nobody answers"]);
    let failed = record(&scene).await;
    assert_eq!(failed.problem.as_deref(), Some("nobody answers"));
    assert_eq!(failed.entries, Some(2), "what is known of the list stays");
    assert_eq!(
        (failed.baseline, failed.last_good),
        (good.baseline, good.last_good)
    );
    assert_eq!(scene.metric("revokd_source_proof_met{source=\"list\"}"), "0");
    for (result, count) in [("good", "1"), ("failed", "1")] {
        let reads = format!("revokd_source_reads_total{{result=\"{result}\",source=\"list\"}}");
        assert_eq!(scene.metric(&reads), count);
    }
}

#[tokio::test]
async fn a_source_that_a_reload_took_away_while_it_was_read_has_no_series() {
    let scene = Scene::new(0, 0).await;
    let series = || scene.context.metrics.render().contains("source=\"list\"");
    in_force(&scene, leavers());
    let reread = || async { unproven(&scripted(vec![down()]), &scene).await.len() };
    assert_eq!((reread().await, series()), (1, true));
    in_force(
        &scene,
        sample::policy(Kind::RepositoryPermission, Match::default()),
    );
    assert_eq!((reread().await, series()), (1, false));
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again_for_a_while() {
    let refused = || ReadFailure::LoginRefused("the password is wrong".into());
    for (answer, reads) in [(down(), 2), (Err(refused()), 1)] {
        let scene = Scene::new(0, 0).await;
        let (people, source) = people(vec![answer]);
        assert_eq!(unproven(&people, &scene).await.len(), 1);
        *source.glance.lock().unwrap() = Some("2".into());
        assert_eq!(unproven(&people, &scene).await.len(), 1);
        assert_eq!(source.reads.load(Ordering::Relaxed), reads);
    }
    let reading = Reading {
        begun: sample::at("2026-06-01T12:00:00Z"),
        glance: None,
        outcome: Err(refused()),
    };
    assert!(reading.forbids_another(sample::at("2026-06-01T12:14:59Z")));
    assert!(!reading.forbids_another(sample::at("2026-06-01T12:15:00Z")));
}

#[tokio::test]
async fn a_list_that_shrank_too_far_leaves_the_baseline_where_it_was() {
    let scene = Scene::new(0, 0).await;
    let (people, source) = people(vec![of(&["ann", "bea"]), of(&["ann"])]);
    assert_eq!(unproven(&people, &scene).await, [""; 0]);
    let baseline = record(&scene).await.baseline;
    *source.glance.lock().unwrap() = Some("2".into());
    let why = unproven(&people, &scene).await;
    assert!(why[0].contains("max_shrink_percent"), "{why:?}");
    let shrunk = record(&scene).await;
    assert_eq!((shrunk.entries, shrunk.baseline), (Some(1), baseline));
    assert!(shrunk.problem.unwrap().contains("max_shrink_percent"));
}

#[tokio::test]
async fn the_baseline_outlives_the_process() {
    let scene = Scene::new(0, 0).await;
    assert_eq!(
        unproven(&scripted(vec![of(&["ann", "bea"])]), &scene).await,
        [""; 0]
    );
    let why = unproven(&scripted(vec![of(&["ann"])]), &scene).await;
    assert!(why[0].contains("max_shrink_percent"), "{why:?}");
}

#[tokio::test]
async fn a_plan_leaves_nothing_on_record() {
    let scene = Scene::new(0, 0).await;
    let policy = leavers();
    let baseline = Baseline {
        entries: 2,
        at: scene.context.now(),
    };
    let peek = async |baselines| {
        let people = scripted(vec![of(&["ann"])]);
        let clock = scene.context.clock.as_ref();
        let seen = people.peek(clock, &[&policy], &baselines).await;
        seen.lists.unproven(&policy).len()
    };
    assert_eq!(peek(BTreeMap::new()).await, 0);
    assert_eq!(peek(BTreeMap::from([("list".into(), baseline)])).await, 1);
    let record = scene.context.store.source_record("list".into()).await.unwrap();
    assert!(record.is_none());
}

#[tokio::test]
async fn entries_that_cannot_be_used_are_told_with_their_place() {
    let scene = Scene::new(0, 0).await;
    in_force(&scene, leavers());
    let mut some = roll(vec![entry("ann"), entry("")]);
    some.entries[1].problem = Some("no key".into());
    let (people, policy) = (scripted(vec![Ok(some)]), leavers());
    let seen = people
        .lists(&scene.context, &[&policy], scene.context.now())
        .await
        .unwrap();
    let told: Vec<&String> = seen.unusable(&policy).collect();
    assert_eq!(told, ["source list: entry of : no key"]);
    assert_eq!(
        scene.metric("revokd_source_unusable_entries{source=\"list\"}"),
        "1"
    );
    assert_eq!(scene.metric("revokd_source_proof_met{source=\"list\"}"), "0");
    let record = record(&scene).await;
    assert!(record.problem.unwrap().contains("max_unusable"));
    assert_eq!((record.baseline, record.last_good), (None, None));
}

#[test]
fn other_figures_in_the_same_words_are_no_news() {
    let people = People::default();
    let policy = PolicyName::from("p");
    let is_news = |reason: &str| people.is_news(&policy, &[reason.to_owned()]);
    assert!(!people.is_proven_again(&policy));
    assert!(is_news("source a: made 26h 1s ago, but max_age is 26h"));
    assert!(!is_news("source a: made 26h 5m 1s ago, but max_age is 26h"));
    assert!(is_news("source a: the connection was refused"));
    assert!(people.is_proven_again(&policy));
    assert!(is_news("source a: the connection was refused"));
}
