//! `imm_adapter.conf` of the FreeSWITCH adapter, with the parameters of both of its generations.

use std::path::{Path, PathBuf};

use api::spatial::Output;
use roxmltree::Document;

use super::{ImportError, read_with};

/// Rates and buffer sizes there are (event-manager.md §10).
const RATES: [u32; 5] = [8000, 16_000, 24_000, 32_000, 48_000];
const FRAMES: [u32; 4] = [480, 512, 960, 1024];

/// What rooms are mixed to.
const OUTPUT: Output = Output::OF_ROOMS;

/// What the file says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Adapter {
    /// The file of layouts.
    pub layouts: Option<PathBuf>,
    /// The configuration of the WebSocket.
    pub socket: Option<PathBuf>,
    /// Whether the WebSocket is on; `None`: not said.
    pub enabled: Option<bool>,
    /// How well rooms are rendered, 1–5.
    pub quality: Option<u8>,
    /// What has no effect.
    pub notices: Vec<String>,
}

/// Reads the file. Relative paths in it start at its folder.
///
/// # Errors
/// [`ImportError`].
pub fn read_adapter(path: &Path) -> Result<Adapter, ImportError> {
    read_with(path, import_adapter)
}

/// Takes the text of the file over.
///
/// # Errors
/// [`ImportError`]: no XML, another configuration, a value out of range.
pub fn import_adapter(text: &str, folder: &Path) -> Result<Adapter, ImportError> {
    let document = Document::parse(text).map_err(|error| ImportError(error.to_string()))?;
    let configuration = document
        .descendants()
        .find(|node| {
            node.has_tag_name("configuration") && node.attribute("name") == Some("imm_adapter.conf")
        })
        .ok_or_else(|| ImportError("there is no configuration imm_adapter.conf".to_owned()))?;
    let mut adapter = Adapter::default();
    let settings = configuration
        .children()
        .filter(|n| n.has_tag_name("settings"));
    for param in settings.flat_map(|settings| settings.children()) {
        if !param.has_tag_name("param") {
            continue;
        }
        let attribute = |name| param.attribute(name).map_or("", str::trim);
        let (name, value) = (attribute("name"), attribute("value"));
        if !name.is_empty() && !value.is_empty() {
            adapter.take(name, value, folder)?;
        }
    }
    Ok(adapter)
}

impl Adapter {
    fn take(&mut self, name: &str, value: &str, folder: &Path) -> Result<(), ImportError> {
        match name {
            "room_layout_file_path" => self.layouts = Some(folder.join(value)),
            // The newer name wins, wherever it stands.
            "room_config_file_path" => {
                self.layouts.get_or_insert_with(|| folder.join(value));
            }
            "websocket_config_file_path" => self.socket = Some(folder.join(value)),
            "websocket_enabled" => {
                self.enabled = Some(match value {
                    "1" | "true" => true,
                    "0" | "false" => false,
                    _ => return Err(bad(name, value, "0 or 1")),
                });
            }
            "imm_output_audio_sample_rate" | "imm_spatial_output_audio_sample_rate" => {
                self.without_effect(name, one_of(name, value, &RATES)? != OUTPUT.rate_hz);
            }
            "imm_output_audio_frames_per_buffer" | "imm_spatial_output_audio_frames_per_buffer" => {
                self.without_effect(name, one_of(name, value, &FRAMES)? != OUTPUT.frames);
            }
            "imm_spatial_quality" => {
                self.quality = Some(one_of(name, value, &[1, 2, 3, 4, 5])? as u8);
            }
            // The newer name wins, wherever it stands.
            "imm_spatial_impulse_length" => {
                let length: u32 = value.parse().map_err(|_| bad(name, value, "a number"))?;
                self.quality.get_or_insert(quality_of(length));
            }
            "license_file_path" => self.notices.push(format!("{name}: no licence is needed")),
            "imm_max_string_length" => self
                .notices
                .push(format!("{name}: texts have limits of their own")),
            _ => self.notices.push(format!("{name}: unknown parameter")),
        }
        Ok(())
    }

    /// Rate and buffers are always the same.
    fn without_effect(&mut self, name: &str, differs: bool) {
        if differs {
            let Output {
                rate_hz, frames, ..
            } = OUTPUT;
            self.notices.push(format!(
                "{name}: without effect, rooms are mixed at {rate_hz} Hz in buffers of {frames} frames"
            ));
        }
    }
}

/// The quality an impulse length of the older generation stands for (event-manager.md §12.1).
fn quality_of(impulse_length: u32) -> u8 {
    match impulse_length {
        8192.. => 5,
        4096.. => 4,
        2048.. => 3,
        1024.. => 2,
        _ => 1,
    }
}

