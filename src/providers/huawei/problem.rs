//! What an answer that is no success means: by its code where the services
//! have one, and by its status where not.
//!
//! The same status means different things there: a 400 may say that the thing
//! is gone, a 403 that the call came too early, a 404 that the URL is wrong.

use jiff::SignedDuration;
use serde_json::Value;

use super::{
    api::{Refusal, Service},
    codes::{
        Meaning::{
            self, Conflict, Forbidden, Locked, NoSuchUrl, NotThere, Refused, Throttled, Unauthenticated,
            Unavailable, WrongId,
        },
        REGISTRY_DIGITS, by_code,
    },
};
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

/// What an answer means that is no success.
pub fn problem(service: Service, answer: &Answer) -> Problem {
    let meaning = meaning(service, answer.status.as_u16(), answer.error_body());
    let mut failure = answer.failure();
    if let Some(id) = request_id(answer) {
        failure.detail.push_str(&format!(" (request {id})"));
    }
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
        // As after a refused login; but no other token helps.
        Some(Locked) => failure.class = FailureClass::Unauthenticated,
        Some(Forbidden | Refused) => failure.class = FailureClass::Refused,
        Some(Conflict) => failure.class = FailureClass::Conflict,
        Some(Unavailable) => failure.class = FailureClass::Unavailable,
    }
    Problem::Other(Refusal::Failed(failure))
}

/// What the cloud's support asks for.
fn request_id(answer: &Answer) -> Option<&str> {
    const LONGEST_CHARS: usize = 64;
    let id = answer.headers.get("x-request-id")?.to_str().ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!id.is_empty() && id.len() <= LONGEST_CHARS && id.chars().all(is_plain)).then_some(id)
}

/// `None`: what the status alone means, as everywhere.
fn meaning(service: Service, status: u16, body: &[u8]) -> Option<Meaning> {
    let codes = codes(body);
    let known = codes.iter().find_map(|code| by_code(code));
    known.or_else(|| by_status(service, status, !codes.is_empty()))
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

    use super::{
        super::codes::{GATEWAY, IDENTITY, IMAGES, REGISTRY},
        *,
    };

    fn of(service: Service, status: u16, body: &str) -> Option<Meaning> {
        meaning(service, status, body.as_bytes())
    }

    fn coded(code: &str) -> String {
        json!({"error_code": code, "error_msg": "no"}).to_string()
    }

    /// As the documents list them, with the status that they come with.
    const DOCUMENTED: &[(u16, &str, &str, Meaning)] = &[
        (404, "APIGW", "0101", NoSuchUrl),
        (401, "APIG", "0301 0305 0307", Unauthenticated),
        (403, "APIGW", "0302 0306 0310 0401 0402 0405 0802", Refused),
        (429, "APIG", "0308", Throttled),
        (500, "APIGW", "0601", Unavailable),
        (503, "APIGW", "0613", Unavailable),
        (400, "IAM", "0009", Refused),
        (400, "IAM", "1105 1107 1108", Unauthenticated),
        (401, "IAM", "0001 0062 0066 0067", Unauthenticated),
        (401, "IAM", "0061", Locked),
        (403, "IAM", "0002 0003", Refused),
        (403, "IAM", "0080 0081 0082 0083", Unauthenticated),
        (404, "IAM", "0004", NotThere),
        (409, "IAM", "0005", Conflict),
        (410, "IAM", "0020", Unavailable),
        (429, "IAM", "0012", Throttled),
        (500, "IAM", "0006", Unavailable),
        (400, "IMG", "0027 0086 0121 0144 0023", NotThere),
        (400, "IMG", "0031 0066 0067 0108 0113", WrongId),
        (400, "IMG", "0060 0187", Throttled),
        (400, "IMG", "0087 0030", Unauthenticated),
        (403, "IMG", "0026", Refused),
        (
            400,
            "IMG",
            "0047 0092 0106 0001 0007 0076 0089 0094 0098 0105 0135 0177 0178 0088 0028",
            Refused,
        ),
        (400, "IMG", "0112 0114 0018 0061", Unavailable),
        (400, "IMG", "0046 0090 0148 0176", Conflict),
        (
            400,
            "SVCSTG.SWR",
            "4000014 4000056 4001025 4001028 4001029 4001065 4001066 4001067 4001091",
            Refused,
        ),
        (400, "SVCSTG.SWR", "4000031 4001048", Unauthenticated),
        (400, "SVCSTG.SWR", "4001090", NotThere),
        (401, "SVCSTG.SWR", "4010000", Unauthenticated),
        (401, "SVCSTG.S2I", "4019000", Unauthenticated),
        (401, "SVCSTG.SWR", "4011064 4011044", Forbidden),
        (
            403,
            "SVCSTG.SWR",
            "4039001 4039002 4037017 4037018 4037020 4030170 4031033",
            Refused,
        ),
        (403, "SVCSTG.SWR", "4031032 4031042", Throttled),
        (
            404,
            "SVCSTG.SWR",
            "4040091 4040078 4040010 4040113 4040009 4040058 4041061",
            NotThere,
        ),
        (404, "SVCSTG.SWR", "4040048 4040115 4041056", NotThere),
        (404, "SVCSTG.SWR", "4040083", NoSuchUrl),
        (406, "SVCSTG.SWR", "4060012 4060074", Refused),
        (409, "SVCSTG.SWR", "4090023", Unavailable),
        (409, "SVCSTG.SWR", "4090076 4090089", Conflict),
        (
            500,
            "SVCSTG.SWR",
            "5000077 5000078 5000079 5000080 5000081",
            Unavailable,
        ),
        (500, "SVCSTG.SWR", "5000090 5000091 5000092 5000093", Unavailable),
        (507, "SVCSTG.SWR", "5070070", Unavailable),
    ];

    #[test]
    fn every_code_of_the_documents_has_its_meaning_and_the_tables_hold_no_other() {
        let mut documented = BTreeSet::new();
        for (status, prefix, digits, expected) in DOCUMENTED {
            for digits in digits.split(' ') {
                let code = format!("{prefix}.{digits}");
                for service in [Service::Identity, Service::Images, Service::Registry] {
                    assert_eq!(of(service, *status, &coded(&code)), Some(*expected), "{code}");
                }
                assert!(
                    documented.insert((prefix.trim_end_matches('W'), digits)),
                    "{code} stands there twice"
                );
            }
        }
        let tables = [GATEWAY, IDENTITY, IMAGES, REGISTRY];
        let held = tables
            .iter()
            .flat_map(|table| table.iter())
            .map(|(_, codes)| codes.len());
        assert_eq!(held.sum::<usize>(), documented.len());
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
