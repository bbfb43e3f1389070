//! A question to a running daemon over its own HTTP address, which listens on
//! this machine.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// A daemon that takes longer is not well.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer that are read; whoever listens there may be anybody.
const LONGEST_ANSWER: u64 = 8 << 20;

/// What listens everywhere is asked on loopback.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Status and body. HTTP/1.0, so that the answer ends where the connection
/// does.
///
/// # Errors
/// [`io::ErrorKind::ConnectionRefused`] where nobody listens,
/// [`io::ErrorKind::InvalidData`] where what came is no HTTP.
pub async fn get(listen: SocketAddr, path: &str) -> io::Result<(u16, String)> {
    let address = reachable(listen);
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        let request = format!("GET {path} HTTP/1.0\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
        Ok::<_, io::Error>(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.map_err(|_| {
        let why = format!("nothing came within {PATIENCE:?}");
        io::Error::new(io::ErrorKind::TimedOut, why)
    })??;
    let parsed = parse(&String::from_utf8_lossy(&answer));
    parsed.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "what came is no HTTP"))
}

fn parse(answer: &str) -> Option<(u16, String)> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let mut words = head.split([' ', '\r']);
    let _version = words.next().filter(|word| word.starts_with("HTTP/1."))?;
    Some((words.next()?.parse().ok()?, body.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn an_answer_is_taken_apart() {
        let answer = "HTTP/1.0 503 Unavailable\r\na: b\r\n\r\nstore: x\n";
        assert_eq!(parse(answer), Some((503, "store: x\n".to_owned())));
        assert_eq!(parse("HTTP/1.1 200\r\n\r\n"), Some((200, String::new())));
        assert_eq!(parse("SSH-2.0-x\r\n"), None);
    }
}
