//! `cargo xtask doctor`: the tools that this machine has and lacks.

mod probe;
mod tools;

use std::fmt::Write as _;
use std::process::ExitCode;

/// The importance of a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Nothing can be built or checked without it.
    Required,
    /// One command, or some tests, cannot run without it.
    Optional,
}

/// The result of looking for a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Found {
    /// It is usable; its version or size.
    Usable(String),
    /// It is missing, too old or too small; the reason.
    Lacking(String),
}

/// A tool, or a property of the machine.
struct Tool {
    name: &'static str,
    need: Need,
    /// The commands and tests that use it.
    used_by: &'static str,
    /// The way to get it.
    get: &'static str,
    probe: fn() -> Found,
}

/// Prints the report; fails only if something required is lacking.
pub(crate) fn run() -> ExitCode {
    let found: Vec<(Tool, Found)> = tools::all()
        .into_iter()
        .map(|tool| {
            let found = (tool.probe)();
            (tool, found)
        })
        .collect();
    let report = report(&found);
    print!("{}", report.text);
    match report.is_usable {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

struct Report {
    text: String,
    /// Everything required was found.
    is_usable: bool,
}

fn report(found: &[(Tool, Found)]) -> Report {
    let mut text = String::new();
    let mut lacking = [0, 0];
    for (index, need) in [Need::Required, Need::Optional].into_iter().enumerate() {
        let title = match need {
            Need::Required => "Required",
            Need::Optional => "Optional",
        };
        let _ = writeln!(text, "{title}");
        for (tool, found) in found.iter().filter(|(tool, _)| tool.need == need) {
            match found {
                Found::Usable(detail) => {
                    let _ = writeln!(text, "  ok       {:<16} {detail}", tool.name);
                }
                Found::Lacking(reason) => {
                    lacking[index] += 1;
                    let _ = writeln!(text, "  missing  {:<16} {reason}", tool.name);
                    let _ = writeln!(text, "             needed by: {}", tool.used_by);
                    let _ = writeln!(text, "             get it:    {}", tool.get);
                }
            }
        }
    }
    let [required, optional] = lacking;
    let _ = match (required, optional) {
        (0, 0) => writeln!(text, "This machine has everything."),
        (0, _) => writeln!(
            text,
            "This machine can build and test Marquee; optional tools are missing: {optional}."
        ),
        _ => writeln!(
            text,
            "This machine cannot build Marquee: required tools are missing: {required}."
        ),
    };
    Report {
        text,
        is_usable: required == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(need: Need, found: Found) -> (Tool, Found) {
        let tool = Tool {
            name: "thing",
            need,
            used_by: "everything",
            get: "buy one",
            probe: || Found::Usable(String::new()),
        };
        (tool, found)
    }

    fn lacking() -> Found {
        Found::Lacking("no thing".to_owned())
    }

    #[test]
    fn only_a_lacking_requirement_fails() {
        assert!(report(&[tool(Need::Optional, lacking())]).is_usable);
        assert!(!report(&[tool(Need::Required, lacking())]).is_usable);
    }

    #[test]
    fn a_lacking_tool_comes_with_its_use_and_the_way_to_get_it() {
        let report = report(&[
            tool(Need::Required, Found::Usable("1.2".to_owned())),
            tool(Need::Optional, lacking()),
        ]);
        assert_eq!(
            report.text,
            "Required\n  \
               ok       thing            1.2\n\
             Optional\n  \
               missing  thing            no thing\n             \
                 needed by: everything\n             \
                 get it:    buy one\n\
             This machine can build and test Marquee; optional tools are missing: 1.\n"
        );
    }
}
