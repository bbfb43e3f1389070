//! What an answer that is no success means: by its code where the services
//! have one, and by its status where not.
//!
//! The same status means different things there: a 400 may say that the thing
//! is gone, a 403 that the call came too early, a 404 that the URL is wrong.

use jiff::SignedDuration;
use serde_json::Value;

use super::api::{Refusal, Service};
use crate::{
    model::{Failure, FailureClass},
    providers::http::Answer,
};

/// After a throttled call whose answer does not say how long to wait.
const THROTTLED_WAIT: SignedDuration = SignedDuration::from_secs(3);

/// What becomes of a call whose answer is no success.
#[derive(Debug)]
pub enum Problem {
    /// Another token, or a signature that is right, may cure it.
    Unauthenticated(Failure),
    Other(Refusal),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    NotThere,
    WrongId,
    /// No such URL: a fault of this program, or another host than was meant.
    NoSuchUrl,
    /// Of a token or a signature.
    Unauthenticated,
    /// 401, and no other token would help.
    Forbidden,
    Throttled,
    Refused,
    Conflict,
    Unavailable,
}

use Meaning::{
    Conflict, Forbidden, NoSuchUrl, NotThere, Refused, Throttled, Unauthenticated, Unavailable, WrongId,
};

/// Of the gateway, whatever its prefix is.
const GATEWAY: &[(Meaning, &[&str])] = &[
    (NoSuchUrl, &["0101"]),
    (Unauthenticated, &["0301", "0305", "0307"]),
    (Refused, &["0302", "0306", "0310", "0401", "0402", "0405", "0802"]),
    (Throttled, &["0308"]),
    (Unavailable, &["0601", "0613"]),
];

/// `IAM.…`
const IDENTITY: &[(Meaning, &[&str])] = &[
    (
        Unauthenticated,
        &[
            "0001", "0062", "0066", "0067", "0080", "0081", "0082", "0083", "1105", "1107", "1108",
        ],
    ),
    // Every further try keeps the account locked.
    (Forbidden, &["0061"]),
    (Refused, &["0002", "0003", "0009"]),
    (NotThere, &["0004"]),
    (Conflict, &["0005"]),
    (Throttled, &["0012"]),
    (Unavailable, &["0006", "0020"]),
];

/// `IMG.…`
const IMAGES: &[(Meaning, &[&str])] = &[
    // 0023 is of a job: it is over, forgotten, or for the lists to tell about.
    (NotThere, &["0027", "0086", "0121", "0144", "0023"]),
    // 0113, a member that could not be removed, may be the answer for a share
    // that is not there: it is about the pair, and not about the cloud.
    (WrongId, &["0031", "0066", "0067", "0108", "0113"]),
    (Throttled, &["0060", "0187"]),
    (Unauthenticated, &["0087", "0030"]),
    (
        Refused,
        &[
            "0001", "0007", "0026", "0028", "0047", "0076", "0088", "0089", "0092", "0094", "0098", "0105",
            "0106", "0135", "0177", "0178",
        ],
    ),
    // What became of it is for another look at the list to say.
    (Unavailable, &["0018", "0112", "0114", "0061"]),
    (Conflict, &["0046", "0090", "0148", "0176"]),
];

/// A code of the registry without its prefix.
const REGISTRY_DIGITS: usize = 7;

/// `SVCSTG.SWR.…` and `SVCSTG.S2I.…`
const REGISTRY: &[(Meaning, &[&str])] = &[
    (
        NotThere,
        &[
            "4001090", "4040091", "4040078", "4040010", "4040113", "4040009", "4040058", "4041061",
            "4040048", "4040115", "4041056",
        ],
    ),
    (NoSuchUrl, &["4040083"]),
    (Unauthenticated, &["4000031", "4001048", "4010000", "4019000"]),
    (Forbidden, &["4011064", "4011044"]),
    (Throttled, &["4031032", "4031042"]),
    (
        Refused,
        &[
            "4000014", "4000056", "4001025", "4001028", "4001029", "4001065", "4001066", "4001067",
            "4001091", "4039001", "4039002", "4037017", "4037018", "4037020", "4030170", "4031033",
            "4060012", "4060074",
        ],
    ),
    (Conflict, &["4090076", "4090089"]),
    (
        Unavailable,
        &[
            "4090023", "5000077", "5000078", "5000079", "5000080", "5000081", "5000090", "5000091",
            "5000092", "5000093", "5070070",
        ],
    ),
];

