//! The check of a signed request (SDK-HMAC-SHA256).
//!
//! Written from the document alone and sharing nothing with the client: what
//! both got wrong in the same way would not be found.

use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp, civil, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};
use url::form_urlencoded;

use super::{
    Shared,
    access::Caller,
    answers::{Problem, header},
    dispatch::{Incoming, Service},
};
use crate::{model::Id, simulator::AccessKey};

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const DATE: &str = "x-sdk-date";
/// How far the client's clock may be off.
const SLACK: SignedDuration = SignedDuration::from_mins(15);
const LOCK_TIME: SignedDuration = SignedDuration::from_mins(5);

/// Who signed the request, and where they act.
///
/// # Errors
/// What the gateway says no with.
pub(super) fn caller(shared: &Shared, incoming: &Incoming, authorization: &str) -> Result<Caller, Problem> {
    let claim =
        Claim::parse(authorization).ok_or_else(|| refused("the Authorization header is malformed"))?;
    let world = shared.world();
    let key = world.access_key(claim.access_key).cloned();
    drop(world);
    let key = key.ok_or_else(|| refused("verify aksk signature fail, access key does not exist"))?;
    if shared.is_locked(&key.access_key) {
        return Err(refused("AK access failed to reach the limit, forbidden"));
    }
    if let Err(problem) = check(shared, incoming, &claim, &key) {
        shared.count_refusal(&key.access_key, LOCK_TIME);
        return Err(problem);
    }
    shared.forget_refusals(&key.access_key);
    place(shared, incoming, &key)
}

/// What the `Authorization` header claims.
struct Claim<'a> {
    access_key: &'a str,
    signed_headers: Vec<&'a str>,
    signature: &'a str,
}

impl Claim<'_> {
    fn parse(authorization: &str) -> Option<Claim<'_>> {
        let parts = authorization.strip_prefix(ALGORITHM)?.strip_prefix(' ')?;
        let part = |name: &str| {
            let mut all = parts.split(", ");
            all.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        Some(Claim {
            access_key: part("Access")?,
            signed_headers: part("SignedHeaders")?.split(';').collect(),
            signature: part("Signature")?,
        })
    }
}

fn check(shared: &Shared, incoming: &Incoming, claim: &Claim, key: &AccessKey) -> Result<(), Problem> {
    let date = header(&incoming.headers, DATE).unwrap_or_default();
    let signed_at = moment(date).ok_or_else(|| refused("x-sdk-date is missing or malformed"))?;
    if shared.now().duration_since(signed_at).abs() > SLACK {
        return Err(refused(
            "verify aksk signature fail, x-sdk-date is more than 15 minutes from the time of the server",
        ));
    }
    if !["host", DATE]
        .iter()
        .all(|name| claim.signed_headers.contains(name))
    {
        return Err(refused(
            "verify aksk signature fail, host and x-sdk-date must be signed",
        ));
    }
    // Says so itself where the body is not signed.
    let hash = match header(&incoming.headers, "x-sdk-content-sha256") {
        Some(declared) => declared.to_string(),
        None => body_hash(&incoming.body),
    };
    let canonical = canonical_request(
        incoming.method.as_str(),
        &incoming.raw_path,
        &incoming.query,
        &incoming.headers,
        &claim.signed_headers,
        &hash,
    );
    if signature(&key.secret_key, date, &canonical) != claim.signature {
        return Err(refused("verify aksk signature fail"));
    }
    if !key.enabled {
        return Err(refused("the access key is not active"));
    }
    let given = header(&incoming.headers, "x-security-token");
    match &key.security_token {
        Some(token) if given != Some(token.text.as_str()) => Err(refused("the security token is wrong")),
        Some(token) if token.expires_at <= shared.now() => Err(refused("the security token has expired")),
        _ => Ok(()),
    }
}

