//! A whole FreeSWITCH-style configuration, pre-processor included.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| switch_core::config_xml::fuzz_entry(bytes));
