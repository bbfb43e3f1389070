//! An exact cover of a set of pairs by few rectangles.
//!
//! The fewest there can be is a hard problem; this is a chain of steps that are
//! each fast and never make it worse. Rows with the same columns are taken as
//! one row, and columns alike. Of what is left, the smallest set of rows and
//! columns that touches every pair gives one rectangle each; peeling large
//! rectangles off gives another answer. In both, rectangles that fit together
//! are joined, and those that others can take over are dissolved. The better
//! one wins, and neither is ever worse than going by rows or by columns.

use std::collections::{BTreeMap, HashMap};

use super::{matching::columns_of_smallest_cover, peel::peeled};

/// Rows and columns, each sorted and none twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rectangle {
    pub rows: Vec<u32>,
    pub columns: Vec<u32>,
}

impl Rectangle {
    /// Each of its pairs as a rectangle of its own.
    pub fn pairs(&self) -> Vec<Rectangle> {
        let rows = self.rows.iter();
        let pairs = rows.flat_map(|&row| self.columns.iter().map(move |&column| (row, column)));
        let alone = pairs.map(|(row, column)| Rectangle {
            rows: vec![row],
            columns: vec![column],
        });
        alone.collect()
    }
}

/// Steps of one search for the rectangles that can take another one over.
const SEARCH_STEPS: usize = 256;
/// Rounds of joining and dissolving; each one ends with fewer rectangles.
const ROUNDS: usize = 16;
/// Looks at pairs while peeling: well under a second.
const PEELING_STEPS: usize = 8_000_000;

/// Rectangles of which every pair is in exactly one and that hold nothing else,
/// none with more rows or columns than `most`. `pairs` holds none twice.
pub fn cover(pairs: &[(u32, u32)], most: (usize, usize)) -> Vec<Rectangle> {
    let by_rows = alike(pairs.iter().copied());
    let by_columns = alike(pairs.iter().map(|&(row, column)| (column, row)));
    let by_columns: Vec<Rectangle> = by_columns.into_iter().map(flipped).collect();
    let classes = Classes::of(&by_rows);
    let widen = |way: Vec<Rectangle>| -> Vec<Rectangle> {
        way.iter().map(|rectangle| classes.widen(rectangle)).collect()
    };
    let starred = reduced(stars(&classes.columns_of, classes.columns.len()));
    // Twice as many may still be joined to fewer.
    let bound = starred.len().saturating_mul(2);
    let peeled = peeled(&classes.columns_of, classes.columns.len(), bound, PEELING_STEPS);
    let peeled = peeled.map(reduced).map(widen);
    // Where a call takes only so many, the fewest rectangles need not be the
    // fewest calls; so each way is cut before they are compared.
    let ways = [Some(widen(starred)), peeled, Some(by_rows), Some(by_columns)];
    let cut = ways.into_iter().flatten().map(|way| cut(way, most));
    cut.min_by_key(Vec::len).unwrap_or_default()
}

/// One rectangle for each distinct set of columns.
fn alike(pairs: impl Iterator<Item = (u32, u32)>) -> Vec<Rectangle> {
    let mut columns_of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, column) in pairs {
        columns_of.entry(row).or_default().push(column);
    }
    let mut rows_of: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
    for (row, mut columns) in columns_of {
        columns.sort_unstable();
        rows_of.entry(columns).or_default().push(row);
    }
    rows_of
        .into_iter()
        .map(|(columns, rows)| Rectangle { rows, columns })
        .collect()
}

fn flipped(rectangle: Rectangle) -> Rectangle {
    Rectangle {
        rows: rectangle.columns,
        columns: rectangle.rows,
    }
}

/// The set of pairs with all rows that are alike taken as one, and all columns.
struct Classes {
    rows: Vec<Vec<u32>>,
    columns: Vec<Vec<u32>>,
    /// The classes of columns that each class of rows is joined to, sorted.
    columns_of: Vec<Vec<u32>>,
}

