//! Waking policies before their schedule does: because a source changed at a
//! glance, or somebody asked over HTTP. The schedule stays the truth; a wake
//! that is lost costs time and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, watch};

use super::{
    context::{Context, Rules},
    people::named_by,
    service::Beat,
};
use crate::model::{PolicyName, SourceName};

/// How often sources are glanced at. A glance costs no more than asking for the
/// time of a file.
const GLANCE_EVERY: SignedDuration = SignedDuration::from_secs(5);

/// Who is to be woken, and who may ask for it.
pub struct Wake {
    /// Each policy once, however often it was woken: a flood of wakes costs one
    /// run after another at most, as a schedule of every second would.
    waiting: Mutex<BTreeSet<PolicyName>>,
    told: Notify,
    /// `None`: nobody may ask over HTTP.
    token: Option<SecretString>,
}

impl Wake {
    pub fn new(token: Option<SecretString>) -> Wake {
        Wake {
            waiting: Mutex::default(),
            told: Notify::new(),
            token,
        }
    }

    /// Has the policy run as soon as it can be.
    pub fn wake(&self, policy: PolicyName) {
        self.waiting().insert(policy);
        self.told.notify_one();
    }

    /// Resolves once somebody is to be woken.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    /// Who is to be woken; they are no longer here afterwards.
    pub fn take(&self) -> BTreeSet<PolicyName> {
        std::mem::take(&mut *self.waiting())
    }

    pub fn is_open(&self) -> bool {
        self.token.is_some()
    }

    /// Whether it is the token. Digests are compared: how long that takes says
    /// something of the digest, which nobody can choose, and nothing of the
    /// token.
    pub fn admits(&self, shown: &str) -> bool {
        let digest = |text: &str| Sha256::digest(text.as_bytes());
        let token = self.token.as_ref();
        token.is_some_and(|token| digest(token.expose_secret()) == digest(shown))
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeSet<PolicyName>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Glances at the sources in use and wakes the policies that name one that
/// changed, until the context says stop.
pub async fn watch(context: Arc<Context>, beat: Beat) {
    let mut rules_changed = context.rules.subscribe();
    let mut before = Glances::new();
    while !context.stop.is_cancelled() {
        let rules = rules_changed.borrow_and_update().clone();
        let sources = rules.sources_in_use();
        if !sources.is_empty() {
            let now = beat.waiting(rules.people.glances(&sources)).await;
            for source in changed(&before, &now) {
                wake_all(&context, &rules, source);
            }
            before = remembered(before, now, &sources);
        }
        beat.waiting(rest(&context, &mut rules_changed, sources.is_empty()))
            .await;
    }
}

/// What a source showed, with the digest of its configuration: one that reads
/// from elsewhere now did not change.
type Glances = BTreeMap<SourceName, (String, String)>;

/// The first glance at a source is no change: whatever it shows, the schedule
/// sees to it.
fn changed<'a>(before: &Glances, now: &'a Glances) -> impl Iterator<Item = &'a SourceName> {
    now.iter().filter_map(|(source, (digest, glance))| {
        let (same, last) = before.get(source)?;
        (same == digest && last != glance).then_some(source)
    })
}

/// What a source showed stays where nothing can be told for a while: a file is
/// not there for a moment when another takes its place.
fn remembered(mut before: Glances, now: Glances, in_use: &BTreeSet<SourceName>) -> Glances {
    before.retain(|source, _| in_use.contains(source));
    before.extend(now);
    before
}

fn wake_all(context: &Context, rules: &Rules, source: &SourceName) {
    let named = rules
        .policies
        .iter()
        .filter(|policy| policy.enabled && named_by(policy).any(|name| name == source));
    for policy in named {
        tracing::info!(policy = %policy.name, %source, "the source changed: the policy runs now");
        context.wake.wake(policy.name.clone());
    }
}

async fn rest(context: &Context, rules_changed: &mut watch::Receiver<Arc<Rules>>, idle: bool) {
    let next = async {
        match idle {
            true => futures::future::pending().await,
            false => context.clock.sleep_until(context.now() + GLANCE_EVERY).await,
        }
    };
    tokio::select! {
        () = context.stop.cancelled() => {}
        () = next => {}
        // The sender is part of the context, so this is always a change.
        _ = rules_changed.changed() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glances(each: &[(&str, &str, &str)]) -> Glances {
        let of = |(source, digest, glance): &(&str, &str, &str)| {
            (
                SourceName::from(*source),
                ((*digest).to_owned(), (*glance).to_owned()),
            )
        };
        each.iter().map(of).collect()
    }

    fn changes(before: &Glances, now: &Glances) -> Vec<String> {
        changed(before, now).map(ToString::to_string).collect()
    }

    #[test]
    fn a_source_wakes_when_it_shows_something_else_and_not_at_first() {
        let one = glances(&[("leavers", "d", "1")]);
        let two = glances(&[("leavers", "d", "2")]);
        assert_eq!(changes(&Glances::new(), &one), [""; 0]);
        assert_eq!(changes(&one, &one), [""; 0]);
        assert_eq!(changes(&one, &two), ["leavers"]);
    }

    #[test]
    fn a_source_that_is_elsewhere_now_did_not_change() {
        let here = glances(&[("leavers", "d", "1")]);
        let elsewhere = glances(&[("leavers", "e", "2")]);
        assert_eq!(changes(&here, &elsewhere), [""; 0]);
    }

    #[test]
    fn a_file_that_was_away_for_a_moment_is_held_against_what_it_was() {
        let in_use = BTreeSet::from([SourceName::from("leavers")]);
        let one = glances(&[("leavers", "d", "1")]);
        let kept = remembered(one.clone(), Glances::new(), &in_use);
        assert_eq!(changes(&kept, &one), [""; 0]);
        assert_eq!(changes(&kept, &glances(&[("leavers", "d", "2")])), ["leavers"]);
        assert!(remembered(kept, Glances::new(), &BTreeSet::new()).is_empty());
    }

    #[tokio::test]
    async fn a_policy_that_is_woken_often_waits_once() {
        let wake = Wake::new(None);
        for _ in 0..1000 {
            wake.wake("p".into());
        }
        wake.told().await;
        assert_eq!(wake.take(), BTreeSet::from(["p".into()]));
        assert!(wake.take().is_empty());
    }

    #[test]
    fn only_the_token_opens_and_without_one_nothing_does() {
        let wake = Wake::new(Some("right".into()));
        assert!(wake.is_open() && wake.admits("right"));
        for wrong in ["", "righ", "rightt", "Right"] {
            assert!(!wake.admits(wrong), "{wrong:?}");
        }
        let closed = Wake::new(None);
        assert!(!closed.is_open() && !closed.admits(""));
    }
}
