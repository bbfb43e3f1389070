//! Signatures of requests by an access key, SDK-HMAC-SHA256: pure, so that the
//! simulated cloud verifies with the same code.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{Timestamp, tz::TimeZone};
use percent_encoding::{percent_decode_str, percent_encode};
use sha2::{Digest, Sha256};

use crate::providers::address::SEGMENT;

const ALGORITHM: &str = "SDK-HMAC-SHA256";

/// All of a request that its signature covers.
pub struct Signable<'a> {
    pub method: &'a str,
    /// As sent, percent-encoded or not.
    pub path: &'a str,
    /// As sent, without the question mark.
    pub query: &'a str,
    /// Names in lower case, in any order.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
}

/// The value of `X-Sdk-Date`: seconds of UTC without separators.
pub fn sdk_date(now: Timestamp) -> String {
    now.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of `Authorization`. The date is the one of the header `x-sdk-date`.
pub fn authorization(request: &Signable<'_>, access_key: &str, secret_key: &str, date: &str) -> String {
    let signature = signature(request, secret_key, date);
    let names = signed_headers(request);
    format!("{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}")
}

/// In hexadecimal digits.
pub fn signature(request: &Signable<'_>, secret_key: &str, date: &str) -> String {
    let hashed = hex(&Sha256::digest(canonical_request(request)));
    // The secret key is the key as it is; nothing is derived from it.
    let mut mac =
        Hmac::<Sha256>::new_from_slice(secret_key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{ALGORITHM}\n{date}\n{hashed}").as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn canonical_request(request: &Signable<'_>) -> String {
    let mut headers = request.headers.to_vec();
    headers.sort_unstable();
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}:{}\n", value.trim()))
        .collect();
    [
        request.method,
        &canonical_path(request.path),
        &canonical_query(request.query),
        &headers,
        &signed_headers(request),
        &hex(&Sha256::digest(request.body)),
    ]
    .join("\n")
}

/// Ends with a slash, which the path that is sent does not.
fn canonical_path(path: &str) -> String {
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    let segments = decoded.split(|byte| *byte == b'/').map(encoded);
    let mut canonical = segments.collect::<Vec<_>>().join("/");
    if !canonical.ends_with('/') {
        canonical.push('/');
    }
    canonical
}

fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let again = |text: &str| encoded(&percent_decode_str(text).collect::<Vec<u8>>());
            (again(key), again(value))
        })
        .collect();
    pairs.sort_unstable();
    let pairs = pairs.into_iter().map(|(key, value)| format!("{key}={value}"));
    pairs.collect::<Vec<_>>().join("&")
}

fn signed_headers(request: &Signable<'_>) -> String {
    let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.join(";")
}