impl Classes {
    fn of(by_rows: &[Rectangle]) -> Classes {
        let number = |position: usize| u32::try_from(position).unwrap_or(u32::MAX);
        let pairs = by_rows.iter().enumerate();
        let pairs = pairs.flat_map(|(class, rectangle)| {
            let columns = rectangle.columns.iter();
            columns.map(move |column| (*column, number(class)))
        });
        // Columns where others have rows, and classes of rows where others have columns.
        let by_columns = alike(pairs);
        let mut columns_of = vec![Vec::new(); by_rows.len()];
        for (class, rectangle) in by_columns.iter().enumerate() {
            for &rows in &rectangle.columns {
                columns_of[rows as usize].push(number(class));
            }
        }
        Classes {
            rows: by_rows.iter().map(|rectangle| rectangle.rows.clone()).collect(),
            columns: by_columns.into_iter().map(|rectangle| rectangle.rows).collect(),
            columns_of,
        }
    }

    fn widen(&self, rectangle: &Rectangle) -> Rectangle {
        let all = |classes: &[u32], members: &[Vec<u32>]| {
            let numbers = classes.iter().flat_map(|&class| members[class as usize].iter());
            sorted(numbers)
        };
        Rectangle {
            rows: all(&rectangle.rows, &self.rows),
            columns: all(&rectangle.columns, &self.columns),
        }
    }
}

/// Joins and dissolves until nothing changes.
fn reduced(mut rectangles: Vec<Rectangle>) -> Vec<Rectangle> {
    for _ in 0..ROUNDS {
        let before = rectangles.len();
        rectangles = dissolved(joined(rectangles));
        let turned = rectangles.into_iter().map(flipped).collect();
        rectangles = dissolved(turned).into_iter().map(flipped).collect();
        if rectangles.len() == before {
            break;
        }
    }
    rectangles
}

fn sorted<'a>(numbers: impl Iterator<Item = &'a u32>) -> Vec<u32> {
    let mut numbers: Vec<u32> = numbers.copied().collect();
    numbers.sort_unstable();
    numbers
}

/// One rectangle for each row and each column of the smallest cover. A pair
/// that has both ends in it goes to the column.
fn stars(columns_of: &[Vec<u32>], columns: usize) -> Vec<Rectangle> {
    let covering = columns_of_smallest_cover(columns_of, columns);
    let mut of_column: Vec<Vec<u32>> = vec![Vec::new(); columns];
    let mut rectangles = Vec::new();
    for (row, joined_to) in columns_of.iter().enumerate() {
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let (to_columns, own): (Vec<u32>, Vec<u32>) =
            joined_to.iter().partition(|&&column| covering[column as usize]);
        for column in to_columns {
            of_column[column as usize].push(row);
        }
        if !own.is_empty() {
            rectangles.push(Rectangle {
                rows: vec![row],
                columns: own,
            });
        }
    }
    for (column, rows) in of_column.into_iter().enumerate() {
        if !rows.is_empty() {
            let columns = vec![u32::try_from(column).unwrap_or(u32::MAX)];
            rectangles.push(Rectangle { rows, columns });
        }
    }
    rectangles
}

/// Rectangles with the same columns become one, then those with the same rows.
fn joined(rectangles: Vec<Rectangle>) -> Vec<Rectangle> {
    let by_columns = join_rows(rectangles);
    let by_rows = join_rows(by_columns.into_iter().map(flipped).collect());
    by_rows.into_iter().map(flipped).collect()
}

fn join_rows(rectangles: Vec<Rectangle>) -> Vec<Rectangle> {
    let mut rows_of: BTreeMap<Vec<u32>, Vec<u32>> = BTreeMap::new();
    for rectangle in rectangles {
        rows_of
            .entry(rectangle.columns)
            .or_default()
            .extend(rectangle.rows);
    }
    let joined = rows_of.into_iter().map(|(columns, rows)| Rectangle {
        // No pair is in two rectangles, so those with the same columns share no row.
        rows: sorted(rows.iter()),
        columns,
    });
    joined.collect()
}

