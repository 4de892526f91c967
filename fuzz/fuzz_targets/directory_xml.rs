//! A directory of users and groups.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| switch_core::directory::fuzz_entry(bytes));