/// Where the signer acts: the project or account that a header names; without
/// one the account for its own service, else the region's project.
fn place(shared: &Shared, incoming: &Incoming, key: &AccessKey) -> Result<Caller, Problem> {
    let world = shared.world();
    let user = world.user(key.user.as_str()).filter(|user| user.enabled);
    let user = user.ok_or_else(|| Problem::new(403, "IAM.0080", "The user of the access key is disabled"))?;
    if let Some(account) = header(&incoming.headers, "x-domain-id")
        && account != user.account.as_str()
    {
        return Err(Problem::new(403, "APIGW.0302", "The account is not the signer's"));
    }
    let mut own = world.projects().filter(|project| project.account == user.account);
    let named = header(&incoming.headers, "x-project-id");
    let project = match (named, incoming.service) {
        (Some(id), _) => own.find(|project| project.id.as_str() == id),
        (None, Service::Identity) => return Ok(Caller::new(user, None)),
        (None, _) => own.find(|project| project.name == shared.options.region),
    };
    let project: Option<Id> = project.map(|project| project.id.clone());
    let caller = Caller::new(user, project);
    if caller.project.is_none() || caller.role.is_none() {
        return Err(Problem::new(403, "APIGW.0310", "The project is unavailable"));
    }
    Ok(caller)
}

fn refused(why: &str) -> Problem {
    let message = format!("Incorrect IAM authentication information: {why}");
    Problem::new(401, "APIGW.0301", message)
}

fn moment(date: &str) -> Option<Timestamp> {
    let civil = civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date).ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

pub(super) fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

pub(super) fn canonical_request(
    method: &str,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    signed_headers: &[&str],
    body_hash: &str,
) -> String {
    let mut lines = String::new();
    for name in signed_headers {
        let value = header(headers, name).unwrap_or_default().trim();
        lines += &format!("{name}:{value}\n");
    }
    let names = signed_headers.join(";");
    let (path, query) = (canonical_path(path), canonical_query(query));
    format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{body_hash}")
}

/// Decoded as a whole before it is cut, so that an encoded slash cuts too.
fn canonical_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let segments = decoded.split(|byte| *byte == b'/');
    let encoded: Vec<String> = segments.map(encoded).collect();
    let joined = encoded.join("/");
    if joined.ends_with('/') {
        joined
    } else {
        joined + "/"
    }
}

fn canonical_query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    pairs.sort();
    let written = |(key, value): &(String, String)| {
        format!("{}={}", encoded(key.as_bytes()), encoded(value.as_bytes()))
    };
    pairs.iter().map(written).collect::<Vec<_>>().join("&")
}

fn encoded(bytes: &[u8]) -> String {
    /// All but the unreserved characters of RFC 3986.
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    percent_encode(bytes, RESERVED).to_string()
}

