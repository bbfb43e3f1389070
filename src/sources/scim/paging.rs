//! Whether pages make a whole list. Servers count, number and repeat them in
//! ways of their own; what is relied on is only that every user came once, and
//! as many as the server says there are.

use std::collections::HashSet;

use crate::{connection::shortened, sources::MOST_ENTRIES};

const MOST_PAGES: u32 = 10_000;
const MOST_USERS: u64 = MOST_ENTRIES as u64;

/// What is to be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// From this user on, counted from 1.
    From(u64),
    /// RFC 9865: the page that the last one led to.
    Cursor(String),
}

#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Page(Ask),
    /// Everything came.
    End,
    /// The users changed while they were read, so that some may have slipped
    /// from one page to another.
    Changed,
}

/// What a page says of itself.
#[derive(Default)]
pub struct Head<'a> {
    pub total: Option<u64>,
    pub next_cursor: Option<&'a str>,
    pub users: u64,
    pub ids: Vec<&'a str>,
}

/// One pass through all pages.
#[derive(Default)]
pub struct Paging {
    pages: u32,
    came: u64,
    total: Option<u64>,
    has_changed: bool,
    ids: HashSet<String>,
    /// Those that were followed.
    cursors: HashSet<String>,
}

impl Paging {
    pub fn first() -> Ask {
        Ask::From(1)
    }

    /// # Errors
    /// Why the pages are no whole list, as a sentence.
    pub fn take(&mut self, page: &Head<'_>) -> Result<Next, String> {
        self.pages += 1;
        self.count(page)?;
        let by_cursor = !self.cursors.is_empty() || page.next_cursor.is_some();
        // The total of the last page counts. Where users are counted off, a
        // total that changed means that they moved up or down by one; a cursor
        // stays where it is.
        if self.has_changed && !by_cursor {
            return Ok(Next::Changed);
        }
        self.note_ids(page)?;
        if let Some(cursor) = page.next_cursor {
            return self.follow(cursor);
        }
        match self.total {
            None if by_cursor => Ok(Next::End),
            None => Err("does not say how many users there are (`totalResults`)".to_owned()),
            Some(total) if self.came == total => Ok(Next::End),
            Some(total) if self.came < total && page.users > 0 && !by_cursor => {
                self.bounded(Ask::From(self.came + 1))
            }
            Some(_) if self.has_changed => Ok(Next::Changed),
            Some(total) => Err(format!("said {total} users and sent {}", self.came)),
        }
    }

    fn count(&mut self, page: &Head<'_>) -> Result<(), String> {
        if self.pages > 1 && self.total != page.total {
            self.has_changed = true;
        }
        self.total = page.total;
        self.came += page.users;
        match self.came.max(page.total.unwrap_or(0)) > MOST_USERS {
            true => Err(format!(
                "has more than {MOST_USERS} users; narrow them by a filter"
            )),
            false => Ok(()),
        }
    }

    fn note_ids(&mut self, page: &Head<'_>) -> Result<(), String> {
        for id in &page.ids {
            if !self.ids.insert((*id).to_owned()) {
                return Err(format!(
                    "sent the user {} twice: its pages overlap, or it sends the same one again",
                    shortened(id)
                ));
            }
        }
        Ok(())
    }

    fn follow(&mut self, cursor: &str) -> Result<Next, String> {
        match self.cursors.insert(cursor.to_owned()) {
            true => self.bounded(Ask::Cursor(cursor.to_owned())),
            false => Err("leads in circles: its cursor came before".to_owned()),
        }
    }

    fn bounded(&self, ask: Ask) -> Result<Next, String> {
        match self.pages < MOST_PAGES {
            true => Ok(Next::Page(ask)),
            false => Err(format!("has more than {MOST_PAGES} pages; make them larger")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'a>(total: u64, ids: &[&'a str]) -> Head<'a> {
        Head {
            total: Some(total),
            users: ids.len() as u64,
            ids: ids.to_vec(),
            next_cursor: None,
        }
    }