fn encoded(bytes: &[u8]) -> String {
    percent_encode(bytes, SEGMENT).to_string()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to a string does not fail");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for these tests.
    const SECRET_KEY: &str = "exampleSKexampleSKexampleSKexampleSK0000";
    const DATE: &str = "20250102T030405Z";
    const PROJECT: (&str, &str) = ("x-project-id", "11112222333344445555666677778888");
    const ACCOUNT: (&str, &str) = ("x-domain-id", "d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0");

    /// The hash of the canonical request, and the signature.
    fn signed(request: &Signable<'_>) -> (String, String) {
        let hashed = hex(&Sha256::digest(canonical_request(request)));
        (hashed, signature(request, SECRET_KEY, DATE))
    }

    fn check(
        line: (&str, &str, &str, &str),
        content_type: &str,
        scope: (&str, &str),
        body: &str,
        expected: (&str, &str),
    ) {
        let (method, host, path, query) = line;
        let headers = [
            ("content-type", content_type),
            ("host", host),
            scope,
            ("x-sdk-date", DATE),
        ];
        let body = body.as_bytes();
        let request = Signable {
            method,
            path,
            query,
            headers: &headers,
            body,
        };
        let (hashed, signature) = signed(&request);
        assert_eq!(
            (hashed.as_str(), signature.as_str()),
            expected,
            "{method} {path}?{query}"
        );
    }

    #[test]
    fn a_removal_of_members_is_signed_with_its_body() {
        check(
            ("DELETE", "ims.eu-de.example.com", "/v1/cloudimages/members", ""),
            "application/json;charset=UTF-8",
            PROJECT,
            r#"{"images":["6d1f2c3a-0000-4000-8000-000000000001"],"projects":["aaaabbbbccccddddeeeeffff00001111"]}"#,
            (
                "f035c116eefc2208ccbfc9915ef1e402fda053e951223c8b64459d3e3eccebb3",
                "01df3524a389449208bc43ae7b18535f463ebdeba2a33486912820fdef94dda4",
            ),
        );
    }

    #[test]
    fn a_dollar_is_signed_alike_however_it_is_sent() {
        for path in [
            "/v2/manage/namespaces/team-a/repos/web%24api/access",
            "/v2/manage/namespaces/team-a/repos/web$api/access",
        ] {
            check(
                ("DELETE", "swr-api.eu-de.example.com", path, ""),
                "application/json;charset=utf-8",
                PROJECT,
                r#"["9999888877776666555544443333222"]"#,
                (
                    "fb11f16a57b9b0d0241e6100caad66adf39aee3900554906c15dc703175ac124",
                    "3dd4a13448ac55945eda4623c078d2bcd5108f12134386322bad734469f9867d",
                ),
            );
        }
    }

    #[test]
    fn the_query_is_signed_in_order_whatever_order_it_is_sent_in() {
        for query in [
            "owner=11112222333344445555666677778888&__imagetype=shared&created_at=lt:2024-06-01T00:00:00Z&limit=500",
            "limit=500&created_at=lt%3A2024-06-01T00%3A00%3A00Z&__imagetype=shared&owner=11112222333344445555666677778888",
        ] {
            check(
                ("GET", "ims.eu-de.example.com", "/v2/cloudimages", query),
                "application/json",
                PROJECT,
                "",
                (
                    "7955b30fc19a1bfba29ae9c9d44449e1c0601ece9a7a733e1099811abfe11f38",
                    "10200ba1d70ccfce1a8ed9f23fc5a57070290cfe0c7d236a03cdab148b8d123f",
                ),
            );
        }
    }

    #[test]
    fn colons_and_bars_of_a_filter_are_encoded() {
        check(
            (
                "GET",
                "swr-api.eu-de.example.com",
                "/v2/manage/namespaces",
                "filter=namespace::team-a|mode::visible",
            ),
            "application/json",
            PROJECT,
            "",
            (
                "e0eb2bec468ef2db943d5e1707ae611267669c142dd31e7e335dba146908ca33",
                "28de124638eecc14065f4c66d57c48a040ea998ca0914b65642bd3cca17806ec",
            ),
        );
    }

    #[test]
    fn a_call_for_the_account_is_signed_with_its_id() {
        check(
            (
                "GET",
                "iam.eu-de.example.com",
                "/v3/users",
                "domain_id=d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0&enabled=false",
            ),
            "application/json",
            ACCOUNT,
            "",
            (
                "85870f167c3b584afd02f5de28b113e67cfc1e97209d8ab9a4aaa53ab046db66",
                "b50a7dc8fcd9fa0b38872e1559a7930ee8a4e197c7d003e674921fd67aeaaeaa",
            ),
        );
    }

    /// With the sample key that the vendor prints there.
    #[test]
    fn the_vendors_worked_example_comes_out_the_same() {
        let date = "20191115T033655Z";
        let request = Signable {
            method: "GET",
            path: "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs",
            query: "limit=2&marker=13551d6b-755d-4757-b956-536f674975c0",
            headers: &[
                ("x-sdk-date", date),
                ("host", "service.region.example.com"),
                ("content-type", "application/json"),
            ],
            body: b"",
        };
        let secret_key = "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc";
        assert_eq!(
            authorization(&request, "QTWAOYTTINDUT2QVKYUC", secret_key, date),
            "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, \
             Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"
        );
        assert_eq!(
            hex(&Sha256::digest(canonical_request(&request))),
            "b25362e603ee30f4f25e7858e8a7160fd36e803bb2dfe206278659d71a9bcd7a"
        );
    }

    #[test]
    fn a_canonical_request_is_written_line_by_line() {
        let request = Signable {
            method: "DELETE",
            path: "/v2/a b/%2e",
            query: "b&a=%20&a=+",
            headers: &[("x-sdk-date", DATE), ("host", " h ")],
            body: b"",
        };
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let expected = format!(
            "DELETE\n/v2/a%20b/./\na=%20&a=%2B&b=\nhost:h\nx-sdk-date:{DATE}\n\nhost;x-sdk-date\n{empty}"
        );
        assert_eq!(canonical_request(&request), expected);
    }

    #[test]
    fn the_date_has_no_separators() {
        let now: Timestamp = "2025-01-02T03:04:05.678Z".parse().unwrap();
        assert_eq!(sdk_date(now), DATE);
    }
}