fn one_of(name: &str, value: &str, choices: &[u32]) -> Result<u32, ImportError> {
    let number = value.parse().ok().filter(|n| choices.contains(n));
    number.ok_or_else(|| {
        let choices: Vec<String> = choices.iter().map(u32::to_string).collect();
        bad(name, value, &choices.join(", "))
    })
}

fn bad(name: &str, value: &str, expected: &str) -> ImportError {
    ImportError(format!("{name} takes {expected}, not {value}").replace(char::is_control, " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(params: &[(&str, &str)]) -> Result<Adapter, String> {
        let params: String = params
            .iter()
            .map(|(name, value)| format!("<param name=\"{name}\" value=\"{value}\"/>"))
            .collect();
        let text = format!(
            "<configuration name=\"imm_adapter.conf\" description=\"x\"><settings>{params}</settings></configuration>"
        );
        import_adapter(&text, Path::new("/etc/imm")).map_err(|error| error.to_string())
    }

    #[test]
    fn the_sample_of_the_newer_adapter_is_read() {
        let adapter = import(&[
            ("license_file_path", "/usr/local/lib/immersitech/key.dat"),
            (
                "room_layout_file_path",
                "/usr/local/lib/immersitech/room_layout.json",
            ),
            ("websocket_config_file_path", "imm_websocket_config.json"),
            ("websocket_enabled", "1"),
            ("imm_output_audio_sample_rate", "48000"),
            ("imm_output_audio_frames_per_buffer", "960"),
            ("imm_spatial_quality", "5"),
            ("room_config_file_path", "older.json"),
            ("websocket_config_file_path", ""),
            ("anything", "else"),
        ])
        .unwrap();
        let layouts = PathBuf::from("/usr/local/lib/immersitech/room_layout.json");
        assert_eq!(adapter.layouts, Some(layouts));
        let socket = PathBuf::from("/etc/imm/imm_websocket_config.json");
        assert_eq!(adapter.socket, Some(socket));
        assert_eq!(adapter.enabled, Some(true));
        assert_eq!(adapter.quality, Some(5));
        assert_eq!(adapter.notices.len(), 2, "{:?}", adapter.notices);
        assert!(
            adapter
                .notices
                .contains(&"anything: unknown parameter".to_owned())
        );
    }

    #[test]
    fn the_older_parameters_are_read() {
        let adapter = import(&[
            ("room_config_file_path", "room_config.json"),
            ("imm_spatial_output_audio_sample_rate", "16000"),
            ("imm_spatial_output_audio_frames_per_buffer", "480"),
            ("imm_spatial_impulse_length", "4096"),
            ("imm_max_string_length", "10000"),
        ])
        .unwrap();
        assert_eq!(adapter.layouts, Some("/etc/imm/room_config.json".into()));
        let without = |name: &str| {
            let start = format!("{name}: without effect, rooms are mixed at 48000 Hz");
            adapter
                .notices
                .iter()
                .any(|notice| notice.starts_with(&start))
        };
        assert!(without("imm_spatial_output_audio_sample_rate"));
        assert!(without("imm_spatial_output_audio_frames_per_buffer"));
        assert!(!without("imm_spatial_impulse_length"));
        assert_eq!(adapter.quality, Some(4));
        for (length, quality) in [
            (8192, 5),
            (4096, 4),
            (2048, 3),
            (1024, 2),
            (1023, 1),
            (0, 1),
        ] {
            assert_eq!(quality_of(length), quality, "{length}");
        }
        let newer = ("imm_spatial_quality", "2");
        let older = ("imm_spatial_impulse_length", "8192");
        for params in [[newer, older], [older, newer]] {
            let both = import(&params).unwrap();
            assert_eq!(both.quality, Some(2), "the newer parameter wins");
            assert!(both.notices.is_empty(), "{:?}", both.notices);
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (name, value, why) in [
            (
                "websocket_enabled",
                "maybe",
                "websocket_enabled takes 0 or 1, not maybe",
            ),
            (
                "imm_output_audio_sample_rate",
                "44100",
                "imm_output_audio_sample_rate takes 8000, 16000, 24000, 32000, 48000, not 44100",
            ),
            (
                "imm_spatial_quality",
                "6",
                "imm_spatial_quality takes 1, 2, 3, 4, 5, not 6",
            ),
        ] {
            assert_eq!(import(&[(name, value)]).unwrap_err(), why);
        }
        let other = import_adapter("<configuration name=\"x.conf\"/>", Path::new("."));
        assert_eq!(
            other.unwrap_err().to_string(),
            "there is no configuration imm_adapter.conf"
        );
        assert!(import_adapter("<a", Path::new(".")).is_err());
    }
}
