//! The check that rows are consistent.

use crate::error::TableError;
use crate::intern::NONE;
use crate::rows::Rows;

impl Rows {
    /// Checks that the numbers in the rows refer to existing users, words, records and
    /// details. Lookups by these numbers rely on it.
    ///
    /// # Errors
    /// [`TableError::Lost`].
    pub(crate) fn check(&self) -> Result<(), TableError> {
        let check = |number: u32, count: usize, what| match (number as usize) < count {
            true => Ok(()),
            false => Err(TableError::Lost(what)),
        };
        let optional = |number: u32, count: usize, what| match number {
            NONE => Ok(()),
            number => check(number, count, what),
        };
        let (users, words) = (self.users.len(), self.words.len());
        for context in self.contexts.items() {
            check(context.user, users, "user")?;
            check(context.session, words, "session")?;
            let others = [
                context.profile,
                context.country,
                context.device_type,
                context.device_os,
                context.app_version,
                context.producer,
            ];
            for word in others.into_iter().chain(context.added) {
                optional(word, words, "word")?;
            }
        }
        for record in self.records.items() {
            check(record.shard, words, "shard")?;
        }
        for detail in &self.details {
            optional(detail.query, words, "query")?;
            optional(detail.extra, words, "extra")?;
        }
        let (contexts, records) = (self.contexts.items().len(), self.records.items().len());
        for row in &self.rows {
            check(row.context, contexts, "context")?;
            check(row.record, records, "record")?;
            optional(row.title, self.titles.len(), "title")?;
            optional(row.detail, self.details.len(), "detail")?;
        }
        for dropped in &self.dropped {
            check(dropped.user, users, "user")?;
            check(dropped.record, records, "record")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::tests::{DAY, event};
    use crate::row::Row;
    use crate::rows::{Origin, Scope};

    #[test]
    fn a_row_that_names_what_is_not_there_is_found() {
        let rows = || {
            let mut rows = Rows::new(Scope {
                day: DAY,
                bucket: 0,
                buckets: 1,
            });
            let pushed = rows.push_events(&event(true, true), Origin::Processed);
            assert_eq!(pushed.map(|pushed| pushed.taken), Ok(1));
            rows
        };
        assert_eq!(rows().check(), Ok(()));
        type Break = fn(&mut Row);
        let breaks: [(&str, Break); 4] = [
            ("context", |row| row.context = 7),
            ("record", |row| row.record = NONE),
            ("title", |row| row.title = 7),
            ("detail", |row| row.detail = 7),
        ];
        for (what, break_it) in breaks {
            let mut rows = rows();
            rows.rows.iter_mut().for_each(break_it);
            assert_eq!(rows.check(), Err(TableError::Lost(what)));
        }
    }
}
