//! What a running daemon says of itself over its own HTTP address.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// For both questions together: a daemon that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read; whoever listens there may be anybody.
const LONGEST_ANSWER: u64 = 8 << 20;
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
            let address = reachable(listen);
            let no_answer = |why: String| Said::Nothing(format!("no answer at {address}: {why}"));
            match timeout(PATIENCE, ask(address)).await {
                Ok(Ok(said)) => said,
                Ok(Err(why)) => no_answer(why),
                Err(_) => no_answer(format!("nothing came within {PATIENCE:?}")),
            }
        }
    };
    Asked { pid, said }
}

/// What listens everywhere is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn ask(address: SocketAddr) -> Result<Said, String> {
    let problems = match get(address, "/readyz").await? {
        (200, _) => Vec::new(),
        (503, text) => text.lines().map(str::to_owned).collect(),
        (status, _) => return Err(format!("status {status} is no answer of revokd")),
    };
    // Where the store is broken there are no metrics, and that is among the
    // problems.
    let metrics = get(address, "/metrics").await?.1;
    let reload = metrics.lines().find_map(|line| line.strip_prefix(RELOAD));
    Ok(Said::Answer {
        problems,
        reload_refused: reload.is_some_and(|value| value.trim() == "0"),
    })
}

/// Status and body. HTTP/1.0, so that the answer ends where the connection
/// does.
async fn get(address: SocketAddr, path: &str) -> Result<(u16, String), String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect(address).await.map_err(failed)?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(failed)?;
    let mut answer = Vec::new();
    stream
        .take(LONGEST_ANSWER)
        .read_to_end(&mut answer)
        .await
        .map_err(failed)?;
    parse(&String::from_utf8_lossy(&answer)).ok_or_else(|| "what came is no HTTP".to_owned())
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut words = head.split(' ');
    let _version = words.next().filter(|word| word.starts_with("HTTP/1."))?;
    Some((words.next()?.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

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

    #[test]
    fn what_listens_everywhere_is_asked_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:9469", "127.0.0.1:9469"),
            ("[::]:9469", "[::1]:9469"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
