//! What is tried again after a failure, and what is given up.

use std::ops::Range;

use crate::MappingSettings;
use crate::answer::Verdict;
use crate::destination::Condition;

/// Consecutive records of a batch that are invoked together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Which records of the batch; never empty.
    pub(crate) range: Range<usize>,
    /// How many retries they have used up.
    pub(crate) retries: u32,
    /// How many invocations in a row they failed in, splits counted.
    pub(crate) failures: u32,
}

/// What follows from a verdict on a piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// So many records at the beginning of the piece are done.
    pub(crate) done: usize,
    /// What is left of it.
    pub(crate) rest: Rest,
}

/// What is left of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing.
    Nothing,
    /// These, to be invoked in this order.
    Again(Vec<Piece>),
    /// All of it, to be given up.
    GivenUp(Condition),
}

impl Piece {
    pub(crate) fn whole(records: usize) -> Self {
        Self {
            range: 0..records,
            retries: 0,
            failures: 0,
        }
    }

    /// What follows from the verdict on it.
    ///
    /// A partial failure keeps what is done and leaves the records from the
    /// first failed one on. If that is progress, they are a batch of their own
    /// that has used no retries. Also with bisecting, Lambda's cut is at that
    /// record and nowhere else: one that names its first record is retried
    /// whole. A batch that failed without naming a record is halved if it may
    /// be, which uses up no retry, and otherwise retried while that is allowed.
    pub(crate) fn after(&self, verdict: &Verdict, settings: &MappingSettings) -> Next {
        let done = match *verdict {
            Verdict::Done => {
                return Next {
                    done: self.range.len(),
                    rest: Rest::Nothing,
                };
            }
            Verdict::FailedFrom(index) => index,
            Verdict::Failed { .. } => 0,
        };
        let names_none = matches!(verdict, Verdict::Failed { .. });
        let failures = self.failures.saturating_add(1);
        let Range { start, end } = self.range;
        let rest = if done > 0 {
            let range = start + done..end;
            Rest::Again(vec![Self {
                range,
                retries: 0,
                failures: 1,
            }])
        } else if settings.bisect && names_none && self.range.len() > 1 {
            let middle = start + self.range.len() / 2;
            let half = |range| Self {
                range,
                retries: self.retries,
                failures,
            };
            Rest::Again(vec![half(start..middle), half(middle..end)])
        } else if settings.max_retries.is_none_or(|most| self.retries < most) {
            let retries = self.retries.saturating_add(1);
            Rest::Again(vec![Self {
                range: start..end,
                retries,
                failures,
            }])
        } else {
            Rest::GivenUp(Condition::RetryAttemptsExhausted)
        };
        Next { done, rest }
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

    fn failed() -> Verdict {
        Verdict::Failed {
            by_error: true,
            cause: String::new(),
        }
    }

    fn piece(range: Range<usize>, retries: u32, failures: u32) -> Piece {
        Piece {
            range,
            retries,
            failures,
        }
    }

    #[test]
    fn done_is_done() {
        let next = piece(3..7, 1, 1).after(&Verdict::Done, &settings(true, Some(1)));
        assert_eq!(
            next,
            Next {
                done: 4,
                rest: Rest::Nothing
            }
        );
    }

    #[test]
    fn a_partial_failure_begins_anew_at_the_failed_record() {
        for bisect in [false, true] {
            let next = piece(3..7, 1, 2).after(&Verdict::FailedFrom(3), &settings(bisect, Some(1)));
            assert_eq!(
                next,
                Next {
                    done: 3,
                    rest: Rest::Again(vec![piece(6..7, 0, 1)])
                }
            );
        }
    }

    #[test]
    fn a_failure_that_names_no_record_is_halved_without_using_a_retry() {
        let next = piece(3..8, 1, 2).after(&failed(), &settings(true, Some(1)));
        let halves = vec![piece(3..5, 1, 3), piece(5..8, 1, 3)];
        assert_eq!(
            next,
            Next {
                done: 0,
                rest: Rest::Again(halves)
            }
        );
    }

    #[test]
    fn one_that_names_the_first_is_retried_whole() {
        let next = piece(3..8, 0, 2).after(&Verdict::FailedFrom(0), &settings(true, Some(1)));
        assert_eq!(
            next,
            Next {
                done: 0,
                rest: Rest::Again(vec![piece(3..8, 1, 3)])
            }
        );
    }

    #[test]
    fn retries_are_counted_and_end() {
        let settings = settings(false, Some(1));
        let next = piece(0..2, 0, 0).after(&failed(), &settings);
        assert_eq!(
            next,
            Next {
                done: 0,
                rest: Rest::Again(vec![piece(0..2, 1, 1)])
            }
        );
        let next = piece(0..2, 1, 1).after(&failed(), &settings);
        let given_up = Rest::GivenUp(Condition::RetryAttemptsExhausted);
        assert_eq!(
            next,
            Next {
                done: 0,
                rest: given_up
            }
        );
    }

    #[test]
    fn a_single_record_cannot_be_halved() {
        let next = piece(5..6, 0, 3).after(&failed(), &settings(true, Some(0)));
        assert!(matches!(next.rest, Rest::GivenUp(_)));
    }

    #[test]
    fn without_a_limit_nothing_is_given_up() {
        let next = piece(0..1, u32::MAX, u32::MAX).after(&failed(), &settings(true, None));
        assert!(matches!(next.rest, Rest::Again(_)));
    }
}
