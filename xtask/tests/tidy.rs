//! The repository's rules under plain `cargo test`: one test per rule, so that a report names it.

use xtask::repository::Repository;
use xtask::tidy::{Fault, dependencies, doors, files, links, protocol_pages, purity, words};

fn holds(check: fn(&Repository) -> anyhow::Result<Vec<Fault>>) {
    let faults = check(&Repository::around_this_crate()).expect("the check can be made");
    assert!(faults.is_empty(), "\n  {}\n", faults.join("\n  "));
}

#[test]
fn crates_use_of_ours_what_the_architecture_page_says() {
    holds(dependencies::uses_of_ours);
}

#[test]
fn pure_crates_reach_no_runtime_socket_or_clock() {
    holds(dependencies::pure_crates);
}

#[test]
fn pure_crates_call_no_clock_thread_file_or_global() {
    holds(purity::calls);
}

#[test]
fn types_serialise_only_in_wire_modules_and_config() {
    holds(purity::wire_types);
}

#[test]
fn doors_share_one_anatomy() {
    holds(doors::anatomy);
}

#[test]
fn files_stay_readable_in_one_sitting() {
    holds(files::lengths);
}

#[test]
fn nothing_is_left_behind_from_writing() {
    holds(files::left_behind);
}

#[test]
fn the_repository_speaks_of_the_product_alone() {
    holds(words::out_of_place);
}

#[test]
fn links_between_documents_lead_somewhere() {
    holds(links::resolve);
}

#[test]
fn the_event_socket_page_lists_what_there_is() {
    holds(protocol_pages::event_socket);
}

#[test]
fn the_walk_sees_the_repository() {
    let files = Repository::around_this_crate().files();
    assert!(files.iter().any(|file| file.path == "xtask/tests/tidy.rs"));
    assert!(
        files
            .iter()
            .any(|file| file.path == "crates/api/src/lib.rs")
    );
    assert!(!files.iter().any(|file| file.path.contains("node_modules")));
}
