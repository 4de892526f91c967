//! `[media.spatial]`: rooms in which talkers have places.

use std::path::{Path, PathBuf};

use embedded::{Ears, Quality, SpatialConfig};

use super::toml_tree::{At, Source, Table};

/// What the section says; `None` where it says nothing.
#[derive(Default)]
pub(super) struct Section {
    pub(super) layouts: Option<At<PathBuf>>,
    ears: Option<At<Ears>>,
    quality: Option<u8>,
}

/// Reads the section.
pub(super) fn read(mut table: Table<'_>) -> Section {
    let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
    let ears = "\"measured\", \"analytic\" or the path of a .sofa file";
    let section = Section {
        layouts: table.parsed("layouts", "a path", path),
        ears: table.parsed("ears", ears, |text| match text {
            "measured" => Some(Ears::Measured),
            "analytic" => Some(Ears::Computed),
            _ => is_sofa(text).then(|| Ears::File(PathBuf::from(text))),
        }),
        quality: table.number("quality", 1, 5).map(|level| level as u8),
    };
    table.finish();
    section
}

/// So that a misspelt word is not taken for a file.
fn is_sofa(text: &str) -> bool {
    let extension = Path::new(text).extension();
    extension.is_some_and(|extension| extension.eq_ignore_ascii_case("sofa"))
}

impl Section {
    /// How rooms are rendered; `imported` is the quality another configuration asks for, which ours wins over. Reads the
    /// ears once, so that a damaged file is found before anything starts.
    pub(super) fn convert(
        self,
        imported: Option<u8>,
        folder: &Path,
        source: &Source,
    ) -> SpatialConfig {
        let defaults = SpatialConfig::default();
        let quality = self.quality.or(imported).and_then(Quality::new);
        let ears = match self.ears {
            None => defaults.ears,
            Some(At { value, offset }) => {
                let ears = match value {
                    Ears::File(path) => Ears::File(folder.join(path)),
                    Ears::Measured | Ears::Computed => value,
                };
                if let Err(error) = ears.check() {
                    source.complain(offset, format!("media.spatial.ears: {error}"));
                }
                ears
            }
        };
        SpatialConfig {
            ears,
            quality: quality.unwrap_or(defaults.quality),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Folder, check_errors, toml};
    use super::*;

    fn rendered(folder: &Folder) -> SpatialConfig {
        let loaded = folder.load().unwrap_or_else(|errors| panic!("{errors:#?}"));
        loaded.settings.switch.media.spatial
    }

    fn level(level: u8) -> Quality {
        Quality::new(level).unwrap()
    }

    #[test]
    fn ears_and_quality_are_what_the_file_says() {
        let said = |text: &str| {
            let text = format!("[media.spatial]\n{text}\n");
            rendered(&Folder::new(&[("jackfield.toml", &text)]))
        };
        assert_eq!(said(""), SpatialConfig::default());
        for (text, ears) in [("measured", Ears::Measured), ("analytic", Ears::Computed)] {
            assert_eq!(said(&format!("ears = \"{text}\"")).ears, ears);
        }
        for number in 1..=5 {
            assert_eq!(said(&format!("quality = {number}")).quality, level(number));
        }
        let folder = Folder::new(&[(
            "jackfield.toml",
            "[media.spatial]\nears = \"kemar.SOFA\"\nquality = 2\n",
        )]);
        let kemar = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../media/assets/MIT_KEMAR_normal_pinna.sofa"
        );
        let there = folder.path("kemar.SOFA");
        std::fs::copy(kemar, &there).unwrap();
        let spatial = rendered(&folder);
        assert_eq!(
            (spatial.ears, spatial.quality),
            (Ears::File(there), level(2))
        );
    }

    #[test]
    fn an_imported_quality_takes_effect_unless_ours_says_another() {
        let adapter = r#"<configuration name="imm_adapter.conf"><settings>
            <param name="imm_spatial_quality" value="3"/></settings></configuration>"#;
        let import = "[door.eventmanager]\nadapter = \"adapter.xml\"\n";
        let ours = format!("{import}[media.spatial]\nquality = 1\n");
        for (text, expected) in [(import, 3), (&ours, 1)] {
            let folder = Folder::new(&[("jackfield.toml", text), ("adapter.xml", adapter)]);
            assert_eq!(rendered(&folder).quality, level(expected));
            let loaded = folder.load().unwrap_or_else(|errors| panic!("{errors:#?}"));
            let notes = folder.shown(&loaded.notes);
            assert!(
                !notes.iter().any(|note| note.contains("quality")),
                "{notes:?}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_one_line() {
        check_errors(
            toml("[media.spatial]\nears = \"mesured\"\n"),
            &[
                "jackfield.toml:2:8: media.spatial.ears: expected \"measured\", \"analytic\" or the path of a .sofa file",
            ],
        );
        check_errors(
            toml("[media.spatial]\nquality = 6\n"),
            &["jackfield.toml:2:11: media.spatial.quality: "],
        );
        check_errors(
            toml("[media.spatial]\nears = \"nobody.sofa\"\n"),
            &["jackfield.toml:2:8: media.spatial.ears: nobody.sofa: No such file"],
        );
        let folder = Folder::new(&[
            ("jackfield.toml", "[media.spatial]\nears = \"text.sofa\"\n"),
            ("text.sofa", "not a file of ears"),
        ]);
        check_errors(
            folder.load(),
            &["jackfield.toml:2:8: media.spatial.ears: text.sofa: "],
        );
    }
}
