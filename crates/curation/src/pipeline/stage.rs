//! The stages of a date, and the one function that orders them.

/// A stage of a date, in the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Runs the checks that need the date alone. Dates may be checked side by side.
    CheckDate,
    /// Lists the inputs of the date's marts and names its run. From here on the dates take
    /// turns, earlier dates first.
    Prepare,
    /// Makes the tables that SQL defines.
    Marts,
    /// Runs the checks that need the marts or earlier dates.
    CheckWindow,
    /// Writes the report of the checks and closes the event book.
    Book,
    /// Commits the date and shows it to query engines.
    Publish,
    /// Counts both books again from the lake's objects.
    Audit,
}

/// The answer of a stage, as far as the order of stages depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageAnswer {
    /// The stage is done.
    Done,
    /// [`Stage::CheckDate`]: a broken check holds the date back.
    Stopped,
    /// [`Stage::Prepare`]: the date is as its current generation has it.
    Unchanged,
    /// [`Stage::Book`]: the date must not be published.
    Held,
    /// [`Stage::Publish`]: another run published the date first.
    Lost,
}

/// The end of a date's way through the stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateEnd {
    /// The date has a new generation, and the generation is audited.
    Published,
    /// There was nothing to do.
    Unchanged,
    /// The date is not published. Its report says why.
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

    /// Returns the stage that follows `answer`. `is_stopped` tells whether
    /// [`Stage::CheckDate`] answered [`StageAnswer::Stopped`]: no mart is made of such a
    /// date, and [`Stage::Book`] writes its report.
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
