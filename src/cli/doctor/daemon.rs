//! The daemon: whether it runs, and whether it says that it is ready.

use std::{io, net::SocketAddr};

use super::finding::Finding;
use crate::cli::ask_daemon::get;

pub async fn findings(listen: SocketAddr) -> Vec<Finding> {
    let answer = asked(listen).await;
    vec![exposed(listen), judged(&answer, listen)]
}

/// What is told at the address.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Ready,
    NotReady(String),
    /// Something else listens there.
    Stranger,
    Nobody,
    Silent(String),
}

fn exposed(listen: SocketAddr) -> Finding {
    if listen.ip().is_loopback() {
        return Finding::ok("address", format!("{listen}, for this machine alone"));
    }
    let seen = format!("{listen}: the metrics can be read from other machines, without a password");
    let mend = "write `listen = \"127.0.0.1:9469\"`, or let a firewall admit Prometheus alone";
    Finding::warning("address", seen, mend)
}

fn judged(answer: &Answer, listen: SocketAddr) -> Finding {
    match answer {
        Answer::Ready => Finding::ok("daemon", "runs and is ready"),
        Answer::NotReady(why) => {
            let mend = "mend what it names; it goes on by itself (after a refused login: restart it)";
            Finding::problem("daemon", format!("runs and is not ready: {why}"), mend)
        }
        Answer::Stranger => {
            let seen = format!("something else than revokd listens on {listen}, where the daemon would");
            let mend = "end it, or write another `listen` into [daemon]";
            Finding::problem("daemon", seen, mend)
        }
        Answer::Nobody => {
            let why = format!("no daemon runs: nobody listens on {listen}");
            Finding::not_checked("daemon", why, "start it: systemctl enable --now revokd")
        }
        Answer::Silent(why) => {
            let seen = format!("{listen} takes connections and gives no answer: {why}");
            Finding::problem(
                "daemon",
                seen,
                "see what it does: journalctl -u revokd; then restart it",
            )
        }
    }
}

async fn asked(listen: SocketAddr) -> Answer {
    let (status, body) = match get(listen, "/readyz").await {
        Ok(answer) => answer,
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => return Answer::Nobody,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Answer::Stranger,
        Err(error) => return Answer::Silent(error.to_string()),
    };
    // A short word such as `ok` could be anybody's.
    let metrics = get(listen, "/metrics").await;
    let is_revokd = metrics.is_ok_and(|(_, text)| text.contains("revokd_"));
    let told = body.split_whitespace().collect::<Vec<_>>().join(" ");
    match status {
        _ if !is_revokd && !told.starts_with("store:") => Answer::Stranger,
        200 => Answer::Ready,
        503 => Answer::NotReady(told),
        _ => Answer::Stranger,
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::{super::finding::Verdict, *};

    #[test]
    fn an_address_that_others_reach_is_warned_of() {
        let address = |text: &str| text.parse::<SocketAddr>().unwrap();
        assert_eq!(exposed(address("0.0.0.0:1")).verdict, Verdict::Warning);
        assert_eq!(exposed(address("[::1]:1")).verdict, Verdict::Ok);
    }

    #[tokio::test]
    async fn whoever_else_listens_there_is_told_apart_from_nobody() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stranger = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                // What is closed unread is reset, and its answer lost.
                assert!(stream.read(&mut [0; 1024]).await.unwrap() > 0);
                stream.write_all(b"HTTP/1.0 200 OK\r\n\r\nok\n").await.unwrap();
            }
            listener
        });
        assert_eq!(asked(address).await, Answer::Stranger);
        drop(stranger.await.unwrap());
        assert_eq!(asked(address).await, Answer::Nobody);
    }

    #[test]
    fn a_daemon_that_is_not_ready_is_a_problem_and_none_is_not() {
        let listen = "127.0.0.1:9469".parse().unwrap();
        let verdict = |answer| judged(&answer, listen).verdict;
        assert_eq!(verdict(Answer::Ready), Verdict::Ok);
        assert_eq!(verdict(Answer::Nobody), Verdict::NotChecked);
        let not_ready = judged(&Answer::NotReady("cloud a is down".to_owned()), listen);
        assert_eq!(not_ready.verdict, Verdict::Problem);
        assert!(not_ready.seen.contains("cloud a is down"));
        assert_eq!(verdict(Answer::Stranger), Verdict::Problem);
        assert_eq!(verdict(Answer::Silent(String::new())), Verdict::Problem);
    }
}
