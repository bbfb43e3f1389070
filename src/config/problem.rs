//! What is wrong with a configuration, each with its place and a hint.

use std::{fmt, ops::Range};

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report, Severity,
};

use super::source::SourceFile;

/// Problems of one load that are kept; more would only hide the first.
const MOST_KEPT: usize = 200;

/// A stretch of a file.
#[derive(Clone, Debug)]
pub struct Place {
    pub file: SourceFile,
    /// Bytes, on character boundaries.
    pub span: Range<usize>,
}

impl Place {
    /// Line and column of its begin, in characters from 1.
    pub fn line_and_column(&self) -> (usize, usize) {
        self.file.line_and_column(self.span.start)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_and_column();
        write!(f, "{}:{line}:{column}", self.file.name())
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The file's name, also where there is no text to point into.
    pub file: String,
    pub place: Option<Place>,
    pub message: String,
    /// What stands at the place.
    pub label: String,
    pub hint: Option<String>,
    /// Where the other half of a contradiction stands.
    pub other: Option<(Place, String)>,
}

impl Problem {
    pub fn at(place: Place, message: impl Into<String>) -> Problem {
        Problem {
            file: place.file.name().to_owned(),
            place: Some(place),
            message: printable(message.into()),
            label: "here".to_owned(),
            hint: None,
            other: None,
        }
    }

    /// A problem of a file as a whole.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Problem {
        Problem {
            file: file.into(),
            place: None,
            message: printable(message.into()),
            label: String::new(),
            hint: None,
            other: None,
        }
    }

    pub fn label(mut self, label: impl Into<String>) -> Problem {
        self.label = label.into();
        self
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Problem {
        self.hint = Some(printable(hint.into()));
        self
    }

    pub fn other(mut self, place: Place, label: impl Into<String>) -> Problem {
        self.other = Some((place, label.into()));
        self
    }

    fn draw(&self, severity: Severity, colour: bool, width: usize, out: &mut String) -> fmt::Result {
        let theme = match colour {
            true => GraphicalTheme::unicode(),
            false => GraphicalTheme::unicode_nocolor(),
        };
        let handler = GraphicalReportHandler::new_themed(theme)
            .with_width(width.max(40))
            .with_links(false);
        let mut diagnostic = MietteDiagnostic::new(self.message.clone()).with_severity(severity);
        diagnostic.help.clone_from(&self.hint);
        let Some(place) = &self.place else {
            diagnostic.message = format!("{}: {}", self.file, self.message);
            return handler.render_report(out, Report::new(diagnostic).as_ref());
        };
        diagnostic = diagnostic.with_label(labelled(&place.span, &self.label));
        let elsewhere = match &self.other {
            Some((other, label)) if other.file.name() == place.file.name() => {
                diagnostic = diagnostic.and_label(labelled(&other.span, label));
                None
            }
            other => other.as_ref(),
        };
        handler.render_report(out, with_source(diagnostic, place).as_ref())?;
        if let Some((other, label)) = elsewhere {
            let note = MietteDiagnostic::new(label.clone()).with_severity(Severity::Advice);
            let note = note.with_label(labelled(&other.span, label));
            handler.render_report(out, with_source(note, other).as_ref())?;
        }
        Ok(())
    }
}

/// Names and texts of a file can hold escape sequences; a terminal must not
/// follow them.
fn printable(text: String) -> String {
    match text.contains(char::is_control) {
        true => text.replace(char::is_control, "?"),
        false => text,
    }
}

fn labelled(span: &Range<usize>, label: &str) -> LabeledSpan {
    LabeledSpan::new_primary_with_span(Some(label.to_owned()), span.clone())
}

fn with_source(diagnostic: MietteDiagnostic, place: &Place) -> Report {
    let source = NamedSource::new(place.file.name(), place.file.shown().to_owned());
    Report::new(diagnostic).with_source_code(source)
}

/// `FILE:LINE:COLUMN: message (hint)`, on one line.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message)?,
            None => write!(f, "{}: {}", self.file, self.message)?,
        }
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

/// All that is wrong, in the order of files and places.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    kept: Vec<Problem>,
    left_out: usize,
}

impl Problems {
    pub fn push(&mut self, problem: Problem) {
        match self.kept.len() < MOST_KEPT {
            true => self.kept.push(problem),
            false => self.left_out += 1,
        }
    }

    pub fn append(&mut self, others: Problems) {
        self.left_out += others.left_out;
        others.kept.into_iter().for_each(|problem| self.push(problem));
    }

    /// In the order of their places, for the problems of one file.
    pub(super) fn sort(&mut self) {
        self.kept
            .sort_by_key(|problem| problem.place.as_ref().map(|place| place.span.start));
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many there are, kept or not.
    pub fn count(&self) -> usize {
        self.kept.len() + self.left_out
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.kept.iter()
    }

    /// For people: each problem with its lines, the wrong part underlined.
    pub fn render(&self, colour: bool, width: usize) -> String {
        self.draw(Severity::Error, colour, width)
    }

    /// The same for what is only worth a warning.
    pub fn render_warnings(&self, colour: bool, width: usize) -> String {
        self.draw(Severity::Warning, colour, width)
    }

    /// For programs: a list of `{file, line, column, message, hint}`; line and
    /// column are null where the file as a whole is meant.
    pub fn to_json(&self) -> serde_json::Value {
        let one = |problem: &Problem| {
            let place = problem.place.as_ref().map(Place::line_and_column);
            serde_json::json!({
                "file": problem.file,
                "line": place.map(|(line, _)| line),
                "column": place.map(|(_, column)| column),
                "message": problem.message,
                "hint": problem.hint,
            })
        };
        self.kept.iter().map(one).collect()
    }

    fn draw(&self, severity: Severity, colour: bool, width: usize) -> String {
        let mut out = String::new();
        for problem in &self.kept {
            if problem.draw(severity, colour, width, &mut out).is_err() {
                out.push_str(&problem.to_string());
            }
            out.push('\n');
        }
        if self.left_out > 0 {
            out.push_str(&format!("… and {} more\n", self.left_out));
        }
        out
    }
}

/// One line for each, for logs.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, problem) in self.kept.iter().enumerate() {
            if position > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Problems {
        Problems {
            kept: vec![problem],
            left_out: 0,
        }
    }
}
