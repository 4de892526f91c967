//! From a byte of the joined text back to the file, line and column it was typed at.

use std::ops::Range;
use std::sync::Arc;

/// A place in a source file; lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Path of the file.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// The line map. A new segment starts wherever copying was interrupted: at the start of a file, after an
/// include, after a `$${…}`. Inside a copied segment positions follow by counting; a generated one (the value
/// of a variable) lies entirely at the place that asked for it.
#[derive(Debug, Clone, Default)]
pub struct Origins {
    files: Vec<Arc<str>>,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    at: usize,
    file: usize,
    line: u32,
    column: u32,
    copied: bool,
}

impl Origins {
    /// Registers a file and returns its number.
    pub(super) fn add_file(&mut self, name: &str) -> usize {
        self.files.push(name.into());
        self.files.len() - 1
    }

    /// From output byte `at` on, the text is a copy of `file` from `line`, `column` on, or is generated for it.
    pub(super) fn mark(&mut self, at: usize, file: usize, line: u32, column: u32, copied: bool) {
        let segment = Segment {
            at,
            file,
            line,
            column,
            copied,
        };
        match self.segments.last_mut() {
            Some(last) if last.at == at => *last = segment,
            Some(_) | None => self.segments.push(segment),
        }
    }

    /// The map of `text[part]` alone.
    pub(super) fn of_part(&self, text: &str, part: Range<usize>) -> Self {
        let first = self
            .segments
            .partition_point(|segment| segment.at <= part.start);
        let last = self
            .segments
            .partition_point(|segment| segment.at < part.end);
        let mut segments = Vec::new();
        if let Some(covering) = first.checked_sub(1).map(|i| self.segments[i]) {
            let Origin { line, column, .. } = self.locate(text, part.start);
            segments.push(Segment {
                at: 0,
                line,
                column,
                ..covering
            });
        }
        let inside = self.segments.get(first..last).unwrap_or_default();
        segments.extend(inside.iter().map(|segment| Segment {
            at: segment.at - part.start,
            ..*segment
        }));
        Self {
            files: self.files.clone(),
            segments,
        }
    }

    /// Where byte `offset` of `text` (the text this map was built with) came from.
    pub fn locate(&self, text: &str, offset: usize) -> Origin {
        let after = self
            .segments
            .partition_point(|segment| segment.at <= offset);
        let Some(segment) = after.checked_sub(1).map(|i| self.segments[i]) else {
            return Origin {
                file: "".into(),
                line: 0,
                column: 0,
            };
        };
        let file = self.files[segment.file].clone();
        if !segment.copied {
            return Origin {
                file,
                line: segment.line,
                column: segment.column,
            };
        }
        let (mut line, mut column) = (segment.line, segment.column);
        for c in text.get(segment.at..offset).unwrap_or_default().chars() {
            if c == '\n' {
                line += 1;
                column = 1;
            } else {
                column += 1;
            }
        }
        Origin { file, line, column }
    }
}
