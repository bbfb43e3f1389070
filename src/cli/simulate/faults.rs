//! What goes wrong in a simulated cloud, as it is written on the command line.

use anyhow::{Context, bail};

use crate::simulator::{CallKind, Effect, Fault, RetryAfter};

/// Every kind of call by its name, as the help lists them.
const CALLS: &[(&str, CallKind)] = &[
    ("login", CallKind::Login),
    ("list-users", CallKind::ListUsers),
    ("show-user", CallKind::ShowUser),
    ("list-images", CallKind::ListImages),
    ("show-image", CallKind::ShowImage),
    ("delete-image", CallKind::DeleteImage),
    ("list-members", CallKind::ListMembers),
    ("remove-member", CallKind::RemoveMember),
    ("remove-members", CallKind::RemoveMembers),
    ("show-job", CallKind::ShowJob),
    ("list-namespaces", CallKind::ListNamespaces),
    ("list-repositories", CallKind::ListRepositories),
    ("list-shared-repositories", CallKind::ListSharedRepositories),
    ("list-permissions", CallKind::ListPermissions),
    ("remove-permissions", CallKind::RemovePermissions),
    ("list-account-shares", CallKind::ListAccountShares),
    ("remove-account-share", CallKind::RemoveAccountShare),
];

const BEGINS_A_JOB: &str = "remove-members";

/// Reads `CALL=EFFECT[*TIMES]`.
///
/// # Errors
/// There is no such call or effect, or the call cannot have it.
pub fn parse(text: &str) -> anyhow::Result<Fault> {
    let (call, effect) = text
        .split_once('=')
        .context("a fault is CALL=EFFECT, like remove-member=503")?;
    let (effect, times) = match effect.split_once('*') {
        Some((effect, times)) => (
            effect,
            Some(times.parse::<u64>().context("after * comes how many times")?),
        ),
        None => (effect, None),
    };
    let effect = parse_effect(effect)?;
    let kind = CALLS.iter().find(|(name, _)| *name == call);
    if effect == Effect::JobFails && call != BEGINS_A_JOB {
        bail!("only {BEGINS_A_JOB} begins a job that could fail");
    }
    let fault = match (kind, call) {
        (Some((_, kind)), _) => Fault::on(*kind, effect),
        (None, "any") => Fault::on_anything(effect),
        (None, other) => bail!("there is no call {other:?}; see --help"),
    };
    Ok(match times {
        Some(times) => fault.times(times),
        None => fault,
    })
}

fn parse_effect(text: &str) -> anyhow::Result<Effect> {
    if let Some((status, more)) = text.split_once(':') {
        let status = parse_status(status)?;
        // A code holds letters, a number of seconds does not.
        if more.contains(|c: char| c.is_ascii_alphabetic()) {
            let code = more.to_owned();
            return Ok(Effect::Code { status, code });
        }
        let seconds = more
            .parse()
            .context("after : come seconds, or a code such as IMG.0066")?;
        return Ok(Effect::StatusRetryAfter(status, RetryAfter::Seconds(seconds)));
    }
    Ok(match text {
        "cut-before" => Effect::CutBefore,
        "cut-after" => Effect::CutAfter,
        "token-dies" => Effect::TokenDies,
        "job-fails" => Effect::JobFails,
        status if status.chars().all(|c| c.is_ascii_digit()) => Effect::Status(parse_status(status)?),
        latency => Effect::Latency(humantime::parse_duration(latency).context("not an effect; see --help")?),
    })
}

fn parse_status(text: &str) -> anyhow::Result<u16> {
    let status = text.parse().ok().filter(|status| (200..600).contains(status));
    status.with_context(|| format!("{text:?} is no HTTP status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_read_as_the_help_says() {
        for good in [
            "remove-member=503*2",
            "list-members=cut-before",
            "login=429:5*1",
            "any=200ms",
            "delete-image=token-dies",
            "remove-members=400:IMG.0066*1",
            "remove-members=job-fails*2",
            "list-permissions=403:SVCSTG.SWR.4031032",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "remove-member",
            "x=503",
            "login=",
            "login=999",
            "login=503*x",
            "login=429:",
            "login=x:IMG.0066",
            "login=often",
            "remove-member=job-fails",
            "any=job-fails",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_code_and_a_number_of_seconds_are_told_apart() {
        let code = "IMG.0066".to_owned();
        assert_eq!(
            parse_effect("400:IMG.0066").unwrap(),
            Effect::Code { status: 400, code }
        );
        let seconds = RetryAfter::Seconds(5);
        assert_eq!(
            parse_effect("429:5").unwrap(),
            Effect::StatusRetryAfter(429, seconds)
        );
    }
}
