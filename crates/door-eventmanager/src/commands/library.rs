//! About the library our clients believe to talk to (event-manager.md §6.1).

use api::spatial::{INTERFACE_VERSION, Output};

use crate::config::Dialect;
use crate::layouts;
use crate::session::Session;
use crate::wire::{Object, full_name, shown};

pub(super) fn version() -> Object {
    Object::new()
        .with("version", INTERFACE_VERSION)
        .with("value", INTERFACE_VERSION)
}

/// Nobody needs one.
pub(super) fn license() -> Object {
    let license = Object::new()
        .with("valid", true)
        .with("name", "none")
        .with("department", "open")
        .with("minimum_version", "v0.0.0")
        .with("maximum_version", "v999.999.999")
        .with("creation_date", "1/1/1970")
        .with("expiration_date", "12/31/9999");
    let mut results = Object::new();
    results.add_text("license_info", &license.print());
    results
}

pub(super) fn configuration(output: Output) -> Object {
    Object::new()
        .with("interleaved", output.interleaved)
        .with("output_number_channels", output.channels)
        .with("output_number_frames", output.frames)
        .with("output_sampling_rate", output.rate_hz)
        .with("spatial_quality", output.quality)
}

pub(super) fn defined_states(dialect: &Dialect) -> Object {
    let names: Vec<String> = shown(dialect).map(full_name).collect();
    Object::new().with("value", names.join(" | "))
}

impl Session {
    /// The file as it is, or the one there would be.
    pub(super) fn all_layouts(&self) -> Object {
        if let Some(file) = &self.shared.config.layouts {
            return file.repeat();
        }
        let view = self.shared.switch.view();
        let layouts = view.layouts.iter().map(|layout| &**layout);
        layouts::as_file(layouts, &view.default_layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_told_the_quality_that_is_rendered() {
        for quality in 1..=5 {
            let output = Output {
                quality,
                ..Output::OF_ROOMS
            };
            let told = configuration(output).print();
            let end = format!("\"spatial_quality\":{quality}}}");
            assert!(told.ends_with(&end), "{told}");
        }
    }
}
