//! What was found: one line for each check, and a line of how to mend it.

use std::fmt;

use serde::Serialize;

use crate::cli::output::print_line;

/// What one check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    /// Works today, and may not tomorrow or not as it was meant.
    Warning,
    /// Keeps revokd from its work, or lets somebody misuse it.
    Problem,
    /// What was seen says why.
    NotChecked,
}

/// One check, for people and for programs; the keys are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub check: String,
    pub verdict: Verdict,
    /// One line. Never a secret.
    pub seen: String,
    /// A command, a key or a right where one can be named; `None` where all is
    /// well.
    pub mend: Option<String>,
}

/// Checks that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    pub title: String,
    pub findings: Vec<Finding>,
}

impl Finding {
    pub fn ok(check: &str, seen: impl Into<String>) -> Finding {
        Finding {
            check: check.to_owned(),
            verdict: Verdict::Ok,
            seen: seen.into(),
            mend: None,
        }
    }

    pub fn warning(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Warning,
            mend: Some(mend.into()),
            ..Finding::ok(check, seen)
        }
    }

    pub fn problem(check: &str, seen: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::Problem,
            mend: Some(mend.into()),
            ..Finding::ok(check, seen)
        }
    }

    /// `why` it could not be looked at, and what would make it possible.
    pub fn not_checked(check: &str, why: impl Into<String>, mend: impl Into<String>) -> Finding {
        Finding {
            verdict: Verdict::NotChecked,
            mend: Some(mend.into()),
            ..Finding::ok(check, why)
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Problem => "problem",
            Verdict::NotChecked => "not checked",
        })
    }
}

/// How many findings of all groups have the verdict.
pub fn count(groups: &[Group], verdict: Verdict) -> usize {
    let findings = groups.iter().flat_map(|group| &group.findings);
    findings.filter(|finding| finding.verdict == verdict).count()
}

/// Prints all groups for people.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(groups: &[Group]) -> anyhow::Result<()> {
    let width = page_width();
    for group in groups {
        let lines = lines(group, width);
        lines.iter().try_for_each(|line| print_line(line))?;
    }
    Ok(())
}

/// Columns of a page, where no terminal says how many it has.
const PAGE: usize = 80;
/// Longer lines are hard to read.
const WIDEST: usize = 110;

fn page_width() -> usize {
    let terminal = comfy_table::Table::new().width();
    terminal.map_or(PAGE, |columns| usize::from(columns).clamp(40, WIDEST))
}

/// Before the text of a finding: two spaces, the verdict, two spaces.
const INDENT: usize = 15;

fn lines(group: &Group, width: usize) -> Vec<String> {
    let mut lines = vec![group.title.clone()];
    for finding in &group.findings {
        let head = format!("  {:11}  ", finding.verdict);
        let text = format!("{}: {}", finding.check, finding.seen);
        lines.extend(wrapped(&head, &text, width));
        if let Some(mend) = &finding.mend {
            let head = format!("{:INDENT$}→ ", "");
            lines.extend(wrapped(&head, mend, width));
        }
    }
    lines.push(String::new());
    lines
}

/// Words are never broken: commands and paths are there to be copied.
fn wrapped(head: &str, text: &str, width: usize) -> Vec<String> {
    let indent = head.chars().count();
    let mut lines = Vec::new();
    let mut line = head.to_owned();
    let mut is_empty = true;
    for word in text.split_whitespace() {
        let needed = line.chars().count() + word.chars().count() + usize::from(!is_empty);
        if !is_empty && needed > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent)));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_no_wider_than_it_is_and_breaks_no_word() {
        let long = "chmod go-w /etc/revokd/policies/a-name-that-goes-on.toml ".repeat(4);
        let group = Group {
            title: "files".to_owned(),
            findings: vec![
                Finding::ok("a check", "well"),
                Finding::problem("another check", "a word and another ".repeat(12), &long),
            ],
        };
        let lines = lines(&group, PAGE);
        assert_eq!(lines[1], "  ok           a check: well");
        assert!(
            lines.iter().all(|line| line.chars().count() <= PAGE),
            "{lines:#?}"
        );
        let together = lines.join(" ");
        assert_eq!(
            together
                .matches("/etc/revokd/policies/a-name-that-goes-on.toml")
                .count(),
            4
        );
    }

    #[test]
    fn verdicts_are_counted_over_all_groups() {
        let group = |findings| Group {
            title: "one".to_owned(),
            findings,
        };
        let groups = [
            group(vec![Finding::ok("a", "b"), Finding::problem("a", "b", "c")]),
            group(vec![
                Finding::problem("a", "b", "c"),
                Finding::warning("a", "b", "c"),
            ]),
        ];
        assert_eq!(count(&groups, Verdict::Problem), 2);
        assert_eq!(count(&groups, Verdict::NotChecked), 0);
    }
}
