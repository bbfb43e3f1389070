//! Who may wake a policy, spoken over a real connection.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinHandle,
};

use super::*;
use crate::daemon::{carry_out::tests::scene::Scene, context::Rules, service::Beats, wake::Wake};

struct Door {
    scene: Scene,
    address: std::net::SocketAddr,
    serving: JoinHandle<()>,
}

impl Door {
    async fn with_token(token: Option<&str>) -> Door {
        let mut scene = Scene::new(0, 0).await;
        let context = Arc::get_mut(&mut scene.context).expect("nobody else has it yet");
        context.wake = Wake::new(token.map(Into::into));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let beat = Beats::every(None).start("the HTTP server");
        let serving = tokio::spawn(serve(scene.context.clone(), listener, beat));
        Door {
            scene,
            address,
            serving,
        }
    }

    /// The whole answer.
    async fn ask(&self, request: &str, authorization: Option<&str>) -> String {
        let authorization = authorization.map(|value| format!("Authorization: {value}\r\n"));
        let text = format!(
            "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n{}\r\n",
            authorization.unwrap_or_default()
        );
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    fn woken(&self) -> usize {
        self.scene.context.wake.take().len()
    }

    async fn close(self) {
        self.scene.context.stop.cancel();
        self.serving.await.unwrap();
        self.scene.finish().await;
    }
}

#[tokio::test]
async fn without_a_token_there_is_no_way_in() {
    let door = Door::with_token(None).await;
    let answer = door.ask("POST /v1/wake/p", Some("Bearer ")).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert_eq!(door.woken(), 0);
    door.close().await;
}

#[tokio::test]
async fn the_token_wakes_a_policy() {
    let door = Door::with_token(Some("right")).await;
    let answer = door.ask("POST /v1/wake/p", Some("Bearer right")).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    assert!(answer.ends_with(r#"{"woken":"p"}"#), "{answer}");
    assert_eq!(door.woken(), 1);
    door.close().await;
}

#[tokio::test]
async fn who_has_no_token_or_a_wrong_one_learns_nothing() {
    let door = Door::with_token(Some("right")).await;
    for shown in [None, Some("Bearer wrong"), Some("Basic right"), Some("right")] {
        for policy in ["p", "nobody"] {
            let answer = door.ask(&format!("POST /v1/wake/{policy}"), shown).await;
            assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
            assert!(
                answer.to_ascii_lowercase().contains("www-authenticate: bearer"),
                "{answer}"
            );
            assert!(!answer.contains("right"), "{answer}");
        }
    }
    assert_eq!(door.woken(), 0);
    door.close().await;
}

#[tokio::test]
async fn a_policy_that_is_not_there_or_disabled_is_not_woken() {
    let door = Door::with_token(Some("right")).await;
    let token = Some("Bearer right");
    let answer = door.ask("POST /v1/wake/nobody", token).await;
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    let answer = door.ask("GET /v1/wake/p", token).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");

    let before = door.scene.context.rules();
    let mut policy = before.policies[0].as_ref().clone();
    policy.enabled = false;
    let rules = Rules {
        policies: vec![Arc::new(policy)],
        protection: before.protection.clone(),
        people: Default::default(),
    };
    door.scene.context.rules.send_replace(Arc::new(rules));
    let answer = door.ask("POST /v1/wake/p", token).await;
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert_eq!(door.woken(), 0);
    door.close().await;
}

#[tokio::test]
async fn who_accepts_beats_while_it_is_polled_and_nobody_connects() {
    let scene = Scene::new(0, 0).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let beats = Beats::every(Some(Duration::from_millis(1)));
    let serving = serve(scene.context.clone(), listener, beats.start("the HTTP server"));
    let later = Instant::now() + Duration::from_millis(5);
    let stale = || beats.stale(later, Duration::ZERO);
    assert_eq!(stale(), ["the HTTP server"], "nobody polled it yet");
    let until_it_beat = async {
        while stale() != [""; 0] {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = serving => panic!("nobody said stop"),
        () = until_it_beat => {}
    }
    scene.finish().await;
}
