//! What lists and policies say of a person, in lines for people.

use super::{Asked, GrantRow, Identity, PolicyRow, SourceRow, TaskRow};
use crate::{
    cli::output::moment,
    engine::reach::{ListWord, Said, Says, Word},
    model::Mode,
};

pub fn identity(identity: &Identity) -> String {
    format!(
        "user {} ({}) on cloud {}: {}; holds nothing there that could be seen",
        identity.name, identity.id, identity.cloud, identity.state
    )
}

pub fn source(row: &SourceRow, asked: &Asked) -> Vec<String> {
    let name = &row.source;
    let proof = row.not_proven.iter();
    let proof = proof.map(|why| format!("source {name}: nothing is decided by it: {why}"));
    let says = row
        .says
        .iter()
        .map(|word| format!("source {name}: {}", says(word, asked)));
    proof.chain(says).collect()
}

fn says(word: &ListWord, asked: &Asked) -> String {
    let said = match word.says {
        Says::Listed => "listed".to_owned(),
        Says::Here => "here".to_owned(),
        Says::Gone => "gone".to_owned(),
        Says::Deleted => "deleted, as the identity service says".to_owned(),
        Says::Missing => "not on it".to_owned(),
        Says::Unclear => format!("not clear on it: {}", word.why),
    };
    let place = word.place.iter().map(|place| format!(" at {place}"));
    let since = word
        .since
        .iter()
        .map(|since| format!(", since {}", moment(*since)));
    let told: String = [said].into_iter().chain(place).chain(since).collect();
    match (asked, &word.user, &word.cloud) {
        (Asked::User(_), Some(user), Some(cloud)) => format!("user {user} of cloud {cloud} is {told}"),
        (Asked::User(_), ..) => format!("{told}; matches no user that was seen"),
        _ => format!("{asked} belongs to somebody who is {told}"),
    }
}

pub fn unjudged(policy: &PolicyRow) -> String {
    let why = policy.unproven.join("; ");
    format!(
        "policy {} could not be judged, so what it would take is not known: {why}",
        policy.name
    )
}

pub fn grant(row: &GrantRow, policies: &[PolicyRow]) -> Vec<String> {
    let grant = &row.grant;
    let level = grant.level.map(|level| format!(", {level}"));
    let name = match grant.resource_name.as_str() {
        "" => String::new(),
        name => format!(" ({name})"),
    };
    let mut lines = vec![format!(
        "{} {}{name} of {} on cloud {}{}:",
        grant.kind,
        grant.resource,
        grant.subject,
        grant.cloud,
        level.unwrap_or_default()
    )];
    if grant.said.is_empty() {
        lines.push(match policies.iter().any(|policy| !policy.unproven.is_empty()) {
            true => "  stays for now: no policy that could be judged matches".to_owned(),
            false => "  stays: no policy matches".to_owned(),
        });
    }
    for said in &grant.said {
        let policy = policies.iter().find(|policy| policy.name == said.policy.as_str());
        lines.push(format!("  {}", verdict(said, policy, &row.tasks)));
        lines.push(format!("    {}", said.why));
    }
    // What is on its way although nobody wants it gone any more ends by itself.
    let others = row.tasks.iter().filter(|task| {
        let same = |said: &&Said| said.policy.as_str() == task.policy;
        !grant.goes().any(|said| same(&said))
    });
    lines.extend(others.map(|task| {
        format!(
            "  {} of policy {}: looked at again before anything is done",
            at(task),
            task.policy
        )
    }));
    lines
}

fn verdict(said: &Said, policy: Option<&PolicyRow>, tasks: &[TaskRow]) -> String {
    let name = &said.policy;
    match said.word {
        Word::Stays => return format!("stays, although policy {name} matches:"),
        Word::Unclear => return format!("stays, as policy {name} could not judge it:"),
        Word::Goes => {}
    }
    if said.mode == Mode::Observe {
        return format!("stays: policy {name} wants it gone, and only observes:");
    }
    if let Some(task) = tasks.iter().find(|task| task.policy == name.as_str()) {
        return match (task.state.as_str(), &task.hold) {
            ("dead", _) => format!(
                "stays: policy {name} wants it gone, and task {0} was given up (`revokd tasks show {0}`):",
                task.id
            ),
            (_, Some(_)) => format!("goes by policy {name} once that is over: {}:", at(task)),
            _ => format!("goes by policy {name}: {}:", at(task)),
        };
    }
    // What another policy gave up is taken over.
    if let Some(other) = tasks.iter().find(|task| task.state != "dead") {
        return format!(
            "goes: policy {name} wants it too, and {} of policy {} is at it:",
            at(other),
            other.policy
        );
    }
    let mut when = match policy.and_then(|policy| policy.next_run.as_ref()) {
        Some(next) => format!("with its next run, {next}"),
        None => "when it is run by hand".to_owned(),
    };
    if said.mode == Mode::Approve {
        when.push_str(", once you allow that run");
    }
    if let Some(policy) = policy {
        if policy.grace > 0 {
            let grace = jiff::SignedDuration::from_secs(policy.grace);
            when.push_str(&format!(", {grace:#} after it"));
        }
        if !policy.brake.is_empty() && said.mode == Mode::Enforce {
            when.push_str(&format!(", which would be held: {}", policy.brake.join("; ")));
        }
    }
    format!("goes by policy {name}: {when}:")
}

