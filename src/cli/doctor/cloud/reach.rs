//! Whether a server of a cloud can be reached, with its certificate and clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use url::Url;
use x509_parser::parse_x509_certificate;

use super::{super::clock, Finding, Section};
use crate::{
    config::types,
    daemon::clock::SharedClock,
    model::{Caller, Service},
    providers::{self, BadCertificate, Unseen},
};

/// Somebody waits before a terminal.
const LONGEST_WAIT: Duration = Duration::from_secs(15);

/// A new certificate takes some people this long.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Adds what was seen of the server, and tells whether it answered.
pub async fn reach(
    section: &Section<'_>,
    check: &str,
    url: &Url,
    clock: &SharedClock,
    findings: &mut Vec<Finding>,
) -> bool {
    let place = place(url);
    match providers::glimpse(&hurried(section.cloud), url).await {
        Ok(glimpse) => {
            findings.push(Finding::ok(check, format!("{place} answers")));
            if let Some(certificate) = &glimpse.certificate {
                findings.push(certificate_end(certificate, clock.now()));
            }
            findings.push(clock::against(glimpse.date.as_deref(), clock.now()));
            true
        }
        Err(unseen) => {
            let step = match &unseen {
                Unseen::Transport(_) | Unseen::Timeout => broken_step(url).await,
                _ => None,
            };
            findings.push(unreachable(section, check, &place, &unseen, step));
            false
        }
    }
}

/// One service that policies need: where it is, and whether it answers there.
pub async fn service(
    section: &Section<'_>,
    service: Service,
    caller: &Caller,
    clock: &SharedClock,
    findings: &mut Vec<Finding>,
) {
    let (check, key, found) = match service {
        Service::Images => ("image service", "image", &caller.endpoints.images),
        Service::Registry => ("registry", "swr", &caller.endpoints.registry),
    };
    let Some(url) = found.as_deref().and_then(|url| Url::parse(url).ok()) else {
        let seen = "policies need it, and neither the catalogue nor the configuration says where it is";
        let mend = format!(
            "write its address: [clouds.{}.endpoints] {key} = \"https://…\"",
            section.name
        );
        findings.push(Finding::problem(check, seen, mend));
        return;
    };
    if url.origin() == section.cloud.auth_url.origin() {
        let seen = format!("at {}, where the login is", place(&url));
        findings.push(Finding::ok(check, seen));
        return;
    }
    let mut seen = Vec::new();
    reach(section, check, &url, clock, &mut seen).await;
    // The clock was held against the first server already.
    findings.extend(seen.into_iter().filter(|finding| finding.check != "clock"));
}

/// Scheme, host and port: the rest of an address may be secret.
fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn hurried(cloud: &types::Cloud) -> types::Cloud {
    let mut hurried = cloud.clone();
    let limits = &mut hurried.limits;
    limits.connect_timeout = limits.connect_timeout.min(LONGEST_WAIT);
    limits.request_timeout = limits.request_timeout.min(LONGEST_WAIT);
    hurried
}

/// The step on the way to a server that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Name,
    Connection,
}

/// `None`: both work, from here, without a proxy.
async fn broken_step(url: &Url) -> Option<Step> {
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let found = timeout(LONGEST_WAIT, lookup_host((host, port))).await;
    let addresses: Vec<_> = found.ok().and_then(Result::ok).into_iter().flatten().collect();
    if addresses.is_empty() {
        return Some(Step::Name);
    }
    let connected = timeout(LONGEST_WAIT, TcpStream::connect(addresses.as_slice())).await;
    match connected {
        Ok(Ok(_)) => None,
        _ => Some(Step::Connection),
    }
}

