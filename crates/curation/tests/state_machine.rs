//! The daily state machine follows the order of the pipeline's stages.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use marquee_curation::pipeline::{DateEnd, Next, Stage, StageAnswer};
use serde_json::Value;

/// The states of the machine that run a stage.
const STATES: [(&str, Stage); 7] = [
    ("Check the date", Stage::CheckDate),
    ("Prepare", Stage::Prepare),
    ("Marts", Stage::Marts),
    ("Check the window", Stage::CheckWindow),
    ("Book", Stage::Book),
    ("Publish", Stage::Publish),
    ("Audit", Stage::Audit),
];

/// The final states of a date.
const ENDS: [(&str, DateEnd); 4] = [
    ("Unchanged", DateEnd::Unchanged),
    ("Held", DateEnd::Held),
    ("Lost", DateEnd::Lost),
    ("Published", DateEnd::Published),
];

/// The conditions of the machine's choices, with the answer of the stage that they test and
/// whether a check stopped the date.
const CONDITIONS: [(&str, StageAnswer, bool); 4] = [
    ("is_unchanged", StageAnswer::Unchanged, false),
    ("stops", StageAnswer::Done, true),
    ("outcome = 'balanced'", StageAnswer::Done, false),
    ("outcome = 'lost'", StageAnswer::Lost, false),
];

/// Reads the daily machine, with the number 1 in place of Terraform's variables.
fn machine() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../state_machines/daily.asl.json");
    let text = std::fs::read_to_string(path).unwrap();
    let mut json = String::new();
    let mut is_text = false;
    let mut rest = text.as_str();
    while let Some(next) = rest.chars().next() {
        let length = match rest.strip_prefix("${").filter(|_| !is_text) {
            Some(name) => {
                json.push('1');
                "${}".len() + name.find('}').unwrap()
            }
            None => {
                json.push(next);
                is_text ^= next == '"';
                next.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    serde_json::from_str(&json).unwrap()
}

/// Follows the machine from a state to the next stage or the final state of the date. Skips
/// the states of alerts.
fn follow<'m>(states: &'m Value, mut name: &'m str, answer: StageAnswer, stops: bool) -> Next {
    loop {
        if let Some((_, end)) = ENDS.iter().find(|(state, _)| *state == name) {
            return Next::End(*end);
        }
        if let Some((_, stage)) = STATES.iter().find(|(state, _)| *state == name) {
            return Next::Stage(*stage);
        }
        let state = &states[name];
        name = match state["Choices"].as_array() {
            Some(choices) => {
                let chosen = choices.iter().find(|choice| {
                    let condition = choice["Condition"].as_str().unwrap();
                    CONDITIONS.iter().any(|(words, expected, is_stopped)| {
                        condition.contains(words) && (*expected, *is_stopped) == (answer, stops)
                    })
                });
                let next = chosen.map_or(&state["Default"], |choice| &choice["Next"]);
                next.as_str().unwrap()
            }
            None => state["Next"].as_str().unwrap(),
        };
    }
}

#[test]
fn the_machine_follows_the_stages() {
    let machine = machine();
    let dates = &machine["States"]["Dates"]["ItemProcessor"]["States"];
    let answers = [
        (Stage::Prepare, StageAnswer::Done, false),
        (Stage::Prepare, StageAnswer::Done, true),
        (Stage::Prepare, StageAnswer::Unchanged, false),
        (Stage::Marts, StageAnswer::Done, false),
        (Stage::CheckWindow, StageAnswer::Done, false),
        (Stage::Book, StageAnswer::Done, false),
        (Stage::Book, StageAnswer::Held, false),
        (Stage::Publish, StageAnswer::Done, false),
        (Stage::Publish, StageAnswer::Lost, false),
        (Stage::Audit, StageAnswer::Done, false),
    ];
    for (stage, answer, is_stopped) in answers {
        let (name, _) = STATES.iter().find(|(_, of)| *of == stage).unwrap();
        let next = dates[name]["Next"].as_str().unwrap();
        assert_eq!(
            follow(dates, next, answer, is_stopped),
            stage.next(answer, is_stopped),
            "{name}: {answer:?}"
        );
    }
}

/// The machine runs the checks of the dates in parallel, before it prepares any date.
#[test]
fn the_machine_checks_dates_before_it_prepares_them() {
    let machine = machine();
    let facts = &machine["States"]["Facts"];
    let check = &facts["ItemProcessor"]["States"]["Check the date"];
    assert_eq!(check["Arguments"]["Payload"]["phase"], "date");
    assert_eq!(check["End"], true);
    assert_eq!(facts["Next"], "Dates");
    let prepare = &machine["States"]["Dates"]["ItemProcessor"]["States"]["Only to audit?"];
    assert_eq!(prepare["Default"], "Prepare");
    let next = Stage::FIRST.next(StageAnswer::Stopped, true);
    assert_eq!(next, Next::Stage(Stage::Prepare));
}

#[test]
fn the_states_have_the_order_of_the_stages() {
    assert_eq!(STATES.map(|(_, stage)| stage), Stage::ALL);
    assert!(Stage::ALL.is_sorted());
}