/// What an answer means that is no success.
pub fn problem(service: Service, answer: &Answer) -> Problem {
    let meaning = meaning(service, answer.status.as_u16(), answer.error_body());
    let mut failure = answer.failure();
    match meaning {
        None => return Problem::Other(Refusal::Failed(failure)),
        Some(NotThere) => return Problem::Other(Refusal::NotThere(failure)),
        Some(WrongId) => return Problem::Other(Refusal::WrongId(failure)),
        Some(NoSuchUrl) => {
            failure.class = FailureClass::Refused;
            failure
                .detail
                .push_str(" (no such URL: another host than was meant, or a fault of this program)");
        }
        Some(Unauthenticated) => {
            failure.class = FailureClass::Unauthenticated;
            return Problem::Unauthenticated(failure);
        }
        Some(Throttled) => {
            failure.class = FailureClass::Throttled;
            failure.retry_after = failure.retry_after.or(Some(THROTTLED_WAIT));
        }
        Some(Forbidden | Refused) => failure.class = FailureClass::Refused,
        Some(Conflict) => failure.class = FailureClass::Conflict,
        Some(Unavailable) => failure.class = FailureClass::Unavailable,
    }
    Problem::Other(Refusal::Failed(failure))
}

/// `None`: what the status alone means, as everywhere.
fn meaning(service: Service, status: u16, body: &[u8]) -> Option<Meaning> {
    let codes = codes(body);
    let known = codes.iter().find_map(|code| by_code(code));
    known.or_else(|| by_status(service, status, !codes.is_empty()))
}

fn by_code(code: &str) -> Option<Meaning> {
    // Some predecessors of the registry leave the prefix out.
    let (prefix, digits) = code.rsplit_once('.').unwrap_or(("SVCSTG.SWR", code));
    let table = match prefix {
        "APIGW" | "APIG" => GATEWAY,
        "IAM" => IDENTITY,
        "IMG" => IMAGES,
        "SVCSTG.SWR" | "SVCSTG.S2I" => REGISTRY,
        _ => return None,
    };
    let row = table.iter().find(|(_, codes)| codes.contains(&digits));
    row.map(|(meaning, _)| *meaning)
}

/// `has_code`: with one that nobody knows.
fn by_status(service: Service, status: u16, has_code: bool) -> Option<Meaning> {
    match status {
        401 => Some(Unauthenticated),
        // Native calls and plain Keystone answer without a code.
        404 if !has_code => Some(NotThere),
        404 => Some(Refused),
        // The identity service of the region has moved over to another one.
        410 if service == Service::Identity => Some(Unavailable),
        429 => Some(Throttled),
        _ => None,
    }
}

