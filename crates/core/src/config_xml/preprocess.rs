//! Joins files into one text: includes, `set`, and `$${name}`, before anything is parsed as XML.

use std::path::{Path, PathBuf};

mod directive;
mod source;

use source::Source;

use super::complaints::MAX_COMPLAINTS;
use super::files::plain;
use super::scan::{comment_directive, directive, include_tag, is_reference, variable};
use super::{ConfigError, Files, Globals, Origin, Origins};

/// The longest joined text, in bytes; a hundred thousand directory users take about half of it.
pub const MAX_TEXT: usize = 64 << 20;
/// How deep files may include files. FreeSWITCH's own example configuration needs three.
pub const MAX_INCLUDE_DEPTH: usize = 16;
/// The most files one configuration may consist of.
const MAX_FILES: usize = 100_000;

/// The joined text with its line map.
#[derive(Debug, Clone)]
pub struct Expanded {
    pub(super) text: String,
    pub(super) origins: Origins,
    /// The variables as they stand after the last line.
    pub globals: Globals,
    /// Suspicious but harmless: an unset `$${name}`, a directive inside a comment.
    pub warnings: Vec<ConfigError>,
}

/// Reads `root` and everything it includes. `globals` are the variables that exist beforehand (`base_dir`,
/// `hostname`, …).
///
/// # Errors
/// Every problem found: unreadable files, unknown or refused directives (`exec`, `exec-set`, `env-set` and
/// `stun-set` reach outside the configuration and are refused), includes that are too deep or circular, and a
/// text longer than [`MAX_TEXT`].
pub fn preprocess(
    files: &dyn Files,
    root: &Path,
    globals: Globals,
) -> Result<Expanded, Vec<ConfigError>> {
    let mut run = Run::new(files, globals);
    run.open_wrapper();
    run.file(root, None);
    run.close_wrapper();
    if run.errors.is_empty() {
        Ok(Expanded {
            text: run.text,
            origins: run.origins,
            globals: run.globals,
            warnings: run.warnings,
        })
    } else {
        Err(run.errors)
    }
}

/// Checks every file for well-formedness by itself, because a parser of the joined text stops at the first
/// error in the first file. Run only when the joined text did not parse.
pub(super) fn malformed_files(
    files: &dyn Files,
    root: &Path,
    globals: Globals,
) -> Vec<ConfigError> {
    let mut run = Run::new(files, globals);
    run.checks_each_file = true;
    run.file(root, None);
    run.errors
}

/// One pass over the files.
struct Run<'f> {
    files: &'f dyn Files,
    globals: Globals,
    text: String,
    origins: Origins,
    errors: Vec<ConfigError>,
    warnings: Vec<ConfigError>,
    /// The files being read, outermost first.
    chain: Vec<PathBuf>,
    files_read: usize,
    bytes_read: usize,
    /// Each file into a text of its own, parsed at its end, instead of all into one.
    checks_each_file: bool,
    full: bool,
}

/// Where in the markup the scanner stands. Variables mean different things to the parser in each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Content,
    Tag,
    Value(char),
    Cdata,
}

impl<'f> Run<'f> {
    fn new(files: &'f dyn Files, globals: Globals) -> Self {
        Self {
            files,
            globals,
            text: String::new(),
            origins: Origins::default(),
            errors: Vec::new(),
            warnings: Vec::new(),
            chain: Vec::new(),
            files_read: 0,
            bytes_read: 0,
            checks_each_file: false,
            full: false,
        }
    }

    fn open_wrapper(&mut self) {
        self.text.push_str(WRAPPER_OPEN);
    }

    fn close_wrapper(&mut self) {
        self.text.push_str(WRAPPER_CLOSE);
    }

    fn error(&mut self, at: Origin, message: impl Into<String>) {
        if self.errors.len() < MAX_COMPLAINTS {
            self.errors.push(complaint(at, message));
        } else {
            self.full = true;
        }
    }

    fn warn(&mut self, at: Origin, message: impl Into<String>) {
        if self.warnings.len() < MAX_COMPLAINTS {
            self.warnings.push(complaint(at, message));
        }
    }

