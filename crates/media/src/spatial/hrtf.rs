//! Sets of head-related transfer functions: what two ears make of each direction.

use std::fmt;

use super::impulse_grid::{ImpulseGrid, nearest};
use super::scene::Direction;
use super::sofa::{self, SofaError};
use super::{equaliser, head_model, measured};

/// Measured ears of the dummy head KEMAR; `assets/MIT_KEMAR.md` says by whom and on which terms.
const KEMAR: &[u8] = include_bytes!("../../assets/MIT_KEMAR_normal_pinna.sofa");

/// A set of ears to hear with, made once and shared by all rooms.
///
/// All sets are scaled so that speech from straight ahead is as loud as it would be without a head. Making one
/// takes about 0.3 s for measured ears and holds 3 MB.
pub struct HrtfSet {
    name: String,
    grid: ImpulseGrid,
}

/// Whether what all directions of a measurement have in common is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equalisation {
    /// As measured, loudspeaker and all.
    None,
    /// The mean over all directions is made flat, within 12 dB: what was in front of the ear and behind it
    /// disappears, differences between directions and ears remain.
    DiffuseField,
}

impl HrtfSet {
    /// Computed ears: a rigid sphere with pinna notches. Needs no data.
    #[must_use]
    pub fn spherical_head() -> Self {
        Self::levelled(
            "spherical head".to_owned(),
            ImpulseGrid::new(head_model::ears),
        )
    }

    /// The measured ears that come with the server: MIT KEMAR with normal pinnae, 710 directions.
    ///
    /// # Panics
    /// When the file compiled in cannot be read, which a test excludes.
    #[must_use]
    pub fn kemar() -> Self {
        Self::from_sofa("MIT KEMAR", KEMAR, Equalisation::DiffuseField)
            .expect("the file that comes with the server can be read")
    }

    /// Measured ears from the bytes of a SOFA file (AES69, SimpleFreeFieldHRIR), of any rate and directions. Of
    /// several distances the farthest is used.
    ///
    /// # Errors
    /// When the file is no such file, damaged, or beyond the limits in [`sofa`].
    pub fn from_sofa(
        name: &str,
        bytes: &[u8],
        equalisation: Equalisation,
    ) -> Result<Self, SofaError> {
        let measurements = sofa::read(bytes)?;
        let mut grid = measured::grid(&measurements);
        match equalisation {
            Equalisation::None => {}
            Equalisation::DiffuseField => equaliser::flatten(&mut grid),
        }
        Ok(Self::levelled(name.to_owned(), grid))
    }

    fn levelled(name: String, mut grid: ImpulseGrid) -> Self {
        equaliser::level(&mut grid, nearest(Direction::FRONT));
        Self { name, grid }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn grid(&self) -> &ImpulseGrid {
        &self.grid
    }
}

impl fmt::Debug for HrtfSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("HrtfSet")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
