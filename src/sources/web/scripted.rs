//! A server on loopback for tests that answers raw bytes, so that it can break
//! the rules that a proper server keeps.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::config::people::{Access, HttpLogin};

/// The heads of all requests: each its line and its headers.
type Log = Arc<Mutex<Vec<String>>>;

type Script = dyn Fn(&str) -> Vec<u8> + Send + Sync;

pub struct Server {
    pub url: Url,
    log: Log,
}

impl Server {
    /// `script` is given the head of a request. After its bytes the connection
    /// is closed; where there are none, it stays open and silent.
    pub async fn start(script: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let log = Log::default();
        let (script, own_log): (Arc<Script>, _) = (Arc::new(script), Arc::clone(&log));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&own_log), Arc::clone(&script)));
            }
        });
        Server { url, log }
    }

    pub fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// An address there, with its query.
    pub fn at(&self, target: &str) -> Url {
        self.url.join(target).unwrap()
    }
}

pub fn access(login: HttpLogin) -> Access {
    Access {
        login,
        ca_file: None,
        allow_http: false,
    }
}

/// A proper answer.
pub fn answer(status: u16, headers: &[&str], body: &str) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} Word\r\nconnection: close\r\n");
    if status != 304 && status != 204 {
        head.push_str(&format!("content-length: {}\r\n", body.len()));
    }
    for header in headers {
        head.push_str(&format!("{header}\r\n"));
    }
    format!("{head}\r\n{body}").into_bytes()
}

pub fn json(body: &serde_json::Value) -> Vec<u8> {
    answer(200, &["content-type: application/json"], &body.to_string())
}

async fn serve(mut stream: TcpStream, log: Log, script: Arc<Script>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    let head = String::from_utf8(bytes).unwrap();
    log.lock().unwrap().push(head.clone());
    let reply = script(&head);
    if reply.is_empty() {
        drop(stream.read(&mut [0]).await);
    } else {
        drop(stream.write_all(&reply).await);
    }
}
