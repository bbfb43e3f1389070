//! What `status` tells, and what follows from it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::super::output;
use crate::store::Waiting;

/// For programs as it is: its keys are stable.
#[derive(Serialize)]
pub struct Status {
    pub verdict: Verdict,
    /// Why it is not just `working`, in few words each.
    pub reasons: Vec<String>,
    /// The process that works off the queue, if one does.
    pub daemon_pid: Option<u32>,
    /// Whether that process answers over HTTP; `None` where nobody was asked.
    pub daemon_answers: Option<bool>,
    /// Clouds that nothing is sent to, as the daemon says.
    pub clouds_down: Vec<CloudDown>,
    /// What else the daemon says is wrong, or why it says nothing.
    pub daemon_problems: Vec<String>,
    /// Whether the last reload was refused; `None`: nobody who knows answered.
    pub reload_refused: Option<bool>,
    /// Whether the files can be loaded as they are now.
    pub configuration_valid: bool,
    pub policies: Vec<PolicyRow>,
    /// Runs that wait for `runs allow` or `runs reject`.
    pub held_runs: Vec<i64>,
    pub held: Vec<HeldRun>,
    pub dead_tasks: u64,
    /// The most frequent first, of the newest dead tasks.
    pub dead_reasons: Vec<DeadReason>,
    /// What could have been carried out long ago.
    pub overdue_tasks: Vec<Waiting>,
    /// Sources by which nothing is decided now.
    pub not_proven: Vec<SourceRow>,
    /// Whether there is a store, so whether anything ever ran.
    #[serde(skip)]
    pub has_store: bool,
    #[serde(skip)]
    pub now: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Working,
    /// It works, and something waits for somebody.
    NeedsYou,
    /// Access that should end does not end, or nobody can tell.
    NotWorking,
}

#[derive(Serialize)]
pub struct CloudDown {
    pub cloud: String,
    pub why: String,
}

#[derive(Serialize)]
pub struct HeldRun {
    pub run: i64,
    pub policy: String,
    /// Targets that wait.
    pub targets: u64,
    /// `approve` where the policy asks for it; otherwise the brake holds it.
    pub mode: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadReason {
    pub reason: String,
    pub tasks: u64,
}

#[derive(Serialize)]
pub struct SourceRow {
    pub source: String,
    pub why: String,
    /// Those that do nothing until it is mended.
    pub policies: Vec<String>,
    /// Whether anybody tried to read it; the first run does.
    pub tried: bool,
}

impl SourceRow {
    /// Whether somebody has to do something before a policy goes on.
    pub fn stops_a_policy(&self) -> bool {
        self.tried && !self.policies.is_empty()
    }
}

#[derive(Serialize)]
pub struct PolicyRow {
    pub name: String,
    pub mode: String,
    pub enabled: bool,
    pub last_run: Option<Timestamp>,
    #[serde(skip)]
    pub last_run_id: Option<i64>,
    pub last_state: Option<String>,
    pub last_success: Option<Timestamp>,
    pub next_run: Option<Timestamp>,
    /// Tasks that are not done, by state.
    pub tasks: BTreeMap<String, u64>,
    /// Three runs in a row that were due brought no success.
    pub late: bool,
    /// Why its last run failed or did not see or judge everything.
    pub trouble: Option<String>,
}

impl Status {
    /// With the verdict and its reasons set by the rest.
    pub fn judged(mut self) -> Status {
        let broken = self.broken();
        let waiting = self.waiting();
        self.verdict = match (broken.is_empty(), waiting.is_empty()) {
            (false, _) => Verdict::NotWorking,
            (true, false) => Verdict::NeedsYou,
            (true, true) => Verdict::Working,
        };
        self.reasons = [broken, waiting].concat();
        self
    }

    pub fn enabled(&self) -> impl Iterator<Item = &PolicyRow> {
        self.policies.iter().filter(|policy| policy.enabled)
    }

    /// Whether it does nothing until a list of people is mended.
    pub fn is_stopped_by_a_source(&self, policy: &PolicyRow) -> bool {
        let stops = |source: &SourceRow| source.stops_a_policy() && source.policies.contains(&policy.name);
        self.not_proven.iter().any(stops)
    }

    /// Why access that should end does not end.
    fn broken(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        match (self.daemon_pid, self.daemon_answers) {
            (None, _) if !self.has_store => reasons.push("nothing has run yet".to_owned()),
            (None, _) => reasons.push("no daemon runs".to_owned()),
            (Some(_), Some(false)) => reasons.push("the daemon does not answer".to_owned()),
            (Some(_), _) => reasons.extend(self.daemon_problems.iter().cloned()),
        }
        reasons.extend(match self.clouds_down.as_slice() {
            [] => None,
            [one] => Some(format!("cloud {} is down", one.cloud)),
            several => Some(format!("{} clouds are down", several.len())),
        });
        let late = self.enabled().filter(|policy| policy.late).count();
        reasons.extend(some(late, "policy without success", "policies without success"));
        if self.configuration_valid && self.enabled().next().is_none() {
            reasons.push("no policy is enabled".to_owned());
        }
        reasons
    }

    /// What waits for somebody.
    fn waiting(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if !self.configuration_valid {
            reasons.push("the configuration has problems".to_owned());
        } else if self.reload_refused == Some(true) {
            reasons.push("the last reload was refused".to_owned());
        }
        reasons.extend(some(self.held.len(), "run held", "runs held"));
        let stops = self.not_proven.iter().filter(|source| source.stops_a_policy());
        reasons.extend(some(stops.count(), "source not proven", "sources not proven"));
        let troubled = self.enabled().filter(|policy| policy.trouble.is_some());
        reasons.extend(some(
            troubled.count(),
            "policy failed or saw only a part",
            "policies failed or saw only a part",
        ));
        let overdue: u64 = self.overdue_tasks.iter().map(|waiting| waiting.count).sum();
        reasons.extend(some(overdue, "overdue task", "overdue tasks"));
        reasons.extend(some(self.dead_tasks, "dead task", "dead tasks"));
        reasons
    }
}

fn some<N: TryInto<u64>>(number: N, one: &str, many: &str) -> Option<String> {
    let number = number.try_into().unwrap_or(u64::MAX);
    (number > 0).then(|| output::count(number, one, many))
}
