//! Reading measured ears from SOFA files (AES69), convention SimpleFreeFieldHRIR.

use sofar::hdf::{self, DataFormat, DataObject, ParsedHdf};

/// Largest file taken, bytes.
pub const MAX_BYTES: usize = 64 << 20;
/// Most directions taken from a file.
pub const MAX_MEASUREMENTS: usize = 20_000;
/// Longest impulse response taken, samples.
pub const MAX_SAMPLES: usize = 8192;
/// Rates a file may have, hertz.
pub const RATES_HZ: std::ops::RangeInclusive<f64> = 8000.0..=192_000.0;
/// Measurements this much nearer than the farthest belong to another shell, metres.
const SHELL_M: f64 = 0.05;

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SofaError {
    /// Larger than [`MAX_BYTES`].
    #[error("the file has {0} bytes, more than {MAX_BYTES}")]
    TooLarge(usize),
    /// Not HDF5, cut short or damaged.
    #[error("not a readable HDF5 file: {0}")]
    Hdf(String),
    /// HDF5, but not of this convention.
    #[error("the convention is {0:?}, not SOFA SimpleFreeFieldHRIR")]
    Convention(String),
    /// A variable is missing or cannot be read.
    #[error("{0} is missing or cannot be read")]
    Missing(&'static str),
    /// A variable has a shape or values that make no sense.
    #[error("{name}: {problem}")]
    Bad {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// What one direction sounds like.
#[derive(Clone, Debug)]
pub(super) struct Measurement {
    /// Unit vector: right, up, forward.
    pub(super) direction: [f64; 3],
    /// Left and right ear, samples.
    pub(super) responses: [Vec<f32>; 2],
    /// What is to be added before each response, samples.
    pub(super) delays: [f64; 2],
}

/// All directions of a file.
#[derive(Clone, Debug)]
pub(super) struct Measurements {
    pub(super) rate_hz: f64,
    pub(super) all: Vec<Measurement>,
}

/// Reads a file.
///
/// # Errors
/// Every way in which a file can be unusable; none panics.
pub(super) fn read(bytes: &[u8]) -> Result<Measurements, SofaError> {
    if bytes.len() > MAX_BYTES {
        return Err(SofaError::TooLarge(bytes.len()));
    }
    // With debug assertions the parser below the library panics where it otherwise returns an error.
    std::panic::catch_unwind(|| parse(bytes))
        .unwrap_or_else(|_| Err(SofaError::Hdf("damaged".to_owned())))
}

fn parse(bytes: &[u8]) -> Result<Measurements, SofaError> {
    let file =
        hdf::parse_with_children(bytes).map_err(|error| SofaError::Hdf(error.to_string()))?;
    check_convention(&file)?;
    let (shape, samples) = array(&file, "Data.IR")?;
    let [count, receivers, length] = shape[..] else {
        return Err(bad(
            "Data.IR",
            format!("{} dimensions instead of 3", shape.len()),
        ));
    };
    if receivers != 2 {
        return Err(bad(
            "Data.IR",
            format!("{receivers} receivers instead of 2"),
        ));
    }
    if !(1..=MAX_MEASUREMENTS).contains(&count) || !(16..=MAX_SAMPLES).contains(&length) {
        return Err(bad(
            "Data.IR",
            format!("{count} responses of {length} samples"),
        ));
    }
    if samples.len() != count * 2 * length {
        return Err(bad("Data.IR", format!("{} values", samples.len())));
    }
    let rate_hz = sampling_rate(&file)?;
    let positions = positions(&file, count)?;
    let delays = delays(&file, count)?;
    let right_first = is_right_first(&file)?;
    let farthest = positions.iter().map(|p| length_of(*p)).fold(0.0, f64::max);
    let mut all = Vec::new();
    for (index, position) in positions.iter().enumerate() {
        let distance = length_of(*position);
        if distance < farthest - SHELL_M {
            continue;
        }
        let pair = &samples[index * 2 * length..][..2 * length];
        let mut responses = [pair[..length].to_vec(), pair[length..].to_vec()];
        let mut delays = delays[index];
        if right_first {
            responses.swap(0, 1);
            delays.swap(0, 1);
        }
        // SOFA: x ahead, y to the left, z up.
        let direction = [-position[1], position[2], position[0]].map(|part| part / distance);
        all.push(Measurement {
            direction,
            responses,
            delays,
        });
    }
    Ok(Measurements { rate_hz, all })
}

fn check_convention(file: &ParsedHdf<'_>) -> Result<(), SofaError> {
    let attribute = |name: &str| {
        file.root
            .parsed_attributes
            .iter()
            .find(|attribute| attribute.name == name)
            .and_then(|attribute| attribute.value.as_deref())
            .unwrap_or_default()
            .trim_end_matches('\0')
    };
    let convention = attribute("SOFAConventions");
    if attribute("Conventions") == "SOFA" && convention == "SimpleFreeFieldHRIR" {
        Ok(())
    } else {
        Err(SofaError::Convention(convention.chars().take(64).collect()))
    }
}

fn sampling_rate(file: &ParsedHdf<'_>) -> Result<f64, SofaError> {
    let (_, rates) = array(file, "Data.SamplingRate")?;
    let rate = rates.first().copied().map_or(0.0, f64::from);
    if rates.iter().all(|&other| f64::from(other) == rate) && RATES_HZ.contains(&rate) {
        Ok(rate)
    } else {
        Err(bad("Data.SamplingRate", format!("{rate} Hz")))
    }
}

/// Cartesian, metres, as the file counts them.
fn positions(file: &ParsedHdf<'_>, count: usize) -> Result<Vec<[f64; 3]>, SofaError> {
    const NAME: &str = "SourcePosition";
    let object = variable(file, NAME)?;
    let values = values(&object, NAME)?;
    if values.len() != count * 3 {
        return Err(bad(
            NAME,
            format!("{} values for {count} responses", values.len()),
        ));
    }
    let kind = object
        .parsed_attributes
        .iter()
        .find(|attribute| attribute.name == "Type")
        .and_then(|attribute| attribute.value.as_deref())
        .unwrap_or_default()
        .trim_end_matches('\0');
    let spherical = match kind {
        "spherical" => true,
        "cartesian" => false,
        other => return Err(bad(NAME, format!("of type {other:?}"))),
    };
    values
        .chunks_exact(3)
        .map(|triple| {
            let triple = [triple[0], triple[1], triple[2]].map(f64::from);
            let position = if spherical {
                let (azimuth, elevation) = (triple[0].to_radians(), triple[1].to_radians());
                [
                    triple[2] * elevation.cos() * azimuth.cos(),
                    triple[2] * elevation.cos() * azimuth.sin(),
                    triple[2] * elevation.sin(),
                ]
            } else {
                triple
            };
            if length_of(position) > 1e-3 {
                Ok(position)
            } else {
                Err(bad(NAME, "a source inside the head".to_owned()))
            }
        })
        .collect()
}

fn delays(file: &ParsedHdf<'_>, count: usize) -> Result<Vec<[f64; 2]>, SofaError> {
    const NAME: &str = "Data.Delay";
    let (_, values) = array(file, NAME)?;
    let longest = MAX_SAMPLES as f32;
    if values.iter().any(|delay| !(0.0..=longest).contains(delay)) {
        return Err(bad(NAME, "out of range".to_owned()));
    }
    // One pair for all, or one for each.
    let pairs = values.len() / 2;
    if values.len() % 2 != 0 || (pairs != 1 && pairs != count) {
        return Err(bad(NAME, format!("{} values", values.len())));
    }
    let pair = |index: usize| {
        let at = if pairs == 1 { 0 } else { index * 2 };
        [f64::from(values[at]), f64::from(values[at + 1])]
    };
    Ok((0..count).map(pair).collect())
}

/// Receivers are usually left, right; y grows to the left.
fn is_right_first(file: &ParsedHdf<'_>) -> Result<bool, SofaError> {
    const NAME: &str = "ReceiverPosition";
    let (_, values) = array(file, NAME)?;
    match values[..] {
        [_, first, _, _, second, _] if first > second => Ok(false),
        [_, first, _, _, second, _] if first < second => Ok(true),
        _ => Err(bad(NAME, "not one ear on each side".to_owned())),
    }
}

/// Shape and values of a numeric variable; the values are finite.
fn array(file: &ParsedHdf<'_>, name: &'static str) -> Result<(Vec<usize>, Vec<f32>), SofaError> {
    let object = variable(file, name)?;
    let shape = object.ds.dimension_size.iter();
    let shape = shape.map(|&size| usize::try_from(size).unwrap_or(usize::MAX));
    Ok((shape.collect(), values(&object, name)?))
}

fn variable(file: &ParsedHdf<'_>, name: &'static str) -> Result<DataObject, SofaError> {
    match file.get_child(name) {
        Some(Ok(object)) => Ok(object),
        Some(Err(_)) | None => Err(SofaError::Missing(name)),
    }
}

fn values(object: &DataObject, name: &'static str) -> Result<Vec<f32>, SofaError> {
    let bits = match object.dt.data_fmt {
        Some(DataFormat::Float { bit_precision, .. }) => bit_precision,
        _ => 0,
    };
    // `as_chunks` leaves what does not fill a number; a whole array has no such rest.
    let values: Vec<f32> = match bits {
        64 => {
            let (numbers, _) = object.data.as_chunks::<8>();
            numbers
                .iter()
                .map(|&n| f64::from_le_bytes(n) as f32)
                .collect()
        }
        32 => {
            let (numbers, _) = object.data.as_chunks::<4>();
            numbers.iter().map(|&n| f32::from_le_bytes(n)).collect()
        }
        _ => return Err(bad(name, "not floating point".to_owned())),
    };
    if values.is_empty() {
        return Err(SofaError::Missing(name));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(bad(name, "holds what is no number".to_owned()));
    }
    Ok(values)
}

fn bad(name: &'static str, problem: String) -> SofaError {
    SofaError::Bad { name, problem }
}

fn length_of(vector: [f64; 3]) -> f64 {
    vector.iter().map(|part| part * part).sum::<f64>().sqrt()
}
