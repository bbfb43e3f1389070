//! The configuration as it will be, with all that is there already: a policy on
//! all clouds takes in a new one, and what it says there was never looked at.

use std::{collections::BTreeSet, fs, io, path::Path};

use jiff::Timestamp;

use super::{ask::Ask, flags::Flags};
use crate::{
    cli::output,
    config::{
        self, Loaded, Problems,
        files::{self, Files},
        problem::Problem,
        source::SourceFile,
        types::Config,
    },
    model::{CloudName, Mode},
};

/// What has to be said on the command line where nobody can be asked.
const FLAG: &str = "--under-existing-policies";

/// The texts of a configuration before and after something is added.
pub struct Whole<'a> {
    pub config: &'a Path,
    pub before: String,
    pub after: String,
    /// The directory of the policies.
    pub policies: &'a Path,
    /// A policy file that is added.
    pub policy: Option<SourceFile>,
}

/// Which policies will work on the new cloud.
#[derive(Debug, PartialEq, Eq)]
pub enum Neighbours {
    /// Enabled ones, with their modes.
    Policies(Vec<(String, Mode)>),
    /// So many problems that were there before keep it from being told.
    Unjudged(usize),
}

impl Whole<'_> {
    /// # Errors
    /// All that is wrong with the whole and was not before.
    pub fn neighbours(
        &self,
        cloud: &CloudName,
        now: Timestamp,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Neighbours, Problems> {
        let after = match self.compile(&self.after, self.policy.clone(), now, environment) {
            Ok(loaded) => return Ok(Neighbours::Policies(policies_on(&loaded.config, cloud))),
            Err(problems) => problems,
        };
        let before = match self.compile(&self.before, None, now, environment) {
            Ok(_) => return Err(after),
            Err(problems) => problems,
        };
        let known: BTreeSet<_> = before.iter().map(identity).collect();
        let mut added = Problems::default();
        let new = after.iter().filter(|problem| !known.contains(&identity(problem)));
        new.cloned().for_each(|problem| added.push(problem));
        match added.is_empty() {
            true => Ok(Neighbours::Unjudged(after.count())),
            false => Err(added),
        }
    }

    fn compile(
        &self,
        text: &str,
        policy: Option<SourceFile>,
        now: Timestamp,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Loaded, Problems> {
        let config = SourceFile::new(self.config.display().to_string(), text);
        let files = match holds_no_policy(self.policies) {
            true => Files::of_texts(
                &super::folder_of(self.config),
                config,
                policy.into_iter().collect(),
            ),
            false => {
                let mut files = Files::read(self.config);
                files.config = Some(config);
                files.policies.extend(policy);
                files
            }
        };
        config::compile(files, now, environment)
    }
}

impl Neighbours {
    /// One line each, for people.
    pub fn lines(&self, cloud: &str) -> Vec<String> {
        match self {
            Neighbours::Policies(policies) if policies.is_empty() => {
                vec![format!("no enabled policy works on {cloud}")]
            }
            Neighbours::Policies(policies) => {
                let lines = policies.iter().map(|(name, mode)| format!("  {name} ({mode})"));
                let title = format!("policies that will work on {cloud} from the next start on:");
                [title].into_iter().chain(lines).collect()
            }
            Neighbours::Unjudged(count) => vec![format!(
                "the configuration has {} of its own (revokd check shows them), so it cannot be told which \
                 policies will work on {cloud}",
                output::count(*count as u64, "problem", "problems")
            )],
        }
    }

    /// Whether it may stand under policies that do more than look.
    ///
    /// # Errors
    /// Nobody can be asked, and no flag says it.
    pub fn agreed(&self, cloud: &str, flags: &Flags, ask: &mut dyn Ask) -> anyhow::Result<bool> {
        let what = match self {
            Neighbours::Policies(policies) => {
                let doing = policies.iter().filter(|(_, mode)| *mode != Mode::Observe);
                let named: Vec<String> = doing.map(|(name, mode)| format!("{name} ({mode})")).collect();
                match named.is_empty() {
                    true => return Ok(true),
                    false => named.join(", "),
                }
            }
            Neighbours::Unjudged(_) => "policies that cannot be told".to_owned(),
        };
        if flags.under_existing_policies {
            return Ok(true);
        }
        ask.consent(
            FLAG,
            &format!("Put {cloud} under policies that may remove access there: {what}?"),
        )
    }
}

fn policies_on(config: &Config, cloud: &CloudName) -> Vec<(String, Mode)> {
    let policies = config.policies.iter();
    policies
        .filter(|policy| policy.enabled && policy.clouds.contains(cloud))
        .map(|policy| (policy.name.to_string(), policy.mode))
        .collect()
}

/// The same problem before and after. A hint may name the new cloud.
fn identity(problem: &Problem) -> (&str, Option<usize>, &str) {
    let begin = problem.place.as_ref().map(|place| place.span.start);
    (&problem.file, begin, &problem.message)
}

/// A directory that is empty or not there yet is no problem: the first policy
/// is about to be put there.
fn holds_no_policy(directory: &Path) -> bool {
    match fs::read_dir(directory) {
        Err(error) => error.kind() == io::ErrorKind::NotFound,
        Ok(entries) => entries
            .into_iter()
            .all(|entry| entry.is_ok_and(|entry| !files::is_policy_file(&entry.path()))),
    }
}
