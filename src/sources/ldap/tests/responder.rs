//! Something that speaks as much LDAP as a read needs, and breaks it as told.

use ldap3::asn1::parse_tag;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// One message, or the end of all messages.
#[derive(Clone)]
pub enum Say {
    Bound(u8, &'static str),
    /// A DN and values of attributes.
    Person(&'static str, &'static [(&'static str, &'static str)]),
    Reference(&'static str),
    Done(u8),
    Referral(&'static str),
    /// A success, and whether another page follows.
    Page(&'static [u8]),
    /// A success with a paging control that is none.
    BrokenPage,
    /// An operation that no answer to a search is.
    Nonsense,
    /// The first half of an entry, and then nothing ever.
    Half,
    Close,
}

/// Answers the first connection: to each request in turn what is said there,
/// and to those after them nothing. What it gives back are the requests, once
/// the other side has closed the connection.
pub async fn answering(answers: Vec<Vec<Say>>) -> (String, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream, answers).await
    });
    (url, served)
}

async fn serve(mut stream: TcpStream, answers: Vec<Vec<Say>>) -> Vec<Vec<u8>> {
    let (mut answers, mut requests, mut read) = (answers.into_iter(), Vec::new(), Vec::new());
    loop {
        while let Ok((rest, message)) = parse_tag(&read) {
            let (request, rest) = (read[..read.len() - rest.len()].to_vec(), rest.to_vec());
            let id = message.expect_constructed().unwrap().swap_remove(0);
            let id = ber(0x02, &id.expect_primitive().unwrap());
            requests.push(request);
            read = rest;
            for say in answers.next().unwrap_or_default() {
                let Some(message) = message_of(&say, &id) else {
                    return requests;
                };
                // Whoever has closed the connection does not want to know.
                drop(stream.write_all(&message).await);
            }
        }
        // A connection that is reset is closed as well.
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return requests;
        }
    }
}

fn message_of(say: &Say, id: &[u8]) -> Option<Vec<u8>> {
    let message = |operation: Vec<u8>| ber(0x30, &[id, &operation].concat());
    let paged = |value: &[u8]| {
        let control = [ber(0x04, b"1.2.840.113556.1.4.319"), ber(0x04, value)].concat();
        let controls = ber(0xa0, &ber(0x30, &control));
        ber(0x30, &[id, &result(0x65, 0, "", ""), &controls].concat())
    };
    Some(match say {
        Say::Bound(code, words) => message(result(0x61, *code, words, "")),
        Say::Person(dn, values) => message(person(dn, values)),
        Say::Reference(address) => message(ber(0x73, &ber(0x04, address.as_bytes()))),
        Say::Done(code) => message(result(0x65, *code, "", "")),
        Say::Referral(address) => message(result(0x65, 10, "", address)),
        Say::Page(cookie) => paged(&ber(0x30, &[ber(0x02, &[0]), ber(0x04, cookie)].concat())),
        Say::BrokenPage => paged(b"\x30\x03\x02\x01\x00"),
        Say::Nonsense => message(ber(0x6e, &ber(0x04, b""))),
        Say::Half => {
            let whole = message(person("uid=half,dc=example", &[("mail", "half@example.org")]));
            whole[..whole.len() / 2].to_vec()
        }
        Say::Close => return None,
    })
}

fn person(dn: &str, values: &[(&str, &str)]) -> Vec<u8> {
    let attributes = values.iter().flat_map(|(name, value)| {
        let values = ber(0x31, &ber(0x04, value.as_bytes()));
        ber(0x30, &[ber(0x04, name.as_bytes()), values].concat())
    });
    let attributes: Vec<u8> = attributes.collect();
    ber(0x64, &[ber(0x04, dn.as_bytes()), ber(0x30, &attributes)].concat())
}

fn result(operation: u8, code: u8, words: &str, referral: &str) -> Vec<u8> {
    let mut parts = [ber(0x0a, &[code]), ber(0x04, b""), ber(0x04, words.as_bytes())].concat();
    if !referral.is_empty() {
        parts.extend(ber(0xa3, &ber(0x04, referral.as_bytes())));
    }
    ber(operation, &parts)
}

fn ber(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x82][..], &length, content].concat()
}
