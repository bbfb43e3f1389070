use std::sync::{Arc, Mutex};

use super::{attend::Still, *};
use crate::daemon::carry_out::tests::scene::Scene;

type Sent = Arc<Mutex<Vec<String>>>;

/// A service whose datagrams are kept; a line break stands between the states of one.
fn service(watchdog: Option<Duration>) -> (Arc<Service>, Sent) {
    let sent = Sent::default();
    let into = sent.clone();
    let tell: Tell = Arc::new(move |states: &[NotifyState<'_>]| {
        let lines: Vec<String> = states.iter().map(ToString::to_string).collect();
        into.lock().unwrap().push(lines.join("\n"));
    });
    (Arc::new(Service::of(Some(tell), watchdog)), sent)
}

fn taken(sent: &Sent) -> Vec<String> {
    std::mem::take(&mut *sent.lock().unwrap())
}

fn queued(queued: u64) -> Figures {
    Figures {
        queued,
        ..Figures::default()
    }
}

#[test]
fn a_status_is_sent_where_it_changed_and_not_otherwise() {
    let (service, sent) = service(None);
    service.ready(queued(1));
    assert_eq!(taken(&sent), ["READY=1\nSTATUS=0 policies; 1 queued"]);
    service.refresh(queued(1));
    assert_eq!(taken(&sent), [""; 0]);
    service.refresh(queued(2));
    assert_eq!(taken(&sent), ["STATUS=0 policies; 2 queued"]);
}

#[test]
fn a_refused_reload_stands_in_the_status_until_a_good_one() {
    let (service, sent) = service(None);
    service.ready(queued(1));
    taken(&sent);
    service.reloading();
    let [reloading] = taken(&sent).try_into().unwrap();
    assert!(
        reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="),
        "{reloading}"
    );
    service.reloaded(Some(2));
    let [refused] = taken(&sent).try_into().unwrap();
    assert!(
        refused.starts_with("READY=1\nSTATUS=reload refused (2 problems), "),
        "{refused}"
    );
    service.refresh(queued(3));
    let [still] = taken(&sent).try_into().unwrap();
    assert!(still.starts_with("STATUS=reload refused"), "{still}");
    service.reloaded(None);
    assert_eq!(taken(&sent), ["READY=1\nSTATUS=0 policies; 3 queued"]);
}

#[test]
fn who_stops_is_not_ready_again() {
    let (service, sent) = service(None);
    service.ready(queued(0));
    service.reloading();
    taken(&sent);
    service.stopping();
    let [stopping] = taken(&sent).try_into().unwrap();
    assert!(stopping.starts_with("STOPPING=1\nSTATUS=stopping"), "{stopping}");
    service.reloaded(None);
    service.refresh(queued(9));
    assert_eq!(taken(&sent), [""; 0]);
}

#[tokio::test]
async fn nobody_is_ready_before_it_was_said() {
    let (service, _) = service(None);
    let mut ready = Box::pin(service.until_ready());
    assert!(futures::poll!(&mut ready).is_pending());
    service.ready(Figures::default());
    ready.await;
}

#[test]
fn a_loop_that_stands_still_is_told_once() {
    let mut still = Still::default();
    let named = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(still.turn_to(named(&["a"])), (named(&["a"]), vec![]));
    assert_eq!(still.turn_to(named(&["a"])), (vec![], vec![]));
    assert_eq!(still.turn_to(named(&["b"])), (named(&["b"]), named(&["a"])));
}

/// Waits until the condition holds for what was sent so far.
async fn until(sent: &Sent, condition: impl Fn(&[String]) -> bool) {
    while !condition(&sent.lock().unwrap()) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_watchdog_is_fed_while_all_beat_and_the_writer_answers() {
    let scene = Scene::new(0, 0).await;
    let context = scene.context.clone();
    let (service, sent) = service(Some(Duration::from_secs(2)));
    let attending = tokio::spawn(attend(context.clone(), service.clone()));
    until(&sent, |sent| sent.iter().any(|one| one == "WATCHDOG=1")).await;
    context.stop.cancel();
    until(&sent, |sent| sent.iter().any(|one| one.starts_with("STOPPING=1"))).await;
    attending.abort();
}

#[tokio::test]
async fn a_loop_that_stands_still_ends_the_pings_and_one_that_goes_on_begins_them() {
    let scene = Scene::new(0, 0).await;
    let context = scene.context.clone();
    let (service, sent) = service(Some(Duration::from_millis(400)));
    let stuck = service.beats().start("dispatcher of prod");
    while service
        .beats()
        .stale(std::time::Instant::now(), Duration::from_millis(200))
        == [""; 0]
    {
        tokio::task::yield_now().await;
    }
    let attending = tokio::spawn(attend(context, service.clone()));
    // The status is looked at by the same task: it has had its turns.
    service.ready(queued(7));
    service.look_again.notify_one();
    until(&sent, |sent| {
        sent.iter()
            .any(|one| one.starts_with("STATUS=") && !one.contains("7 queued"))
    })
    .await;
    assert!(taken(&sent).iter().all(|one| one != "WATCHDOG=1"));
    let going_on = async {
        loop {
            stuck.beat();
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = going_on => {}
        () = until(&sent, |sent| sent.iter().any(|one| one == "WATCHDOG=1")) => {}
    }
    attending.abort();
}

#[tokio::test]
async fn a_daemon_waits_for_a_command_that_works_on_the_store_and_heeds_a_stop_meanwhile() {
    let scene = Scene::new(0, 0).await;
    let command = scene.context.store.dispatch_lock().unwrap().expect("free");
    let (service, sent) = service(None);
    let serve = || {
        let (service, context) = (service.clone(), scene.context.clone());
        tokio::spawn(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            crate::daemon::serve_as(&service, context, listener, Duration::from_secs(60)).await
        })
    };
    let waits = |sent: &[String]| {
        sent.iter()
            .any(|one| one.starts_with("STATUS=waiting for another"))
    };
    let serving = serve();
    until(&sent, waits).await;
    assert!(!sent.lock().unwrap().iter().any(|one| one.starts_with("READY=1")));
    drop(command);
    until(&sent, |sent| sent.iter().any(|one| one.starts_with("READY=1"))).await;
    scene.context.stop.cancel();
    serving.await.unwrap().unwrap();

    let _command = scene.context.store.dispatch_lock().unwrap().expect("free");
    serve().await.unwrap().unwrap();
}

#[test]
fn where_nobody_listens_nothing_is_asked_of_the_loops() {
    let service = Service::of(None, Some(Duration::from_secs(60)));
    assert!(service.watchdog.is_none() && !service.is_heard());
    service.ready(Figures::default());
    service.stopping();
}
