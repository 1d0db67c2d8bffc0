//! The time from the first event to the first tables in a development deployment.

use std::collections::BTreeMap;

use crate::files::File;

/// The maximum time in minutes that docs and `dev.tfvars` promise.
pub const PROMISE_MINUTES: f64 = 60.0;

/// Minutes that the runs of the transform and of the daily machine may take: two minutes for
/// a batch, its timeout, and one minute for each of thirteen calls for a small date.
pub const WORK_MINUTES: f64 = 15.0;

/// Returns the longest time in minutes from the arrival of an event to its first tables: a
/// batch window, a schedule's period and [`WORK_MINUTES`].
///
/// # Errors
/// If a setting is missing, or the schedule is off, or not a cron expression that fires in
/// every hour.
pub fn longest_wait(files: &[File]) -> Result<f64, String> {
    let settings = Settings::read(files)?;
    if settings.text("hourly_schedule_enabled")? != "true" {
        return Err("hourly_schedule_enabled is not true".to_owned());
    }
    let window = settings.text("batch_window_seconds")?;
    let window: f64 = window
        .parse()
        .map_err(|_| format!("batch_window_seconds is {window}, not a number"))?;
    let period = f64::from(longest_gap(settings.text("hourly_schedule")?)?);
    Ok(window / 60.0 + period + WORK_MINUTES)
}

/// The values of `dev.tfvars`, and the defaults of the other variables.
struct Settings<'f>(BTreeMap<&'f str, &'f str>);

impl<'f> Settings<'f> {
    fn read(files: &'f [File]) -> Result<Self, String> {
        let text = |path: &str| {
            let file = files.iter().find(|file| file.path == path);
            file.map(|file| file.text.as_str())
                .ok_or_else(|| format!("no file {path}"))
        };
        let mut values = BTreeMap::new();
        let mut variable = None;
        for line in text("infra/variables.tf")?.lines() {
            if let Some(rest) = line.strip_prefix("variable \"") {
                variable = rest.split('"').next();
            } else if let (Some(name), Some(("default", value))) = (variable, assignment(line)) {
                values.insert(name, value);
            }
        }
        let set = text("infra/envs/dev.tfvars")?.lines();
        values.extend(set.filter_map(assignment));
        Ok(Self(values))
    }

    fn text(&self, name: &str) -> Result<&'f str, String> {
        let value = self.0.get(name).copied();
        value.ok_or_else(|| format!("no value of {name}"))
    }
}

/// Reads `name = "value"`.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    Some((name.trim(), value.trim().trim_matches('"')))
}

/// Returns the longest time in minutes between two consecutive runs of a schedule that fires
/// in every hour, such as `cron(15/30 * * * ? *)`.
fn longest_gap(schedule: &str) -> Result<u32, String> {
    let fault = || format!("{schedule} is not a cron expression that fires in every hour");
    let fields = schedule
        .strip_prefix("cron(")
        .and_then(|rest| rest.strip_suffix(" * * * ? *)"))
        .ok_or_else(fault)?;
    let number = |text: &str| {
        let minute = text.parse::<u32>().ok().filter(|minute| *minute < 60);
        minute.ok_or_else(fault)
    };
    let mut minutes: Vec<u32> = match fields.split_once('/') {
        Some((first, step)) => {
            let (first, step) = (number(first)?, number(step)?);
            if step == 0 {
                return Err(fault());
            }
            (first..60).step_by(step as usize).collect()
        }
        None => fields.split(',').map(number).collect::<Result<_, _>>()?,
    };
    minutes.sort_unstable();
    let first = minutes.first().copied().ok_or_else(fault)?;
    let next = minutes.iter().copied().skip(1).chain([first + 60]);
    let gaps = minutes.iter().zip(next).map(|(minute, next)| next - minute);
    gaps.max().ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn files(dev: &str) -> [File; 2] {
        let variables = "variable \"hourly_schedule\" {\n  type = string\n  \
             default     = \"cron(30 * * * ? *)\"\n}\n\n\
             variable \"hourly_schedule_enabled\" {\n  default     = false\n}\n\n\
             variable \"batch_window_seconds\" {\n  default     = 60\n}\n";
        [
            ("infra/variables.tf", variables),
            ("infra/envs/dev.tfvars", dev),
        ]
        .map(|(path, text)| File {
            path: path.to_owned(),
            text: text.to_owned(),
        })
    }

    #[test]
    fn a_wait_is_the_window_the_period_and_the_work() {
        let enabled = "hourly_schedule_enabled = true\n";
        let wait = |dev: &str| longest_wait(&files(&format!("{enabled}{dev}"))).unwrap();
        assert_eq!(wait(""), 1.0 + 60.0 + WORK_MINUTES);
        let dev = "batch_window_seconds = 30\nhourly_schedule = \"cron(15/30 * * * ? *)\"\n";
        assert_eq!(wait(dev), 0.5 + 30.0 + WORK_MINUTES);
    }

    #[test]
    fn a_schedule_that_is_off_or_unknown_has_no_wait() {
        assert_eq!(
            longest_wait(&files("")).unwrap_err(),
            "hourly_schedule_enabled is not true"
        );
        for schedule in ["rate(1 hour)", "cron(0 3 * * ? *)", "cron(0/0 * * * ? *)"] {
            let fault = longest_gap(schedule).unwrap_err();
            assert!(fault.starts_with(schedule), "{fault}");
        }
    }

    #[test]
    fn a_gap_continues_into_the_next_hour() {
        for (minutes, gap) in [("0", 60), ("50,10", 40), ("5/25", 25), ("0/40", 40)] {
            let schedule = format!("cron({minutes} * * * ? *)");
            assert_eq!(longest_gap(&schedule).unwrap(), gap, "{minutes}");
        }
    }
}
