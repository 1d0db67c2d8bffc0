//! The stages of a date, and their order.

/// A stage of a date, in the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Runs the checks that need the date alone. Several dates can be checked in parallel.
    CheckDate,
    /// Lists the inputs of the date's marts and names its run. From this stage on, dates run
    /// one after the other, earlier dates first.
    Prepare,
    /// Builds the tables that SQL defines.
    Marts,
    /// Runs the checks that need the marts or earlier dates.
    CheckWindow,
    /// Writes the report of the checks and closes the event book.
    Book,
    /// Commits the date and updates the table catalog.
    Publish,
    /// Recounts both books from the lake's objects.
    Audit,
}

/// The answer of a stage, which decides on the next stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageAnswer {
    /// The stage is done.
    Done,
    /// [`Stage::CheckDate`]: a violated check holds the date.
    Stopped,
    /// [`Stage::Prepare`]: the inputs equal those of the date's current generation.
    Unchanged,
    /// [`Stage::Book`]: the date must not be published.
    Held,
    /// [`Stage::Publish`]: another run published the date first.
    Lost,
}

/// The final state of a date after its stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateEnd {
    /// The date has a new generation, which is audited.
    Published,
    /// Nothing had to be done.
    Unchanged,
    /// The date is not published. Its report of the checks, or its event book, has the reason.
    Held,
    /// The date must be planned again.
    Lost,
}

/// The continuation after a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next stage.
    Stage(Stage),
    /// No stage follows.
    End(DateEnd),
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 7] = [
        Self::CheckDate,
        Self::Prepare,
        Self::Marts,
        Self::CheckWindow,
        Self::Book,
        Self::Publish,
        Self::Audit,
    ];

    /// The first stage.
    pub const FIRST: Self = Self::CheckDate;

    /// Returns the stage after this one, which ended with `answer`. `is_stopped` tells whether
    /// [`Stage::CheckDate`] answered [`StageAnswer::Stopped`]: such a date gets no marts, and
    /// [`Stage::Book`] writes the report of its checks.
    pub fn next(self, answer: StageAnswer, is_stopped: bool) -> Next {
        match (self, answer) {
            (_, StageAnswer::Unchanged) => Next::End(DateEnd::Unchanged),
            (_, StageAnswer::Held) => Next::End(DateEnd::Held),
            (_, StageAnswer::Lost) => Next::End(DateEnd::Lost),
            (Self::CheckDate, _) => Next::Stage(Self::Prepare),
            (Self::Prepare, _) if is_stopped => Next::Stage(Self::Book),
            (Self::Prepare, _) => Next::Stage(Self::Marts),
            (Self::Marts, _) => Next::Stage(Self::CheckWindow),
            (Self::CheckWindow, _) => Next::Stage(Self::Book),
            (Self::Book, _) => Next::Stage(Self::Publish),
            (Self::Publish, _) => Next::Stage(Self::Audit),
            (Self::Audit, _) => Next::End(DateEnd::Published),
        }
    }
}
