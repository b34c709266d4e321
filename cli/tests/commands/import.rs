//! `onward import` and `onward emit --file`.

use crate::serve::{Served, project};
use crate::{folder, text};

#[test]
fn running_it_twice_imports_once() {
    let (served, project) = (Served::start(), project());
    served.onward(&["deploy", text(project.path())]).ends_with(0);
    let mut csv = String::from("email,Total\n");
    (0..1_200).for_each(|n| csv.push_str(&format!("c{n}@example.com,{n}.50\n")));
    let files = folder(&[("orders.csv", &csv)]);
    let file = files.path().join("orders.csv");
    let args = ["import", text(&file), "--event", "bought", "--map", "Total=amount:number", "--backfill"];
    assert_eq!(served.onward(&args).ends_with(0), "1200 imported, 0 there already, 0 refused\n");
    assert_eq!(served.onward(&args).ends_with(0), "0 imported, 1200 there already, 0 refused\n");
    // History starts nothing.
    assert_eq!(served.onward(&["runs"]).ends_with(0), "no runs\n");
}

#[test]
fn refused_lines_are_named_and_the_others_stay() {
    let (served, project) = (Served::start(), project());
    served.onward(&["deploy", text(project.path())]).ends_with(0);
    let lines = "{\"event\": \"signed_up\", \"contact\": \"a\", \"data\": {\"plan\": \"free\"}}\n\
                 {\"event\": \"signed_up\", \"contact\": \"b\", \"data\": {\"plan\": 7}}\n";
    let files = folder(&[("events.jsonl", lines)]);
    let file = files.path().join("events.jsonl");
    let ran = served.onward(&["import", text(&file)]);
    assert!(ran.err.contains("refused line 2:") && ran.err.contains("plan"), "{ran:?}");
    assert_eq!(ran.ends_with(4), "1 imported, 0 there already, 1 refused\n");
    let ran = served.onward(&["emit", "--file", text(&file), "--json"]);
    let answer: serde_json::Value = serde_json::from_str(&ran.ends_with(4)).expect("JSON");
    assert_eq!((&answer["refused"], &answer["events"][1]["status"]), (&1.into(), &"refused".into()));
}
