//! One file, parsed once, with what is found wrong in it on the way.

use std::path::Path;

use toml::{
    Spanned,
    de::{DeTable, Error},
};

use super::{
    problem::{Problem, Problems},
    reader::{Sink, Table},
    source::SourceFile,
};

pub struct Tree<'a> {
    sink: Sink,
    /// The first error where it is no TOML.
    tree: Result<Spanned<DeTable<'a>>, Error>,
}

impl<'a> Tree<'a> {
    pub fn parse(file: &'a SourceFile) -> Tree<'a> {
        let (tree, errors) = DeTable::parse_recoverable(file.text());
        // One syntax error makes others appear; only the first is certain.
        let first = errors.into_iter().next();
        Tree {
            sink: Sink::new(file.clone()),
            tree: first.map_or(Ok(tree), Err),
        }
    }

    /// `None` if the file is no TOML.
    pub fn root(&self) -> Option<Table<'_>> {
        let tree = self.tree.as_ref().ok()?;
        Some(Table::new(&self.sink, "this file", 0..0, tree.get_ref()))
    }

    /// The directory that the file stands in.
    pub fn folder(&self) -> &Path {
        let path = Path::new(self.sink.file.name());
        path.parent().unwrap_or(Path::new(""))
    }

    /// Hands over what was found, in the order of the file.
    pub fn tell(self, problems: &mut Problems, warnings: &mut Problems) {
        if let Err(error) = self.tree {
            let place = self.sink.file.place(error.span().unwrap_or(0..0));
            let message = error.message().trim().replace('\n', ", ");
            let hint = "this is not TOML; the rest of the file was not looked at";
            problems.push(Problem::at(place, message).hint(hint));
            return;
        }
        let (mut found, found_warnings) = self.sink.into_parts();
        found.sort();
        problems.append(found);
        warnings.append(found_warnings);
    }
}
