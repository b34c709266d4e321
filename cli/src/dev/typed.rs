//! What is typed while `onward dev` runs: `jump 2d`, `runs`, `quit`.

use std::io::{BufRead as _, IsTerminal as _};

use jiff::SignedDuration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::moment;

/// An order typed by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Move the clock on.
    Jump(SignedDuration),
    /// List the runs that are not finished.
    Runs,
    /// End.
    Quit,
    /// Tell this.
    Tell(String),
}

/// What can be typed.
pub(crate) const WORDS: &str = "jump 2d, runs, quit";

/// Orders as they are typed. The end of the input is `quit` if anything was typed or a terminal closed it.
pub(crate) fn orders() -> UnboundedReceiver<Order> {
    let (send, orders) = unbounded_channel();
    // A thread of its own: reading standard input cannot be interrupted.
    std::thread::spawn(move || {
        let input = std::io::stdin();
        let mut meant = input.is_terminal();
        for line in input.lock().lines().map_while(Result::ok) {
            if let Some(order) = read(&line) {
                meant = true;
                if send.send(order).is_err() {
                    return;
                }
            }
        }
        if meant {
            let _ = send.send(Order::Quit);
        } else {
            // Nobody is there; the channel stays open and silent.
            loop {
                std::thread::park();
            }
        }
    });
    orders
}

fn read(line: &str) -> Option<Order> {
    let line = line.trim();
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    Some(match (word, rest.trim()) {
        ("", _) => return None,
        ("jump" | "j", by) => match moment::duration(by) {
            Ok(by) => Order::Jump(by),
            Err(why) => Order::Tell(why),
        },
        ("runs" | "r", "") => Order::Runs,
        ("quit" | "exit" | "q", "") => Order::Quit,
        _ => Order::Tell(format!("`{line}` is nothing that can be done here; type one of: {WORDS}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        assert_eq!(read("jump 2 days"), Some(Order::Jump(SignedDuration::from_hours(48))));
        assert_eq!(read(" runs "), Some(Order::Runs));
        assert_eq!(read("q"), Some(Order::Quit));
        assert_eq!(read(""), None);
        assert!(matches!(read("jump"), Some(Order::Tell(_))));
        assert!(matches!(read("fly"), Some(Order::Tell(_))));
    }
}
