//! Certificates that are right and wrong.

use std::{io::Read, io::Write, net::TcpListener, path::PathBuf, sync::Arc, thread, time::Duration};

use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use url::Url;

use super::{Answer, Asked, Web, scripted::answer};
use crate::{
    config::people::{Access, HttpLogin},
    connection::prepare_tls,
};

/// Signed by itself, for 127.0.0.1, until 2120. Both are for these tests and
/// vouch for nothing.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBhDCCASugAwIBAgIUOhwoSP6vGPer/elCBfbhMa0mMKwwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLcmV2b2tkIHRlc3QwIBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAx
MDEwMDAwMDBaMBYxFDASBgNVBAMMC3Jldm9rZCB0ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEgzFHRumhBH/oufSdshLrWO4AWX+sL50OI1f2wdNX+YXjv5fI
1Y6SVWU33LQMsZDiJoSnHxVNhptN7ERq3cuvcKNVMFMwDAYDVR0TAQH/BAIwADAP
BgNVHREECDAGhwR/AAABMBMGA1UdJQQMMAoGCCsGAQUFBwMBMB0GA1UdDgQWBBRq
qDFc9rAHO82Vr2CwBa3NSZAgpjAKBggqhkjOPQQDAgNHADBEAiAez4+fsKi521Sy
roNF82PQ7Q12bjFAEGFbcAcLwTp3JAIgA7zy9lg5nm1pcOyjx0BZmQbHjZHPXmUV
kokFK88YBeY=
-----END CERTIFICATE-----
";
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgiDripYzTSrV1SFhX
Iu1UEG5eOX/lWFt3aMGmx2xVR6KhRANCAASDMUdG6aEEf+i59J2yEutY7gBZf6wv
nQ4jV/bB01f5heO/l8jVjpJVZTfctAyxkOImhKcfFU2Gm03sRGrdy69w
-----END PRIVATE KEY-----
";

/// Serves `connections` over TLS, and ends.
fn serve(connections: usize) -> u16 {
    prepare_tls();
    let certificate = CertificateDer::from_pem_slice(CERTIFICATE.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(KEY.as_bytes()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            // A client that does not like the certificate hangs up.
            if stream.read(&mut [0; 4096]).is_ok() {
                stream.write_all(&answer(200, &[], "[]")).unwrap();
            }
        }
    });
    port
}

async fn get(host: &str, ca_file: Option<PathBuf>) -> Result<Answer, String> {
    let url = Url::parse(&format!("https://{host}:{}/people", serve(1))).unwrap();
    let access = Access {
        login: HttpLogin::None,
        ca_file,
        allow_http: false,
    };
    let web = Web::new(&url, &access, Duration::from_secs(20)).unwrap();
    let asked = Asked {
        url,
        accept: "application/json",
        known: None,
        max_body_bytes: 1000,
    };
    web.get(asked).await.map_err(|failure| failure.to_string())
}

fn ca_file(folder: &tempfile::TempDir) -> PathBuf {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, CERTIFICATE).unwrap();
    path
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_named_with_what_helps() {
    let why = get("127.0.0.1", None).await.err().unwrap();
    assert!(why.starts_with("reading https://127.0.0.1:"), "{why}");
    assert!(
        why.contains("certificate is wrong (invalid peer certificate: "),
        "{why}"
    );
    assert!(why.contains("`ca_file`"), "{why}");
}

#[tokio::test]
async fn a_certificate_of_the_ca_file_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let answer = get("127.0.0.1", Some(ca_file(&folder))).await;
    assert!(matches!(answer, Ok(Answer::Whole { .. })), "{:?}", answer.err());
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_for_a_ca_file_to_mend() {
    let folder = tempfile::tempdir().unwrap();
    let why = get("localhost", Some(ca_file(&folder))).await.err().unwrap();
    assert!(why.starts_with("reading https://localhost:"), "{why}");
    assert!(
        why.contains("certificate is wrong (invalid peer certificate: "),
        "{why}"
    );
    assert!(!why.contains("ca_file"), "{why}");
}