fn unreachable(
    section: &Section<'_>,
    check: &str,
    place: &str,
    unseen: &Unseen,
    step: Option<Step>,
) -> Finding {
    let name = section.name;
    let (seen, mend) = match (unseen, step) {
        (Unseen::Certificate { cause, words }, _) => {
            return bad_certificate(name.as_str(), check, place, *cause, words);
        }
        (Unseen::NoClient(error), _) => (
            format!("{:#}", anyhow::anyhow!("{error}")),
            format!("correct `ca_file` in [clouds.{name}]"),
        ),
        (_, Some(Step::Name)) => (
            format!("the name of {place} does not resolve"),
            format!(
                "correct the address in [clouds.{name}], or this machine's name service: getent hosts NAME"
            ),
        ),
        (error, Some(Step::Connection)) => (
            format!("{place} takes no connection: {error}"),
            "open the way there: a firewall, a proxy (HTTPS_PROXY), or another port".to_owned(),
        ),
        (error, None) => (
            format!("{place} takes connections and gives no answer: {error}"),
            format!(
                "see that the address in [clouds.{name}] is the service's, with https or http as it speaks"
            ),
        ),
    };
    Finding::problem(check, seen, mend)
}

fn bad_certificate(name: &str, check: &str, place: &str, cause: BadCertificate, words: &str) -> Finding {
    let (what, mend) = match cause {
        BadCertificate::UnknownIssuer => (
            "is signed by an authority that this machine does not know".to_owned(),
            format!("name the authority's certificate: [clouds.{name}] ca_file = \"/etc/ssl/…/ca.pem\""),
        ),
        BadCertificate::Expired => (
            "has expired".to_owned(),
            "who runs the cloud has to renew it; if it is good, this machine's clock is wrong: date -u"
                .to_owned(),
        ),
        BadCertificate::NotYetValid => (
            "is not valid yet".to_owned(),
            "set this machine's clock right: timedatectl set-ntp true".to_owned(),
        ),
        BadCertificate::WrongName => (
            format!("is for another name ({words})"),
            format!("write the name that the certificate has into the address in [clouds.{name}]"),
        ),
        BadCertificate::Other => (
            format!("is refused: {words}"),
            "who runs the cloud has to replace it".to_owned(),
        ),
    };
    Finding::problem(check, format!("the certificate of {place} {what}"), mend)
}

fn certificate_end(der: &[u8], now: Timestamp) -> Finding {
    let end = parse_x509_certificate(der).ok().and_then(|(_, certificate)| {
        let end = certificate.validity().not_after.timestamp();
        Timestamp::from_second(end).ok()
    });
    match end {
        Some(end) => judged_end(end, now),
        None => {
            let why = "the certificate was accepted, and its end cannot be read";
            Finding::not_checked(
                "certificate",
                why,
                "look at it with: openssl s_client -connect HOST:443",
            )
        }
    }
}

fn judged_end(end: Timestamp, now: Timestamp) -> Finding {
    let left = end.duration_since(now);
    let days = left.as_hours() / 24;
    let day = end.strftime("%Y-%m-%d");
    if left < RENEW_BEFORE {
        let seen = format!("good until {day}, in {days} days");
        let mend = "who runs the cloud has to renew it before; from then on revokd can do nothing there";
        return Finding::warning("certificate", seen, mend);
    }
    Finding::ok("certificate", format!("good until {day}, {days} days more"))
}

#[cfg(test)]
mod tests {
    use super::{super::super::finding::Verdict, *};

    #[test]
    fn a_certificate_is_warned_of_two_weeks_before_its_end() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let verdict = |end: &str| judged_end(end.parse().unwrap(), now).verdict;
        assert_eq!(verdict("2026-01-14T23:59:59Z"), Verdict::Warning);
        assert_eq!(verdict("2026-01-15T00:00:00Z"), Verdict::Ok);
        assert_eq!(verdict("2025-12-31T00:00:00Z"), Verdict::Warning);
    }

    #[test]
    fn what_is_no_certificate_is_not_judged() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(certificate_end(b"nothing", now).verdict, Verdict::NotChecked);
    }

    #[test]
    fn each_fault_of_a_certificate_is_mended_in_its_own_way() {
        let mend = |cause| bad_certificate("prod", "address", "https://a", cause, "words").mend;
        let unknown = mend(BadCertificate::UnknownIssuer).unwrap();
        assert!(unknown.contains("[clouds.prod] ca_file"), "{unknown}");
        let expired = mend(BadCertificate::Expired).unwrap();
        assert!(expired.contains("renew"), "{expired}");
        let name = mend(BadCertificate::WrongName).unwrap();
        assert!(name.contains("the address in [clouds.prod]"), "{name}");
    }
}
