//! Video rooms in a whole switch.
