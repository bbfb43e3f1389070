//! `[daemon]`: where it keeps its store, listens, and what it never touches.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use secrecy::{ExposeSecret, SecretString};

use super::{
    policy::signed,
    problem::Problem,
    protect,
    reader::Table,
    secret::{self, Host, WAKE_TOKEN},
    types::Daemon,
    value::Text,
};
use crate::engine::{policy::Protection, retry::RetryLimits};

const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// Reads the section, or gives what holds without one.
pub fn read(section: Option<Table<'_>>, host: &Host<'_>) -> Option<Daemon> {
    let mut daemon = Daemon {
        store: host.base.join("revokd.db"),
        listen: SocketAddr::from(([127, 0, 0, 1], 9469)),
        wake_token: None,
        protect: Protection::default(),
        retry: RetryLimits::default(),
        stop_within: Duration::from_secs(30),
        decision_valid: DAY,
    };
    let Some(mut section) = section else {
        return Some(daemon);
    };
    let before = section.sink.count();
    if let Some(path) = section
        .take("store")
        .and_then(|value| store(&value.text()?, host))
    {
        daemon.store = path;
    }
    if let Some(address) = section.take("listen").and_then(|value| listen(&value.text()?)) {
        daemon.listen = address;
    }
    // Where the policies are is needed before this section is compiled; the
    // key is followed by `files` and only checked here.
    section.take("policies").and_then(|value| value.text());
    if let Some(protection) = section
        .take("protect")
        .and_then(|value| protect::read(&value.texts()?))
    {
        daemon.protect = protection;
    }
    if let Some(length) = section
        .take("stop_within")
        .and_then(|value| value.duration(Duration::ZERO, HOUR))
    {
        daemon.stop_within = length;
    }
    let minute = Duration::from_secs(60);
    if let Some(length) = section
        .take("decision_valid")
        .and_then(|value| value.duration(minute, 365 * DAY))
    {
        daemon.decision_valid = length;
    }
    if let Some(retry) = section
        .take("retry")
        .and_then(|value| value.table("[daemon.retry]"))
    {
        daemon.retry = retry_limits(retry);
    }
    let sink = section.sink;
    // Only the daemon itself needs the token: commands beside it must reach the
    // queue without. What is wrong with it keeps the whole from being loaded.
    let clean = sink.count() == before;
    daemon.wake_token = wake_token(&mut section, host);
    let before = sink.count();
    section.finish();
    (clean && sink.count() == before).then_some(daemon)
}

/// Characters; fewer could be tried out.
const SHORTEST_TOKEN: usize = 16;

fn wake_token(section: &mut Table<'_>, host: &Host<'_>) -> Option<SecretString> {
    let token = secret::read_if_named(section, &WAKE_TOKEN, host)??;
    let value = [WAKE_TOKEN.file, WAKE_TOKEN.environment]
        .into_iter()
        .find_map(|key| section.take(key))?;
    let text = token.expose_secret();
    let hint = "make one: openssl rand -hex 32";
    if text.chars().count() < SHORTEST_TOKEN {
        let message = format!("the wake token is shorter than {SHORTEST_TOKEN} characters");
        value.problem(message, "too short", Some(hint));
        return None;
    }
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        let message = "the wake token holds what no header can carry";
        value.problem(message, "not letters, digits and signs", Some(hint));
        return None;
    }
    Some(token)
}

fn store(text: &Text<'_>, host: &Host<'_>) -> Option<PathBuf> {
    match text.text.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() && !path.starts_with(':') => Some(host.base.join(path)),
        Some(("postgres" | "postgresql", _)) => {
            let hint = "use an SQLite file: store = \"sqlite:revokd.db\"";
            text.problem(
                "PostgreSQL is not supported in this version",
                "not supported",
                Some(hint),
            );
            None
        }
        _ => {
            let hint = "write: store = \"sqlite:revokd.db\"";
            text.problem(
                "`store` names no store that is known",
                "unknown store",
                Some(hint),
            );
            None
        }
    }
}

fn listen(text: &Text<'_>) -> Option<SocketAddr> {
    let Ok(address) = text.text.parse::<SocketAddr>() else {
        let hint = "an IP address and a port: listen = \"127.0.0.1:9469\"";
        text.problem(
            format!("`{}` is no address to listen on", text.text),
            "no address",
            Some(hint),
        );
        return None;
    };
    if !address.ip().is_loopback() {
        let place = text.sink.file.place(text.span.clone());
        let warning = Problem::at(
            place,
            "the metrics can be read from other machines, without a password",
        );
        text.sink.warn(warning.label("not a loopback address"));
    }
    Some(address)
}

fn retry_limits(mut section: Table<'_>) -> RetryLimits {
    let mut limits = RetryLimits::default();
    if let Some(attempts) = section.take("attempts").and_then(|value| value.integer(1, 50)) {
        limits.attempts = u32::try_from(attempts).unwrap_or(limits.attempts);
    }
    let least = Duration::from_millis(1);
    let first = section.take("first_delay");
    if let Some(delay) = first.as_ref().and_then(|value| value.duration(least, DAY)) {
        limits.first_delay = signed(delay);
    }
    let longest = section.take("longest_delay");
    if let Some(delay) = longest.as_ref().and_then(|value| value.duration(least, 7 * DAY)) {
        limits.longest_delay = signed(delay);
    }
    if let Some(value) = longest.or(first)
        && limits.first_delay > limits.longest_delay
    {
        let message = "`first_delay` is longer than `longest_delay`";
        value.problem(
            message,
            "does not fit the other",
            Some("the defaults are 2s and 15m"),
        );
    }
    section.finish();
    limits
}