fn at(task: &TaskRow) -> String {
    match &task.hold {
        Some(hold) => format!("task {}, {} ({hold})", task.id, task.state),
        None => format!("task {}, {}", task.id, task.state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::{reach::Grant, sample::at as time},
        model::{Kind, Level},
    };

    fn row(word: Word, mode: Mode) -> GrantRow {
        GrantRow {
            grant: Grant {
                cloud: "c".into(),
                kind: Kind::NamespacePermission,
                resource: "team".into(),
                resource_name: String::new(),
                subject: "ann".into(),
                level: Some(Level::Write),
                said: vec![Said {
                    policy: "p".into(),
                    mode,
                    word,
                    why: "subject_in leavers (line 2)".into(),
                }],
            },
            tasks: vec![],
        }
    }

    fn policy() -> PolicyRow {
        PolicyRow {
            name: "p".into(),
            mode: "enforce".into(),
            next_run: Some("Mon 2026-06-01 09:00:00 CEST".into()),
            grace: 3600,
            brake: vec![],
            unproven: vec![],
        }
    }

    #[test]
    fn what_goes_is_told_with_when_and_why() {
        let lines = grant(&row(Word::Goes, Mode::Enforce), &[policy()]);
        assert_eq!(
            lines,
            [
                "namespace-permission team of ann on cloud c, write:",
                "  goes by policy p: with its next run, Mon 2026-06-01 09:00:00 CEST, 1h after it:",
                "    subject_in leavers (line 2)",
            ]
        );
        let approve = grant(&row(Word::Goes, Mode::Approve), &[policy()]);
        assert!(approve[1].contains("once you allow that run"), "{approve:?}");
        let held = PolicyRow {
            brake: vec!["too many".into()],
            ..policy()
        };
        let held = grant(&row(Word::Goes, Mode::Enforce), &[held]);
        assert!(held[1].contains("would be held: too many"), "{held:?}");
    }

    #[test]
    fn what_is_in_the_queue_is_told_with_its_task() {
        let queued = |policy: &str| TaskRow {
            id: 17,
            policy: policy.into(),
            state: "queued".into(),
            hold: None,
        };
        let mut goes = row(Word::Goes, Mode::Enforce);
        goes.tasks = vec![queued("p")];
        assert_eq!(
            grant(&goes, &[policy()])[1],
            "  goes by policy p: task 17, queued:"
        );
        goes.tasks[0].hold = Some("brake".into());
        assert!(grant(&goes, &[policy()])[1].contains("once that is over: task 17"));
        goes.tasks = vec![TaskRow {
            state: "dead".into(),
            ..queued("p")
        }];
        let lines = grant(&goes, &[policy()]);
        assert!(lines[1].starts_with("  stays: policy p wants it gone, and task 17 was given up"));
        goes.tasks[0].policy = "other".into();
        assert!(grant(&goes, &[policy()])[1].contains("with its next run"));
        goes.tasks = vec![queued("other")];
        let lines = grant(&goes, &[policy()]);
        assert!(
            lines[1].contains("task 17, queued of policy other is at it"),
            "{lines:?}"
        );
        let mut stays = row(Word::Stays, Mode::Enforce);
        stays.tasks = vec![queued("p")];
        let lines = grant(&stays, &[policy()]);
        assert!(lines[3].contains("looked at again"), "{lines:?}");
    }

    #[test]
    fn what_stays_says_why() {
        let first = |row: &GrantRow| grant(row, &[policy()])[1].clone();
        assert!(first(&row(Word::Stays, Mode::Enforce)).contains("stays, although policy p matches"));
        assert!(first(&row(Word::Unclear, Mode::Enforce)).contains("could not judge it"));
        assert!(first(&row(Word::Goes, Mode::Observe)).contains("only observes"));
        let mut nobody = row(Word::Goes, Mode::Enforce);
        nobody.grant.said.clear();
        assert_eq!(first(&nobody), "  stays: no policy matches");
        let unjudged = PolicyRow {
            unproven: vec!["source leavers: not read".into()],
            ..policy()
        };
        assert_eq!(
            grant(&nobody, &[unjudged])[1],
            "  stays for now: no policy that could be judged matches"
        );
    }

    #[test]
    fn a_list_is_told_with_place_and_since() {
        let row = SourceRow {
            source: "leavers".into(),
            not_proven: Some("12 entries, but min_entries is 100".into()),
            says: vec![ListWord {
                cloud: Some("c".into()),
                user: Some("ann".into()),
                says: Says::Gone,
                place: Some("line 2".into()),
                since: Some(time("2026-06-01T00:00:00Z")),
                why: String::new(),
            }],
        };
        assert_eq!(
            source(&row, &Asked::User("ann".to_owned())),
            [
                "source leavers: nothing is decided by it: 12 entries, but min_entries is 100",
                "source leavers: user ann of cloud c is gone at line 2, since 2026-06-01 00:00:00Z",
            ]
        );
        let mut row = row;
        (row.says[0].cloud, row.says[0].user) = (None, None);
        assert_eq!(
            source(&row, &Asked::Project("p-1".into()))[1],
            "source leavers: project p-1 belongs to somebody who is gone at line 2, since 2026-06-01 \
             00:00:00Z",
        );
    }
}
