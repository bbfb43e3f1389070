//! The screen: figures in, lines out, within 24 lines of 80 columns.

use jiff::{SignedDuration, Timestamp};

use super::{
    super::output::{self, moment},
    facts::{PolicyRow, SourceRow, Status, Verdict},
    item::{Item, item},
    needs::needs,
    wrap::{INDENT, cut_to, wrapped},
};

const WIDTH: usize = 80;
const HEIGHT: usize = 24;
/// Lines of each part under its heading; with the headings and the verdict
/// they make one screen. What one part leaves free, the others take.
const NEXT: usize = 5;
const STUCK: usize = 8;
const NEEDS: usize = 6;
/// Lines of the verdict, and of whatever else is long.
const LONGEST: usize = 2;
/// Reasons of dead tasks that are told.
const REASONS: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Heading,
    Good,
    Warning,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub style: Style,
    pub text: String,
}

pub fn lines(status: &Status) -> Vec<Line> {
    let stuck = stuck(status);
    let mut lines = verdict(status, stuck.is_empty());
    lines.extend(part(next_heading(status), &next(status), NEXT, LONGEST));
    let at_least = part("stuck", &stuck, STUCK, LONGEST).len();
    let room = HEIGHT.saturating_sub(lines.len() + at_least + 1);
    let needs = part("needs you", &needs(status), room.max(NEEDS), HEIGHT);
    let room = HEIGHT.saturating_sub(lines.len() + needs.len() + 1).max(STUCK);
    lines.extend(part("stuck", &stuck, room, longest(&stuck, room)));
    lines.extend(needs);
    lines
}

/// As many lines for each as all can have.
fn longest(items: &[Item], room: usize) -> usize {
    let used = |most| -> usize {
        let lines = items.iter().map(|item| cut_to(&item.text, WIDTH - INDENT, most));
        lines.map(|lines| lines.len()).sum()
    };
    let fits = |most: &usize| used(*most) <= room;
    (LONGEST..=room).rev().find(fits).unwrap_or(LONGEST)
}

/// That nothing is stuck is said only where nothing is told to be.
fn verdict(status: &Status, is_free: bool) -> Vec<Line> {
    let (word, style) = match status.verdict {
        Verdict::Working => ("working", Style::Good),
        Verdict::NeedsYou => ("needs you", Style::Warning),
        Verdict::NotWorking => ("not working", Style::Bad),
    };
    let who = match status.daemon_pid {
        Some(pid) => format!("{word} (pid {pid})"),
        None => word.to_owned(),
    };
    let reasons = &status.reasons;
    let told = |shown: usize| match (reasons.len(), reasons.len() - shown) {
        (0, _) if is_free => format!("{who}: nothing is stuck"),
        (0, _) => format!("{who}: nothing needs you"),
        (_, 0) => format!("{who}: {}", reasons.join("; ")),
        (_, left) => format!("{who}: {}; and {left} more", reasons[..shown].join("; ")),
    };
    let fits = |text: &String| wrapped(text, WIDTH).len() <= LONGEST;
    let text = (1..=reasons.len()).rev().map(told).find(fits);
    cut_to(&text.unwrap_or_else(|| told(reasons.len())), WIDTH, LONGEST)
        .into_iter()
        .map(|text| Line { style, text })
        .collect()
}

/// A heading with its items, as many as fit; what does not is counted. What
/// somebody is to type is never cut short.
fn part(heading: &str, items: &[Item], most: usize, longest: usize) -> Vec<Line> {
    if items.is_empty() {
        return vec![Line {
            style: Style::Heading,
            text: format!("{heading}: nothing"),
        }];
    }
    let mut lines = vec![Line {
        style: Style::Heading,
        text: heading.to_owned(),
    }];
    let wrap = |item: &Item| cut_to(&item.text, WIDTH - INDENT, longest);
    let all: Vec<Vec<String>> = items.iter().map(wrap).collect();
    let (mut used, mut shown) = (0, 0);
    for (position, texts) in all.iter().enumerate() {
        // The line that counts the rest needs a place, unless there is no rest.
        let rest = usize::from(position + 1 < all.len());
        let fits_all = all[position..].iter().map(Vec::len).sum::<usize>() + used <= most;
        if !fits_all && used + texts.len() + rest > most {
            break;
        }
        used += texts.len();
        shown += 1;
        lines.extend(texts.iter().map(|text| plain(text)));
    }
    if let Some(first) = items.get(shown) {
        let left = items.len() - shown;
        lines.push(plain(&format!("… and {left} more: {}", first.more)));
    }
    lines
}

