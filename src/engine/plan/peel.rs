//! Takes one large rectangle after the other out of a set of pairs: the way
//! that finds groups which overlap, where rows and columns are each all unlike.

use std::collections::{BTreeMap, BTreeSet};

use super::cover::Rectangle;

/// `columns_of[row]` is sorted. `None` where it would take more than `steps`
/// looks at a pair, or more than `most` rectangles: then it is not worth it.
pub fn peeled(
    columns_of: &[Vec<u32>],
    columns: usize,
    most: usize,
    mut steps: usize,
) -> Option<Vec<Rectangle>> {
    let mut left = Left::of(columns_of, columns);
    let mut rectangles = Vec::new();
    while let Some(seed) = left.longest() {
        if rectangles.len() == most {
            return None;
        }
        let rectangle = left.grow(seed, &mut steps)?;
        left.remove(&rectangle);
        rectangles.push(rectangle);
    }
    Some(rectangles)
}

/// The pairs not taken out yet.
struct Left {
    columns_of: Vec<BTreeSet<u32>>,
    rows_of: Vec<BTreeSet<u32>>,
    /// How many columns a row has left, and the row.
    by_length: BTreeSet<(usize, u32)>,
}

impl Left {
    fn of(columns_of: &[Vec<u32>], columns: usize) -> Left {
        let mut left = Left {
            columns_of: Vec::with_capacity(columns_of.len()),
            rows_of: vec![BTreeSet::new(); columns],
            by_length: BTreeSet::new(),
        };
        for (row, joined_to) in columns_of.iter().enumerate() {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            for &column in joined_to {
                left.rows_of[column as usize].insert(row);
            }
            left.columns_of.push(joined_to.iter().copied().collect());
            left.by_length.insert((joined_to.len(), row));
        }
        left
    }

    /// The row with the most columns left.
    fn longest(&self) -> Option<u32> {
        self.by_length
            .last()
            .filter(|(length, _)| *length > 0)
            .map(|(_, row)| *row)
    }

    /// The seed with all its columns, then row by row, those that share most
    /// with it first: a row is let in as long as what it costs in columns is
    /// less than what it brings.
    fn grow(&self, seed: u32, steps: &mut usize) -> Option<Rectangle> {
        let mut columns: Vec<u32> = self.columns_of[seed as usize].iter().copied().collect();
        let mut shared: BTreeMap<u32, usize> = BTreeMap::new();
        for &column in &columns {
            let rows = &self.rows_of[column as usize];
            *steps = steps.checked_sub(rows.len())?;
            for &row in rows {
                *shared.entry(row).or_default() += 1;
            }
        }
        shared.remove(&seed);
        let mut candidates: Vec<(usize, u32)> = shared.into_iter().map(|(row, count)| (count, row)).collect();
        candidates.sort_unstable_by(|a, b| b.cmp(a));
        let mut rows = vec![seed];
        for (count, row) in candidates {
            // Later rows share no more than this one.
            if (rows.len() + 1) * count.min(columns.len()) < rows.len() * columns.len() && rows.len() > 1 {
                break;
            }
            *steps = steps.checked_sub(columns.len())?;
            let own = &self.columns_of[row as usize];
            let both: Vec<u32> = columns
                .iter()
                .copied()
                .filter(|column| own.contains(column))
                .collect();
            if (rows.len() + 1) * both.len() >= rows.len() * columns.len() {
                rows.push(row);
                columns = both;
            }
        }
        rows.sort_unstable();
        Some(Rectangle { rows, columns })
    }

    fn remove(&mut self, rectangle: &Rectangle) {
        for &row in &rectangle.rows {
            let own = &mut self.columns_of[row as usize];
            self.by_length.remove(&(own.len(), row));
            for column in &rectangle.columns {
                own.remove(column);
                self.rows_of[*column as usize].remove(&row);
            }
            self.by_length.insert((own.len(), row));
        }
    }
}