/// Dissolves each rectangle whose columns are the columns of others put
/// together: those others take its rows.
fn dissolved(mut rectangles: Vec<Rectangle>) -> Vec<Rectangle> {
    // The smallest first: what is small is what others are made of, so the
    // large are tried first for being dissolved.
    rectangles.sort_by_key(|rectangle| rectangle.columns.len());
    let mut beginning_with: HashMap<u32, Vec<usize>> = HashMap::new();
    for (position, rectangle) in rectangles.iter().enumerate() {
        beginning_with
            .entry(rectangle.columns[0])
            .or_default()
            .push(position);
    }
    let mut gone = vec![false; rectangles.len()];
    for position in (0..rectangles.len()).rev() {
        let search = Search {
            rectangles: &rectangles,
            beginning_with: &beginning_with,
            gone: &gone,
            dissolving: position,
        };
        let Some(parts) = search.parts() else {
            continue;
        };
        let rows = std::mem::take(&mut rectangles[position].rows);
        gone[position] = true;
        for part in parts {
            rectangles[part].rows.extend(&rows);
            rectangles[part].rows.sort_unstable();
        }
    }
    rectangles.retain(|rectangle| !rectangle.rows.is_empty());
    rectangles
}

struct Search<'a> {
    rectangles: &'a [Rectangle],
    beginning_with: &'a HashMap<u32, Vec<usize>>,
    gone: &'a [bool],
    dissolving: usize,
}

impl Search<'_> {
    /// Other rectangles whose columns are, put together, exactly the columns of
    /// the one to be dissolved.
    fn parts(&self) -> Option<Vec<usize>> {
        let whole = &self.rectangles[self.dissolving].columns;
        let mut steps = SEARCH_STEPS;
        let mut chosen = Vec::new();
        self.fill(whole.clone(), &mut chosen, &mut steps)
            .then_some(chosen)
    }

    /// The least column that is left can only be the least one of a part.
    fn fill(&self, left: Vec<u32>, chosen: &mut Vec<usize>, steps: &mut usize) -> bool {
        let Some(first) = left.first() else {
            return true;
        };
        let candidates = self.beginning_with.get(first).map_or(&[][..], Vec::as_slice);
        for &candidate in candidates.iter().rev() {
            let part = &self.rectangles[candidate].columns;
            if candidate == self.dissolving || self.gone[candidate] || part.len() > left.len() {
                continue;
            }
            if *steps == 0 {
                return false;
            }
            *steps -= 1;
            let Some(rest) = without(&left, part) else {
                continue;
            };
            chosen.push(candidate);
            if self.fill(rest, chosen, steps) {
                return true;
            }
            chosen.pop();
        }
        false
    }
}

/// What is left of `whole` without `part`, if it holds all of it. Both sorted.
fn without(whole: &[u32], part: &[u32]) -> Option<Vec<u32>> {
    let mut left = Vec::with_capacity(whole.len() - part.len());
    let mut part = part.iter().peekable();
    for number in whole {
        if part.next_if_eq(&number).is_none() {
            left.push(*number);
        }
    }
    part.peek().is_none().then_some(left)
}

/// Cuts each rectangle into pieces within the bounds.
fn cut(rectangles: Vec<Rectangle>, most: (usize, usize)) -> Vec<Rectangle> {
    let (most_rows, most_columns) = (most.0.max(1), most.1.max(1));
    let pieces = rectangles.iter().flat_map(|rectangle| {
        rectangle.rows.chunks(most_rows).flat_map(move |rows| {
            rectangle
                .columns
                .chunks(most_columns)
                .map(move |columns| Rectangle {
                    rows: rows.to_vec(),
                    columns: columns.to_vec(),
                })
        })
    });
    pieces.collect()
}
