//! `onward explain`, `onward help`, `onward completions`.

use crate::onward;

#[test]
fn every_code_has_a_page() {
    let list = onward(&["explain"]).ends_with(0);
    let codes: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(codes.contains(&"E0101") && codes.len() > 20, "{list}");
    for code in codes {
        let page = onward(&["explain", &code.to_lowercase()]).ends_with(0);
        assert!(page.len() > 80 && page.contains(code), "{page}");
    }
    let err = onward(&["explain", "E9999"]).complains_with(2);
    assert!(err.contains("`onward explain` lists all codes"), "{err}");
}

#[test]
fn exit_codes_are_told() {
    let page = onward(&["help", "exit-codes"]).ends_with(0);
    assert_eq!(page.lines().count(), 6, "{page}");
}

#[test]
fn a_slip_of_the_finger_is_understood() {
    let err = onward(&["chekc"]).complains_with(2);
    assert!(err.contains("'check'"), "{err}");
    onward(&["help", "parked", "retry"]).ends_with(0);
    onward(&["help", "nonsense"]).complains_with(2);
}

#[test]
fn shells_get_completions() {
    for shell in ["bash", "zsh", "fish"] {
        let script = onward(&["completions", shell]).ends_with(0);
        assert!(script.contains("parked"), "{shell}");
    }
}
