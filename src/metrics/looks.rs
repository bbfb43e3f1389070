//! What was seen after calls that remove something. A cloud that accepts every
//! call, and whose jobs then fail, shows here and nowhere else.

use super::Metrics;
use crate::model::{CloudName, FailureClass};

/// Where a target stood when it was looked at after a call for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Gone,
    There,
    /// The look failed, saw only a part, or could not be made.
    Unknown,
}

impl Seen {
    const ALL: [Seen; 3] = [Seen::Gone, Seen::There, Seen::Unknown];

    fn as_str(self) -> &'static str {
        match self {
            Seen::Gone => "gone",
            Seen::There => "there",
            Seen::Unknown => "unknown",
        }
    }
}

/// Outcomes of a call after which there is a look, beside the failures. What was
/// refused because of a part of it is called for again in halves instead.
const ANSWERS: [&str; 3] = ["accepted", "submitted", "not-there"];

impl Metrics {
    /// Makes the series exist before the first call, as a counter whose first
    /// value is not zero shows no increase.
    pub(super) fn removals_exist(&self, cloud: &CloudName) {
        let failures = FailureClass::ALL.iter().map(|class| class.as_str());
        for outcome in ANSWERS.into_iter().chain(failures) {
            for seen in Seen::ALL {
                let labels = [cloud.as_str(), outcome, seen.as_str()];
                self.removal_looks.with_label_values(&labels);
            }
        }
    }

    /// One target, a word for what the cloud had said to the call, and what was
    /// seen of the target afterwards.
    pub fn removal_looked_at(&self, cloud: &CloudName, outcome: &str, seen: Seen) {
        let labels = [cloud.as_str(), outcome, seen.as_str()];
        self.removal_looks.with_label_values(&labels).inc();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_after_the_first_call_is_an_increase() {
        let (metrics, cloud) = (Metrics::new(), CloudName::from("c"));
        metrics.cloud_exists(&cloud);
        let name = r#"revokd_removal_looks_total{cloud="c",outcome="submitted",seen="there"}"#;
        let told = |figure: u64| metrics.render().contains(&format!("{name} {figure}\n"));
        assert!(told(0));
        metrics.removal_looked_at(&cloud, "submitted", Seen::There);
        assert!(told(1));
    }
}
