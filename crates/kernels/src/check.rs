//! The consistency check of [`BucketRows`].

use crate::bucket_rows::BucketRows;
use crate::error::TableError;
use crate::intern::NONE;

impl BucketRows {
    /// Checks that every number in the rows refers to an existing user, string, title,
    /// record, context or detail. Lookups in inner loops rely on it and have no check.
    ///
    /// # Errors
    /// [`TableError::DanglingReference`].
    pub(crate) fn check(&self) -> Result<(), TableError> {
        let check = |number: u32, count: usize, what| match (number as usize) < count {
            true => Ok(()),
            false => Err(TableError::DanglingReference(what)),
        };
        let optional = |number: u32, count: usize, what| match number {
            NONE => Ok(()),
            number => check(number, count, what),
        };
        let (users, strings) = (self.users.len(), self.strings.len());
        for context in self.contexts.items() {
            check(context.user, users, "user")?;
            check(context.session, strings, "session")?;
            let others = [
                context.profile,
                context.country,
                context.device_type,
                context.device_os,
                context.app_version,
                context.producer,
            ];
            for number in others.into_iter().chain(context.added) {
                optional(number, strings, "string")?;
            }
        }
        for record in self.records.items() {
            check(record.shard, strings, "shard")?;
        }
        for detail in &self.details {
            optional(detail.query, strings, "query")?;
            optional(detail.extra, strings, "extra")?;
        }
        let (contexts, records) = (self.contexts.items().len(), self.records.items().len());
        for row in &self.events {
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
    use crate::bucket_rows::{BucketScope, EventSchema};
    use crate::content::tests::{DAY, event};
    use crate::row::EventRow;

    #[test]
    fn a_dangling_reference_is_found() {
        let rows = || {
            let mut rows = BucketRows::new(BucketScope {
                day: DAY,
                bucket: 0,
                buckets: 1,
            });
            let pushed = rows.push_events(&event(true, true), EventSchema::Processed);
            assert_eq!(pushed.map(|pushed| pushed.in_bucket), Ok(1));
            rows
        };
        assert_eq!(rows().check(), Ok(()));
        type Break = fn(&mut EventRow);
        let breaks: [(&str, Break); 4] = [
            ("context", |row| row.context = 7),
            ("record", |row| row.record = NONE),
            ("title", |row| row.title = 7),
            ("detail", |row| row.detail = 7),
        ];
        for (reference, break_row) in breaks {
            let mut rows = rows();
            rows.events.iter_mut().for_each(break_row);
            assert_eq!(rows.check(), Err(TableError::DanglingReference(reference)));
        }
    }
}