    /// Reads one file; `asked` is the directive that named it, `None` for the root.
    fn file(&mut self, path: &Path, asked: Option<&Origin>) {
        let path = plain(path);
        let name = path.display().to_string();
        let blame = || {
            asked.cloned().unwrap_or(Origin {
                file: name.as_str().into(),
                line: 0,
                column: 0,
            })
        };
        if self.chain.contains(&path) {
            return self.error(blame(), format!("{name} includes itself"));
        }
        if self.chain.len() >= MAX_INCLUDE_DEPTH {
            return self.error(
                blame(),
                format!("includes are nested deeper than {MAX_INCLUDE_DEPTH}"),
            );
        }
        self.files_read += 1;
        if self.files_read > MAX_FILES {
            self.full = true;
            return self.error(blame(), format!("more than {MAX_FILES} files"));
        }
        let text = match self.files.read(&path) {
            Ok(text) => text,
            Err(reason) => return self.error(blame(), format!("cannot read {name}: {reason}")),
        };
        // Also counts what leaves no trace in the text, such as comments.
        self.bytes_read += text.len();
        if self.bytes_read > MAX_TEXT {
            self.full = true;
            return self.error(
                blame(),
                format!("the files are longer than {MAX_TEXT} bytes"),
            );
        }
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        self.chain.push(path);
        if self.checks_each_file {
            let outer = (
                std::mem::take(&mut self.text),
                std::mem::take(&mut self.origins),
            );
            self.open_wrapper();
            self.copy_file(&text, folder, name);
            self.close_wrapper();
            if let Err(error) = super::document::parse(&self.text, &self.origins) {
                self.error(
                    Origin {
                        file: error.file,
                        line: error.line,
                        column: error.column,
                    },
                    error.message,
                );
            }
            (self.text, self.origins) = outer;
        } else {
            self.copy_file(&text, folder, name);
        }
        self.chain.pop();
    }

    fn copy_file(&mut self, text: &str, folder: PathBuf, name: String) {
        let number = self.origins.add_file(&name);
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut source = Source {
            text,
            folder,
            name,
            number,
            done: 0,
            counted: 0,
            line: 1,
            column: 1,
        };
        self.origins.mark(self.text.len(), number, 1, 1, true);
        let mut place = Place::Content;
        let mut at = 0;
        while let Some(step) = text[at..].find(['<', '>', '&', '$', '"', '\'']) {
            at += step;
            let rest = &text[at..];
            let c = rest.as_bytes()[0];
            match (c, place) {
                (b'$', _) => match variable(rest) {
                    Some((name, length)) => {
                        self.variable(&mut source, at, length, name, place);
                        at += length;
                    }
                    None => at += 1,
                },
                (b'&', Place::Content | Place::Tag | Place::Value(_)) if !is_reference(rest) => {
                    self.replace(&mut source, at, 1, "&amp;");
                    at += 1;
                }
                (b'<', Place::Value(_)) => {
                    self.replace(&mut source, at, 1, "&lt;");
                    at += 1;
                }
                (b'<', Place::Content) => at = self.markup(&mut source, at, &mut place),
                (b'"' | b'\'', Place::Tag) => {
                    place = Place::Value(char::from(c));
                    at += 1;
                }
                (b'"' | b'\'', Place::Value(quote)) if char::from(c) == quote => {
                    place = Place::Tag;
                    at += 1;
                }
                (b'>', Place::Cdata) if text[..at].ends_with("]]") => {
                    place = Place::Content;
                    at += 1;
                }
                (b'>', Place::Tag) => {
                    place = Place::Content;
                    at += 1;
                }
                _ => at += 1,
            }
            if self.full {
                return;
            }
        }
        self.copy_to(&mut source, text.len());
    }