/// All codes of an error body in any of the shapes that the services, the
/// gateway before them and their predecessors use.
fn codes(body: &[u8]) -> Vec<String> {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return Vec::new();
    };
    let mut codes = Vec::new();
    let mut collect = |value: &Value| {
        for key in ["error_code", "errorCode", "code"] {
            let code = match value.get(key) {
                Some(Value::String(code)) => code.trim().to_owned(),
                Some(Value::Number(code)) => code.to_string(),
                _ => continue,
            };
            // The status once more, as a number or as `404 Not Found`.
            if code.contains('.') || code.len() == REGISTRY_DIGITS {
                codes.push(code);
            }
        }
    };
    match &value {
        Value::Array(items) => items.iter().for_each(collect),
        value => {
            collect(value);
            value.get("error").into_iter().for_each(&mut collect);
            let items = value.get("errors").and_then(Value::as_array);
            items.into_iter().flatten().for_each(collect);
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn of(service: Service, status: u16, body: &str) -> Option<Meaning> {
        meaning(service, status, body.as_bytes())
    }

    fn coded(code: &str) -> String {
        json!({"error_code": code, "error_msg": "no"}).to_string()
    }

    #[test]
    fn a_code_counts_more_than_the_status() {
        for (service, status, code, expected) in [
            (Service::Images, 400, "IMG.0027", NotThere),
            (Service::Images, 400, "IMG.0066", WrongId),
            (Service::Images, 400, "IMG.0060", Throttled),
            (Service::Images, 400, "IMG.0087", Unauthenticated),
            (Service::Images, 403, "IMG.0026", Refused),
            (Service::Images, 400, "IMG.0113", WrongId),
            (Service::Images, 400, "IMG.0090", Conflict),
            (Service::Images, 404, "APIGW.0101", NoSuchUrl),
            (Service::Registry, 404, "APIG.0101", NoSuchUrl),
            (Service::Registry, 404, "SVCSTG.SWR.4040083", NoSuchUrl),
            (Service::Registry, 404, "SVCSTG.SWR.4040091", NotThere),
            (Service::Registry, 400, "SVCSTG.SWR.4001090", NotThere),
            (Service::Registry, 401, "SVCSTG.SWR.4011064", Forbidden),
            (Service::Registry, 401, "SVCSTG.SWR.4010000", Unauthenticated),
            (Service::Registry, 400, "SVCSTG.SWR.4000031", Unauthenticated),
            (Service::Registry, 403, "SVCSTG.SWR.4031042", Throttled),
            (Service::Registry, 403, "SVCSTG.SWR.4039001", Refused),
            (Service::Registry, 409, "SVCSTG.SWR.4090023", Unavailable),
            (Service::Registry, 401, "SVCSTG.S2I.4019000", Unauthenticated),
            (Service::Identity, 401, "APIGW.0307", Unauthenticated),
            (Service::Identity, 404, "IAM.0004", NotThere),
            (Service::Identity, 410, "IAM.0020", Unavailable),
        ] {
            assert_eq!(of(service, status, &coded(code)), Some(expected), "{code}");
        }
    }

    /// Each as: the class of failure, or the name of the refusal.
    #[test]
    fn every_code_of_the_documents_has_one_meaning() {
        for (prefix, table) in [
            ("APIGW", GATEWAY),
            ("APIG", GATEWAY),
            ("IAM", IDENTITY),
            ("IMG", IMAGES),
            ("SVCSTG.SWR", REGISTRY),
        ] {
            let mut seen = BTreeSet::new();
            for (meaning, digits) in table
                .iter()
                .flat_map(|(meaning, codes)| codes.iter().map(move |code| (*meaning, *code)))
            {
                assert!(seen.insert(digits), "{prefix}.{digits} stands there twice");
                for status in [400, 401, 403, 404, 409, 500] {
                    let code = format!("{prefix}.{digits}");
                    assert_eq!(
                        of(Service::Images, status, &coded(&code)),
                        Some(meaning),
                        "{code}"
                    );
                }
            }
        }
    }

    #[test]
    fn all_shapes_of_error_bodies_are_read() {
        let shapes = |code: &str| {
            [
                json!({"error": {"message": "no", "code": code}}),
                json!({"error_code": code, "error_msg": "no", "request_id": "r"}),
                json!([{"errorCode": code, "errorMessage": "no", "detail": ""}]),
                json!({"errors": [{"errorCode": code, "errorMessage": "no"}], "error_code": code}),
                json!({"errors": [{"errorCode": code, "errorMessage": "no"}]}),
                json!({"errorCode": code, "errorMessage": "no"}),
                json!({"code": code, "message": "no"}),
            ]
        };
        for body in shapes("SVCSTG.SWR.4040083").into_iter().chain(shapes("4040083")) {
            assert_eq!(
                of(Service::Registry, 404, &body.to_string()),
                Some(NoSuchUrl),
                "{body}"
            );
        }
        assert_eq!(
            of(Service::Registry, 404, r#"[{"errorCode":4040091}]"#),
            Some(NotThere)
        );
    }

    #[test]
    fn a_404_without_a_code_may_be_gone_and_one_with_an_unknown_code_is_not() {
        for body in [
            "",
            "<html>404</html>",
            "[]",
            r#"{"code":"404 Not Found","title":"Not Found","message":"No image"}"#,
            r#"{"error":{"code":404,"message":"no","title":"Not Found"}}"#,
            r#"{"error":{"code":"404","message":"no"}}"#,
        ] {
            assert_eq!(of(Service::Images, 404, body), Some(NotThere), "{body}");
        }
        assert_eq!(
            of(Service::Registry, 404, &coded("SVCSTG.SWR.4049999")),
            Some(Refused)
        );
        assert_eq!(of(Service::Images, 404, &coded("IMG.9999")), Some(Refused));
    }

    #[test]
    fn a_status_speaks_where_no_code_does() {
        for (status, expected) in [
            (400, None),
            (401, Some(Unauthenticated)),
            (403, None),
            (409, None),
            (429, Some(Throttled)),
            (500, None),
            (504, None),
        ] {
            assert_eq!(of(Service::Registry, status, "no"), expected, "{status}");
            assert_eq!(
                of(Service::Registry, status, &coded("APIGW.0201")),
                expected,
                "{status}"
            );
        }
        assert_eq!(of(Service::Images, 410, ""), None);
        assert_eq!(of(Service::Identity, 410, ""), Some(Unavailable));
    }
}
