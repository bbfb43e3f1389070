//! A scripted cloud: answers raw bytes to raw requests, so that it can break
//! the rules that a proper server keeps.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

pub const PROJECT: &str = "p1";

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HashMap<String, String>,
    pub body: String,
}

impl Asked {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    pub fn token(&self) -> &str {
        self.headers.get("x-auth-token").map_or("", String::as_str)
    }

    pub fn is_hidden_pass(&self) -> bool {
        self.query.contains("os_hidden=true")
    }
}

/// What the script wants done with a request.
pub enum Reply {
    Answer(Answer),
    /// The connection is closed after these bytes.
    Cut(Vec<u8>),
    /// The connection stays open and silent.
    Silence,
}

#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Word\r\nconnection: close\r\n", self.status);
        if self.status != 204 {
            head.push_str(&format!("content-length: {}\r\n", self.body.len()));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let mut bytes = format!("{head}\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Reply {
        Reply::Answer(answer)
    }
}

pub fn status(status: u16) -> Answer {
    body(status, Vec::new())
}

pub fn json(value: Value) -> Answer {
    body(200, value.to_string().into_bytes())
}

pub fn body(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        headers: Vec::new(),
        body: body.into(),
    }
}

type Script = dyn Fn(&Asked) -> Reply + Send + Sync;

pub struct Server {
    pub url: Url,
    pub asked: Arc<Mutex<Vec<Asked>>>,
    logins: Arc<AtomicUsize>,
}

impl Server {
    /// Logins give the tokens `token-1`, `token-2`, …; the rest is the script's.
    pub async fn start(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let logins = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&logins);
        let mut server = Server::start_bare(move |asked, url| {
            if asked.path.ends_with("/auth/tokens") {
                let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
                return logged_in(&format!("token-{number}"), token_body(&format!("{url}image/v2"))).into();
            }
            script(asked)
        })
        .await;
        server.logins = logins;
        server
    }

    /// Everything is the script's, which is told the server's own address.
    pub async fn start_bare(script: impl Fn(&Asked, &Url) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (log, own_url) = (Arc::clone(&asked), url.clone());
        let script: Arc<Script> = Arc::new(move |asked: &Asked| script(asked, &own_url));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&log), Arc::clone(&script)));
            }
        });
        Server {
            url,
            asked,
            logins: Arc::default(),
        }
    }

    pub fn logins(&self) -> usize {
        self.logins.load(Ordering::SeqCst)
    }

    /// All requests but logins, as method and path.
    pub fn data_calls(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let lines = asked.iter().map(Asked::line);
        lines.filter(|line| !line.ends_with("/auth/tokens")).collect()
    }
}

pub fn logged_in(token: &str, token_body: Value) -> Answer {
    body(201, token_body.to_string()).header("x-subject-token", token)
}

pub fn token_body(image_url: &str) -> Value {
    json!({"token": {
        "expires_at": "2026-01-02T00:00:00.000000Z",
        "user": {"id": "u1", "name": "revoker"},
        "project": {"id": PROJECT, "name": "sandbox"},
        "catalog": [{"type": "image", "endpoints": [
            {"interface": "public", "region_id": "one", "url": image_url},
        ]}],
    }})
}

pub fn image(id: &str, visibility: &str) -> Value {
    json!({
        "id": id, "name": id, "owner": PROJECT, "visibility": visibility, "status": "active",
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
    })
}

pub fn member(image: &str, project: &str) -> Value {
    json!({
        "image_id": image, "member_id": project, "status": "pending",
        "created_at": "2025-01-01T00:00:00Z", "updated_at": "2025-01-01T00:00:00Z",
    })
}

pub fn no_images() -> Reply {
    json(json!({"images": []})).into()
}

async fn serve(mut stream: TcpStream, log: Arc<Mutex<Vec<Asked>>>, script: Arc<Script>) {
    let Some(asked) = read_request(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(asked.clone());
    match script(&asked) {
        Reply::Answer(answer) => drop(stream.write_all(&answer.bytes()).await),
        Reply::Cut(bytes) => drop(stream.write_all(&bytes).await),
        Reply::Silence => drop(stream.read(&mut [0]).await),
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers: HashMap<_, _> = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        stream.read_buf(&mut bytes).await.ok()?;
    }
    Some(Asked {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned(),
    })
}
