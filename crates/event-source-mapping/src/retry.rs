//! Retry policy: which records of a failed batch to retry, and which to give up.

use std::ops::Range;

use crate::MappingSettings;
use crate::batch_response::BatchOutcome;
use crate::failure_destination::FailureCondition;

/// Consecutive records of a batch that go into one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubBatch {
    /// The records' indexes in the batch; never empty.
    pub(crate) range: Range<usize>,
    /// The number of retries used.
    pub(crate) retries: u32,
    /// The number of consecutive failed invocations, those before a bisection
    /// included.
    pub(crate) failures: u32,
}

/// The decision about a sub-batch after an invocation.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RetryDecision {
    /// The number of records, from the start of the sub-batch, that are processed.
    pub(crate) done: usize,
    /// The decision about the remaining records.
    pub(crate) rest: Remainder,
}

/// The decision about the records of a sub-batch that are not processed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Remainder {
    /// No records remain.
    Empty,
    /// Invoke these sub-batches in this order.
    Retry(Vec<SubBatch>),
    /// Send all remaining records to the failure destination.
    GiveUp(FailureCondition),
}

impl SubBatch {
    /// Creates a sub-batch of all `records` of a batch.
    pub(crate) fn whole(records: usize) -> Self {
        Self {
            range: 0..records,
            retries: 0,
            failures: 0,
        }
    }

    /// Decides by Lambda's rules how to continue after `outcome`.
    ///
    /// - A partial failure after the first record is progress: the records from
    ///   the failed one become a new sub-batch with all its retries.
    /// - A partial failure at the first record uses a retry. Lambda does not
    ///   bisect in this case, because the response names the record.
    /// - A failure of the whole batch bisects it if `settings.bisect` is on and it
    ///   has more than one record. Bisection uses no retry. Otherwise the failure
    ///   uses a retry.
    /// - Without retries left, the records are given up.
    pub(crate) fn after(
        &self,
        outcome: &BatchOutcome,
        settings: &MappingSettings,
    ) -> RetryDecision {
        let done = match *outcome {
            BatchOutcome::Done => {
                return RetryDecision {
                    done: self.range.len(),
                    rest: Remainder::Empty,
                };
            }
            BatchOutcome::FailedFrom(index) => index,
            BatchOutcome::Failed { .. } => 0,
        };
        let names_no_record = matches!(outcome, BatchOutcome::Failed { .. });
        let failures = self.failures.saturating_add(1);
        let Range { start, end } = self.range;
        let rest = if done > 0 {
            let range = start + done..end;
            Remainder::Retry(vec![Self {
                range,
                retries: 0,
                failures: 1,
            }])
        } else if settings.bisect && names_no_record && self.range.len() > 1 {
            let middle = start + self.range.len() / 2;
            let half = |range| Self {
                range,
                retries: self.retries,
                failures,
            };
            Remainder::Retry(vec![half(start..middle), half(middle..end)])
        } else if settings.max_retries.is_none_or(|most| self.retries < most) {
            let retries = self.retries.saturating_add(1);
            Remainder::Retry(vec![Self {
                range: start..end,
                retries,
                failures,
            }])
        } else {
            Remainder::GiveUp(FailureCondition::RetryAttemptsExhausted)
        };
        RetryDecision { done, rest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(bisect: bool, max_retries: Option<u32>) -> MappingSettings {
        MappingSettings {
            bisect,
            max_retries,
            ..MappingSettings::default()
        }
    }

    fn failed() -> BatchOutcome {
        BatchOutcome::Failed {
            by_error: true,
            cause: String::new(),
        }
    }

    fn sub_batch(range: Range<usize>, retries: u32, failures: u32) -> SubBatch {
        SubBatch {
            range,
            retries,
            failures,
        }
    }

    #[test]
    fn a_success_leaves_no_records() {
        let next = sub_batch(3..7, 1, 1).after(&BatchOutcome::Done, &settings(true, Some(1)));
        assert_eq!(
            next,
            RetryDecision {
                done: 4,
                rest: Remainder::Empty
            }
        );
    }

    #[test]
    fn a_partial_failure_restarts_at_the_failed_record_with_all_retries() {
        for bisect in [false, true] {
            let next = sub_batch(3..7, 1, 2)
                .after(&BatchOutcome::FailedFrom(3), &settings(bisect, Some(1)));
            assert_eq!(
                next,
                RetryDecision {
                    done: 3,
                    rest: Remainder::Retry(vec![sub_batch(6..7, 0, 1)])
                }
            );
        }
    }

    #[test]
    fn a_failure_of_the_whole_batch_bisects_it_without_using_a_retry() {
        let next = sub_batch(3..8, 1, 2).after(&failed(), &settings(true, Some(1)));
        let halves = vec![sub_batch(3..5, 1, 3), sub_batch(5..8, 1, 3)];
        assert_eq!(
            next,
            RetryDecision {
                done: 0,
                rest: Remainder::Retry(halves)
            }
        );
    }

    #[test]
    fn a_partial_failure_at_the_first_record_is_retried_whole() {
        let next =
            sub_batch(3..8, 0, 2).after(&BatchOutcome::FailedFrom(0), &settings(true, Some(1)));
        assert_eq!(
            next,
            RetryDecision {
                done: 0,
                rest: Remainder::Retry(vec![sub_batch(3..8, 1, 3)])
            }
        );
    }

    #[test]
    fn retries_are_limited() {
        let settings = settings(false, Some(1));
        let next = sub_batch(0..2, 0, 0).after(&failed(), &settings);
        assert_eq!(
            next,
            RetryDecision {
                done: 0,
                rest: Remainder::Retry(vec![sub_batch(0..2, 1, 1)])
            }
        );
        let next = sub_batch(0..2, 1, 1).after(&failed(), &settings);
        let given_up = Remainder::GiveUp(FailureCondition::RetryAttemptsExhausted);
        assert_eq!(
            next,
            RetryDecision {
                done: 0,
                rest: given_up
            }
        );
    }

    #[test]
    fn a_single_record_cannot_be_bisected() {
        let next = sub_batch(5..6, 0, 3).after(&failed(), &settings(true, Some(0)));
        assert!(matches!(next.rest, Remainder::GiveUp(_)));
    }

    #[test]
    fn without_a_limit_retries_never_end() {
        let next = sub_batch(0..1, u32::MAX, u32::MAX).after(&failed(), &settings(true, None));
        assert!(matches!(next.rest, Remainder::Retry(_)));
    }
}
