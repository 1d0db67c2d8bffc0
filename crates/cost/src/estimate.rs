//! The estimate and its lines.

use std::fmt;

use serde::Serialize;

use crate::prices::{AS_OF, Price, REGION};
use crate::records::Records;
use crate::workload::{BadWorkload, Workload};
use crate::{daily, monitoring, storage, stream, transform};

/// The component that causes a cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Kinesis.
    Stream,
    /// The transform, from the stream to the lake.
    Transform,
    /// The daily pipeline, from the lake to published tables.
    Day,
    /// Monitoring and encryption: logs, metrics, alarms, keys, email.
    #[serde(rename = "watching")]
    Monitoring,
    /// Storage of data, and queries of analysts.
    #[serde(rename = "kept")]
    Storage,
}

impl Group {
    /// All groups, in the order of the data flow.
    pub const ALL: [Self; 5] = [
        Self::Stream,
        Self::Transform,
        Self::Day,
        Self::Monitoring,
        Self::Storage,
    ];

    /// Returns the name used in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Transform => "transform",
            Self::Day => "day",
            Self::Monitoring => "monitoring",
            Self::Storage => "storage",
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One item of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Line {
    /// The component.
    pub group: Group,
    /// The billed item.
    pub item: &'static str,
    /// The quantity per month, in `unit`.
    pub quantity: f64,
    /// The billed unit.
    pub unit: &'static str,
    /// The price per unit, in dollars.
    pub price: f64,
    /// The cost per month, in dollars.
    pub dollars: f64,
    /// `true` if a month without events costs about as much.
    pub fixed: bool,
}

/// Creates a line that grows with the number of events.
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

/// Creates a line that does not depend on the number of events, or grows in steps.
pub(crate) fn fixed(group: Group, item: &'static str, quantity: f64, price: &Price) -> Line {
    Line {
        fixed: true,
        ..line(group, item, quantity, price)
    }
}

/// An estimate of the cost of a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Estimate {
    /// The workload.
    pub workload: Workload,
    /// The AWS region of the prices.
    pub region: &'static str,
    /// The date of the prices.
    pub as_of: &'static str,
    /// The records in the stream.
    pub records: Records,
    /// The number of shards.
    pub shards: f64,
    /// The number of events per month.
    pub events: f64,
    /// The number of batches per month.
    pub batches: f64,
    /// The items of the bill.
    pub lines: Vec<Line>,
    /// The cost of processing, from the producer to published tables, in dollars per
    /// month.
    #[serde(rename = "making")]
    pub processing: f64,
    /// The cost of storage and of queries of analysts, in dollars per month.
    #[serde(rename = "keeping")]
    pub storage: f64,
    /// The part of `processing` that a month without events costs too.
    pub fixed: f64,
    /// The cost of processing, in dollars per million events.
    #[serde(rename = "making_per_million")]
    pub processing_per_million: f64,
    /// The total cost, in dollars per million events.
    pub per_million: f64,
}

impl Estimate {
    /// Estimates the cost of a month.
    ///
    /// # Errors
    /// Returns [`BadWorkload`] with the invalid figure.
    pub fn of(workload: &Workload) -> Result<Self, BadWorkload> {
        workload.check()?;
        let records = Records::of(workload);
        let mut lines = stream::lines(workload, &records);
        lines.extend(transform::lines(workload, &records));
        lines.extend(daily::lines(workload, &records));
        lines.extend(monitoring::lines(workload, &lines));
        lines.extend(storage::lines(workload, &records));
        lines.retain(|line| line.quantity > 0.0);

        let sum = |wanted: &dyn Fn(&&Line) -> bool| -> f64 {
            lines.iter().filter(wanted).map(|line| line.dollars).sum()
        };
        let processing = sum(&|line| line.group != Group::Storage);
        let storage = sum(&|line| line.group == Group::Storage);
        let fixed = sum(&|line| line.group != Group::Storage && line.fixed);
        let millions = workload.events() / 1e6;
        Ok(Self {
            workload: *workload,
            region: REGION,
            as_of: AS_OF,
            shards: stream::shards(workload, &records),
            batches: transform::batches(workload, &records),
            events: workload.events(),
            records,
            processing,
            storage,
            fixed,
            processing_per_million: processing / millions,
            per_million: (processing + storage) / millions,
            lines,
        })
    }

    /// Returns the cost of a group, in dollars per month.
    pub fn of_group(&self, group: Group) -> f64 {
        self.lines
            .iter()
            .filter(|line| line.group == group)
            .map(|line| line.dollars)
            .sum()
    }
}
