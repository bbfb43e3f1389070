//! As little HTTP as asking for a page of the daemon takes.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

/// The status and the body of `GET http://HOST:PORT/PATH`.
pub async fn get(url: String) -> (u16, String) {
    // The daemon may run on this very thread, which must not wait for it.
    let asked = tokio::task::spawn_blocking(move || ask("GET", &url, ""));
    asked.await.expect("asking does not panic")
}

/// The same of a `POST` without a body; `None`: without a token.
pub async fn post(url: String, token: Option<String>) -> (u16, String) {
    let asked = tokio::task::spawn_blocking(move || {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n"));
        ask("POST", &url, &token.unwrap_or_default())
    });
    asked.await.expect("asking does not panic")
}

fn ask(method: &str, url: &str, headers: &str) -> (u16, String) {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host).expect("somebody listens");
    write!(
        stream,
        "{method} /{path} HTTP/1.0\r\nhost: {host}\r\n{headers}\r\n"
    )
    .expect("a connection that holds");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
    (status.expect("a status"), body.to_owned())
}