pub(super) fn signature(secret_key: &str, date: &str, canonical: &str) -> String {
    let hashed = hex(&Sha256::digest(canonical));
    let to_sign = format!("{ALGORITHM}\n{date}\n{hashed}");
    hex(&hmac_sha256(secret_key.as_bytes(), to_sign.as_bytes()))
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 64;
    let mut block = [0_u8; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        let digest = Sha256::digest(key);
        block[..digest.len()].copy_from_slice(&digest);
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(block.map(|byte| byte ^ 0x5c))
        .chain_update(inner)
        .finalize()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    const SECRET: &str = "exampleSKexampleSKexampleSKexampleSK0000";
    const SIGNED_AT: &str = "20250102T030405Z";
    const PROJECT: (&str, &str) = ("x-project-id", "11112222333344445555666677778888");
    const ACCOUNT: (&str, &str) = ("x-domain-id", "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0");

    struct Vector {
        method: &'static str,
        host: &'static str,
        path: &'static str,
        query: &'static str,
        content_type: &'static str,
        place: (&'static str, &'static str),
        body: &'static str,
        hash: &'static str,
        signature: &'static str,
    }

    /// The documented vectors, each with the query in another order or form
    /// than the signed one where it has a query.
    const VECTORS: [Vector; 5] = [
        Vector {
            method: "DELETE",
            host: "ims.eu-de.example.com",
            path: "/v1/cloudimages/members",
            query: "",
            content_type: "application/json;charset=UTF-8",
            place: PROJECT,
            body: r#"{"images":["6d1f2c3a-0000-4000-8000-000000000001"],"projects":["aaaabbbbccccddddeeeeffff00001111"]}"#,
            hash: "f035c116eefc2208ccbfc9915ef1e402fda053e951223c8b64459d3e3eccebb3",
            signature: "01df3524a389449208bc43ae7b18535f463ebdeba2a33486912820fdef94dda4",
        },
        Vector {
            method: "DELETE",
            host: "swr-api.eu-de.example.com",
            path: "/v2/manage/namespaces/team-a/repos/web$api/access",
            query: "",
            content_type: "application/json;charset=utf-8",
            place: PROJECT,
            body: r#"["9999888877776666555544443333222"]"#,
            hash: "fb11f16a57b9b0d0241e6100caad66adf39aee3900554906c15dc703175ac124",
            signature: "3dd4a13448ac55945eda4623c078d2bcd5108f12134386322bad734469f9867d",
        },
        Vector {
            method: "GET",
            host: "ims.eu-de.example.com",
            path: "/v2/cloudimages",
            query: "owner=11112222333344445555666677778888&__imagetype=shared&limit=500&\
                    created_at=lt:2024-06-01T00%3a00:00Z",
            content_type: "application/json",
            place: PROJECT,
            body: "",
            hash: "7955b30fc19a1bfba29ae9c9d44449e1c0601ece9a7a733e1099811abfe11f38",
            signature: "10200ba1d70ccfce1a8ed9f23fc5a57070290cfe0c7d236a03cdab148b8d123f",
        },
        Vector {
            method: "GET",
            host: "swr-api.eu-de.example.com",
            path: "/v2/manage/namespaces",
            query: "filter=namespace::team-a|mode::visible",
            content_type: "application/json",
            place: PROJECT,
            body: "",
            hash: "e0eb2bec468ef2db943d5e1707ae611267669c142dd31e7e335dba146908ca33",
            signature: "28de124638eecc14065f4c66d57c48a040ea998ca0914b65642bd3cca17806ec",
        },
        Vector {
            method: "GET",
            host: "iam.eu-de.example.com",
            path: "/v3/users",
            query: "enabled=false&domain_id=d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0",
            content_type: "application/json",
            place: ACCOUNT,
            body: "",
            hash: "85870f167c3b584afd02f5de28b113e67cfc1e97209d8ab9a4aaa53ab046db66",
            signature: "b50a7dc8fcd9fa0b38872e1559a7930ee8a4e197c7d003e674921fd67aeaaeaa",
        },
    ];

    #[test]
    fn the_documented_vectors_come_out() {
        for vector in &VECTORS {
            let sent = [
                ("host", vector.host),
                ("content-type", vector.content_type),
                (DATE, SIGNED_AT),
                vector.place,
            ];
            let header = |(name, value): (&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            let headers: HeaderMap = sent.into_iter().map(header).collect();
            let mut names = sent.map(|(name, _)| name);
            names.sort();
            let hash = body_hash(vector.body.as_bytes());
            let canonical =
                canonical_request(vector.method, vector.path, vector.query, &headers, &names, &hash);
            assert_eq!(hex(&Sha256::digest(&canonical)), vector.hash, "{canonical}");
            assert_eq!(signature(SECRET, SIGNED_AT, &canonical), vector.signature);
        }
    }

    #[test]
    fn a_long_key_is_hashed_first() {
        // RFC 4231, test case 6.
        let mac = hmac_sha256(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex(&mac),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn an_encoded_slash_is_a_separator_to_the_signature() {
        assert_eq!(canonical_path("/a%2Fb/c%24d/"), "/a/b/c%24d/");
        assert_eq!(canonical_path("/a/b/c$d"), "/a/b/c%24d/");
    }
}
