//! `revokd plan`

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    Exit, Output, assemble,
    gap::{GapRow, VALUE},
    output::{self, print_json, print_line},
    progress, target,
};
use crate::{
    config::types::Config,
    daemon::{
        clock::{Clock, SharedClock, SystemClock},
        collect::collect,
        context::Cloud,
        judge::{Judged, judge},
        people::{People, named_by},
        progress::Progress,
    },
    engine::{brake, people::Lists, policy::Policy},
    metrics::Metrics,
    model::{CloudName, Kind, ListedIn, Revocation, Target},
};

/// Show what would be removed now, and why; removes nothing
///
/// Takes the same path as a run, stopped before the queue, whatever the mode
/// of the policies. Exits with 1 if a part of a cloud could not be seen, or a list of people
/// could not be relied on.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  revokd plan\n  revokd plan partner-shares-lapse --output json")]
pub struct Arguments {
    /// Policies to evaluate; all enabled ones if none is named.
    #[arg(value_name = "POLICY")]
    policies: Vec<String>,

    /// For people or for programs.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

#[derive(Serialize)]
struct Plan<'a> {
    policies: Vec<PolicyRow>,
    #[serde(serialize_with = "as_rows")]
    revocations: Vec<&'a Revocation>,
    gaps: BTreeSet<GapRow>,
}

#[derive(Serialize)]
struct PolicyRow {
    name: String,
    description: String,
    mode: String,
    /// The kinds as one text.
    resource: String,
    kinds: Vec<Kind>,
    seen: u64,
    decided: u64,
    /// What the brake would say; empty where the run would go on.
    brake: Vec<String>,
    /// Seconds between the decision and the earliest call.
    grace: i64,
    kept: Vec<KeptRow>,
    /// Why its lists cannot be relied on: then nothing would be decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unproven: Vec<String>,
    /// Told in full beside the policies.
    #[serde(skip)]
    all_seen: bool,
}

#[derive(Serialize)]
struct RevocationRow {
    policy: String,
    cloud: String,
    kind: String,
    resource: String,
    resource_name: String,
    subject: Option<String>,
    subject_name: String,
    reason: String,
    /// Ways by which the subject gets in all the same.
    still_reachable: Vec<String>,
    /// The lists that it rests on, each as it was read.
    listed_in: Vec<ListedIn>,
    due_since: Timestamp,
}

/// A target that stays, and why.
#[derive(Serialize)]
struct KeptRow {
    cloud: String,
    resource: String,
    subject: Option<String>,
    reason: String,
}

pub async fn main(config: &Path, arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(loaded) = assemble::load_or_show(config) else {
        return Ok(Exit::ConfigurationInvalid);
    };
    let policies = assemble::select(&loaded.config, &arguments.policies)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let clouds = assemble::clouds(&loaded.config, &clock, &Arc::new(Metrics::new()))?;
    let progress = Arc::new(Progress::default());
    let shown = progress::show(progress.clone());
    let references: Vec<&Policy> = policies.iter().map(AsRef::as_ref).collect();
    let collection = collect(&clouds, clock.as_ref(), &progress, &references).await;
    drop(shown);
    let lists = lists(&loaded.config, &clouds, clock.as_ref(), &references).await?;
    let (protection, now) = (&loaded.config.daemon.protect, clock.now());
    let judged = references.iter().map(|policy| {
        let judged = judge(policy, &collection, protection, &lists, now);
        (*policy, judged)
    });
    let judged: Vec<(&Policy, Judged)> = judged.collect();
    let plan = Plan::of(&judged);
    match arguments.output {
        Output::Json => print_json(&plan)?,
        Output::Table => plan.print()?,
    }
    for gap in &plan.gaps {
        output::tell(&format!("{gap}\n"));
    }
    for row in plan.policies.iter().filter(|row| !row.unproven.is_empty()) {
        let (name, why) = (&row.name, row.unproven.join("; "));
        output::tell(&format!("policy {name} cannot be judged: {why}\n"));
    }
    let unseen = plan.gaps.iter().any(|gap| gap.scope != VALUE);
    let unproven = plan.policies.iter().any(|row| !row.unproven.is_empty());
    Ok(if unseen || unproven {
        Exit::Failed
    } else {
        Exit::Done
    })
}

/// What the sources say that the policies name, held against what is on record
/// of them; nothing is put on record here.
async fn lists(
    config: &Config,
    clouds: &BTreeMap<CloudName, Arc<Cloud>>,
    clock: &dyn Clock,
    policies: &[&Policy],
) -> anyhow::Result<Arc<Lists>> {
    if policies.iter().all(|policy| named_by(policy).next().is_none()) {
        return Ok(Arc::default());
    }
    let people = People::connect(&config.sources, clouds)?;
    let records = match config.daemon.store.exists() {
        true => assemble::open_store(&config.daemon)?.source_records().await?,
        false => vec![],
    };
    let baselines = records
        .into_iter()
        .filter_map(|record| Some((record.source, record.baseline?)));
    Ok(people.peek(clock, policies, &baselines.collect()).await.lists)
}