fn plain(text: &str) -> Line {
    Line {
        style: Style::Plain,
        text: format!("{:INDENT$}{text}", ""),
    }
}

fn next_heading(status: &Status) -> &'static str {
    match status.daemon_pid {
        Some(_) => "next",
        None => "next, once a daemon runs",
    }
}

/// Soonest first.
fn next(status: &Status) -> Vec<Item> {
    let more = "`revokd check`";
    let mut rows: Vec<(Timestamp, &PolicyRow)> = status
        .policies
        .iter()
        .filter_map(|policy| Some((policy.next_run?, policy)))
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    let text = |(at, policy): &(Timestamp, &PolicyRow)| {
        let tasks: Vec<String> = policy
            .tasks
            .iter()
            .map(|(state, count)| format!(", {count} {state}"))
            .collect();
        let until = until(at.duration_since(status.now));
        let at = moment(*at);
        format!(
            "{until:<13} {at}  {} ({}{})",
            policy.name,
            policy.mode,
            tasks.concat()
        )
    };
    let mut items: Vec<Item> = rows.iter().map(|row| item(text(row), more)).collect();
    let disabled: Vec<&PolicyRow> = status.policies.iter().filter(|policy| !policy.enabled).collect();
    if !status.configuration_valid {
        let told = "not known until the configuration can be read: `revokd check`";
        items.push(item(told.to_owned(), more));
    } else if status.policies.is_empty() {
        let told = "there is no policy: write one into the directory that `[daemon] policies` names";
        items.push(item(told.to_owned(), more));
    } else if !disabled.is_empty() {
        let names: Vec<&str> = disabled.iter().map(|policy| policy.name.as_str()).collect();
        items.push(item(format!("never (disabled): {}", names.join(", ")), more));
    }
    items
}

/// What weighs most first.
fn stuck(status: &Status) -> Vec<Item> {
    let mut items = Vec::new();
    let json = "`revokd status --output json`";
    for problem in &status.daemon_problems {
        items.push(item(problem.clone(), json));
    }
    for down in &status.clouds_down {
        items.push(item(format!("cloud {} is down: {}", down.cloud, down.why), json));
    }
    if status.reload_refused == Some(true) {
        let told = "the last reload was refused; the daemon goes on with what it had before";
        items.push(item(told.to_owned(), json));
    }
    // One that nobody had to read yet keeps nothing from working.
    for source in status.not_proven.iter().filter(|source| source.tried) {
        items.push(item(source.sentence(), "`revokd sources`"));
    }
    for policy in status.enabled() {
        // Its source is told already.
        if policy.late || !status.is_stopped_by_a_source(policy) {
            items.extend(late_or_troubled(policy));
        }
    }
    for waiting in &status.overdue_tasks {
        let tasks = output::count(waiting.count, "task", "tasks");
        let told = format!(
            "{tasks} of {} on {} could go since {}",
            waiting.policy,
            waiting.cloud,
            moment(waiting.since)
        );
        items.push(item(told, "`revokd tasks list --state queued`"));
    }
    for dead in status.dead_reasons.iter().take(REASONS) {
        let tasks = output::count(dead.tasks, "dead task", "dead tasks");
        items.push(item(
            format!("{tasks}: {}", dead.reason),
            "`revokd tasks list --state dead`",
        ));
    }
    items
}

fn late_or_troubled(policy: &PolicyRow) -> Option<Item> {
    let since = policy.last_success.filter(|_| policy.late).map(moment);
    let text = match (since, &policy.trouble) {
        (Some(since), Some(trouble)) => {
            format!("policy {}: no success since {since}; it {trouble}", policy.name)
        }
        (Some(since), None) => format!("policy {}: no success since {since}", policy.name),
        (None, Some(trouble)) => format!("policy {} {trouble}", policy.name),
        (None, None) => return None,
    };
    Some(item(text, "`revokd runs list`"))
}

impl SourceRow {
    /// What it keeps from working comes first, since reasons may be long.
    fn sentence(&self) -> String {
        let stops = match self.policies.as_slice() {
            [] => String::new(),
            [one] => format!(" stops policy {one}"),
            several => format!(" stops policies {}", output::words(several)),
        };
        format!("source {}{stops}: {}", self.source, self.why)
    }
}

/// To the largest unit and the next.
fn until(left: SignedDuration) -> String {
    let minutes = left.as_mins();
    match minutes {
        ..1 => "in < 1min".to_owned(),
        1..60 => format!("in {minutes}min"),
        60..2880 => format!("in {}h {}min", minutes / 60, minutes % 60),
        _ => format!("in {}d {}h", minutes / 1440, minutes % 1440 / 60),
    }
}
