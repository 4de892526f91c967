/** How loud it is, measured and shown. */

/** Shown as nothing. */
export const FLOOR_DBFS = -60;

/** The level of samples in dBFS, a full-scale sine being 0; never below the floor. */
export function level(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) {
    sum += sample * sample;
  }
  if (sum === 0) {
    return FLOOR_DBFS;
  }
  return Math.max(FLOOR_DBFS, 10 * Math.log10((2 * sum) / samples.length));
}

/** Where on the scale a level stands, 0 to 1. */
export function share(dbfs: number): number {
  return Math.min(1, Math.max(0, 1 - dbfs / FLOOR_DBFS));
}

const EVERY_MS = 100;

/** A level meter on the page, for one stream at a time. */
export class Meter {
  readonly #element: HTMLElement;
  #stop: () => void = () => {};

  constructor(element: HTMLElement) {
    this.#element = element;
    this.#show(FLOOR_DBFS);
  }

  /** Measures this stream from now on; without one the meter rests. */
  watch(context: AudioContext | undefined, stream: MediaStream | undefined): void {
    this.#stop();
    this.#stop = () => {};
    this.#show(FLOOR_DBFS);
    if (context === undefined || stream === undefined || stream.getAudioTracks().length === 0) {
      return;
    }
    const source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    source.connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#show(level(samples));
    }, EVERY_MS);
    this.#stop = () => {
      clearInterval(timer);
      source.disconnect();
    };
  }

  #show(dbfs: number): void {
    const rounded = Math.round(dbfs);
    this.#element.setAttribute("aria-valuenow", String(rounded));
    this.#element.setAttribute("aria-valuetext", rounded <= FLOOR_DBFS ? "silence" : `${rounded} decibels`);
    this.#element.style.setProperty("--level", share(dbfs).toFixed(3));
  }
}
