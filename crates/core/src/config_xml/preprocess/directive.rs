//! What a directive asks for: `set` and `include`, and nothing that reaches outside the configuration.

use super::source::Source;
use super::{Run, variable};
use crate::config_xml::Origin;

impl Run<'_> {
    /// Does what a directive at `at` says.
    pub(super) fn obey(&mut self, source: &Source<'_>, command: &str, data: &str, at: &Origin) {
        let data = self.filled(data, at);
        match command.to_ascii_lowercase().as_str() {
            "set" | "global" => match data.split_once('=') {
                Some((name, value)) if !name.trim_ascii().is_empty() => {
                    self.globals.set(name.trim_ascii(), value.trim_ascii());
                }
                Some(_) | None => self.error(at.clone(), "set needs data=\"name=value\""),
            },
            "include" => self.include(source, data.trim_ascii(), at),
            "exec" | "exec-set" | "env-set" | "stun-set" => {
                let message = format!(
                    "{command} is refused: configuration does not run programs, read the environment or ask the network; \
                     write the value with set"
                );
                self.error(at.clone(), message);
            }
            "" => self.error(at.clone(), "X-PRE-PROCESS has no cmd"),
            _ => self.error(
                at.clone(),
                format!("unknown pre-process command {command:?}"),
            ),
        }
    }

    fn include(&mut self, source: &Source<'_>, pattern: &str, at: &Origin) {
        if pattern.is_empty() {
            return self.error(at.clone(), "include needs data=\"path or pattern\"");
        }
        let path = source.folder.join(pattern);
        if !pattern.contains(['*', '?', '[']) {
            return self.file(&path, Some(at));
        }
        match self.files.glob(&path.to_string_lossy()) {
            Ok(mut found) => {
                found.sort();
                for path in found {
                    if !self.full {
                        self.file(&path, Some(at));
                    }
                }
            }
            Err(reason) => self.error(at.clone(), format!("cannot list {pattern}: {reason}")),
        }
    }

    /// `data` of a directive with its `$${…}` replaced.
    fn filled(&mut self, data: &str, at: &Origin) -> String {
        let mut out = String::new();
        let mut rest = data;
        while let Some(dollar) = rest.find("$${") {
            out.push_str(&rest[..dollar]);
            rest = &rest[dollar..];
            match variable(rest) {
                Some((name, length)) => {
                    match self.globals.get(name) {
                        Some(value) if out.len() + value.len() <= MAX_VALUE => out.push_str(value),
                        Some(_) => self.error(
                            at.clone(),
                            format!("a value is longer than {MAX_VALUE} bytes"),
                        ),
                        None => self.warn(
                            at.clone(),
                            format!("$${{{name}}} is not set and becomes empty"),
                        ),
                    }
                    rest = &rest[length..];
                }
                None => {
                    out.push_str("$${");
                    rest = &rest["$${".len()..];
                }
            }
        }
        out.push_str(rest);
        out
    }
}

/// The longest value of one variable, in bytes; keeps repeated doubling (`a=$${a}$${a}`) harmless.
const MAX_VALUE: usize = 64 << 10;