impl<'a> Plan<'a> {
    fn of(judged: &'a [(&Policy, Judged)]) -> Plan<'a> {
        let unseen = judged
            .iter()
            .flat_map(|(_, judged)| judged.gaps.iter().map(GapRow::of));
        let unreadable = judged
            .iter()
            .flat_map(|(_, judged)| &judged.evaluation.unreadable)
            .map(GapRow::of_value);
        // Policies of one cloud share its gaps.
        let gaps: BTreeSet<GapRow> = unseen.chain(unreadable).collect();
        let revocations = judged
            .iter()
            .flat_map(|(_, judged)| &judged.evaluation.revocations);
        Plan {
            policies: judged
                .iter()
                .map(|(policy, judged)| PolicyRow::of(policy, judged))
                .collect(),
            revocations: revocations.collect(),
            gaps,
        }
    }

    fn print(&self) -> anyhow::Result<()> {
        if !self.revocations.is_empty() {
            let rows = self.revocations.iter().map(|revocation| {
                [
                    revocation.evidence.policy.to_string(),
                    revocation.target.cloud.to_string(),
                    revocation.target.kind.to_string(),
                    target::resource(revocation),
                    target::subject(revocation),
                    target::because(revocation),
                ]
            });
            print_line(&output::table(
                ["policy", "cloud", "kind", "resource", "loses access", "because"],
                rows,
            ))?;
        }
        let rows = self.policies.iter().map(|row| {
            let then = match (row.mode.as_str(), row.brake.is_empty(), row.decided) {
                _ if !row.unproven.is_empty() => "cannot be judged".to_owned(),
                (_, _, 0) if !row.all_seen => "not all was seen".to_owned(),
                ("observe", ..) => "observed only".to_owned(),
                (_, _, 0) => "nothing to do".to_owned(),
                ("approve", ..) => "would wait for approval".to_owned(),
                (_, false, _) => format!("would be held: {}", row.brake.join("; ")),
                _ if row.grace > 0 => {
                    let grace = jiff::SignedDuration::from_secs(row.grace);
                    format!("would be looked at again after {grace:#}, and removed")
                }
                _ => "would be removed".to_owned(),
            };
            [
                row.name.clone(),
                row.mode.clone(),
                row.seen.to_string(),
                row.decided.to_string(),
                row.kept.len().to_string(),
                then,
            ]
        });
        print_line(&output::table(
            ["policy", "mode", "seen", "decided", "kept", "then"],
            rows,
        ))?;
        for policy in &self.policies {
            let mut because: BTreeMap<&str, Vec<&KeptRow>> = BTreeMap::new();
            for kept in &policy.kept {
                because.entry(&kept.reason).or_default().push(kept);
            }
            for (reason, kept) in because {
                let targets = output::count(kept.len() as u64, "target", "targets");
                print_line(&format!(
                    "{} keeps {targets}, like {}: {reason}",
                    policy.name, kept[0]
                ))?;
            }
        }
        Ok(())
    }
}

/// Each row lives only while it is written: there can be a million.
fn as_rows<S: Serializer>(revocations: &[&Revocation], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(revocations.iter().map(|revocation| RevocationRow::of(revocation)))
}

impl PolicyRow {
    fn of(policy: &Policy, judged: &Judged) -> PolicyRow {
        let evaluation = &judged.evaluation;
        let wanted: Vec<&Revocation> = evaluation.revocations.iter().collect();
        let trips = brake::trips(&policy.limits, evaluation.seen, &wanted);
        PolicyRow {
            unproven: judged.unproven.clone(),
            all_seen: judged.gaps.is_empty(),
            name: policy.name.to_string(),
            description: policy.description.clone(),
            mode: policy.mode.to_string(),
            resource: output::words(&policy.kinds),
            kinds: policy.kinds.clone(),
            seen: evaluation.seen,
            decided: wanted.len() as u64,
            grace: policy.limits.grace.as_secs(),
            brake: trips.iter().map(ToString::to_string).collect(),
            kept: evaluation
                .spared
                .iter()
                .map(|spared| KeptRow::of(&spared.target, &spared.reason))
                .collect(),
        }
    }
}

impl KeptRow {
    fn of(target: &Target, reason: &str) -> KeptRow {
        KeptRow {
            cloud: target.cloud.to_string(),
            resource: target.resource.to_string(),
            subject: target.subject.as_ref().map(ToString::to_string),
            reason: reason.to_owned(),
        }
    }
}

impl fmt::Display for KeptRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.resource)?;
        match &self.subject {
            Some(subject) => write!(f, " of {subject}"),
            None => Ok(()),
        }
    }
}

impl RevocationRow {
    fn of(revocation: &Revocation) -> RevocationRow {
        let (target, evidence) = (&revocation.target, &revocation.evidence);
        RevocationRow {
            policy: evidence.policy.to_string(),
            cloud: target.cloud.to_string(),
            kind: target.kind.to_string(),
            resource: target.resource.to_string(),
            resource_name: evidence.resource_name.clone(),
            subject: target.subject.as_ref().map(ToString::to_string),
            subject_name: evidence.subject_name.clone(),
            reason: evidence.reason(),
            still_reachable: evidence.still_reachable.clone(),
            listed_in: evidence.listed_in.clone(),
            due_since: revocation.due_since,
        }
    }
}
