//! What somebody has to do, each with what to type: whatever the verdict gives
//! as a reason has a line here.

use super::{
    super::output,
    facts::{CloudDown, HeldRun, PolicyRow, SourceRow, Status},
    item::{Item, item},
};

const DOCTOR: &str = "`revokd doctor`";

/// What keeps everything from working first, and one of each kind before a
/// second of any: many held runs hide nothing else.
pub fn needs(status: &Status) -> Vec<Item> {
    let stops = status.not_proven.iter().filter(|source| source.stops_a_policy());
    let kinds: [Vec<Item>; 8] = [
        of_the_daemon(status).into_iter().collect(),
        of_the_configuration(status).into_iter().collect(),
        status.clouds_down.iter().map(of_a_cloud).collect(),
        of_no_policy(status).into_iter().collect(),
        status.held.iter().map(of_a_held_run).collect(),
        stops.map(of_a_source).collect(),
        status
            .enabled()
            .filter_map(|policy| of_a_policy(status, policy))
            .collect(),
        of_the_queue(status),
    ];
    let (mut items, mut rest) = (Vec::new(), Vec::new());
    for kind in kinds {
        let mut kind = kind.into_iter();
        items.extend(kind.next());
        rest.extend(kind);
    }
    items.extend(rest);
    items
}

fn of_the_daemon(status: &Status) -> Option<Item> {
    let told = match (status.daemon_pid, status.daemon_answers) {
        (None, _) if !status.configuration_valid => return None,
        (None, _) => "start the daemon: `systemctl start revokd`, or `revokd run` by hand",
        (Some(_), Some(false)) => {
            "see what the daemon does: `journalctl -u revokd`, then `systemctl restart revokd`"
        }
        (Some(_), _) if status.daemon_problems.is_empty() => return None,
        (Some(_), _) => "mend what the daemon says is wrong: `revokd doctor`",
    };
    Some(item(told, DOCTOR))
}

fn of_the_configuration(status: &Status) -> Option<Item> {
    let told = match (status.configuration_valid, status.daemon_pid) {
        (false, None) => "mend the configuration: `revokd check`, then `systemctl start revokd`",
        (false, Some(_)) => "mend the configuration: `revokd check`, then `systemctl reload revokd`",
        (true, _) if status.reload_refused == Some(true) => {
            "`journalctl -u revokd --grep reload` says why; mend it, then `systemctl reload revokd`, \
             or `restart` where a cloud or a secret is new"
        }
        (true, _) => return None,
    };
    Some(item(told, "`revokd check`"))
}

fn of_a_cloud(down: &CloudDown) -> Item {
    let cloud = &down.cloud;
    let told = match down.is_refused() {
        true => format!(
            "mend the login of cloud {cloud}: `revokd doctor --cloud {cloud}`, then `systemctl restart revokd`"
        ),
        false => format!("wait for cloud {cloud}, or see what it lacks: `revokd doctor --cloud {cloud}`"),
    };
    item(told, DOCTOR)
}

fn of_no_policy(status: &Status) -> Option<Item> {
    let is_wanted = status.configuration_valid && status.enabled().next().is_none();
    let told = "write a policy, or set `enabled = true` in one; then `revokd check`";
    is_wanted.then(|| item(told, "`revokd check`"))
}

fn of_a_source(source: &SourceRow) -> Item {
    let told = format!("mend the list: `revokd sources test {}`", source.source);
    item(told, "`revokd sources`")
}

fn of_a_held_run(run: &HeldRun) -> Item {
    let why = match run.mode.as_str() {
        "approve" => "waits for approval",
        _ => "is held by the brake",
    };
    let targets = output::count(run.targets, "target", "targets");
    let told = format!(
        "run {0} of {1} {why} ({targets}): `revokd runs show {0}`, \
         `revokd runs allow {0}` or `revokd runs reject {0}`",
        run.run, run.policy
    );
    item(told, "`revokd runs list --state held`")
}

fn of_a_policy(status: &Status, policy: &PolicyRow) -> Option<Item> {
    // The list that stops it is to be mended, and nothing else.
    let is_told = !policy.late && (policy.trouble.is_none() || status.is_stopped_by_a_source(policy));
    if is_told {
        return None;
    }
    let name = &policy.name;
    let told = match policy.last_run_id {
        Some(run) => format!("see what policy {name} came to: `revokd runs show {run}`"),
        None => format!("see what became of policy {name}: `revokd runs list`"),
    };
    Some(item(told, "`revokd runs list`"))
}

fn of_the_queue(status: &Status) -> Vec<Item> {
    let mut items = Vec::new();
    let overdue: u64 = status.overdue_tasks.iter().map(|waiting| waiting.count).sum();
    if overdue > 0 {
        let tasks = output::count(overdue, "overdue task", "overdue tasks");
        let list = "`revokd tasks list --state queued`";
        items.push(item(format!("see why they wait, {tasks}: {list}"), list));
    }
    if status.dead_tasks > 0 {
        let tasks = output::count(status.dead_tasks, "dead task", "dead tasks");
        let list = "`revokd tasks list --state dead`";
        let told = format!("{tasks}: {list}; mend it, then `revokd tasks retry ID`");
        items.push(item(told, list));
    }
    items
}

impl CloudDown {
    /// Whether it answered, and does not let revokd in: that does not pass by
    /// itself. The daemon tells no more than words.
    fn is_refused(&self) -> bool {
        let refused = ["401", "403", "404", "409"].map(|status| format!("answered {status}"));
        let is_answer = refused.iter().any(|words| self.why.contains(words));
        // What the cloud has to offer does not fit the configuration.
        let is_misfit = self.why.starts_with("logging in: ")
            && ["region", "catalogue", "interface", "scoped"]
                .iter()
                .any(|word| self.why.contains(word));
        is_answer || is_misfit || self.why.contains("401 Unauthorized")
    }
}
