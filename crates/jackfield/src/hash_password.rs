//! `jackfield hash-password`.

use std::io::{self, BufRead, IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, bail};

/// Bytes of a password at the most.
const LONGEST: u64 = 1024;

/// Reads a password, the first line of standard input, and prints its hash.
///
/// # Errors
/// When there is none, or it is too long or no text.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    if io::stdin().is_terminal() {
        eprintln!("The password, which can be seen while it is typed:");
    }
    let mut line = Vec::new();
    let mut input = io::stdin().lock().take(LONGEST + 1);
    input
        .read_until(b'\n', &mut line)
        .context("reading standard input")?;
    println!("{}", hash(&line)?);
    Ok(ExitCode::SUCCESS)
}

fn hash(line: &[u8]) -> anyhow::Result<door_esl::PasswordHash> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        bail!("no password: give one as the first line of standard input");
    }
    if line.len() as u64 >= LONGEST {
        bail!("the password is too long: {LONGEST} bytes are too many");
    }
    let password = str::from_utf8(line).context("the password is no UTF-8")?;
    Ok(door_esl::PasswordHash::of(password)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_end_is_no_part_of_the_password() {
        for line in [&b"secret\n"[..], b"secret\r\n", b"secret"] {
            assert!(hash(line).unwrap().matches("secret"));
        }
        assert!(hash(b" secret\n").unwrap().matches(" secret"));
        for none in [&b"\n"[..], b"", b"\r\n", b"\xff\n"] {
            assert!(hash(none).is_err(), "{none:?}");
        }
        assert!(hash(&[b'x'; 1024]).is_err());
    }
}
