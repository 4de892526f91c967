//! Heads of WAV files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(Some(layout)) = media::file::wav::layout(bytes) {
        assert!(layout.frame_bytes() > 0);
        let mut out = [0; 160];
        let from = usize::try_from(layout.data_at).unwrap_or(usize::MAX).min(bytes.len());
        layout.mono(&bytes[from..], &mut out);
    }
});
