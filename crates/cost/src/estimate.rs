//! The answer.

use std::fmt;

use serde::Serialize;

use crate::prices::{AS_OF, Price, REGION};
use crate::records::Records;
use crate::workload::{BadWorkload, Workload};
use crate::{daily, kept, stream, transform, watching};

/// What a line is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Kinesis.
    Stream,
    /// From the stream to the lake.
    Transform,
    /// From the lake to published tables.
    Day,
    /// Logs, metrics, alarms, keys, mails.
    Watching,
    /// Data that lies there, and people's queries.
    Kept,
}

impl Group {
    /// All of them, in the order of an event's way.
    pub const ALL: [Self; 5] = [
        Self::Stream,
        Self::Transform,
        Self::Day,
        Self::Watching,
        Self::Kept,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Transform => "transform",
            Self::Day => "day",
            Self::Watching => "watching",
            Self::Kept => "kept",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One thing that is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// What it belongs to.
    pub group: Group,
    /// What it is.
    pub item: &'static str,
    /// How much of it there is in a month.
    pub quantity: f64,
    /// What is counted.
    pub unit: &'static str,
    /// Dollars for one.
    pub price: f64,
    /// Dollars a month.
    pub dollars: f64,
    /// Whether a month without events costs about as much.
    pub fixed: bool,
}

/// A line that grows with the events.
pub(crate) fn line(group: Group, item: &'static str, quantity: f64, price: &Price) -> Line {
    Line {
        group,
        item,
        quantity,
        unit: price.unit,
        price: price.each(),
        dollars: quantity * price.each(),
        fixed: false,
    }
}

/// A line that is there without any, or grows by steps.
pub(crate) fn fixed(group: Group, item: &'static str, quantity: f64, price: &Price) -> Line {
    Line {
        fixed: true,
        ..line(group, item, quantity, price)
    }
}

/// What a month costs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// What was asked.
    pub workload: Workload,
    /// Whose prices they are.
    pub region: &'static str,
    /// And of when.
    pub as_of: &'static str,
    /// What the stream holds.
    pub records: Records,
    /// How many shards it has.
    pub shards: f64,
    /// Events of a month.
    pub events: f64,
    /// Batches of a month.
    pub batches: f64,
    /// Everything that is paid for.
    pub lines: Vec<Line>,
    /// Dollars a month from the producer to published tables.
    pub making: f64,
    /// Dollars a month for data that lies there, and people's queries.
    pub keeping: f64,
    /// What of `making` a month without events costs as well.
    pub fixed: f64,
    /// Dollars for a million events from the producer to published tables.
    pub making_per_million: f64,
    /// Dollars for a million events, all told.
    pub per_million: f64,
}

impl Estimate {
    /// Estimates a month.
    ///
    /// # Errors
    /// [`BadWorkload`] names the figure at fault.
    pub fn of(workload: &Workload) -> Result<Self, BadWorkload> {
        workload.check()?;
        let records = Records::of(workload);
        let mut lines = stream::lines(workload, &records);
        lines.extend(transform::lines(workload, &records));
        lines.extend(daily::lines(workload, &records));
        lines.extend(watching::lines(workload, &lines));
        lines.extend(kept::lines(workload, &records));
        lines.retain(|line| line.quantity > 0.0);

        let sum = |wanted: &dyn Fn(&&Line) -> bool| -> f64 {
            lines.iter().filter(wanted).map(|line| line.dollars).sum()
        };
        let making = sum(&|line| line.group != Group::Kept);
        let keeping = sum(&|line| line.group == Group::Kept);
        let fixed = sum(&|line| line.group != Group::Kept && line.fixed);
        let millions = workload.events() / 1e6;
        Ok(Self {
            workload: *workload,
            region: REGION,
            as_of: AS_OF,
            shards: stream::shards(workload, &records),
            batches: transform::batches(workload, &records),
            events: workload.events(),
            records,
            making,
            keeping,
            fixed,
            making_per_million: making / millions,
            per_million: (making + keeping) / millions,
            lines,
        })
    }

    /// Dollars a month of that group.
    pub fn of_group(&self, group: Group) -> f64 {
        self.lines
            .iter()
            .filter(|line| line.group == group)
            .map(|line| line.dollars)
            .sum()
    }
}
