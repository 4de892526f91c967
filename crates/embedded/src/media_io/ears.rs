//! What rooms in three dimensions are heard with, made beside the media threads, as it takes a tenth of a second.

use std::path::PathBuf;
use std::sync::Arc;

use api::spatial::Output;
use media::frame::{MAX_FRAME_SAMPLES, MAX_RATE_HZ};
use media::spatial::{Equalisation, HrtfSet, Quality, Renderer};

use super::worker::{Delivery, Neighbour};

/// Which ears.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Ears {
    /// The measured ones that come with the server.
    #[default]
    Measured,
    /// Computed ones: a rigid sphere.
    Computed,
    /// Those of a SOFA file.
    File(PathBuf),
}

/// How rooms in three dimensions are rendered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SpatialConfig {
    /// With which ears.
    pub ears: Ears,
    /// 1 is cheap, 5 is best.
    pub quality: Quality,
}

impl SpatialConfig {
    /// What clients are told of it.
    #[must_use]
    pub fn output(&self) -> Output {
        Output {
            quality: self.quality.level(),
            ..Output::OF_ROOMS
        }
    }
}

impl Default for SpatialConfig {
    fn default() -> Self {
        Self {
            ears: Ears::default(),
            quality: Quality::new(Output::OF_ROOMS.quality).unwrap_or(Quality::ALL[4]),
        }
    }
}

/// Why there are no such ears.
#[derive(Debug, thiserror::Error)]
#[error("{}: {why}", path.display())]
pub struct BadEars {
    path: PathBuf,
    why: String,
}

impl Ears {
    /// Reads or computes them. Blocks on the disk, and takes a tenth of a second.
    ///
    /// # Errors
    /// When the file cannot be read or holds no ears.
    pub fn load(&self) -> Result<HrtfSet, BadEars> {
        match self {
            Self::Measured => Ok(HrtfSet::kemar()),
            Self::Computed => Ok(HrtfSet::spherical_head()),
            Self::File(path) => {
                let bad = |why: String| BadEars {
                    path: path.clone(),
                    why,
                };
                let bytes = std::fs::read(path).map_err(|error| bad(error.to_string()))?;
                let name = path.display().to_string();
                HrtfSet::from_sofa(&name, &bytes, Equalisation::DiffuseField)
                    .map_err(|error| bad(error.to_string()))
            }
        }
    }
}

impl Ears {
    /// Whether [`Ears::load`] will succeed.
    ///
    /// # Errors
    /// As there.
    pub fn check(&self) -> Result<(), BadEars> {
        match self {
            Self::Measured | Self::Computed => Ok(()),
            Self::File(_) => self.load().map(drop),
        }
    }
}

/// Makes a renderer and gives it to all workers.
pub(super) fn equip(config: SpatialConfig, workers: Vec<Neighbour>) {
    let ears = config.ears.load().unwrap_or_else(|error| {
        tracing::error!(%error, "The ears of rooms in three dimensions cannot be read; computed ones are used");
        HrtfSet::spherical_head()
    });
    let renderer = Renderer::new(&ears, MAX_RATE_HZ, MAX_FRAME_SAMPLES, config.quality);
    let Some(renderer) = renderer else {
        return;
    };
    for worker in workers {
        // A worker that has ended needs none.
        if worker
            .deliveries
            .send(Delivery::Renderer(Arc::clone(&renderer)))
            .is_ok()
        {
            worker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_rendered_as_clients_are_told() {
        let told = Output::OF_ROOMS;
        assert_eq!(SpatialConfig::default().output(), told);
        for quality in Quality::ALL {
            let config = SpatialConfig {
                quality,
                ..SpatialConfig::default()
            };
            assert_eq!(Some(quality), Quality::new(config.output().quality));
        }
        assert_eq!(told.rate_hz, MAX_RATE_HZ);
        assert_eq!(usize::try_from(told.frames), Ok(MAX_FRAME_SAMPLES));
    }
}
