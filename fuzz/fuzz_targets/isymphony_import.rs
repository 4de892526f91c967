//! A file of an older installation of iSymphony.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| door_isymphony::untrusted::import(text));
