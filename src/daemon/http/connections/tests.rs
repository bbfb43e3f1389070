//! Clients that idle, over real connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::routing::get;
use futures::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Notify,
    task::JoinHandle,
};

use super::*;

/// Longer than any test may take.
const NEVER: Duration = Duration::from_secs(3600);
/// Longer than it takes to send a request, also on a busy machine.
const SHORT: Duration = Duration::from_millis(250);

struct Door {
    address: SocketAddr,
    stop: CancellationToken,
    answering: JoinHandle<()>,
}

impl Door {
    async fn open(router: Router, at_once: usize, head_within: Duration, whole_within: Duration) -> Door {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let bounds = Bounds {
            at_once,
            head_within,
            whole_within,
        };
        let answering = tokio::spawn(answer(router, listener, bounds, stop.clone()));
        Door {
            address,
            stop,
            answering,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn close(self) {
        self.stop.cancel();
        self.answering.await.unwrap();
    }
}

/// All that comes until the connection ends; without `Connection: close`.
async fn ask(mut stream: TcpStream) -> String {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    read(stream).await
}

async fn read(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    // Cut or closed: either way it is over.
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8(answer).unwrap()
}

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

#[tokio::test]
async fn who_only_holds_connections_open_does_not_keep_others_out() {
    let door = Door::open(hello(), 4, SHORT, NEVER).await;
    let mut idle = Vec::new();
    for _ in 0..10 {
        let mut stream = door.connect().await;
        stream.write_all(b"GET / HT").await.unwrap();
        idle.push(stream);
    }
    let answer = ask(door.connect().await).await;
    assert!(answer.ends_with("\r\n\r\nhello"), "{answer}");
    let told = join_all(idle.into_iter().map(read)).await;
    assert!(told.iter().all(|answer| !answer.contains("hello")), "{told:?}");
    door.close().await;
}

#[tokio::test]
async fn no_more_connections_than_the_bound_are_attended_and_none_for_long() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counted = most.clone();
    let hangs = Router::new().route(
        "/",
        get(move || {
            let within = Within::enter(&now, &counted);
            async move {
                std::future::pending::<()>().await;
                drop(within);
            }
        }),
    );
    let door = Door::open(hangs, 3, NEVER, SHORT).await;
    let mut asked = Vec::new();
    for _ in 0..9 {
        asked.push(ask(door.connect().await));
    }
    let told = join_all(asked).await;
    assert!(told.iter().all(String::is_empty), "{told:?}");
    assert_eq!(most.load(Ordering::SeqCst), 3);
    door.close().await;
}

#[tokio::test]
async fn a_stop_lets_a_request_be_answered_and_closes_what_idles() {
    let (entered, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tells, waits) = (entered.clone(), go_on.clone());
    let slow = Router::new().route(
        "/",
        get(async move || {
            tells.notify_one();
            waits.notified().await;
            "hello"
        }),
    );
    let door = Door::open(slow, 4, NEVER, NEVER).await;
    let idle = door.connect().await;
    let asked = tokio::spawn(ask(door.connect().await));
    entered.notified().await;
    door.stop.cancel();
    assert_eq!(read(idle).await, "");
    go_on.notify_one();
    assert!(asked.await.unwrap().ends_with("\r\n\r\nhello"));
    door.close().await;
}

/// Counts those who are within at once.
struct Within(Arc<AtomicUsize>);

impl Within {
    fn enter(now: &Arc<AtomicUsize>, most: &AtomicUsize) -> Within {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Within(now.clone())
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
