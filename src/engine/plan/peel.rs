//! Takes one large rectangle after the other out of a set of pairs: the way
//! that finds groups which overlap, where rows and columns are each all unlike.

use std::collections::BinaryHeap;

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

/// The pairs not taken out yet. Rows and columns are sorted.
struct Left {
    columns_of: Vec<Vec<u32>>,
    rows_of: Vec<Vec<u32>>,
    /// How many columns a row has left, and the row. Entries whose length has
    /// shrunk since are passed over when their turn comes.
    by_length: BinaryHeap<(usize, u32)>,
    /// How many columns a row shares with the seed at hand; else zero.
    shared: Vec<usize>,
}

impl Left {
    fn of(columns_of: &[Vec<u32>], columns: usize) -> Left {
        let mut rows_of = vec![Vec::new(); columns];
        let mut by_length = BinaryHeap::with_capacity(columns_of.len());
        for (row, joined_to) in (0u32..).zip(columns_of) {
            for &column in joined_to {
                rows_of[column as usize].push(row);
            }
            by_length.push((joined_to.len(), row));
        }
        Left {
            columns_of: columns_of.to_vec(),
            rows_of,
            by_length,
            shared: vec![0; columns_of.len()],
        }
    }

    /// The row with the most columns left.
    fn longest(&mut self) -> Option<u32> {
        loop {
            let (length, row) = self.by_length.pop()?;
            if length > 0 && self.columns_of[row as usize].len() == length {
                return Some(row);
            }
        }
    }

    /// The seed with all its columns, then row by row, those that share most
    /// with it first: a row is let in as long as what it costs in columns is
    /// no more than what it brings.
    fn grow(&mut self, seed: u32, steps: &mut usize) -> Option<Rectangle> {
        let mut columns = self.columns_of[seed as usize].clone();
        let mut rows = vec![seed];
        for (count, row) in self.sharing(seed, steps)? {
            // Later rows share no more than this one.
            if (rows.len() + 1) * count.min(columns.len()) < rows.len() * columns.len() {
                break;
            }
            *steps = steps.checked_sub(columns.len())?;
            let own = &self.columns_of[row as usize];
            let both: Vec<u32> = columns
                .iter()
                .copied()
                .filter(|column| own.binary_search(column).is_ok())
                .collect();
            if (rows.len() + 1) * both.len() >= rows.len() * columns.len() {
                rows.push(row);
                columns = both;
            }
        }
        rows.sort_unstable();
        Some(Rectangle { rows, columns })
    }

    /// The rows that have columns in common with `seed`, those with most first.
    fn sharing(&mut self, seed: u32, steps: &mut usize) -> Option<Vec<(usize, u32)>> {
        let mut met = Vec::new();
        for &column in &self.columns_of[seed as usize] {
            let rows = &self.rows_of[column as usize];
            *steps = steps.checked_sub(rows.len())?;
            for &row in rows.iter().filter(|row| **row != seed) {
                if self.shared[row as usize] == 0 {
                    met.push(row);
                }
                self.shared[row as usize] += 1;
            }
        }
        let counted = met
            .into_iter()
            .map(|row| (std::mem::take(&mut self.shared[row as usize]), row));
        let mut sharing: Vec<(usize, u32)> = counted.collect();
        sharing.sort_unstable_by(|a, b| b.cmp(a));
        Some(sharing)
    }

    fn remove(&mut self, rectangle: &Rectangle) {
        for &row in &rectangle.rows {
            let own = &mut self.columns_of[row as usize];
            own.retain(|column| rectangle.columns.binary_search(column).is_err());
            self.by_length.push((own.len(), row));
        }
        for &column in &rectangle.columns {
            self.rows_of[column as usize].retain(|row| rectangle.rows.binary_search(row).is_err());
        }
    }
}
