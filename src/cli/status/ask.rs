//! What a running daemon says of itself over its own HTTP address.

use std::{io, net::SocketAddr};

use crate::cli::ask_daemon::{get, reachable};

const RELOAD: &str = "revokd_config_last_reload_successful ";

/// A process that works on the store, and what it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub pid: u32,
    pub said: Said,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// `listen` names port 0, so nobody but the daemon knows its address.
    NotAsked,
    /// Why there was no answer that a daemon gives, for people.
    Nothing(String),
    Answer {
        /// One line each; none: it does its job.
        problems: Vec<String>,
        reload_refused: bool,
    },
}

pub async fn daemon(pid: u32, listen: SocketAddr) -> Asked {
    let said = match listen.port() {
        0 => Said::NotAsked,
        _ => {
            let asked = ask(listen).await;
            asked.unwrap_or_else(|why| {
                let address = reachable(listen);
                Said::Nothing(format!("no answer at {address}: {why}"))
            })
        }
    };
    Asked { pid, said }
}

async fn ask(listen: SocketAddr) -> io::Result<Said> {
    let problems = match get(listen, "/readyz").await? {
        (200, _) => Vec::new(),
        (503, text) => text.lines().map(str::to_owned).collect(),
        (status, _) => {
            let why = format!("status {status} is no answer of revokd");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
    };
    // Where the store is broken there are no metrics, and that is among the
    // problems.
    let metrics = get(listen, "/metrics").await?.1;
    let reload = metrics.lines().find_map(|line| line.strip_prefix(RELOAD));
    Ok(Said::Answer {
        problems,
        reload_refused: reload.is_some_and(|value| value.trim() == "0"),
    })
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// Serves these answers, one for each connection.
    async fn serve(answers: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            for answer in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                assert!(stream.read(&mut request).await.unwrap() > 0);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        address
    }

    #[tokio::test]
    async fn problems_come_one_a_line_and_a_refused_reload_from_the_metrics() {
        let address = serve(&[
            "HTTP/1.0 503 Service Unavailable\r\n\r\ncloud a is down: x\ncloud b is down: y\n",
            "HTTP/1.0 200 OK\r\n\r\n# HELP x\nrevokd_config_last_reload_successful 0\n",
        ])
        .await;
        let expected = Said::Answer {
            problems: vec!["cloud a is down: x".into(), "cloud b is down: y".into()],
            reload_refused: true,
        };
        assert_eq!(
            daemon(7, address).await,
            Asked {
                pid: 7,
                said: expected
            }
        );
    }

    #[tokio::test]
    async fn who_is_no_revokd_or_does_not_answer_is_told() {
        let strangers = [
            serve(&["HTTP/1.1 404 Not Found\r\n\r\n"]).await,
            serve(&["SSH-2.0-x\r\n"]).await,
            SocketAddr::from(([127, 0, 0, 1], 1)),
        ];
        for address in strangers {
            let said = daemon(7, address).await.said;
            assert!(matches!(said, Said::Nothing(_)), "{said:?}");
        }
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
        assert_eq!(daemon(7, nowhere).await.said, Said::NotAsked);
    }
}