    /// A `<` in content: a comment, CDATA, a directive, an include tag, an XML declaration, or a plain tag.
    fn markup(&mut self, source: &mut Source<'_>, at: usize, place: &mut Place) -> usize {
        let text = source.text;
        let rest = &text[at..];
        if let Some(body) = rest.strip_prefix("<!--") {
            let Some(end) = body.find("-->") else {
                self.error(source.origin(at), "a comment is never closed");
                self.skip_to(source, at, text.len());
                return text.len();
            };
            let after = at + "<!--".len() + end + "-->".len();
            self.comment(source, at, after, &body[..end]);
            return after;
        }
        if rest.starts_with("<![CDATA[") {
            *place = Place::Cdata;
            return at + "<![CDATA[".len();
        }
        if rest.starts_with("<?") {
            // Every included file may start with a declaration; only one at the very start is legal XML.
            let after = rest
                .find("?>")
                .map_or(text.len(), |end| at + end + "?>".len());
            self.skip_to(source, at, after);
            return after;
        }
        if let Some(length) = include_tag(rest) {
            self.skip_to(source, at, at + length);
            return at + length;
        }
        match directive(rest) {
            Ok(Some(found)) => {
                let after = at + found.length;
                self.copy_to(source, at);
                let origin = source.origin(at);
                self.obey(source, found.command, found.data, &origin);
                self.resume(source, after);
                after
            }
            Ok(None) => {
                *place = Place::Tag;
                at + 1
            }
            Err(message) => {
                self.error(source.origin(at), message);
                let after = rest.find('>').map_or(text.len(), |end| at + end + 1);
                self.skip_to(source, at, after);
                after
            }
        }
    }

    /// Comments are dropped, because XML forbids `--` inside them and FreeSWITCH does not.
    fn comment(&mut self, source: &mut Source<'_>, at: usize, after: usize, body: &str) {
        self.copy_to(source, at);
        if let Some((command, data)) = comment_directive(body) {
            let origin = source.origin(at);
            self.obey(source, command, data, &origin);
        } else if body.contains("<X-PRE-PROCESS") {
            let origin = source.origin(at);
            self.warn(
                origin,
                "the X-PRE-PROCESS inside this comment is not obeyed",
            );
        }
        self.resume(source, after);
    }

    fn variable(
        &mut self,
        source: &mut Source<'_>,
        at: usize,
        length: usize,
        name: &str,
        place: Place,
    ) {
        let value = self.globals.get(name).map(str::to_owned);
        if value.is_none() {
            let origin = source.origin(at);
            self.warn(origin, format!("$${{{name}}} is not set and becomes empty"));
        }
        let value = value.unwrap_or_default();
        let value = match place {
            Place::Value(quote) => quoted(&value, quote),
            Place::Content | Place::Tag | Place::Cdata => value,
        };
        self.replace(source, at, length, &value);
    }

    /// Copies the source up to byte `at`.
    fn copy_to(&mut self, source: &mut Source<'_>, at: usize) {
        let run = &source.text[source.done.min(at)..at];
        self.append(source, at, run);
        source.done = at;
    }

    /// Puts `with` in the place of `length` bytes at `at`.
    fn replace(&mut self, source: &mut Source<'_>, at: usize, length: usize, with: &str) {
        self.copy_to(source, at);
        let (line, column) = source.here(at);
        self.origins
            .mark(self.text.len(), source.number, line, column, false);
        self.append(source, at, with);
        self.resume(source, at + length);
    }

    /// Leaves out the bytes from `at` to `after`.
    fn skip_to(&mut self, source: &mut Source<'_>, at: usize, after: usize) {
        self.copy_to(source, at);
        self.resume(source, after);
    }

    fn resume(&mut self, source: &mut Source<'_>, at: usize) {
        source.done = at;
        let (line, column) = source.here(at);
        self.origins
            .mark(self.text.len(), source.number, line, column, true);
    }

    fn append(&mut self, source: &mut Source<'_>, at: usize, text: &str) {
        if self.full {
            return;
        }
        if self.text.len() + text.len() > MAX_TEXT {
            self.full = true;
            let origin = source.origin(at);
            return self.error(
                origin,
                format!("the configuration is longer than {MAX_TEXT} bytes"),
            );
        }
        self.text.push_str(text);
    }
}

fn complaint(at: Origin, message: impl Into<String>) -> ConfigError {
    ConfigError {
        file: at.file,
        line: at.line,
        column: at.column,
        message: message.into(),
    }
}

/// A variable's value made safe inside an attribute: what it holds is text, never markup.
fn quoted(value: &str, quote: char) -> String {
    let mut out = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '&' if !is_reference(&value[at..]) => out.push_str("&amp;"),
            '"' if quote == '"' => out.push_str("&quot;"),
            '\'' if quote == '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

/// The joined text gets one root element whatever the files hold.
const WRAPPER_OPEN: &str = "<joined>";
const WRAPPER_CLOSE: &str = "</joined>";

#[cfg(test)]
mod tests;
