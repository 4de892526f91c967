//! `cargo xtask <command>`: the one list of commands of this repository.

use std::process::ExitCode;

use xtask::repository::Repository;
use xtask::{bench, fuzz, lanes, tidy};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let repository = Repository::around_this_crate();
    let done = match words.as_slice() {
        ["test", lanes @ ..] => lanes::test(&repository, lanes),
        ["tidy"] => tidy::command(&repository),
        ["bench", rest @ ..] => bench::command(&repository, rest),
        ["fuzz", rest @ ..] => fuzz::command(&repository, rest),
        ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(true)
        }
        [] => {
            print!("{HELP}");
            Ok(false)
        }
        [other, ..] => {
            eprintln!("cargo xtask: no command \"{other}\"\n\n{HELP}");
            Ok(false)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

const HELP: &str = "\
cargo xtask <command>

  test                       everything: cargo tests, release build, real clients over real sockets
  test cargo                 only the cargo tests of the workspace
  test conformance [WORDS]   only the real clients; WORDS narrow the cases as `pytest -k WORDS` does
  test speech                only the tests of voices with sentences said by espeak-ng
  test from-nothing          the README's commands inside a fresh Debian 12 (root and debootstrap)
  tidy                       formatting, clippy, repository rules, licences (when cargo-deny is there)
  bench [divan|load] [WORDS] the figures of docs/performance.md; prints, writes nothing
  fuzz [TARGET] [--seconds N]  one fuzz target or all of them, N seconds each (default 60)
  help                       this text
";
