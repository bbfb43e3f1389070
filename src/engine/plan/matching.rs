//! The smallest set of rows and columns that every pair has an end in.
//!
//! By Kőnig's theorem it is as large as a maximum matching of the bipartite
//! graph, which Hopcroft and Karp's algorithm finds.

use std::collections::VecDeque;

/// The columns of the smallest cover; its rows are those that have a column
/// outside of it. `columns_of[row]` are the columns that the row is joined to.
pub fn columns_of_smallest_cover(columns_of: &[Vec<u32>], columns: usize) -> Vec<bool> {
    let mut matching = Matching {
        columns_of,
        column_of_row: vec![None; columns_of.len()],
        row_of_column: vec![None; columns],
        layer: vec![None; columns_of.len()],
    };
    while matching.find_layers() {
        for row in 0..columns_of.len() {
            if matching.column_of_row[row].is_none() {
                matching.augment(row);
            }
        }
    }
    matching.covering_columns()
}

struct Matching<'a> {
    columns_of: &'a [Vec<u32>],
    column_of_row: Vec<Option<u32>>,
    row_of_column: Vec<Option<u32>>,
    /// Steps of an alternating walk from an unmatched row.
    layer: Vec<Option<u32>>,
}

impl Matching<'_> {
    /// Whether some unmatched column can be reached from an unmatched row.
    fn find_layers(&mut self) -> bool {
        let mut queue = VecDeque::new();
        for (row, column) in self.column_of_row.iter().enumerate() {
            self.layer[row] = column.is_none().then_some(0);
            if column.is_none() {
                queue.push_back(row);
            }
        }
        let mut found = false;
        while let Some(row) = queue.pop_front() {
            let next = self.layer[row].map(|layer| layer + 1);
            for &column in &self.columns_of[row] {
                match self.row_of_column[column as usize] {
                    None => found = true,
                    Some(partner) if self.layer[partner as usize].is_none() => {
                        self.layer[partner as usize] = next;
                        queue.push_back(partner as usize);
                    }
                    Some(_) => {}
                }
            }
        }
        found
    }

    /// Walks from an unmatched row to an unmatched column and swaps what is
    /// matched on the way. The stack is our own: a walk may be as long as there
    /// are rows.
    fn augment(&mut self, start: usize) {
        let mut walk: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((row, position)) = walk.last_mut() {
            let (row, at) = (*row, *position);
            let Some(&column) = self.columns_of[row].get(at) else {
                // A dead end: nobody needs to come here again in this round.
                self.layer[row] = None;
                walk.pop();
                continue;
            };
            *position += 1;
            match self.row_of_column[column as usize] {
                None => return self.swap_along(&walk),
                Some(partner) => {
                    let follows = self.layer[row].map(|layer| layer + 1);
                    if follows.is_some() && self.layer[partner as usize] == follows {
                        walk.push((partner as usize, 0));
                    }
                }
            }
        }
    }

    fn swap_along(&mut self, walk: &[(usize, usize)]) {
        for &(row, position) in walk {
            let column = self.columns_of[row][position - 1];
            self.column_of_row[row] = Some(column);
            self.row_of_column[column as usize] = Some(row as u32);
        }
        // A row is on one walk a round.
        for &(row, _) in walk {
            self.layer[row] = None;
        }
    }

    /// The columns that an alternating walk from an unmatched row reaches.
    fn covering_columns(mut self) -> Vec<bool> {
        self.find_layers();
        let mut covering = vec![false; self.row_of_column.len()];
        let reached = self.columns_of.iter().zip(&self.layer);
        for (columns, _) in reached.filter(|(_, layer)| layer.is_some()) {
            for &column in columns {
                covering[column as usize] = true;
            }
        }
        covering
    }
}
