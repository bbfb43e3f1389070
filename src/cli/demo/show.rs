//! What came of the demo, for people.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, HashSet},
};

use super::{calls::SHARES_AT_ONCE, people::Listed, report::Report};
use crate::{
    cli::{
        output::{self, print_line},
        target,
    },
    model::{Task, TaskState},
};

/// Rows of what was removed.
const SHOWN: usize = 8;
/// Of what made a target due, so much is shown.
const COMPARED: usize = 2;

impl Report {
    pub fn print(&self, serving: bool) -> anyhow::Result<()> {
        self.print_policies()?;
        self.print_calls()?;
        self.print_people()?;
        self.print_removed()?;
        self.print_kept()?;
        self.print_held()?;
        print_line(&format!(
            "\n{} decided: {} removed and seen gone, {} held, {} given up. The clouds count {} removed that nobody decided on.",
            self.decided, self.done, self.held, self.dead, self.removed_undecided
        ))?;
        let config = self.config.display();
        print_line(&format!(
            "\nLook around:  revokd --config {config} tasks list   (or runs list, audit list, status)"
        ))?;
        let sound = if self.audit_sound { "sound" } else { "NOT SOUND" };
        print_line(&format!(
            "Audit:        {sound}, head {:.24}…  (audit verify)",
            self.audit_head
        ))?;
        match serving {
            true => print_line("Metrics:      http://127.0.0.1:9469/metrics   (stop with Ctrl-C)"),
            false => print_line(&format!(
                "Metrics:      {}   (live with --serve)",
                self.metrics.display()
            )),
        }
    }

    fn print_policies(&self) -> anyhow::Result<()> {
        print_line("What the policies found")?;
        let rows = self.runs.runs.iter().map(|row| {
            let of = |state| {
                self.of_policy(&row.policy)
                    .filter(|task| task.state == state)
                    .count()
            };
            let (done, held) = (of(TaskState::Done), of(TaskState::Held));
            [
                row.policy.clone(),
                row.mode.clone(),
                row.seen.to_string(),
                row.decided.to_string(),
                done.to_string(),
                held.to_string(),
            ]
        });
        print_line(&output::table(
            ["policy", "mode", "seen", "to go", "removed", "held"],
            rows,
        ))
    }

    fn print_calls(&self) -> anyhow::Result<()> {
        print_line("\nThe calls that it took")?;
        let rows = self.calls.iter().map(|row| {
            [
                row.removes.to_owned(),
                row.cloud.to_owned(),
                row.calls.to_string(),
                row.targets.to_string(),
                row.failed.to_string(),
            ]
        });
        print_line(&output::table(
            ["a call removes", "cloud", "calls", "for", "failed"],
            rows,
        ))?;
        let mut at_once = self.calls.iter().filter(|row| row.removes == SHARES_AT_ONCE);
        at_once.try_for_each(|row| {
            print_line(&format!(
                "{} shares in {} calls on {}; what their jobs left was called for once more, one by one",
                row.targets, row.calls, row.cloud
            ))
        })
    }

    fn print_people(&self) -> anyhow::Result<()> {
        print_line("\nPeople on the lists")?;
        let rows = self.people.iter().map(|listed| {
            [
                listed.policy.clone(),
                listed.person.clone(),
                format!("{}: {}", listed.place, listed.said),
                lost(listed),
            ]
        });
        print_line(&output::table(
            ["policy", "who", "what the list says", "removed and seen gone"],
            rows,
        ))?;
        let urgent = self.people.iter().filter(|listed| listed.urgent);
        let urgent: BTreeSet<&str> = urgent.map(|listed| listed.policy.as_str()).collect();
        urgent.into_iter().try_for_each(|policy| {
            print_line(&format!(
                "{policy} is urgent: what it decides goes before all else that is queued"
            ))
        })
    }

    fn print_removed(&self) -> anyhow::Result<()> {
        print_line("\nRemoved, and why (some of it)")?;
        let mut removed: Vec<&Task> = self
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Done)
            .collect();
        // What took most tries tells most, and then what leaves a way in.
        removed.sort_by_key(|task| {
            let ways_left = task.revocation.evidence.still_reachable.len();
            (Reverse(task.attempts), Reverse(ways_left), task.id)
        });
        let mut shown = HashSet::new();
        let first_of_its_sort = |task: &&Task| {
            let revocation = &task.revocation;
            shown.insert((revocation.evidence.policy.clone(), revocation.target.kind))
        };
        let rows = removed.into_iter().filter(first_of_its_sort);
        let rows = rows.take(SHOWN).map(|task| {
            [
                task.revocation.target.kind.to_string(),
                task.revocation.evidence.resource_name.clone(),
                self.subject(task),
                because(task),
                task.attempts.to_string(),
            ]
        });
        print_line(&output::table(
            ["kind", "what", "lost by", "because", "tries"],
            rows,
        ))
    }

    fn print_kept(&self) -> anyhow::Result<()> {
        print_line("\nKept, and why")?;
        let rows = self.kept_because.iter().map(|((policy, reason), targets)| {
            let first = targets.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
            let more = targets.len().saturating_sub(2);
            let what = if more > 0 {
                format!("{first} and {more} more")
            } else {
                first
            };
            [policy.clone(), what, reason.clone()]
        });
        print_line(&output::table(["policy", "kept", "because"], rows))
    }

    fn print_held(&self) -> anyhow::Result<()> {
        print_line("\nHeld")?;
        let config = self.config.display();
        for row in &self.runs.runs {
            let held: Vec<&Task> = self
                .of_policy(&row.policy)
                .filter(|task| task.state == TaskState::Held)
                .collect();
            let Some(hold) = held.first().and_then(|task| task.hold) else {
                continue;
            };
            let waits = match row.waits {
                Some(run) => format!("let it go on: revokd --config {config} runs allow {run}"),
                None => format!("goes on by itself at {}", output::moment(held[0].not_before)),
            };
            let why = row.notes.iter().find(|note| note.starts_with("brake"));
            let why = why.map_or_else(|| hold.to_string(), Clone::clone);
            print_line(&format!("  {}: {} ({why})\n    {waits}", row.policy, held.len()))?;
        }
        Ok(())
    }

    fn of_policy<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a Task> {
        self.tasks
            .iter()
            .filter(move |task| task.revocation.evidence.policy.as_str() == policy)
    }

    fn subject(&self, task: &Task) -> String {
        match &task.revocation.target.subject {
            Some(project) => self
                .names
                .get(project)
                .cloned()
                .unwrap_or_else(|| project.to_string()),
            None => "(the image itself)".to_owned(),
        }
    }
}

fn lost(listed: &Listed) -> String {
    if !listed.known {
        return "nothing: no user of that name or address".to_owned();
    }
    let each = listed.gone.iter().map(|(kind, gone)| format!("{gone} {kind}"));
    match each.collect::<Vec<_>>().as_slice() {
        [] => "nothing".to_owned(),
        each => each.join("\n"),
    }
}

/// The first things that held, and by what the subject gets in all the same.
fn because(task: &Task) -> String {
    let mut revocation = task.revocation.clone();
    let compared = &mut revocation.evidence.compared;
    let more = compared.len().saturating_sub(COMPARED);
    compared.truncate(COMPARED);
    let because = target::because(&revocation);
    match (more, because.split_once('\n')) {
        (0, _) => because,
        (more, None) => format!("{because}, and {more} more"),
        (more, Some((reason, ways))) => format!("{reason}, and {more} more\n{ways}"),
    }
}
