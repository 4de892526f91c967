//! A dialplan, and a call routed through each of its contexts.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| switch_core::dialplan::fuzz_entry(bytes));
