// Runs on the audio thread: hands over the first channel of both inputs, block by block, silence included.

class Recorder extends AudioWorkletProcessor {
  constructor() {
    super();
    this.running = true;
    this.port.onmessage = () => {
      this.running = false;
    };
  }

  process(inputs) {
    if (this.running) {
      this.port.postMessage(inputs.map((channels) => (channels.length ? channels[0].slice() : new Float32Array(128))));
    }
    return this.running;
  }
}

registerProcessor('recorder', Recorder);
