//! A web server on loopback that gives lists as raw bytes, so that it can break
//! the rules that a proper server keeps.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct ListServer {
    pub address: String,
    answers: Answers,
    serving: JoinHandle<()>,
}

/// One after the other, and round again.
type Answers = Arc<Mutex<(usize, Vec<Vec<u8>>)>>;

impl ListServer {
    pub async fn start() -> ListServer {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port on loopback");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let answers = Answers::default();
        let own = answers.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = next(&own);
                tokio::spawn(answer_one(stream, answer));
            }
        });
        ListServer {
            address,
            answers,
            serving,
        }
    }

    pub(super) fn answer(&self, answers: Vec<Vec<u8>>) {
        *self.answers.lock().unwrap_or_else(PoisonError::into_inner) = (0, answers);
    }
}

impl Drop for ListServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A proper answer.
pub fn answer(content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

fn next(answers: &Answers) -> Vec<u8> {
    let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    let (given, all) = &mut *answers;
    let answer = all.get(*given % all.len().max(1)).cloned().unwrap_or_default();
    *given += 1;
    answer
}

async fn answer_one(mut stream: TcpStream, answer: Vec<u8>) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return;
        }
    }
    // Whoever asked may be gone, and then needs no answer.
    drop(stream.write_all(&answer).await);
}