    fn last(pages: &[Head<'_>]) -> Result<Next, String> {
        let mut paging = Paging::default();
        let (last, before) = pages.split_last().unwrap();
        for page in before {
            assert!(matches!(paging.take(page), Ok(Next::Page(_))));
        }
        paging.take(last)
    }

    #[test]
    fn pages_are_turned_by_what_came_until_all_came() {
        assert_eq!(last(&[page(0, &[])]), Ok(Next::End));
        assert_eq!(last(&[page(2, &["a", "b"])]), Ok(Next::End));
        assert_eq!(last(&[page(3, &["a", "b"])]), Ok(Next::Page(Ask::From(3))));
        assert_eq!(
            last(&[page(4, &["a", "b"]), page(4, &["c"])]),
            Ok(Next::Page(Ask::From(4)))
        );
        assert_eq!(last(&[page(3, &["a", "b"]), page(3, &["c"])]), Ok(Next::End));
    }

    #[test]
    fn fewer_or_more_than_was_said_is_no_list() {
        for (pages, why) in [
            (vec![page(1, &[])], "said 1 users and sent 0"),
            (vec![page(3, &["a"]), page(3, &[])], "said 3 users and sent 1"),
            (vec![page(1, &["a", "b"])], "said 1 users and sent 2"),
            (
                vec![page(3, &["a", "b"]), page(3, &["c", "d"])],
                "said 3 users and sent 4",
            ),
        ] {
            assert_eq!(last(&pages), Err(why.to_owned()));
        }
        let silent = Head {
            users: 1,
            ids: vec!["a"],
            ..Head::default()
        };
        assert!(last(&[silent]).unwrap_err().contains("totalResults"));
    }

    #[test]
    fn a_user_who_comes_twice_says_that_others_are_missing() {
        let why = last(&[page(4, &["a", "b"]), page(4, &["a", "b"])]).unwrap_err();
        assert!(why.starts_with("sent the user a twice"), "{why}");
        assert!(last(&[page(2, &["a", "a"])]).is_err(), "even on one page");
    }

    #[test]
    fn a_total_that_changes_between_pages_spoils_the_pass() {
        for second in [page(2, &[]), page(2, &["b"]), page(4, &["c"])] {
            assert_eq!(last(&[page(3, &["a", "b"]), second]), Ok(Next::Changed));
        }
    }

    #[test]
    fn cursors_are_followed_to_their_end() {
        let cursor = |total, ids: &[&'static str], next| Head {
            total,
            next_cursor: next,
            ..page(0, ids)
        };
        let first = || cursor(Some(2), &["a"], Some("x"));
        assert_eq!(last(&[first()]), Ok(Next::Page(Ask::Cursor("x".to_owned()))));
        assert_eq!(last(&[first(), cursor(Some(2), &["b"], None)]), Ok(Next::End));
        let untold = || cursor(None, &["a"], Some("x"));
        assert_eq!(last(&[untold(), cursor(None, &[], None)]), Ok(Next::End));

        let short = last(&[first(), cursor(Some(2), &[], None)]);
        assert_eq!(short, Err("said 2 users and sent 1".to_owned()));
        let changed = last(&[first(), cursor(Some(3), &["b"], None)]);
        assert_eq!(changed, Ok(Next::Changed));
        let circle = last(&[first(), cursor(Some(2), &[], Some("x"))]);
        assert!(circle.unwrap_err().contains("circles"));
    }

    #[test]
    fn a_list_without_end_is_not_read_to_it() {
        assert!(last(&[page(MOST_USERS + 1, &["a"])]).is_err());
        let mut paging = Paging::default();
        let mut turn = |cursor: &str| {
            paging.take(&Head {
                next_cursor: Some(cursor),
                ..Head::default()
            })
        };
        for number in 1..MOST_PAGES {
            assert!(turn(&number.to_string()).is_ok());
        }
        let why = turn("last").unwrap_err();
        assert!(why.contains("pages"), "{why}");
    }
}
