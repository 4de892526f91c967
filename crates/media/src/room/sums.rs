//! Arithmetic of a mix: sums of voices, and ways from one sound into another.

use super::member::Member;

/// From what was heard to what is heard, over the length of a tick.
pub(super) fn cross(from: &[i32], to: &mut [i32]) {
    let length = to.len() as f32;
    for (n, (to, &from)) in to.iter_mut().zip(from).enumerate() {
        let share = n as f32 / length;
        *to = (*to as f32 * share + from as f32 * (1.0 - share)).round() as i32;
    }
}

/// From the frame before into one that begins with a gap of up to a quarter of it: the one before, turned about its last
/// sample so that value and slope go on, lasts as long as the gap and then gives way.
pub(super) fn go_on(before: &[i16], after: &mut [i16]) {
    let Some((&last, earlier)) = before.split_last() else {
        return;
    };
    let gap = after.len() / 4;
    let rest = (after.len() - gap) as f32;
    let turned = earlier.iter().rev();
    for (n, (after, &turned)) in after.iter_mut().zip(turned).enumerate() {
        let share = n.saturating_sub(gap) as f32 / rest;
        let share = 0.5 - 0.5 * (share * std::f32::consts::PI).cos();
        let continued = 2.0 * f32::from(last) - f32::from(turned);
        // A float to integer cast saturates.
        *after = (f32::from(*after) * share + continued * (1.0 - share)).round() as i16;
    }
}

/// Adds those who have no direction, without what is done to their voices if `untreated`. `heard` says of each, by its place
/// among the members, whether it was heard and is: a change takes a tick.
pub(super) fn add_crowd(
    members: &[Member],
    heard: impl Fn(usize) -> [bool; 2],
    untreated: bool,
    mid: &mut [i32],
) {
    for (at, other) in members.iter().enumerate() {
        let [was, is] = other.everywhere();
        if !was && !is {
            continue;
        }
        let voice = other.raw().filter(|_| untreated).unwrap_or(other.voice());
        let [before, after] = heard(at);
        match (was && before, is && after) {
            (false, false) => (),
            (true, true) => add(mid, voice),
            (_, rises) => {
                let length = mid.len() as f32;
                for (n, (sum, &sample)) in mid.iter_mut().zip(voice).enumerate() {
                    let share = n as f32 / length;
                    let share = if rises { share } else { 1.0 - share };
                    *sum += (f32::from(sample) * share).round() as i32;
                }
            }
        }
    }
}

pub(super) fn fade_in(samples: &mut [i16]) {
    let length = samples.len() as f32;
    for (n, sample) in samples.iter_mut().enumerate() {
        *sample = (f32::from(*sample) * (n as f32 / length)).round() as i16;
    }
}

pub(super) fn add(sum: &mut [i32], voice: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(voice) {
        *sum += i32::from(sample);
    }
}

pub(super) fn subtract(sum: &mut [i32], voice: &[i16]) {
    for (sum, &sample) in sum.iter_mut().zip(voice) {
        *sum -= i32::from(sample);
    }
}

pub(super) fn clip(sum: i32) -> i16 {
    sum.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16
}
